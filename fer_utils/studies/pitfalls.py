"""How far a score can be trusted: other splits, leaks, seeds, chosen epochs, augmented validation, loss parts, power.

Accuracies are fractions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_utils.data import cleaning
from fer_utils.engine.record import Record
from fer_utils.evaluation import intervals, people
from fer_utils.evaluation.protocols import PEOPLE, UNITS
from fer_utils.evaluation.scores import smoothing_floor
from fer_utils.evaluation.significance import holm, learned, sign_flips, verdict
from fer_utils.experiments import tables
from fer_utils.experiments.run import Run
from fer_utils.studies import power, splits, tweaks
from fer_utils.studies.power import Power
from fer_utils.studies.splits import Counts, Optimism

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

SEEDS = {"quick": 3, "standard": 8}  # of the reference, for the spread that initialisation brings
MODELS = ("baseline", "baseline-face")  # whose leak and chosen epochs are measured
SPLIT_MODELS = ("baseline", "updated", "classical", "transfer")  # tested on other people
NETWORK = "updated"  # whose validation and losses are measured; `baseline` trains without augmentation
VALIDATIONS = ("images as they are", "augmented")
QUALITIES = ("accuracy", "macro_f1", "log_loss", "brier", "calibration_error", "confidence_gap")
_FRAME = tweaks.Tweak("input", "whole frame", {"input": "frame"})


def by_epoch(experiment: "Experiment", trial: tweaks.Trial, records: Mapping[Run, Record]) -> Counts:
    """A trial's runs after every epoch: `right` is (subjects, seeds, epochs).

    Args:
        records: of every run of the trial.
    """
    sizes = {fold: len(test) for fold, (_, test) in experiment.folds(experiment.protocol).items()}
    curves = {fold: [] for fold in sizes}
    for run in trial.runs:
        curves[run.fold].append(records[run].curves["validation_accuracy"] * sizes[run.fold])
    return Counts(tuple(sizes), np.array(list(curves.values())), np.array(list(sizes.values()), dtype=float))


def over_epochs(experiment: "Experiment", trials: Sequence[tweaks.Trial]) -> dict[str, np.ndarray]:
    """Accuracy after every epoch of the reference, and of the tweak to the whole frame where it is among the trials.

    Returns:
        Input, in words, to (seeds, epochs) float64.
    """
    inputs = {"aligned face": tweaks.REFERENCE, _FRAME.change: _FRAME}
    chosen = {name: each for name, tweak in inputs.items() for each in trials if each.tweak == tweak}
    records = tweaks.trained(experiment, list(chosen.values()))
    by_input = {name: by_epoch(experiment, each, records) for name, each in chosen.items()}
    return {name: counts.accuracy(range(len(counts.subjects))) for name, counts in by_input.items()}


class Study:
    """The runs that the questions need, trained where they are missing; each result is computed when first asked for.

    Args:
        experiment: data and budget.
        predictions, scores: what `predictions.csv` and `scores.csv` hold.

    Attributes:
        people: subject to the number of images.
        few: how many subjects the original's split tests.
        sizes: fold, which is a subject under `loso`, to the number of its test images.
        unit: what folds are, in words.
        few_folds: how many of them hold as large a share of the people as the original's split tests.
        runs: what is trained where it is missing, when a first result is asked for.
    """

    def __init__(self, experiment: "Experiment", predictions: pd.DataFrame, scores: pd.DataFrame) -> None:
        self.experiment, self._predictions, self._scores = experiment, predictions, scores
        self.trials = dict(zip(("baseline-face", "baseline"), tweaks.trials(experiment, [_FRAME]), strict=True))
        self.sizes = {fold: len(test) for fold, (_, test) in experiment.folds(experiment.protocol).items()}
        subjects = experiment.dataset.subjects[experiment.usable]
        self.people = pd.Series(subjects).value_counts().sort_index().to_dict()
        self.few, self.few_folds = splits.held_out(len(self.people)), splits.held_out(len(self.sizes))
        self.unit = UNITS[experiment.protocol]
        self._shuffled = {model: self._image_wise(model) for model in MODELS}
        self._seeds = self._more_seeds()
        self._original = {run.model: run for run in experiment.plan("original-split")}
        self._updated = experiment.plan(experiment.protocol, [NETWORK])
        wanted = [run for trial in self.trials.values() for run in trial.runs]
        wanted += [run for runs in self._shuffled.values() for run in runs]
        wanted += [*self._seeds, *self._original.values(), *self._updated]
        self.runs = list(dict.fromkeys(wanted))

    @cached_property
    def records(self) -> Mapping[Run, Record]:
        """The record of every run."""
        return dict(zip(self.runs, self.experiment.records(self.runs), strict=True))

    @cached_property
    def splits(self) -> dict[str, np.ndarray]:
        """Accuracy of some models on the test subjects of every split with each seed, (splits, seeds)."""
        return splits.of_models(self._predictions, SPLIT_MODELS)

    @cached_property
    def dealt(self) -> dict[str, tuple[float, np.ndarray]]:
        """`splits.dealt` of the same models: what of that chance brings, if people do not differ."""
        return splits.dealt(self._predictions, SPLIT_MODELS)

    @cached_property
    def person_effect(self) -> people.Dealt:
        """`people.deal` of the answers of `baseline-face` in predictions.csv."""
        return people.deal(tables.of_model(self._predictions, "baseline-face"))

    @cached_property
    def leak(self) -> pd.DataFrame:
        """What shuffling images instead of subjects adds to a model's accuracy.

        Returns:
            A row per model: `model, subject_wise, image_wise, difference, low, high, p, verdict, alike, n, seeds, epochs`; p is
            of `sign_flips` over people, after Holm, `verdict` by `significance.verdict`; `alike` is
            the share of the images of which the same person shows the same expression in another one.
        """
        total = sum(self.sizes.values())
        rows, chance = [], self.experiment.chance
        for model in MODELS:
            honest = tweaks.right(self.trials[model], self.records, self.sizes)
            leaked = self._leaked(model)
            found = intervals.difference_interval(leaked, honest, np.array(list(self.sizes.values()), dtype=float))
            shares = [each.mean(axis=1).sum() / total for each in (honest, leaked)]
            row = {"model": model, "subject_wise": shares[0], "image_wise": shares[1]}
            row |= {"difference": found.value, "low": found.low, "high": found.high}
            row |= {"p": float(sign_flips(leaked.mean(axis=1) - honest.mean(axis=1)))}
            reached = tweaks.training_accuracy(self.trials[model], self.records)
            row |= {"trained": learned(reached, chance), "alike": self._alike(), "n": total, "seeds": honest.shape[1]}
            rows.append(row | {"epochs": self.trials[model].epochs})
        table = pd.DataFrame(rows)
        table["p"] = holm(table["p"])
        table["verdict"] = [
            str(verdict(row.low, row.high, row.p, seeds=row.seeds, trained=row.trained)) for row in table.itertuples()
        ]
        return table.drop(columns="trained")

    @cached_property
    def by_seed(self) -> Counts:
        """The reference trained from several seeds: `right` is (subjects, seeds)."""
        trial = self.trials["baseline-face"]
        everything = replace(trial, runs=(*trial.runs, *self._seeds))
        right = tweaks.right(everything, self.records, self.sizes)
        return Counts(tuple(self.sizes), right, np.array(list(self.sizes.values()), dtype=float))

    @cached_property
    def spreads(self) -> pd.DataFrame:
        """`splits.spreads` of the reference."""
        return splits.spreads(self.by_seed)

    @cached_property
    def optimism(self) -> dict[str, Optimism]:
        """For each model, what choosing the epoch on the test subjects does to its score."""
        found = {model: by_epoch(self.experiment, self.trials[model], self.records) for model in MODELS}
        return {model: splits.optimism(each) for model, each in found.items()}

    @cached_property
    def jumps(self) -> dict[str, pd.DataFrame]:
        """`validation_jumps` of `NETWORK` on the original's split."""
        return validation_jumps(self.records[self._original[NETWORK]].curves)

    @cached_property
    def loss_parts(self) -> tuple[float, float]:
        """Training loss of `NETWORK` on the original's split after the last epoch, in nats, and the part of it that no right
        answer could take away.
        """
        run = self._original[NETWORK]
        curves = self.records[run].curves
        return float(curves["loss"][-1]), float(curves["penalty"][-1] + self._floor(run))

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Losses of `NETWORK` under `loso` after the last epoch, in nats, a row per fold and seed.

        Returns:
            `fold`, `n` (its test images), `loss` (of training), `without_error` (penalty and floor in it), and the
            cross-entropy against plain labels on people that the network was trained on, `seen`, and on the one it was not,
            `unseen`. The former is measured while training, with augmentation and dropout, which makes it rather larger.
        """
        rows = []
        for run in self._updated:
            last = {name: float(curve[-1]) for name, curve in self.records[run].curves.items()}
            row = {"fold": run.fold, "n": self.sizes[run.fold], "loss": last["loss"]}
            row |= {"without_error": last["penalty"] + self._floor(run)}
            rows.append(row | {"seen": last["cross_entropy"], "unseen": last["validation_cross_entropy"]})
        return pd.DataFrame(rows)

    @cached_property
    def power(self) -> dict[power.Pair, tuple[Power, list[Power]]]:
        """How often a difference between two models is found, and the same where the simulation starts from other people."""
        name = self.experiment.dataset.name
        wanted = {pair: power.differences(pair) for pair in power.pairs(self._predictions)}
        return {
            pair: (power.simulate(pair, each), power.with_other_people(name, pair, each))
            for pair, each in wanted.items()
        }

    @cached_property
    def quality(self) -> pd.DataFrame:
        """`quality` of all models."""
        return quality(self._scores)

    def _floor(self, run: Run) -> float:
        return smoothing_floor(len(self.experiment.dataset.class_names), run.recipe.label_smoothing)

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
            Run(
                f"tweak-{first.input}-{first.side}",
                first.protocol,
                fold,
                seed,
                recipe,
                keep_weights=False,
                input=first.input,
            )
            for seed in range(1, SEEDS[self.experiment.budget] + 1)
            if seed not in known
            for fold in self.sizes
        ]

    def _leaked(self, model: str) -> np.ndarray:
        """Right images under `image-wise` of each fold's subjects, (folds, seeds)."""
        runs = self._shuffled[model]
        predictions = self.experiment.predictions(runs, [self.records[run] for run in runs])
        names = self.experiment.dataset.file_names[self.experiment.usable]
        found = predictions.assign(right=predictions["truth"] == predictions["predicted"])
        found["fold"] = found["image"].map(dict(zip(names, self.experiment.fold_of_images(), strict=True)))
        counted = found.groupby(["fold", "seed"])["right"].sum().unstack("seed")
        return counted.loc[list(self.sizes)].to_numpy(dtype=float)


def jumps(curve: np.ndarray) -> np.ndarray:
    """Changes of a curve from one epoch to the next in the second half of its epochs, without their signs; at least one."""
    return np.abs(np.diff(curve[min(len(curve) // 2, len(curve) - 2) :]))


def validation_jumps(curves: Mapping[str, np.ndarray]) -> dict[str, pd.DataFrame]:
    """`jumps` of the validation curves for each of `VALIDATIONS`: columns `accuracy` and `cross_entropy` (nats).

    Args:
        curves: from `record.Record.curves`, those of augmented validation among them.
    """
    prefixes = dict(zip(VALIDATIONS, ("", "augmented_"), strict=True))
    return {
        name: pd.DataFrame({of: jumps(curves[f"{prefix}validation_{of}"]) for of in ("accuracy", "cross_entropy")})
        for name, prefix in prefixes.items()
    }


def power_curves(found: Mapping[power.Pair, tuple[Power, Sequence[Power]]]) -> pd.DataFrame:
    """How often each difference is found, with the middle 95 % of what other people give.

    Args:
        found: as `Study.power`.

    Returns:
        Columns `pair` (its name), `difference, share, low, high`, fractions.
    """
    parts = []
    for pair, (simulated, other_people) in found.items():
        low, high = np.quantile([each.found for each in other_people], [0.025, 0.975], axis=0)
        columns = {"difference": simulated.differences, "share": simulated.found, "low": low, "high": high}
        parts.append(pd.DataFrame({"pair": pair.name, **columns}))
    return pd.concat(parts, ignore_index=True)


def quality(scores: pd.DataFrame) -> pd.DataFrame:
    """`QUALITIES` of every model on people left out: rows of scores.csv."""
    return scores[scores["protocol"].isin(PEOPLE) & scores["metric"].isin(QUALITIES)]
