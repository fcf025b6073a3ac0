"""Model `classical`: what can be read from the same faces without any pretraining, by descriptors from before deep learning.

Ridge heads as those of `transfer`, on descriptors that are the same for a face and for its mirror image (`descriptors.py`). In
every fold the descriptor, the strength of the penalty and the temperature are chosen together on the fold's training people, by
answers for inner people left out (nested cross-validation, Varma and Simon 2006, doi:10.1186/1471-2105-7-91). So the
difference between `transfer` and `classical` is what pretraining adds, and not what a linear head on an aligned face does.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd

from fer_utils.common import cache, progress
from fer_utils.common.errors import DatasetError
from fer_utils.data.datasets import FaceDataset
from fer_utils.experiments import identity, tables
from fer_utils.transfer import ridge, small_set
from fer_utils.transfer.descriptors import HOG, LBP, symmetric_descriptors

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

MODEL = "classical"
# What is chosen from; of several descriptors each has a head of its own, and the heads' scores are averaged.
CANDIDATES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "HOG, 48 px": ((HOG, 48),),
    "HOG, 64 px": ((HOG, 64),),
    "HOG, 96 px": ((HOG, 96),),
    "LBP, 64 px": ((LBP, 64),),
    "LBP, 96 px": ((LBP, 96),),
    "HOG and LBP, 96 px": ((HOG, 96), (LBP, 96)),
}
_SEEN = list(dict.fromkeys(key for keys in CANDIDATES.values() for key in keys))
# Of each candidate, the places of its descriptors in what `seen` gives.
PLACES = tuple(tuple(_SEEN.index(key) for key in keys) for keys in CANDIDATES.values())
_CODE = (
    "data.alignment",
    "data.detection",
    "transfer.classical",
    "transfer.descriptors",
    "transfer.features",
    "transfer.ridge",
    "transfer.small_set",
)
_PACKAGE = "scikit-image"


@dataclass(frozen=True, eq=False)
class Classical:
    """What `classical` says of every image, each by heads that did not learn its person, and what it was chosen from.

    Attributes:
        positions: (N,) int, the images' positions in the data set.
        labels: (N,) int64.
        folds: (N,) str, the fold that tests each image.
        protocol: how people were left out.
        probabilities: (N, classes) float32.
        chosen: (folds, 2) int, position in `CANDIDATES` and in `ridge.STRENGTHS` that each fold took, sorted by the fold's name.
        temperatures: (folds,) float64, of the probabilities.
        alone: (candidates,) float64, accuracy of each candidate by itself, its strength chosen in each fold.
        inner_right, outer_right: (candidates, strengths) float64, share of images right with one strength throughout: on the
            training people of the folds, and on the people left out.
    """

    positions: np.ndarray
    labels: np.ndarray
    folds: np.ndarray
    protocol: str
    probabilities: np.ndarray
    chosen: np.ndarray
    temperatures: np.ndarray
    alone: np.ndarray
    inner_right: np.ndarray
    outer_right: np.ndarray

    @property
    def accuracy(self) -> float:
        """Share of images right, in [0, 1]."""
        return float((self.probabilities.argmax(axis=1) == self.labels).mean())

    def predictions(self, dataset: FaceDataset) -> pd.DataFrame:
        """Model `classical` as rows of `predictions.csv`; nothing in it is random, so there is one seed."""
        words = {"model": MODEL, "protocol": self.protocol, "seed": 1}
        return tables.rows(dataset, self.positions, self.probabilities, **words).assign(fold=self.folds)

    def table(self) -> pd.DataFrame:
        """A row per candidate and strength: `variant, strength, inner_accuracy, outer_accuracy, chosen, accuracy`.

        `chosen` counts the folds that took this candidate with this strength; `accuracy` is that of the candidate by itself.
        """
        rows = []
        for place, name in enumerate(CANDIDATES):
            for number, strength in enumerate(ridge.STRENGTHS):
                shares = float(self.inner_right[place, number]), float(self.outer_right[place, number])
                taken = int((self.chosen == (place, number)).all(axis=1).sum())
                rows.append((name, strength, *shares, taken, float(self.alone[place])))
        columns = ["variant", "strength", "inner_accuracy", "outer_accuracy", "chosen", "accuracy"]
        return pd.DataFrame(rows, columns=columns)


def run(experiment: "Experiment") -> Classical:
    """Choose, learn and answer in every fold; kept on disk for the same data, people and code.

    Raises:
        DatasetError: fewer than three people, of whom no inner one can be left out.
    """
    dataset, positions = experiment.dataset, experiment.usable
    subjects, labels = dataset.subjects[positions], dataset.labels[positions]
    if len(set(subjects)) < 3:
        raise DatasetError(
            f"{dataset.name}: choosing on inner subjects needs at least three subjects with usable images; "
            f"there are {len(set(subjects))}. Add some, or leave notebook 05 out."
        )
    tested, classes = experiment.fold_of_images(), len(dataset.class_names)
    jobs = experiment.jobs or os.cpu_count()

    def fit() -> dict[str, np.ndarray]:
        found = symmetric_descriptors(dataset, positions, _SEEN, jobs=jobs)
        tests = [tested == fold for fold in np.unique(tested)]
        parts = joblib.Parallel(n_jobs=jobs, return_as="generator")(
            joblib.delayed(_fold)(found, labels, subjects, test, classes) for test in tests
        )
        shown = progress.bar(parts, "classical", total=len(tests), unit="fold", delay=5)
        return _packed(tests, shown, labels, classes)

    arrays = cache.arrays(dataset.name, MODEL, fit, code=_CODE, inputs=_inputs(dataset, positions, tested))
    return Classical(positions, labels, tested, experiment.protocol, **arrays)


def seen(dataset: FaceDataset, positions: np.ndarray, jobs: int) -> list[np.ndarray]:
    """What the heads of all candidates see of some images, (N, values) float32 each; `PLACES` says which belongs to which.

    Args:
        jobs: processes; 0 means as many as cores.
    """
    found = symmetric_descriptors(dataset, positions, _SEEN, jobs=jobs or os.cpu_count())
    return [found[key] for key in _SEEN]


def _inputs(dataset: FaceDataset, positions: np.ndarray, tested: np.ndarray) -> tuple:
    """All that the answers follow from, besides the code."""
    from importlib.metadata import version

    here = identity.here()
    who = (dataset.file_names.tolist(), dataset.subjects.tolist(), dataset.labels, dataset.class_names)
    faces = (dataset.data_hash, dataset.eyes, positions, tested)
    return (*faces, *who, f"{_PACKAGE} {version(_PACKAGE)}", here["versions"], here["processor"])


def _fold(
    found: Mapping[tuple[str, int], np.ndarray],
    labels: np.ndarray,
    subjects: np.ndarray,
    test: np.ndarray,
    classes: int,
) -> tuple:
    """Probabilities (M, classes); the chosen candidate and strength, and the temperature; and for every candidate the answers by itself that are
    right, and for every strength the inner and outer ones.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # so that the number of processes changes no bit
        every = ridge.mean_answers(found, CANDIDATES.values(), labels, subjects, ~test, test, classes)
    together = ridge.Answers(*(np.concatenate([getattr(each, part) for each in every]) for part in ("inner", "outer")))
    best, temperature = small_set.chosen(together, labels[~test])
    answers = small_set.probabilities(together.outer[best], temperature).astype(np.float32)
    alone = [_right(each.outer[small_set.chosen(each, labels[~test])[0]], labels[test]) for each in every]
    inner, outer = (
        np.array([_right(scores, truth) for scores in part]).reshape(len(every), -1)
        for part, truth in ((together.inner, labels[~test]), (together.outer, labels[test]))
    )
    return answers, divmod(best, len(ridge.STRENGTHS)), temperature, alone, inner, outer


def _right(scores: np.ndarray, truth: np.ndarray) -> int:
    return int((scores.argmax(axis=-1) == truth).sum())


def _packed(tests: Sequence[np.ndarray], parts, labels: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """The computed fields of `Classical` from the folds'."""
    probabilities = np.zeros((len(labels), classes), dtype=np.float32)
    chosen, temperatures, alone, inner, outer = [], [], [], [], []
    for test, (answers, taken, temperature, *right) in zip(tests, parts, strict=True):
        probabilities[test] = answers
        chosen.append(taken)
        temperatures.append(temperature)
        for kept, each in zip((alone, inner, outer), right, strict=True):
            kept.append(each)
    return {
        "probabilities": probabilities,
        "chosen": np.array(chosen),
        "temperatures": np.array(temperatures),
        "alone": np.sum(alone, axis=0) / len(labels),
        "inner_right": np.sum(inner, axis=0) / sum((~test).sum() for test in tests),
        "outer_right": np.sum(outer, axis=0) / len(labels),
    }
