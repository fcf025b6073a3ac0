"""The rows of `measurement.csv`: what notebook 08 measured, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.experiments import tables
from fer_utils.experiments.tables import row
from fer_utils.studies.pitfalls import NETWORK, VALIDATIONS, Study
from fer_utils.studies.power import Power
from fer_utils.studies.splits import Optimism

TYPICAL = 0.1  # a difference that one would like to know of
_TAILS = [(1 - intervals.LEVEL) / 2, (1 + intervals.LEVEL) / 2]


def measured(study: Study) -> pd.DataFrame:
    """All rows."""
    return tables.table(
        splits(study.splits),
        leak(study.leak),
        seeds(study.spreads),
        epochs(study.optimism),
        augmented(NETWORK, study.jumps),
        loss(NETWORK, *study.loss_parts),
        losses(NETWORK, study.losses),
        power(*study.power, few=study.few, subjects=len(study.sizes)),
        qualities(study.quality),
    )


def splits(by_model: Mapping[str, np.ndarray]) -> list[tuple]:
    """Of `splits.of_models`: the middle 95 % of all, their ends, and the original's own; n counts splits."""
    rows = []
    for model, accuracies in by_model.items():
        n, mean = len(accuracies), float(accuracies.mean())
        rows += [
            row("splits", model, "seeds", accuracies.shape[1], n=n),
            row("splits", model, "mean", mean, *intervals.middle(accuracies.ravel()), n=n),
            row("splits", model, "range", mean, float(accuracies.min()), float(accuracies.max()), n=n),
            row("splits", model, "original split", float(accuracies[0].mean()), n=n),
        ]
    return rows


def leak(table: pd.DataFrame) -> list[tuple]:
    """Of `pitfalls.Study.leak`."""
    rows = []
    for each in table.itertuples():
        rows += [
            row("leak", each.model, "subject-wise", each.subject_wise, n=each.n),
            row("leak", each.model, "image-wise", each.image_wise, n=each.n),
            row("leak", each.model, "difference", each.difference, each.low, each.high, n=each.n),
            row("leak", each.model, "alike", each.alike, n=each.n),
            row("leak", each.model, "seeds", each.seeds, n=each.n),
        ]
    return rows


def seeds(spreads: pd.DataFrame) -> list[tuple]:
    """Of `splits.spreads`, of which each part is who is tested; n counts what is drawn, seeds or subjects."""
    return [row("seeds", "baseline-face", r.drawn, r.spread, n=r.n, part=r.tested) for r in spreads.itertuples()]


def epochs(by_model: Mapping[str, Optimism]) -> list[tuple]:
    """Of `splits.optimism`; n counts splits, the interval of the optimism is over subjects."""
    rows = []
    for model, chosen in by_model.items():
        n = len(chosen.by_split)
        means = {"best": chosen.best, "elsewhere": chosen.elsewhere, "last": chosen.last}
        rows += [row("epochs", model, name, value, n=n) for name, value in means.items()]
        rows.append(row("epochs", model, "optimism", *astuple(chosen.gap), n=n))
    return rows


def augmented(model: str, jumps: Mapping[str, pd.DataFrame]) -> list[tuple]:
    """Mean jump from epoch to epoch for each way to validate, and what the second has more.

    "jump" is of the accuracy, "loss jump" of the cross-entropy, in nats. n counts jumps; intervals are over epochs of this one
    training (`intervals.of_series`).

    Args:
        jumps: from `pitfalls.validation_jumps`.
    """
    rows = []
    for quantity, column in (("jump", "accuracy"), ("loss jump", "cross_entropy")):
        plain, noisy = (jumps[name][column].to_numpy() for name in VALIDATIONS)
        means = intervals.of_series([plain, noisy, noisy - plain])
        rows += [
            row("augmented", model, quantity, *astuple(mean), n=len(plain), part=part)
            for part, mean in zip((*VALIDATIONS, "difference"), means, strict=True)
        ]
    return rows


def loss(model: str, total: float, without_error: float) -> list[tuple]:
    """Of `pitfalls.Study.loss_parts`, in nats, of the one training on the original's split."""
    return [
        row("loss", model, "training loss", total, n=1),
        row("loss", model, "penalty and floor", without_error, n=1),
    ]


def losses(model: str, by_fold: pd.DataFrame) -> list[tuple]:
    """Of `pitfalls.Study.losses`; n counts networks.

    The share of penalty and floor in the training loss has the interval in which another network's would lie
    (`intervals.of_another`): the folds share most of their images, so that their mean looks surer than it is. The gap
    between people seen and not seen, in nats, has one over the subjects left out.
    """
    n = len(by_fold)
    share = intervals.of_another((by_fold["without_error"] / by_fold["loss"]).to_numpy())
    gaps = ((by_fold["unseen"] - by_fold["seen"]) * by_fold["n"]).groupby(by_fold["fold"]).sum()
    gap = intervals.subject_bootstrap(gaps.to_numpy(), by_fold.groupby("fold")["n"].sum().to_numpy())
    means = {name: float(np.average(by_fold[name], weights=by_fold["n"])) for name in ("seen", "unseen")}
    return [
        row("loss", model, "share of penalty and floor", *astuple(share), n=n, part="people left out"),
        *(row("loss", model, "cross-entropy", value, n=n, part=f"people {name}") for name, value in means.items()),
        row("loss", model, "cross-entropy", *astuple(gap), n=n, part="unseen minus seen"),
    ]


def power(found: Power, other_people: Sequence[Power], *, few: int, subjects: int) -> list[tuple]:
    """Smallest differences found `power.POWER` of the time; how often 10 points, and the most simulated, are found.

    n counts subjects; "spread" is `power.Power.spread`.

    Intervals are over other people that the simulation might have been fitted to, and over its own chance.

    Args:
        other_people: from `power.with_other_people`.
    """
    rows = [row("power", "all subjects", "spread", found.spread, n=subjects)]
    for about, name, n in (("all subjects", "all_subjects", subjects), ("the original's split", "few_subjects", few)):
        value = found.smallest(getattr(found, name))
        drawn = np.nan_to_num([each.smallest(getattr(each, name)) for each in other_people], nan=np.inf)
        # Sorted values, not means of two: where a difference is never found, the end is infinite.
        ends = np.quantile(drawn, _TAILS, method="nearest") if np.isfinite(value) else (np.nan, np.nan)
        rows.append(row("power", about, "smallest difference", value, *map(float, ends), n=n))
        typical = np.flatnonzero(np.isclose(found.differences, TYPICAL))
        places = {f"{100 * TYPICAL:.0f} points": place for place in typical} | {"the most": -1}
        for part, place in places.items():
            share, ends = getattr(found, name)[place], [getattr(each, name)[place] for each in other_people]
            rows.append(row("power", about, "found", float(share), *intervals.middle(ends), n=n, part=part))
        rows.append(row("power", about, "the most", float(found.differences[-1]), n=n))
    return rows


def qualities(table: pd.DataFrame) -> list[tuple]:
    """Of `pitfalls.quality`."""
    return [row("quality", r.model, r.metric, r.value, r.low, r.high, n=int(r.n)) for r in table.itertuples()]
