"""What notebook 08 found, as rows of `measurement.csv`; in words it stands in `measurement_words`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple

import numpy as np
import pandas as pd

from fer_utils.evaluation import calibration, intervals
from fer_utils.experiments import tables
from fer_utils.experiments.tables import row
from fer_utils.studies.pitfalls import Counts, Optimism, jumps
from fer_utils.studies.power import Power

BINS = 5  # of confidence; more would hold too few images each
TYPICAL = 0.1  # a difference that one would like to know of
_TAILS = [(1 - intervals.LEVEL) / 2, (1 + intervals.LEVEL) / 2]


def splits(model: str, accuracies: np.ndarray) -> list[tuple]:
    """Of `pitfalls.over_splits`, (splits, seeds): the middle 95 % of all, their ends, and the original's own; n counts splits."""
    low, high = intervals.middle(accuracies.ravel())
    n = len(accuracies)
    return [
        row("splits", model, "seeds", accuracies.shape[1], n=n),
        row("splits", model, "mean", float(accuracies.mean()), low, high, n=n),
        row("splits", model, "range", float(accuracies.mean()), float(accuracies.min()), float(accuracies.max()), n=n),
        row("splits", model, "original split", float(accuracies[0].mean()), n=n),
    ]


def leak(table: pd.DataFrame) -> list[tuple]:
    """Of `pitfalls.Study.leak`."""
    found = []
    for each in table.itertuples():
        found += [
            row("leak", each.model, "subject-wise", each.subject_wise, n=each.n),
            row("leak", each.model, "image-wise", each.image_wise, n=each.n),
            row("leak", each.model, "difference", each.difference, each.low, each.high, n=each.n),
            row("leak", each.model, "alike", each.alike, n=each.n),
            row("leak", each.model, "seeds", each.seeds, n=each.n),
        ]
    return found


def seeds(spreads: Mapping[str, float], found: Counts) -> list[tuple]:
    """Of `pitfalls.spreads`; n counts what is drawn anew, seeds or subjects."""
    subjects, seeds = found.right.shape
    return [
        row("seeds", "baseline-face", name, value, n=subjects if name.startswith("subjects") else seeds)
        for name, value in spreads.items()
    ]


def epochs(model: str, found: Optimism) -> list[tuple]:
    """Of `pitfalls.optimism`; n counts splits, the interval of the optimism is over subjects."""
    n = len(found.bests)
    parts = {"best": found.best, "elsewhere": found.elsewhere, "last": found.last}
    rows = [row("epochs", model, name, value, n=n) for name, value in parts.items()]
    return [*rows, row("epochs", model, "optimism", *astuple(found.gap), n=n)]


def augmented(model: str, curves: Mapping[str, np.ndarray]) -> list[tuple]:
    """Mean jump between epochs of the two validation curves, and what the second has more, in the second half of the epochs.

    "jump" is of the accuracy, "loss jump" of the cross-entropy, in nats. n counts jumps; intervals are over epochs of this one
    training (`intervals.of_series`).
    """
    rows = []
    for word, quantity in (("jump", "accuracy"), ("loss jump", "cross_entropy")):
        plain, noisy = (jumps(curves[f"{kind}validation_{quantity}"]) for kind in ("", "augmented_"))
        found = intervals.of_series([plain, noisy, noisy - plain])
        names = (f"{word}, images as they are", f"{word}, augmented", f"{word}, difference")
        rows += [
            row("augmented", model, name, *astuple(each), n=len(plain)) for name, each in zip(names, found, strict=True)
        ]
    return rows


def loss(model: str, total: float, without_error: float) -> list[tuple]:
    """Of `pitfalls.Study.loss_without_error`, in nats, of the one training on the original's split."""
    return [
        row("loss", model, "training loss", total, n=1),
        row("loss", model, "penalty and floor", without_error, n=1),
    ]


def losses(model: str, by_fold: pd.DataFrame) -> list[tuple]:
    """Of `pitfalls.Study.losses_by_fold`; n counts networks.

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
        row("loss", model, "share of penalty and floor, loso", *astuple(share), n=n),
        *(row("loss", model, f"cross-entropy, people {name}", value, n=n) for name, value in means.items()),
        row("loss", model, "cross-entropy, unseen minus seen", *astuple(gap), n=n),
    ]


def power(found: Power, other_people: Sequence[Power], *, few: int, subjects: int) -> list[tuple]:
    """Smallest differences found `power.POWER` of the time; how often 10 points, and the most simulated, are found.

    n counts subjects; "spread" is `power.Power.spread`.

    Intervals are over other people that the simulation might have been fitted to, and over its own luck.

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
        places = {f"found at {TYPICAL:.0%}": place for place in np.flatnonzero(np.isclose(found.differences, TYPICAL))}
        for words, place in (places | {"found at the most": -1}).items():
            ends = np.quantile([getattr(each, name)[place] for each in other_people], _TAILS)
            rows.append(row("power", about, words, float(getattr(found, name)[place]), *map(float, ends), n=n))
        rows.append(row("power", about, "the most", float(found.differences[-1]), n=n))
    return rows


def quality(scores: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Accuracy, macro-F1 and calibration error of every model under `loso`, in the columns of scores.csv."""
    wanted = scores[(scores["protocol"] == "loso") & scores["metric"].isin(["accuracy", "macro_f1"])]
    rows = [wanted]
    for model in wanted["model"].unique():
        chosen = predictions[(predictions["protocol"] == "loso") & (predictions["model"] == model)]
        found = calibration.calibration_error_interval(chosen, bins=BINS)
        like = tables.value(scores, model, "accuracy").to_dict()
        rows.append(pd.DataFrame([like | {"metric": "calibration_error", **asdict(found)}]))
    return pd.concat(rows, ignore_index=True)


def qualities(table: pd.DataFrame) -> list[tuple]:
    """Of `quality`."""
    return [row("quality", r.model, r.metric, r.value, r.low, r.high, n=int(r.n)) for r in table.itertuples()]


def ends(each: pd.Series, form: str = "{:.1f}", scale: float = 100) -> str:
    """A row's interval in brackets, such as " (3.1 to 3.8)"; empty where it has none.

    Args:
        form: of each end.
        scale: what the ends are multiplied by.
    """
    if np.isnan(each.low) or each.low == each.high:
        return ""
    low, high = (
        form.format(scale * end) if np.isfinite(end) else "more than was simulated" for end in (each.low, each.high)
    )
    return f" ({low} to {high})"
