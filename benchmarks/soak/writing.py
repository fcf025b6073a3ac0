"""Writes tables and a figure, once as a command, or again and again in a process to be killed in the middle.

python -m benchmarks.soak.writing
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from benchmarks.soak import processes
from fer_utils.common.errors import FerError
from fer_utils.data.datasets import FaceDataset
from fer_utils.drawing import saving
from fer_utils.drawing.chart import Chart
from fer_utils.experiments import tables

sys.path.append(str(processes.TESTS))
import small_report

NAME = "written"


def context() -> saving.Context:
    """Of a data set of one picture of nobody."""
    one = np.array(["x"])
    data = FaceDataset(
        name=NAME, title=NAME, rendered=True, images=np.zeros((1, 48, 48), np.uint8), labels=np.zeros(1, np.int64),
        subjects=one, conditions=one, file_names=one, hashes=one, class_names=("happy",),
    )  # fmt: skip
    return saving.Context("03_model_comparison", data, {"budget": "quick"}, "quick")


def write(origin: dict, about: saving.Context) -> None:
    """All tables of four models that guess, and a figure of a line."""
    tables.write(NAME, small_report.predictions(), origin=origin)
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, 1, 0])
    saving.save(Chart(figure, "a caption", "an alt text"), "03-line", context=about)


def main() -> None:
    """See the module."""
    about = context()
    try:
        write(about.origin, about)
    except FerError as error:
        sys.exit(str(error))


def forever(outputs: Path) -> None:
    """Write below an outputs folder until the process is killed; what it says is not for the hunt's terminal."""
    os.environ["FER_OUTPUT_DIR"] = str(outputs)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    about = context()
    origin = about.origin
    while True:
        write(origin, about)


if __name__ == "__main__":
    main()
