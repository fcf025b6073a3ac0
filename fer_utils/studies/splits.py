"""What a test set of a few subjects would have shown, from how many images of each subject were right.

Every function works on what runs tested on people left out left. The networks behind it have learned from one subject less than all, where
a real split would train one network on fewer. Accuracies are fractions.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals, people
from fer_utils.evaluation.protocols import only_people
from fer_utils.experiments.folds import ORIGINAL_SPLIT_FRACTION

MOST_SPLITS = 5_000  # more are not listed, but drawn by chance
DEALS = 200  # of answers among people, for each seed


@dataclass(frozen=True, eq=False)
class Counts:
    """Right predictions by subject.

    Attributes:
        subjects: names.
        right: (subjects, ...) float64, images that were right.
        sizes: (subjects,) float64, images that were tested.
    """

    subjects: tuple[str, ...]
    right: np.ndarray
    sizes: np.ndarray

    def accuracy(self, chosen: Sequence[int]) -> np.ndarray:
        """Accuracy over some subjects, of the shape that `right` has behind its first axis."""
        rows = list(chosen)
        return self.right[rows].sum(axis=0) / self.sizes[rows].sum()

    def overall(self) -> np.ndarray:
        """Accuracy over all subjects, as `accuracy`."""
        return self.accuracy(range(len(self.subjects)))

    def by_subject(self) -> np.ndarray:
        """Accuracy of each subject, mean over seeds: (subjects,) where `right` is (subjects, seeds)."""
        return self.right.mean(axis=1) / self.sizes


def counts(predictions: pd.DataFrame) -> Counts:
    """Right predictions of one model: `right` is (subjects, seeds).

    Args:
        predictions: rows of `predictions.csv` of one model and protocol.
    """
    right = (predictions["truth"] == predictions["predicted"]).astype(float)
    table = right.groupby([predictions["subject"].astype(str), predictions["seed"]]).agg(["sum", "count"]).unstack()
    return Counts(tuple(table.index), table["sum"].to_numpy(), table["count"].to_numpy()[:, 0].astype(float))


def held_out(subjects: int) -> int:
    """How many subjects the original's split holds out of so many."""
    return max(1, int(ORIGINAL_SPLIT_FRACTION * subjects))


def ways(subjects: int) -> list[tuple[int, ...]]:
    """Every way to hold out as many subjects as the original did, the original's own (the first ones) in front.

    Where there are more than `MOST_SPLITS`, so many drawn by chance, always the same ones.
    """
    size = held_out(subjects)
    if math.comb(subjects, size) <= MOST_SPLITS:
        return list(itertools.combinations(range(subjects), size))
    generator = np.random.default_rng(7)
    drawn = [tuple(sorted(generator.choice(subjects, size, replace=False))) for _ in range(MOST_SPLITS - 1)]
    return [tuple(range(size)), *drawn]


def over_splits(found: Counts) -> np.ndarray:
    """Accuracy on the test subjects of every split, (splits, ...); the first is the original's."""
    return np.array([found.accuracy(chosen) for chosen in ways(len(found.subjects))])


def of_models(predictions: pd.DataFrame, models: Sequence[str]) -> dict[str, np.ndarray]:
    """Of each model that has predictions tested on people left out, the accuracy of every split with each seed, (splits, seeds).

    Args:
        predictions: rows of `predictions.csv`.
    """
    loso = only_people(predictions)
    there = [model for model in models if (loso["model"] == model).any()]
    return {model: over_splits(counts(loso[loso["model"] == model])) for model in there}


def dealt(predictions: pd.DataFrame, models: Sequence[str]) -> dict[str, tuple[float, np.ndarray]]:
    """What other people would make of a split's accuracy if people did not differ: answers shuffled (`people.deal`).

    Args:
        predictions, models: as for `of_models`.

    Returns:
        Model to the p value that its people differ, and to the accuracies of every split with each seed in `DEALS` deals, (N,).
    """
    loso, found = only_people(predictions), {}
    for model in models:
        rows = loso[loso["model"] == model]
        if rows.empty:
            continue
        tests, parts = ways(rows["subject"].nunique()), []
        for _, one_seed in rows.groupby("seed"):
            each = people.deal(one_seed, draws=DEALS)
            inside = np.zeros((len(tests), len(each.people)))
            for row, chosen in zip(inside, tests, strict=True):
                row[list(chosen)] = 1
            parts.append((inside @ each.dealt.T) / (inside @ each.sizes)[:, np.newaxis])
        found[model] = people.deal(rows).p_value, np.concatenate(parts).ravel()
    return found


@dataclass(frozen=True)
class Optimism:
    """What choosing the epoch on the test subjects themselves does to the score; means over splits and seeds.

    Attributes:
        best: the best epoch's accuracy on the subjects it was chosen on, as it would be reported.
        elsewhere: the same epoch's accuracy on everybody else.
        last: the last epoch's accuracy.
        gap: best minus elsewhere, with an interval over subjects (`intervals.jackknife`).
        by_split: `last, best, elsewhere`, means over seeds, a row per split.
    """

    best: float
    elsewhere: float
    last: float
    gap: intervals.Interval
    by_split: pd.DataFrame


def optimism(found: Counts) -> Optimism:
    """Choose the best epoch of every split on its own test subjects; where several are best, the mean of what they give.

    Args:
        found: from `pitfalls.by_epoch`.
    """
    tests, (n, seeds, epochs) = ways(len(found.subjects)), found.right.shape
    inside = np.zeros((len(tests), n))
    for row, chosen in zip(inside, tests, strict=True):
        row[list(chosen)] = 1
    tested = inside @ found.sizes
    curves = (inside @ found.right.reshape(n, -1)).reshape(-1, seeds, epochs) / tested[:, np.newaxis, np.newaxis]
    best = curves >= curves.max(axis=-1, keepdims=True) - 1e-9
    best = best / best.sum(axis=-1, keepdims=True)  # (splits, seeds, epochs), of tied epochs each has a share
    bests = curves.max(axis=-1).mean(axis=1)
    # Right images of every subject at each split's best epochs, mean over seeds: (splits, subjects).
    right = np.einsum("tse,nse->tn", best, found.right, optimize=True) / seeds
    others, left = (right * (1 - inside)).sum(axis=1), found.sizes.sum() - tested
    gap = float(np.mean(bests - others / left))
    without_one = np.full(n, np.nan)
    for subject in range(n):
        rest = (inside[:, subject] == 0) & (left > found.sizes[subject])
        if rest.any():
            elsewhere = (others - right[:, subject])[rest] / (left[rest] - found.sizes[subject])
            without_one[subject] = np.mean(bests[rest] - elsewhere)
    lasts = over_splits(replace(found, right=found.right[..., -1])).mean(axis=1)
    by_split = pd.DataFrame({"last": lasts, "best": bests, "elsewhere": others / left})
    interval = intervals.jackknife(gap, without_one)
    return Optimism(float(bests.mean()), float(np.mean(others / left)), float(lasts.mean()), interval, by_split)


def spreads(found: Counts) -> pd.DataFrame:
    """Standard deviations of accuracy, by what is drawn and how many subjects are tested.

    Args:
        found: `right` is (subjects, seeds).

    Returns:
        A row each: `drawn` ("seed" or "subjects"), `tested` ("all subjects" or "the original's number of subjects"),
        `spread` (not a number for one seed), `n` (how many seeds or subjects there are to draw from).
    """
    n, seeds = found.right.shape
    per_seed = found.right.sum(axis=0) / found.sizes.sum()
    per_subject = found.by_subject()
    few = over_splits(found)  # (splits, seeds)
    everybody, original = "all subjects", "the original's number of subjects"
    rows = [
        ("seed", everybody, float(per_seed.std(ddof=1)) if seeds > 1 else float("nan"), seeds),
        ("subjects", everybody, float(per_subject.std(ddof=1) / math.sqrt(n)), n),
        ("seed", original, float(few.std(axis=1, ddof=1).mean()) if seeds > 1 else float("nan"), seeds),
        ("subjects", original, float(per_subject.std(ddof=1) / math.sqrt(held_out(n))), n),
    ]
    return pd.DataFrame(rows, columns=["drawn", "tested", "spread", "n"])
