"""Model `transfer`: what a small set's heads make of frozen features of the pretrained network.

A head is a ridge regression on one-hot labels. It sees features that are the same for a face and its mirror image: half the sum
and the absolute difference of what the network makes of the two. So neither side of a face means anything, and a set in which
everybody winks with the same eye cannot teach it to look at that eye alone.

`transfer` is the first of `VARIANTS`: the mean of the scores of a head for each crop. The strength of the penalty, one for all
crops, and the temperature of the probabilities are chosen in every fold on its own training people (nested cross-validation,
Varma and Simon 2006, doi:10.1186/1471-2105-7-91); the people who are tested play no part in it. The other variants are listed to
show how much hangs on what a head is given; nothing is chosen by their scores.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd

from fer_utils.common import progress
from fer_utils.common.errors import DatasetError
from fer_utils.data.datasets import FaceDataset
from fer_utils.experiments import tables
from fer_utils.transfer import ridge
from fer_utils.transfer.features import PAIRED, UNITS, cached, symmetric_features

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

_CROPS = tuple((crop, "stage2 + stage3") for crop in ("face", "near", "fine"))
# What the heads of each variant see, a head for each; their scores are averaged.
VARIANTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "three crops": _CROPS,
    "face": _CROPS[:1],
    "near": _CROPS[1:2],
    "fine": _CROPS[2:],
    "eyes and mouth": (PAIRED,),
    "face units": (UNITS,),
    "three crops, eyes and mouth": (*_CROPS, PAIRED),
    "three crops, eyes and mouth, face units": (*_CROPS, PAIRED, UNITS),
}
MODEL = next(iter(VARIANTS))
_TEMPERATURES = (0.01, 2.0)  # among these; scores differ by 1 where a head is sure
LEARNING_COUNTS = (2, 4, 8, 14, 28, 56, 112)  # people learned from


@dataclass(frozen=True, eq=False)
class Reading:
    """What the heads of one variant say of every image, each by heads that did not learn its person.

    Attributes:
        probabilities: (N, classes) float32, with the strength and temperature chosen in each fold.
        strengths: (folds,) int, positions in `ridge.STRENGTHS`.
        temperatures: (folds,) float64.
        inner_right, outer_right: (strengths,) float64, share of images right with one strength throughout: on the training
            people of the folds, and on the people left out.
    """

    probabilities: np.ndarray
    strengths: np.ndarray
    temperatures: np.ndarray
    inner_right: np.ndarray
    outer_right: np.ndarray


@dataclass(frozen=True, eq=False)
class Transfer:
    """Readings of every variant.

    Attributes:
        positions: (N,) int, the images' positions in the data set.
        labels: (N,) int64.
        folds: (N,) str, the fold that tests each image.
        protocol: how people were left out.
        readings: name in `VARIANTS` to what its heads say.
    """

    positions: np.ndarray
    labels: np.ndarray
    folds: np.ndarray
    protocol: str
    readings: Mapping[str, Reading]

    def predictions(self, dataset: FaceDataset) -> pd.DataFrame:
        """Model `transfer` as rows of `predictions.csv`; the pretrained network comes from one seed."""
        words = {"model": "transfer", "protocol": self.protocol, "seed": 1}
        return tables.rows(dataset, self.positions, self.readings[MODEL].probabilities, **words).assign(fold=self.folds)

    def table(self) -> pd.DataFrame:
        """A row per variant and strength: `variant, strength, inner_accuracy, outer_accuracy, chosen, accuracy`.

        `chosen` counts the folds that took this strength; `accuracy` is that of the variant with those choices.
        """
        rows = []
        for name, reading in self.readings.items():
            accuracy = float((reading.probabilities.argmax(axis=1) == self.labels).mean())
            for number, strength in enumerate(ridge.STRENGTHS):
                shares = float(reading.inner_right[number]), float(reading.outer_right[number])
                rows.append((name, strength, *shares, int((reading.strengths == number).sum()), accuracy))
        columns = ["variant", "strength", "inner_accuracy", "outer_accuracy", "chosen", "accuracy"]
        return pd.DataFrame(rows, columns=columns)


def run(experiment: "Experiment") -> Transfer:
    """The readings of all variants, kept on disk for the same data, people, weights and code.

    Raises:
        DatasetError: fewer than three people, of whom no inner one can be left out.
        WeightsError: the pretrained weights are missing or damaged.
    """
    dataset, positions = experiment.dataset, experiment.usable
    subjects, labels = dataset.subjects[positions], dataset.labels[positions]
    if len(set(subjects)) < 3:
        raise DatasetError(
            f"{dataset.name}: choosing on inner subjects needs at least three subjects with usable images; "
            f"there are {len(set(subjects))}. Add some, or leave notebook 05 out."
        )
    tested = experiment.fold_of_images()

    def fit() -> dict[str, np.ndarray]:
        every, variants = symmetric_features(dataset, experiment.manifest, positions), list(VARIANTS.values())
        found = {key: every[key] for keys in variants for key in keys}
        tests = [tested == fold for fold in np.unique(tested)]
        parts = _parallel(experiment.jobs)(
            joblib.delayed(_fold)(found, variants, labels, subjects, test, len(dataset.class_names)) for test in tests
        )
        shown = progress.bar(parts, "linear heads", total=len(tests), unit="fold")
        return _packed(tests, shown, labels, len(dataset.class_names))

    arrays = cached(dataset, experiment.manifest, "transfer", fit, more=(tested,))
    readings = {
        name: Reading(*(arrays[f"{name}, {part}"] for part in Reading.__dataclass_fields__)) for name in VARIANTS
    }
    return Transfer(positions, labels, tested, experiment.protocol, readings)


def learning_curve(experiment: "Experiment") -> pd.DataFrame:
    """Accuracy of `transfer` on people left out by the number of people learned from, kept on disk like `run`.

    In every fold so many of the training people are drawn at random, and the strength is chosen on these alone.

    Returns:
        A row per number of people and left-out person: `subjects, left_out, accuracy`.
    """
    dataset, positions = experiment.dataset, experiment.usable
    subjects, labels = dataset.subjects[positions], dataset.labels[positions]
    tested = experiment.fold_of_images()
    folds = np.unique(tested)
    most = min(len(set(subjects[tested != fold])) for fold in folds)
    counts = [count for count in LEARNING_COUNTS if count < most] + [most]

    def fit() -> dict[str, np.ndarray]:
        found = symmetric_features(dataset, experiment.manifest, positions)
        seen = [found[key] for key in VARIANTS[MODEL]]
        jobs = [(count, place) for count in counts for place in range(len(folds))]
        answers = _parallel(experiment.jobs)(
            joblib.delayed(_drawn)(
                seen, labels, subjects, tested == folds[place], count, len(dataset.class_names), place
            )
            for count, place in jobs
        )
        right = np.zeros((len(counts), len(labels)), dtype=bool)
        for (count, place), answer in zip(
            jobs, progress.bar(answers, "learning curve", total=len(jobs), unit="point"), strict=True
        ):
            test = tested == folds[place]
            right[counts.index(count), test] = answer == labels[test]
        return {"right": right}

    right = cached(dataset, experiment.manifest, "learning-curve", fit, more=(tested,))["right"]
    rows = [
        {"subjects": count, "left_out": name, "accuracy": each[subjects == name].mean()}
        for count, each in zip(counts, right, strict=True)
        for name in np.unique(subjects)
    ]
    return pd.DataFrame(rows)


def chosen(answers: ridge.Answers, labels: np.ndarray) -> tuple[int, float]:
    """The strength with most training images right by heads that had left their person out, and the temperature that fits it.

    Of strengths with as many right, the one whose probabilities are better (in cross-entropy) is taken.

    Args:
        answers: of the training rows; their outer part is not looked at.
        labels: (N,) int64, of the training rows.

    Returns:
        Position in `ridge.STRENGTHS`, and the temperature.
    """
    right = (answers.inner.argmax(axis=-1) == labels).sum(axis=1)
    fitted = {number: _temperature(answers.inner[number], labels) for number in np.flatnonzero(right == right.max())}
    best = min(fitted, key=lambda number: fitted[number][1])
    return int(best), fitted[best][0]


def probabilities(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Scores of heads, (..., classes), as probabilities: the softmax of the scores over the temperature."""
    from scipy.special import softmax

    return softmax(scores / temperature, axis=-1)


def _temperature(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Temperature with the least cross-entropy, and that cross-entropy in nats (Guo et al. 2017, arXiv:1706.04599)."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(logarithm: float) -> float:
        return float(-log_softmax(scores / np.exp(logarithm), axis=-1)[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=np.log(_TEMPERATURES), method="bounded")
    return float(np.exp(found.x)), float(found.fun)


def mean_answers(
    seen: Sequence[np.ndarray],
    labels: np.ndarray,
    subjects: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    classes: int,
) -> ridge.Answers:
    """The mean over heads, one for each array of features.

    Args:
        seen: (N, values) float32 each.
        labels, subjects: (N,).
        train, test: (N,) bool; with no row to test only the inner answers are of use.
        classes: number of expressions.
    """
    places = range(len(seen))
    found = dict(zip(places, seen, strict=True))
    return ridge.mean_answers(found, [places], labels, subjects, train, test, classes)[0]


def _fold(
    found: Mapping[tuple, np.ndarray],
    variants: Sequence[Sequence[tuple]],
    labels: np.ndarray,
    subjects: np.ndarray,
    test: np.ndarray,
    classes: int,
) -> list[tuple]:
    """For each variant probabilities (M, classes), strength and temperature; and for every strength how many inner and outer images
    are right.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # so that the number of processes changes no bit
        every = ridge.mean_answers(found, variants, labels, subjects, ~test, test, classes)
    return [_answered(each, labels[~test], labels[test]) for each in every]


def _answered(answers: ridge.Answers, known: np.ndarray, truth: np.ndarray) -> tuple:
    strength, temperature = chosen(answers, known)
    right = [
        (scores.argmax(axis=-1) == shown).sum(axis=1)
        for scores, shown in ((answers.inner, known), (answers.outer, truth))
    ]
    return probabilities(answers.outer[strength], temperature).astype(np.float32), strength, temperature, *right


def _drawn(seen, labels, subjects, test: np.ndarray, count: int, classes: int, seed: int) -> np.ndarray:
    """(M,) int64, answers by heads that learned from so many people."""
    from threadpoolctl import threadpool_limits

    others = np.unique(subjects[~test])
    train = np.isin(subjects, np.random.default_rng([count, seed]).choice(others, size=count, replace=False))
    with threadpool_limits(1):
        answers = mean_answers(seen, labels, subjects, train, test, classes)
    return answers.outer[chosen(answers, labels[train])[0]].argmax(axis=-1)


def _packed(tests: Sequence[np.ndarray], parts, labels: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """The fields of `Reading` of every variant, by name."""
    packed = {}
    for name, folds in zip(VARIANTS, zip(*parts, strict=True), strict=True):
        found = np.zeros((len(labels), classes), dtype=np.float32)
        for test, (answer, *_) in zip(tests, folds, strict=True):
            found[test] = answer
        _, strengths, temperatures, inner, outer = zip(*folds, strict=True)
        values = (
            found,
            np.array(strengths),
            np.array(temperatures),
            np.sum(inner, axis=0) / sum((~test).sum() for test in tests),
            np.sum(outer, axis=0) / len(labels),
        )
        packed |= {f"{name}, {part}": each for part, each in zip(Reading.__dataclass_fields__, values, strict=True)}
    return packed


def _parallel(jobs: int) -> joblib.Parallel:
    return joblib.Parallel(n_jobs=jobs or os.cpu_count(), return_as="generator")
