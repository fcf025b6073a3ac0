"""The rows of `measurement.csv`: what notebook 08 measured, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.evaluation.people import Dealt
from fer_utils.evaluation.significance import Verdict
from fer_utils.experiments import tables
from fer_utils.experiments.tables import row
from fer_utils.studies.pitfalls import NETWORK, VALIDATIONS, Study
from fer_utils.studies.power import Pair, Power
from fer_utils.studies.splits import Optimism

VERDICTS = tuple(map(str, Verdict))  # a table of numbers keeps a verdict by its place here
TYPICAL = 0.1  # a difference that one would like to know of
_TAILS = [(1 - intervals.LEVEL) / 2, (1 + intervals.LEVEL) / 2]


def measured(study: Study) -> pd.DataFrame:
    """All rows."""
    return tables.table(
        splits(study.splits, study.dealt),
        leak(study.leak),
        seeds(study.spreads, study.person_effect),
        epochs(study.optimism),
        augmented(NETWORK, study.jumps),
        loss(NETWORK, *study.loss_parts),
        losses(NETWORK, study.losses),
        power(study.power, few=study.few, subjects=len(study.people)),
        [row("folds", study.unit, "tested apart", len(study.sizes), n=len(study.people))],
        qualities(study.quality),
    )


def splits(
    by_model: Mapping[str, np.ndarray], dealt: Mapping[str, tuple[float, np.ndarray]] | None = None
) -> list[tuple]:
    """Of `splits.of_models`: the middle 95 % of all, their ends, and the original's own; n counts splits.

    Args:
        dealt: from `splits.dealt`: the middle 95 % if people do not differ, and the p value that they do.
    """
    rows = []
    for model, accuracies in by_model.items():
        n, mean = len(accuracies), float(accuracies.mean())
        rows += [
            row("splits", model, "seeds", accuracies.shape[1], n=n),
            row("splits", model, "mean", mean, *intervals.middle(accuracies.ravel()), n=n),
            row("splits", model, "range", mean, float(accuracies.min()), float(accuracies.max()), n=n),
            row("splits", model, "original split", float(accuracies[0].mean()), n=n),
        ]
        if dealt and model in dealt:
            p_value, by_chance = dealt[model]
            ends = intervals.middle(by_chance)
            rows.append(row("splits", model, "people alike", float(by_chance.mean()), *ends, n=n))
            rows.append(row("splits", model, "person effect p", p_value, n=n))
    return rows


def leak(table: pd.DataFrame) -> list[tuple]:
    """Of `pitfalls.Study.leak`."""
    rows = []
    for each in table.itertuples():
        rows += [
            row("leak", each.model, "subject-wise", each.subject_wise, n=each.n),
            row("leak", each.model, "image-wise", each.image_wise, n=each.n),
            row("leak", each.model, "difference", each.difference, each.low, each.high, n=each.n),
            row("leak", each.model, "p", each.p, n=each.n),
            row("leak", each.model, "judged", float(VERDICTS.index(each.verdict)), n=each.n),
            row("leak", each.model, "alike", each.alike, n=each.n),
            row("leak", each.model, "seeds", each.seeds, n=each.n),
        ]
    return rows


def seeds(spreads: pd.DataFrame, dealt: Dealt) -> list[tuple]:
    """Of `splits.spreads`, of which each part is who is tested; n counts what is drawn, seeds or subjects.

    Args:
        dealt: from `pitfalls.Study.person_effect`: "people alike" is the mean spread where answers are shuffled.
    """
    rows = [row("seeds", "baseline-face", r.drawn, r.spread, n=r.n, part=r.tested) for r in spreads.itertuples()]
    n = len(dealt.people)
    ends = [float(each) / np.sqrt(n - 1) for each in (dealt.spreads.mean(), *intervals.middle(dealt.spreads))]
    return [
        *rows,
        row("seeds", "baseline-face", "people as they are", float(dealt.spread / np.sqrt(n - 1)), n=n),
        row("seeds", "baseline-face", "people alike", *ends, n=n),
        row("seeds", "baseline-face", "person effect p", dealt.p_value, n=n),
    ]


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
    gap = intervals.of_mean(gaps.to_numpy(), by_fold.groupby("fold")["n"].sum().to_numpy())
    means = {name: float(np.average(by_fold[name], weights=by_fold["n"])) for name in ("seen", "unseen")}
    return [
        row("loss", model, "share of penalty and floor", *astuple(share), n=n, part="people left out"),
        *(row("loss", model, "cross-entropy", value, n=n, part=f"people {name}") for name, value in means.items()),
        row("loss", model, "cross-entropy", *astuple(gap), n=n, part="unseen minus seen"),
    ]


def power(found: Mapping[Pair, tuple[Power, Sequence[Power]]], *, few: int, subjects: int) -> list[tuple]:
    """Of each pair of models the smallest difference found `power.POWER` of the time; how often none, 10 points, and the most
    simulated are found.

    About is the pair; n counts people, of "seeds" seeds. "smallest p" is what the sign-flip test over as few people as the
    original tested could reach at best. Intervals are over other people that the simulation might have started from.

    Args:
        found: from `pitfalls.Study.power`.
    """
    rows = [row("power", "the original's split", "smallest p", min(1.0, 2.0 / 2**few), n=few)]
    for pair, (simulated, other_people) in found.items():
        value = simulated.smallest()
        drawn = np.nan_to_num([each.smallest() for each in other_people], nan=np.inf)
        # Sorted values, not means of two: where a difference is never found, the end is infinite.
        ends = np.quantile(drawn, _TAILS, method="nearest") if np.isfinite(value) else (np.nan, np.nan)
        rows.append(row("power", pair.name, "smallest difference", value, *map(float, ends), n=subjects))
        typical = np.flatnonzero(np.isclose(simulated.differences, TYPICAL))
        places = {"none": 0} | {f"{100 * TYPICAL:.0f} points": place for place in typical} | {"the most": -1}
        for part, place in places.items():
            ends = intervals.middle([each.found[place] for each in other_people])
            rows.append(row("power", pair.name, "found", float(simulated.found[place]), *ends, n=subjects, part=part))
        rows += [
            row("power", pair.name, "the most", float(simulated.differences[-1]), n=subjects),
            row("power", pair.name, "disagree", pair.disagree, n=len(pair.people)),
            row("power", pair.name, "seeds", min(pair.after.shape[1], pair.before.shape[1]), n=subjects),
        ]
    return rows


def qualities(table: pd.DataFrame) -> list[tuple]:
    """Of `pitfalls.quality`."""
    return [row("quality", r.model, r.metric, r.value, r.low, r.high, n=int(r.n)) for r in table.itertuples()]
