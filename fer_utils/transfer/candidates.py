"""Frozen features of the pretrained network with a linear head, every choice made on inner subjects.

A candidate is what the head sees (a crop and what is read from it, mirror images too or not) and how strongly it is
regularised, or the mean of several of these. For every subject that is left out, the candidate is chosen by leaving out
one more subject at a time among the others (nested cross-validation, Varma and Simon 2006,
doi:10.1186/1471-2105-7-91); the subject's own images play no part in it. The list of candidates is a choice too, and no
blind one: an earlier run on Yale shaped it (notebook 05 tells how), so that on these people the score is rather too high.
"""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd

from fer_utils.common import progress
from fer_utils.common.errors import DatasetError
from fer_utils.data import cleaning
from fer_utils.data.datasets import FaceDataset
from fer_utils.experiments import tables
from fer_utils.transfer.features import PAIRED, UNITS, cached, features
from fer_utils.transfer.heads import head_probabilities

VIEWS = (1, 2)  # faces alone, or their mirror images too
STRENGTHS = (3.0, 30.0)  # inverse of the L2 penalty
_WHOLE = tuple((crop, "stage2 + stage3") for crop in ("face", "near", "fine"))
_REGIONS = ("fine", "eyes + mouth"), PAIRED
# What single heads see.
SEEN = (*_WHOLE, ("near", "stage2 coarse"), *_REGIONS, UNITS)
# Means of the probabilities of several heads.
MEANS = {
    ("all", "regions, units"): (*_REGIONS, UNITS),
    ("all", "stage2 + stage3"): _WHOLE,
    ("all", "stage2 + stage3, regions"): (*_WHOLE, *_REGIONS),
    ("all", "stage2 + stage3, units"): (*_WHOLE, UNITS),
    ("all", "stage2 + stage3, regions, units"): (*_WHOLE, *_REGIONS, UNITS),
}
_ONE_VIEW = (PAIRED, UNITS)  # the same for a face and its mirror image
CANDIDATES = tuple(
    (*key, views, strength)
    for key in (*SEEN, *MEANS)
    for views in (VIEWS[:1] if key in _ONE_VIEW else VIEWS)
    for strength in STRENGTHS
)
LEARNING_COUNTS = (2, 4, 8, 14)  # subjects learned from
DRAWS = 3


@dataclass(frozen=True, eq=False)
class Transfer:
    """Predictions of every candidate, for subjects left out and for pairs of them.

    Attributes:
        positions: (N,) int, the images' positions in the data set.
        subjects: (N,) str.
        labels: (N,) int64.
        outer: (candidates, N, classes) float32, by a head that did not learn the image's subject.
        inner: (candidates, S, N, classes) float32; `inner[c, s, n]` did not learn the subject of image n nor subject s;
            zeros where they are the same.
    """

    positions: np.ndarray
    subjects: np.ndarray
    labels: np.ndarray
    outer: np.ndarray
    inner: np.ndarray

    def inner_accuracy(self) -> np.ndarray:
        """(S, candidates) accuracy on the other subjects, for each subject that is left out."""
        rows = []
        for number, subject in enumerate(np.unique(self.subjects)):
            others = self.subjects != subject
            rows.append((self.inner[:, number, others].argmax(axis=-1) == self.labels[others]).mean(axis=1))
        return np.array(rows)

    def chosen(self) -> np.ndarray:
        """(S,) int, the candidate of each left-out subject: most inner images right, ties by inner cross-entropy."""
        best = []
        for number, subject in enumerate(np.unique(self.subjects)):
            others = np.flatnonzero(self.subjects != subject)
            probabilities = self.inner[:, number, others]
            right = (probabilities.argmax(axis=-1) == self.labels[others]).sum(axis=1)
            likelihood = probabilities[:, np.arange(len(others)), self.labels[others]]
            loss = -np.log(np.maximum(likelihood, 1e-7)).mean(axis=1)
            best.append(np.lexsort((loss, -right))[0])
        return np.array(best)

    def probabilities(self) -> np.ndarray:
        """(N, classes) float32 of model `transfer`: each subject predicted by its own choice."""
        found = np.empty_like(self.outer[0])
        for subject, candidate in zip(np.unique(self.subjects), self.chosen(), strict=True):
            rows = self.subjects == subject
            found[rows] = self.outer[candidate, rows]
        return found

    def predictions(self, dataset: FaceDataset) -> pd.DataFrame:
        """Model `transfer` as rows of `predictions.csv`; the backbone comes from one seed."""
        words = {"model": "transfer", "protocol": "loso", "seed": 1}
        return tables.rows(dataset, self.positions, self.probabilities(), **words)

    def table(self) -> pd.DataFrame:
        """A row per candidate: `crop, features, views, strength, inner_accuracy, outer_accuracy, chosen` (by how many folds)."""
        table = pd.DataFrame(CANDIDATES, columns=["crop", "features", "views", "strength"])
        table["inner_accuracy"] = self.inner_accuracy().mean(axis=0)
        table["outer_accuracy"] = (self.outer.argmax(axis=-1) == self.labels).mean(axis=1)
        table["chosen"] = np.bincount(self.chosen(), minlength=len(table))
        return table


def run(dataset: FaceDataset, manifest: pd.DataFrame, *, jobs: int = 0) -> Transfer:
    """Predictions of all candidates under `loso`, kept on disk for the same data, weights and code.

    Args:
        manifest: as written by `cleaning.manifest`; images without a face are left out.
        jobs: processes; 0 means as many as cores. Results do not depend on it.

    Raises:
        DatasetError: fewer than three subjects, of which no inner one can be left out.
        WeightsError: the pretrained weights are missing or damaged.
    """
    positions = cleaning.kept_indices(dataset, manifest)
    subjects, labels = dataset.subjects[positions], dataset.labels[positions]
    if len(set(subjects)) < 3:
        raise DatasetError(
            f"{dataset.name}: choosing on inner subjects needs at least three subjects with usable images; "
            f"there are {len(set(subjects))}. Add some, or leave notebook 05 out."
        )

    def fit() -> dict[str, np.ndarray]:
        found = features(dataset, manifest, positions)
        outer, inner = _all_heads(found, subjects, labels, len(dataset.class_names), jobs=jobs)
        return {"outer": outer, "inner": inner}

    arrays = cached(dataset, manifest, "transfer", fit)
    return Transfer(positions, subjects, labels, arrays["outer"], arrays["inner"])


def learning_curve(dataset: FaceDataset, manifest: pd.DataFrame, *, jobs: int = 0) -> pd.DataFrame:
    """Accuracy on a left-out subject by the number of subjects learned from, kept on disk like `run`.

    The head is the same throughout, not chosen: stages 2 and 3 of all three crops, strength 10, with mirror images.
    Each left-out subject is predicted by `DRAWS` heads, each from other subjects drawn at random.

    Args:
        jobs: processes; 0 means as many as cores. Results do not depend on it.

    Returns:
        A row per number of subjects and left-out subject: `subjects, left_out, accuracy`.
    """
    positions = cleaning.kept_indices(dataset, manifest)
    subjects, labels = dataset.subjects[positions], dataset.labels[positions]
    names = np.unique(subjects)
    counts = [count for count in LEARNING_COUNTS if count < len(names) - 1] + [len(names) - 1]

    def fit() -> dict[str, np.ndarray]:
        found = features(dataset, manifest, positions)
        plan = list(itertools.product(counts, range(len(names))))
        heads = joblib.Parallel(n_jobs=jobs or os.cpu_count(), return_as="generator")(
            joblib.delayed(_drawn_accuracy)(found, subjects, labels, names[place], count, seed=[count, place])
            for count, place in plan
        )
        shares = list(progress.bar(heads, "learning curve", total=len(plan), unit="point"))
        return {"accuracy": np.array(shares).reshape(len(counts), len(names))}

    accuracy = cached(dataset, manifest, "learning-curve", fit)["accuracy"]
    return pd.DataFrame(
        [
            {"subjects": count, "left_out": name, "accuracy": value}
            for count, values in zip(counts, accuracy, strict=True)
            for name, value in zip(names, values, strict=True)
        ]
    )


def _drawn_accuracy(found: dict, subjects, labels, left_out: str, count: int, *, seed: Sequence[int]) -> float:
    from threadpoolctl import threadpool_limits

    random, test = np.random.default_rng(seed), subjects == left_out
    others = np.unique(subjects[~test])
    shares = []
    for _ in range(DRAWS if count < len(others) else 1):
        train = np.isin(subjects, random.choice(others, size=count, replace=False))
        total = 0
        with threadpool_limits(1):
            for key in _WHOLE:
                views = [view[train] for view in found[key]], labels[train], [view[test] for view in found[key]]
                total = total + head_probabilities(*views, int(labels.max()) + 1, strengths=(10.0,))[0]
        shares.append((total.argmax(axis=1) == labels[test]).mean())
    return float(np.mean(shares))


def _all_heads(
    found: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]], subjects, labels, classes: int, *, jobs: int
) -> tuple[np.ndarray, np.ndarray]:
    names = np.unique(subjects)
    outer = np.zeros((len(CANDIDATES), len(labels), classes), dtype=np.float32)
    inner = np.zeros((len(CANDIDATES), len(names), len(labels), classes), dtype=np.float32)
    left_out = [*((each,) for each in range(len(names))), *itertools.combinations(range(len(names)), 2)]
    # BLAS has one thread in each process, and a fold is computed alike wherever it runs.
    fit = joblib.Parallel(n_jobs=jobs or os.cpu_count(), return_as="generator")
    folds = fit(joblib.delayed(_without)(found, subjects, labels, names[list(each)], classes) for each in left_out)
    for each, result in zip(
        left_out, progress.bar(folds, "linear heads", total=len(left_out), unit="fold"), strict=True
    ):
        test = np.isin(subjects, names[list(each)])
        if len(each) == 1:
            outer[:, test] = result
            continue
        for mine, theirs in (each, each[::-1]):
            rows = subjects[test] == names[theirs]
            inner[:, mine, np.flatnonzero(test)[rows]] = result[:, rows]
    return outer, inner


def _without(
    found: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]], subjects, labels, left_out, classes: int
) -> np.ndarray:
    """(candidates, M, classes) float32 for the images of some subjects, by heads that did not learn them."""
    from threadpoolctl import threadpool_limits

    test = np.isin(subjects, left_out)
    answers: dict[tuple, np.ndarray] = {}
    with threadpool_limits(1):
        for key in SEEN:
            for views in VIEWS:
                if key in _ONE_VIEW and views > 1:
                    answers |= {(*key, views, strength): answers[*key, 1, strength] for strength in STRENGTHS}
                    continue
                train, tested = ([view[rows] for view in found[key][:views]] for rows in (~test, test))
                fitted = head_probabilities(train, labels[~test], tested, classes, strengths=STRENGTHS)
                answers |= {(*key, views, strength): each for strength, each in zip(STRENGTHS, fitted, strict=True)}
    for mean, parts in MEANS.items():
        for words in itertools.product(VIEWS, STRENGTHS):
            answers[*mean, *words] = np.mean([answers[*part, *words] for part in parts], axis=0)
    return np.stack([answers[candidate] for candidate in CANDIDATES])
