"""Fine-tuning: the backbone's last stage trained further on the small set, from what its frozen earlier stages see.

All is fixed in advance: crop, epochs, learning rate, batch and the head's penalty were settled on the rendered sample faces,
on which the score is therefore optimistic. The head
starts from the linear head on frozen features, so that training does not first destroy these (Kumar et al. 2022,
arXiv:2202.10054). Batch normalization keeps the statistics of the pretraining. Nothing is drawn by Keras, one thread
computes in each process, so a run gives the same bytes wherever it runs.
"""

import functools
import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.common import keras_setup, processes, progress
from fer_utils.data.datasets import FaceDataset
from fer_utils.experiments import tables
from fer_utils.experiments.experiment import Experiment
from fer_utils.experiments.recipes import epochs_for
from fer_utils.transfer import pretrained
from fer_utils.transfer.features import Part, cached, crops, outputs
from fer_utils.transfer.heads import head_weights

CROP = "near"
EPOCHS = 10  # on up to a hundred images, and as many updates on more
LEARNING_RATE = 3e-4  # falls to 0 by a cosine
BATCH = 16
STRENGTH = 30.0  # inverse L2 penalty of the head that training starts from
SEEDS = (1, 2, 3)
_FROZEN, _TUNED = "stage2", "stage3"
_SEEN_AT_ONCE = 256  # faces
_GRID = 3  # the tuned stage is averaged to so many cells along each side


@dataclass(frozen=True, eq=False)
class Run:
    """One fold of people left out with one seed.

    Attributes:
        frozen: (2, N, height, width, channels) float32, frozen activations of all faces and of their mirror images.
        seen: (2, N, values) float32, what the last stage makes of them before it is tuned.
        labels: (N,) int64; those of the tested faces are not looked at.
        test: (N,) bool, the faces of the people left out.
        classes: number of expressions.
        seed: of the order of the faces, and of which are mirrored.
        epochs: passes over the faces that are learned from.
    """

    frozen: np.ndarray
    seen: np.ndarray
    labels: np.ndarray
    test: np.ndarray
    classes: int
    seed: int
    epochs: int


def predictions(experiment: Experiment) -> pd.DataFrame:
    """Model `transfer-tuned` as rows of `predictions.csv`, on people left out with each of `SEEDS`, kept on disk.

    Results do not depend on the number of processes.

    Raises:
        WeightsError: the pretrained weights are missing or damaged.
    """
    dataset, positions, tested = experiment.dataset, experiment.usable, experiment.fold_of_images()

    def fit() -> dict[str, np.ndarray]:
        return {"probabilities": _all_runs(dataset, positions, tested, jobs=experiment.jobs)}

    found = cached(dataset, experiment.manifest, "tuned", fit, more=(tested,))["probabilities"]
    words = {"model": "transfer-tuned", "protocol": experiment.protocol}
    rows = [tables.rows(dataset, positions, each, seed=seed, **words) for seed, each in zip(SEEDS, found, strict=True)]
    return pd.concat([each.assign(fold=tested) for each in rows], ignore_index=True)


def _all_runs(dataset: FaceDataset, positions: np.ndarray, tested: np.ndarray, *, jobs: int) -> np.ndarray:
    """(seeds, N, classes) float32."""
    images = crops(dataset, positions, CROP)
    found = np.zeros((len(SEEDS), len(positions), len(dataset.class_names)), dtype=np.float32)
    with processes.running(min(jobs or os.cpu_count() or 1, len(SEEDS) * len(set(tested)))) as executor:
        labels, classes = dataset.labels[positions], len(dataset.class_names)
        paths = executor.submit(_frozen_activations, images, classes).result()
        epochs = epochs_for(EPOCHS, images=len(labels), budget="quick")
        keys = [(seed, fold) for seed in SEEDS for fold in np.unique(tested)]
        runs = [executor.submit(_tuned, paths, labels, tested == fold, classes, seed, epochs) for seed, fold in keys]
        for (seed, fold), run in progress.bar(zip(keys, runs, strict=True), "fine-tuning", total=len(keys), unit="run"):
            found[SEEDS.index(seed), tested == fold] = run.result()
    return found


def _tuned(paths: tuple[Path, Path], *words) -> np.ndarray:
    # One copy of what all runs look at serves all processes.
    return tuned(Run(*(np.load(path, mmap_mode="r") for path in paths), *words))


def tuned(run: Run) -> np.ndarray:
    """Tune the last stage with its head, and predict.

    Returns:
        (M, classes) float32, the mean over the faces and their mirror images.
    """
    keras_setup.import_keras()
    import keras

    train, test = np.flatnonzero(~run.test), np.flatnonzero(run.test)
    _, network, start = _network(run.frozen.shape[2:], run.classes)
    _restore(network, start)
    head = head_weights(run.seen[:, train], run.labels[train], run.classes, strength=STRENGTH)
    network.layers[-1].set_weights(head)
    random = np.random.default_rng(run.seed)
    count = len(train)
    batch = min(BATCH, count)
    steps, step = run.epochs * (count // batch), 0
    for _ in range(run.epochs):
        # What is left over after the last whole batch waits for another epoch: one size of batch is traced once.
        for places in random.permutation(count)[: count // batch * batch].reshape(-1, batch):
            network.optimizer.learning_rate.assign(LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / steps)))
            views, rows = random.integers(2, size=batch), train[places]
            network.train_on_batch(run.frozen[views, rows], run.labels[rows])
            step += 1
    answers = [keras.ops.convert_to_numpy(network(each[test], training=False)) for each in run.frozen]
    return (answers[0] + answers[1]) / 2


def seen(frozen: np.ndarray, classes: int) -> np.ndarray:
    """What the last stage makes of frozen activations before it is tuned.

    Args:
        frozen: (2, N, height, width, channels) float32.
        classes: number of expressions, as of the runs.

    Returns:
        (2, N, values) float32.
    """
    keras_setup.import_keras()
    import keras

    stage, network, start = _network(frozen.shape[2:], classes)
    _restore(network, start)
    cuts = range(_SEEN_AT_ONCE, frozen.shape[1], _SEEN_AT_ONCE)
    views = [
        [keras.ops.convert_to_numpy(stage(part, training=False)) for part in np.split(each, cuts)] for each in frozen
    ]
    return np.stack([np.concatenate(each) for each in views])


def _frozen_activations(images: np.ndarray, classes: int) -> tuple[Path, Path]:
    """Files of `Run.frozen` and `Run.seen` for all faces, which go away with the processes."""
    keras_setup.import_keras()
    side = images.shape[1] // 4
    wanted = {"frozen": (Part(_FROZEN, side, side),)}
    model = pretrained.load().model
    folder = Path(tempfile.mkdtemp())
    paths = folder / "frozen.npy", folder / "seen.npy"
    shape = (2, len(images), side, side, model.get_layer(_FROZEN).output.shape[-1])
    frozen = np.lib.format.open_memmap(paths[0], mode="w+", dtype=np.float32, shape=shape)
    for place, faces in enumerate((images, images[:, :, ::-1])):
        frozen[place] = outputs(model, faces, wanted)["frozen"].reshape(shape[1:])
    frozen.flush()
    np.save(paths[1], seen(frozen, classes))
    return paths


@functools.cache
def _network(shape: tuple[int, ...], classes: int):
    """The last stage, averaged to its grid; the same with a head, compiled; and all values that both start from."""
    import keras

    model = pretrained.load().model
    last = keras.Model(model.get_layer(_FROZEN).output, model.get_layer(_TUNED).output)
    for layer in last.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    inputs = keras.Input(shape)
    seen = last(inputs)
    seen = keras.layers.AveragePooling2D(pool_size=seen.shape[1] // _GRID)(seen)
    seen = keras.layers.Flatten()(seen)
    stage = keras.Model(inputs, seen)
    network = keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(seen))
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy", jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    return stage, network, [keras.ops.convert_to_numpy(each) for each in _state(network)]


def _state(network) -> list:
    return [*network.variables, *network.optimizer.variables]


def _restore(network, start: list[np.ndarray]) -> None:
    for variable, value in zip(_state(network), start, strict=True):
        variable.assign(value)
