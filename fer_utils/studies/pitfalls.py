"""How far a score can be trusted: other splits, leaks, seeds, chosen epochs, augmented validation, loss parts.

Every function works on what runs under `loso` left: how many images of each left-out subject were right. What a test set of
a few subjects would have told is put together from those; its networks have learned from one subject less than all, where
a real split would train one network on fewer. Accuracies are fractions.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fer_utils.data import cleaning
from fer_utils.engine.record import Record
from fer_utils.engine.train import smoothing_floor
from fer_utils.evaluation import intervals
from fer_utils.experiments.experiment import Experiment
from fer_utils.experiments.folds import ORIGINAL_SPLIT_FRACTION
from fer_utils.experiments.run import Run
from fer_utils.studies import tweaks

MOST_SPLITS = 5_000  # more are not listed, but drawn by chance
SEEDS = {"quick": 3, "standard": 8}  # of the reference, for the spread that initialisation brings
MODELS = ("baseline", "baseline-face")  # whose leak and chosen epochs are measured
_FRAME = tweaks.Tweak("input", "whole frame", {"input": "frame"})


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


def splits(subjects: int) -> list[tuple[int, ...]]:
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
    return np.array([found.accuracy(chosen) for chosen in splits(len(found.subjects))])


def by_epoch(experiment: Experiment, trial: tweaks.Trial, records: Mapping[Run, Record]) -> Counts:
    """A trial's runs after every epoch: `right` is (subjects, seeds, epochs).

    Args:
        records: of every run of the trial.
    """
    sizes = {fold: len(test) for fold, (_, test) in experiment.folds("loso").items()}
    curves = {fold: [] for fold in sizes}
    for run in trial.runs:
        curves[run.fold].append(records[run].curves["validation_accuracy"] * sizes[run.fold])
    return Counts(tuple(sizes), np.array(list(curves.values())), np.array(list(sizes.values()), dtype=float))


class Study:
    """The runs that the questions need, trained where they are missing.

    Args:
        experiment: data and budget.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.trials = dict(zip(("baseline-face", "baseline"), tweaks.trials(experiment, [_FRAME]), strict=True))
        self.sizes = {fold: len(test) for fold, (_, test) in experiment.folds("loso").items()}
        self._shuffled = {model: self._image_wise(model) for model in MODELS}
        self._seeds = self._more_seeds()
        self._original = {run.model: run for run in experiment.plan("original-split")}
        self._updated = experiment.plan("loso", ["updated"])
        wanted = [run for trial in self.trials.values() for run in trial.runs]
        wanted += [run for runs in self._shuffled.values() for run in runs]
        wanted += [*self._seeds, *self._original.values(), *self._updated]
        runs = list(dict.fromkeys(wanted))
        self.records: Mapping[Run, Record] = dict(zip(runs, experiment.records(runs), strict=True))

    def leak(self) -> pd.DataFrame:
        """What shuffling images in place of subjects adds to a model's accuracy.

        Returns:
            A row per model: `model, subject_wise, image_wise, difference, low, high, alike, n, seeds`; `alike` is the share
            of the images of which the same person shows the same expression in another one.
        """
        total = sum(self.sizes.values())
        rows = []
        for model in MODELS:
            honest = tweaks.right(self.trials[model], self.records, self.sizes)
            leaked = self._leaked(model)
            found = intervals.difference_interval(leaked, honest, np.array(list(self.sizes.values()), dtype=float))
            shares = [each.mean(axis=1).sum() / total for each in (honest, leaked)]
            row = {"model": model, "subject_wise": shares[0], "image_wise": shares[1]}
            row |= {"difference": found.value, "low": found.low, "high": found.high}
            rows.append(row | {"alike": self._alike(), "n": total, "seeds": honest.shape[1]})
        return pd.DataFrame(rows)

    def by_seed(self) -> Counts:
        """The reference trained from several seeds: `right` is (subjects, seeds)."""
        trial = self.trials["baseline-face"]
        everything = replace(trial, runs=(*trial.runs, *self._seeds))
        right = tweaks.right(everything, self.records, self.sizes)
        return Counts(tuple(self.sizes), right, np.array(list(self.sizes.values()), dtype=float))

    def by_epoch(self, model: str) -> Counts:
        """A model after every epoch of its runs: `right` is (subjects, seeds, epochs)."""
        return by_epoch(self.experiment, self.trials[model], self.records)

    def original_curves(self, model: str) -> Mapping[str, np.ndarray]:
        """Learning curves of the run on the original's split."""
        return self.records[self._original[model]].curves

    def loss_without_error(self, model: str) -> tuple[float, float]:
        """Training loss after the last epoch, in nats, and the part of it that no right answer could take away."""
        curves, recipe = self.original_curves(model), self._original[model].recipe
        floor = smoothing_floor(len(self.experiment.dataset.class_names), recipe.label_smoothing)
        return float(curves["loss"][-1]), float(curves["penalty"][-1] + floor)

    def losses_by_fold(self) -> pd.DataFrame:
        """Losses of `updated` under `loso` after the last epoch, in nats, a row per fold and seed.

        Returns:
            `fold`, `n` (its test images), `loss` (of training), `without_error` (penalty and floor in it), and the
            cross-entropy against plain labels on people that the network was trained on, `seen`, and on the one it was not,
            `unseen`. The former is measured while training, with augmentation and dropout, which makes it rather larger.
        """
        rows = []
        for run in self._updated:
            last = {name: float(curve[-1]) for name, curve in self.records[run].curves.items()}
            floor = smoothing_floor(len(self.experiment.dataset.class_names), run.recipe.label_smoothing)
            row = {"fold": run.fold, "n": self.sizes[run.fold], "loss": last["loss"]}
            row |= {"without_error": last["penalty"] + floor}
            rows.append(row | {"seen": last["cross_entropy"], "unseen": last["validation_cross_entropy"]})
        return pd.DataFrame(rows)

    def _alike(self) -> float:
        data = self.experiment.dataset
        kept = cleaning.kept_indices(data, self.experiment.manifest)
        pairs = pd.DataFrame({"subject": data.subjects[kept], "label": data.labels[kept]})
        return float(pairs.duplicated(keep=False).mean())

    def _image_wise(self, model: str) -> list[Run]:
        trial = self.trials[model]
        recipe = replace(trial.runs[0].recipe, epochs=trial.epochs)
        return [
            Run(model, "image-wise", fold, seed, recipe, keep_weights=False, input=trial.runs[0].input)
            for seed in tweaks.SEEDS[self.experiment.budget]
            for fold in self.experiment.folds("image-wise")
        ]

    def _more_seeds(self) -> list[Run]:
        trial = self.trials["baseline-face"]
        first = trial.runs[0]
        recipe, known = replace(first.recipe, epochs=trial.epochs), {run.seed for run in trial.runs}
        return [
            Run(f"tweak-{first.input}-{first.side}", "loso", fold, seed, recipe, keep_weights=False, input=first.input)
            for seed in range(1, SEEDS[self.experiment.budget] + 1)
            if seed not in known
            for fold in self.sizes
        ]

    def _leaked(self, model: str) -> np.ndarray:
        """Right images of each subject under `image-wise`, (subjects, seeds)."""
        runs = self._shuffled[model]
        predictions = self.experiment.predictions(runs, [self.records[run] for run in runs])
        found = counts(predictions)
        return found.right[[found.subjects.index(subject) for subject in self.sizes]]


@dataclass(frozen=True)
class Optimism:
    """What choosing the epoch on the test subjects themselves does to the score; means over splits and seeds.

    Attributes:
        best: the best epoch's accuracy on the subjects it was chosen on, as it would be reported.
        elsewhere: the same epoch's accuracy on everybody else.
        last: the last epoch's accuracy.
        gap: best minus elsewhere, with an interval over subjects (`intervals.jackknife`).
        bests, lasts: (splits,) means over seeds.
    """

    best: float
    elsewhere: float
    last: float
    gap: intervals.Interval
    bests: np.ndarray
    lasts: np.ndarray


def optimism(found: Counts) -> Optimism:
    """Choose the best epoch of every split on its own test subjects.

    Args:
        found: from `Study.by_epoch`.
    """
    ways, (n, seeds, epochs) = splits(len(found.subjects)), found.right.shape
    inside = np.zeros((len(ways), n))
    for row, chosen in zip(inside, ways, strict=True):
        row[list(chosen)] = 1
    tested = inside @ found.sizes
    curves = (inside @ found.right.reshape(n, -1)).reshape(-1, seeds, epochs) / tested[:, np.newaxis, np.newaxis]
    epoch = curves.argmax(axis=-1)
    bests = curves.max(axis=-1).mean(axis=1)
    # Right images of every subject at each split's chosen epochs, mean over seeds: (splits, subjects).
    right = np.mean([found.right[:, seed, epoch[:, seed]].T for seed in range(seeds)], axis=0)
    others, left = (right * (1 - inside)).sum(axis=1), found.sizes.sum() - tested
    gap = float(np.mean(bests - others / left))
    without_one = np.full(n, np.nan)
    for subject in range(n):
        rest = (inside[:, subject] == 0) & (left > found.sizes[subject])
        if rest.any():
            elsewhere = (others - right[:, subject])[rest] / (left[rest] - found.sizes[subject])
            without_one[subject] = np.mean(bests[rest] - elsewhere)
    lasts = over_splits(replace(found, right=found.right[..., -1])).mean(axis=1)
    interval = intervals.jackknife(gap, without_one)
    return Optimism(float(bests.mean()), float(np.mean(others / left)), float(lasts.mean()), interval, bests, lasts)


def jumps(curve: np.ndarray) -> np.ndarray:
    """Changes of a curve from one epoch to the next in the second half of its epochs, without their signs."""
    return np.abs(np.diff(curve[len(curve) // 2 :]))


def spreads(found: Counts) -> dict[str, float]:
    """Standard deviations of accuracy, by what is drawn anew and how many subjects are tested.

    Args:
        found: from `Study.by_seed`.
    """
    n, seeds = found.right.shape
    per_seed = found.right.sum(axis=0) / found.sizes.sum()
    per_subject = found.right.mean(axis=1) / found.sizes
    few = over_splits(found)  # (splits, seeds)
    return {
        "seed, all subjects": float(per_seed.std(ddof=1)) if seeds > 1 else float("nan"),
        "subjects, all subjects": float(per_subject.std(ddof=1) / math.sqrt(n)),
        "seed, the original's number of subjects": float(few.std(axis=1, ddof=1).mean()) if seeds > 1 else float("nan"),
        "subjects, the original's number of subjects": float(per_subject.std(ddof=1) / math.sqrt(held_out(n))),
    }
