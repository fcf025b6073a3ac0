"""A small experiment on noise; as a command, a process of its own that tests can interrupt or kill.

FER_OUTPUT_DIR says where its records go.
"""

import argparse
import os
import signal
import sys
import time

import numpy as np
import pandas as pd

from fer_utils.common import files
from fer_utils.common.errors import FerError
from fer_utils.data.datasets import FaceDataset
from fer_utils.engine.record import CURVES, PLAIN_CURVES, Record
from fer_utils.experiments import recipes, workers
from fer_utils.experiments.experiment import Experiment

NAME = "noise"
LATER_SECONDS = "LATER_SECONDS"  # how long imagined runs of all seeds but the first take
CLASSES = ("happy", "sad", "wink")


def make(*, subjects: int = 3, jobs: int = 1, scheduler: str = "") -> Experiment:
    """Pictures of nobody, one per class and subject; no faces found."""
    count = subjects * len(CLASSES)
    file_names = np.array([f"subject{1 + i // 3:02}.{CLASSES[i % 3]}" for i in range(count)])
    data = FaceDataset(
        name=NAME,
        title="noise",
        rendered=True,
        images=np.random.default_rng(0).integers(0, 256, size=(count, 48, 48), dtype=np.uint8),
        labels=np.arange(count) % 3,
        subjects=np.array([f"{1 + i // 3:02}" for i in range(count)]),
        conditions=np.array(CLASSES * subjects),
        file_names=file_names,
        hashes=np.array([files.sha256(name.encode()) for name in file_names]),
        class_names=CLASSES,
    )
    manifest = pd.DataFrame({"image": file_names, "kept": True})
    for column in ("left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"):
        manifest[column] = np.nan
    return Experiment(data.with_eyes(manifest), manifest, budget="standard", jobs=jobs, scheduler=scheduler)


def imagined(index, task, reports) -> Record:
    """Instead of `workers._train`: no TensorFlow, but all that happens around it."""
    # Slow enough after the first seed that a signal sent then finds the call at work, however busy the machine is.
    time.sleep(0.1 if task.seed == 1 else float(os.environ.get(LATER_SECONDS, "0.1")))
    reports.put(task.cost * task.recipe.epochs)
    random = np.random.default_rng([task.seed, int(task.fold.hash()[:8], 16)])
    return Record(
        probabilities=random.random((len(task.fold.test_labels), task.fold.classes), dtype=np.float32),
        curves={name: random.random(task.recipe.epochs, dtype=np.float32) for name in CURVES[:PLAIN_CURVES]},
        weights=(random.random(50_000, dtype=np.float32),),
    )


def heed_interrupts() -> None:
    """For a new process: a shell that starts the tests in the background lets them ignore Ctrl-C, and they pass that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--subjects", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--scheduler", default="")
    parser.add_argument("--imagined", action="store_true")
    options = parser.parse_args()
    if options.imagined:
        workers._train = imagined
    for epochs in recipes.EPOCHS.values():
        epochs["baseline"] = options.epochs
    experiment = make(subjects=options.subjects, jobs=2, scheduler=options.scheduler)
    try:
        experiment.records(experiment.plan("loso", ["baseline"]))
    except FerError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
