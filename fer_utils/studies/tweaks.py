"""One change at a time to a reference: the table of tweaks, and what each costs or brings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_utils.common.errors import ParameterError
from fer_utils.data import alignment
from fer_utils.engine.recipe import Recipe, Variant
from fer_utils.engine.record import Record
from fer_utils.evaluation import intervals
from fer_utils.evaluation.significance import DECIMALS, TOST_LEVEL, Verdict, equality, learned, sign_flips
from fer_utils.evaluation.significance import verdict as judged
from fer_utils.experiments.recipes import MODELS, epochs_for, seeds_for
from fer_utils.experiments.run import Run

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

# The reference: `baseline` on the aligned face, stopped where its score on new people no longer rises.
EPOCHS = {"quick": 8, "standard": 25}
SEEDS = {"quick": (1,), "standard": (1, 2, 3)}
COLUMNS = (
    "factor", "change", "accuracy", "difference", "low", "high", "low_90", "high_90", "p", "q", "verdict",
    "within_5_points", "training_accuracy", "epochs", "n", "seeds",
)  # fmt: skip
_WORDS = {Verdict.HIGHER: "helps", Verdict.LOWER: "hurts"}


@dataclass(frozen=True)
class Tweak:
    """One change to the reference.

    Attributes:
        factor: what is changed, the group in the figure.
        change: to what, in words.
        settings: fields of `recipe.Recipe`, of `recipe.Variant`, or `input` and `side`, with their values.
    """

    factor: str
    change: str
    settings: Mapping[str, object] = field(default_factory=dict)


REFERENCE = Tweak("reference", "as it is")
# A line more is an experiment more: add one here, or to the list in the notebook, and only that one trains.
TABLE = (
    Tweak("depth", "1 block", {"blocks": 1}),
    Tweak("depth", "2 blocks", {"blocks": 2}),
    Tweak("width", "half the filters", {"filters": 16}),
    Tweak("width", "1.5 times the filters", {"filters": 48}),
    Tweak("width", "twice the filters", {"filters": 64}),
    Tweak("dropout", "0.25", {"dropout": 0.25}),
    Tweak("dropout", "0.5", {"dropout": 0.5}),
    Tweak("L2", "0.0001", {"l2": 1e-4}),
    Tweak("L2", "0.001", {"l2": 1e-3}),
    Tweak("batch norm", "momentum 0.99, Keras' default", {"normalization": 0.99}),
    Tweak("batch norm", "momentum 0.9", {"normalization": 0.9}),
    Tweak("label smoothing", "0.1", {"label_smoothing": 0.1}),
    Tweak("learning rate", "0.0001", {"learning_rate": 1e-4}),
    Tweak("learning rate", "0.0003", {"learning_rate": 3e-4}),
    Tweak("learning rate", "0.003", {"learning_rate": 3e-3}),
    Tweak("learning rate", "0.01", {"learning_rate": 1e-2}),
    Tweak("epochs", "5", {"epochs": 5}),
    Tweak("epochs", "10", {"epochs": 10}),
    Tweak("epochs", "20", {"epochs": 20}),
    Tweak("epochs", "50", {"epochs": 50}),
    Tweak("epochs", "100", {"epochs": 100}),
    Tweak("epochs", "200", {"epochs": 200}),
    Tweak("batch size", "8", {"batch_size": 8}),
    Tweak("batch size", "all at once", {"batch_size": 1024}),
    Tweak("augmentation", "original policy", {"policy": "original"}),
    Tweak("augmentation", "face", {"policy": "face"}),
    Tweak("augmentation", "rotation", {"policy": "face-rotation"}),
    Tweak("augmentation", "shift", {"policy": "face-shift"}),
    Tweak("augmentation", "zoom", {"policy": "face-zoom"}),
    Tweak("augmentation", "flip", {"policy": "face-flip"}),
    Tweak("augmentation", "brightness", {"policy": "face-brightness"}),
    Tweak("augmentation", "contrast", {"policy": "face-contrast"}),
    Tweak("input", "whole frame", {"input": "frame"}),
    Tweak("input", "cropped, not aligned", {"input": "crop"}),
    Tweak("input", "32 pixels", {"side": 32}),
    Tweak("input", "64 pixels", {"side": 64}),
    Tweak("input", "96 pixels", {"side": 96}),
    Tweak("optimizer", "SGD with momentum 0.9, rate 0.01", {"optimizer": "momentum", "learning_rate": 0.01}),
)


@dataclass(frozen=True)
class Trial:
    """What a tweak trains: runs, and the epoch after which their score counts."""

    tweak: Tweak
    runs: tuple[Run, ...]
    epochs: int


def choose(table: Sequence[Tweak], factors: str) -> list[Tweak]:
    """The tweaks of some factors.

    Args:
        factors: names with commas between them; empty for all.

    Raises:
        ParameterError: a name that no tweak has.
    """
    known = list(dict.fromkeys(tweak.factor for tweak in table))
    wanted = [name.strip() for name in factors.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise ParameterError(f"no factor named {name!r}: use some of {', '.join(known)}.")
    return [tweak for tweak in table if not wanted or tweak.factor in wanted]


def trials(experiment: "Experiment", table: Sequence[Tweak]) -> list[Trial]:
    """The runs of the reference and of each tweak.

    Runs that differ in their number of epochs alone are trained once, for the longest; a constant learning rate makes
    every shorter one its beginning. Runs of notebook 03 serve where they are such a longer one. In budget `quick`,
    a tweak that asks for more epochs than any run has is left out.

    Raises:
        ParameterError: a setting that is not known, or has a value that cannot be.
    """
    wanted = [(tweak, *_resolved(tweak, experiment)) for tweak in (REFERENCE, *table)]
    longest: dict[tuple, int] = {}
    for _, recipe, kind, side in wanted:
        key = (replace(recipe, epochs=1), kind, side)
        longest[key] = max(longest.get(key, 0), min(recipe.epochs, _most_epochs(experiment)))
    plans = []
    for tweak, recipe, kind, side in wanted:
        alike = (replace(recipe, epochs=1), kind, side)
        runs = _runs(experiment, replace(recipe, epochs=longest[alike]), kind, side)
        if recipe.epochs <= runs[0].recipe.epochs:
            plans.append(Trial(tweak, runs, recipe.epochs))
    return plans


def right(trial: Trial, records: Mapping[Run, Record], sizes: Mapping[str, int]) -> np.ndarray:
    """How many images of each subject were right, for each seed: (subjects, seeds) float64.

    Args:
        records: of every run of the trial.
        sizes: fold to the number of its test images.
    """
    counts = {fold: [] for fold in sizes}
    for run in trial.runs:
        share = records[run].curves["validation_accuracy"][trial.epochs - 1]
        counts[run.fold].append(round(float(share) * sizes[run.fold]))
    return np.array(list(counts.values()), dtype=float)


def effects(experiment: "Experiment", plans: Sequence[Trial]) -> pd.DataFrame:
    """Train what is missing and compare each tweak with the reference, on the same images.

    Intervals are from `intervals.difference_interval`, over people and seeds, for 95 and for 90 %; p is from `sign_flips` over
    people (means over seeds), q is p after Benjamini and Hochberg's correction for the number of tweaks (1995,
    doi:10.1111/j.2517-6161.1995.tb02031.x). `verdict` and `within_5_points` follow by the project's one rule (`significance`).

    Returns:
        The columns `COLUMNS`, a row per tweak; accuracies and differences as fractions, the first row the reference.
    """
    from scipy.stats import false_discovery_control

    records = trained(experiment, plans)
    sizes = {fold: len(test) for fold, (_, test) in experiment.folds(experiment.protocol).items()}
    counts = np.array(list(sizes.values()), dtype=float)
    before = right(plans[0], records, sizes)
    rows, results = [], [right(each, records, sizes) for each in plans]
    p_values = sign_flips(np.stack([after.mean(axis=1) - before.mean(axis=1) for after in results]))
    for each, after, p_value in zip(plans, results, p_values, strict=True):
        same_runs = each.runs == plans[0].runs  # trained once, read after another epoch
        found, narrow = (
            intervals.difference_interval(after, before, counts, same_runs=same_runs, level=level)
            for level in (intervals.LEVEL, TOST_LEVEL)
        )
        rows.append(
            {"factor": each.tweak.factor, "change": each.tweak.change}
            | {"accuracy": after.mean(axis=1).sum() / counts.sum(), "difference": found.value}
            | {"low": found.low, "high": found.high, "low_90": narrow.low, "high_90": narrow.high}
            | {"p": p_value, "training_accuracy": training_accuracy(each, records), "epochs": each.epochs}
            | {"n": int(counts.sum()), "seeds": after.shape[1]}
        )
    table = pd.DataFrame(rows).round(DECIMALS)
    table.loc[0, ["low", "high", "low_90", "high_90"]] = 0.0  # the reference against itself
    table["q"] = np.append(1.0, false_discovery_control(table["p"][1:])) if len(table) > 1 else 1.0
    chance = experiment.chance
    enough = [learned(reached, chance) for reached in table["training_accuracy"]]
    found = [
        judged(row.low, row.high, row.q, seeds=row.seeds, trained=enough[0] and enough[row.Index])
        for row in table[1:].itertuples()
    ]
    table["verdict"] = ["reference", *(_WORDS.get(each, str(each)) for each in found)]
    wide = zip(table["low_90"][1:], table["high_90"][1:], found, strict=True)
    table["within_5_points"] = ["reference", *(equality(*each) for each in wide)]
    return table[list(COLUMNS)].round(DECIMALS)


def trained(experiment: "Experiment", plans: Sequence[Trial]) -> dict[Run, Record]:
    """The record of every run, each trained once."""
    runs = list(dict.fromkeys(run for each in plans for run in each.runs))
    return dict(zip(runs, experiment.records(runs), strict=True))


def training_accuracy(trial: Trial, records: Mapping[Run, Record]) -> float:
    """Mean accuracy of a trial's networks on their own training images, after the epoch that counts; as measured in training."""
    return float(np.mean([records[run].curves["accuracy"][trial.epochs - 1] for run in trial.runs]))


def _resolved(tweak: Tweak, experiment: "Experiment") -> tuple[Recipe, str, int]:
    """Recipe, input and side of the reference with the tweak's settings."""
    ours = {"input": "face", "side": alignment.SIDE}
    recipe, variant = {}, {}
    of_recipe = {each.name for each in fields(Recipe)} - {"architecture", "variant", "augmented_validation"}
    of_variant = {each.name for each in fields(Variant)}
    known = {**dict.fromkeys(of_recipe, recipe), **dict.fromkeys(of_variant, variant), **dict.fromkeys(ours, ours)}
    for name, value in tweak.settings.items():
        if name not in known:
            raise ParameterError(
                f"tweak {tweak.factor!r}: no setting {name!r}; use some of {', '.join(sorted(known))}."
            )
        known[name][name] = value
    scaled = {"images": len(experiment.usable), "budget": experiment.budget}
    recipe = {"epochs": EPOCHS[experiment.budget]} | recipe
    recipe["epochs"] = epochs_for(recipe["epochs"], **scaled)
    return (
        replace(experiment.recipe("baseline-face"), **recipe, variant=Variant(**variant)),
        ours["input"],
        ours["side"],
    )


def _most_epochs(experiment: "Experiment") -> float:
    """Longest that a tweak's run may train: in `quick`, as long as the baseline of notebook 03."""
    return experiment.recipe("baseline").epochs if experiment.budget == "quick" else math.inf


def _runs(experiment: "Experiment", recipe: Recipe, kind: str, side: int) -> tuple[Run, ...]:
    """Those of notebook 03 where they are the same except for more epochs, else the tweak's own."""
    budget = experiment.budget
    for model, card in MODELS.items():
        kept = experiment.recipe(model)
        same = replace(kept, epochs=1) == replace(recipe, epochs=1) and (card.input, alignment.SIDE) == (kind, side)
        if (
            same
            and kept.epochs >= recipe.epochs
            and set(SEEDS[budget]) <= set(seeds_for(model, protocol=experiment.protocol, budget=budget))
        ):
            return tuple(run for run in experiment.plan(experiment.protocol, [model]) if run.seed in SEEDS[budget])
    name = f"tweak-{kind}-{side}"
    return tuple(
        Run(name, experiment.protocol, fold, seed, recipe, keep_weights=False, input=kind, side=side)
        for seed in SEEDS[budget]
        for fold in experiment.folds(experiment.protocol)
    )
