"""What notebook 08 found: the rows of `measurement.csv`, and words made from these alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple

import numpy as np
import pandas as pd
from scipy.stats import f

from fer_utils.evaluation import calibration, intervals
from fer_utils.experiments import tables
from fer_utils.experiments.tables import get, row
from fer_utils.findings.wording import ends
from fer_utils.studies import pitfalls
from fer_utils.studies.pitfalls import Counts, Optimism
from fer_utils.studies.power import Power

_CROSS_ENTROPIES = ("people seen", "people unseen", "unseen minus seen")
BINS = 5  # of confidence; more would hold too few images each
TYPICAL = 0.1  # a difference that one would like to know of
_TAILS = [(1 - intervals.LEVEL) / 2, (1 + intervals.LEVEL) / 2]


def found(measured: pd.DataFrame) -> str:
    """What notebook 08 found, as Markdown, from its table alone."""
    lines = [_splits(measured, model) for model in _about(measured, "splits")]
    lines += [_leak(measured, model) for model in _about(measured, "leak")]
    lines.append(_seeds(measured))
    lines += [_epochs(measured, model) for model in _about(measured, "epochs")]
    lines += [_augmented(measured, model) for model in _about(measured, "augmented")]
    lines += [_loss(measured, model) for model in _about(measured, "loss")]
    lines += [_power(measured), _quality(measured)]
    return "\n".join(f"- {line}" for line in lines)


def jumps(measured: pd.DataFrame) -> str:
    """The rows of `pitfalls.augmented`, in words."""
    told = []
    for kind, name, unit, form, scale in (
        ("loss jump", "cross-entropy", "nats", "{:.2f}", 1),
        ("jump", "accuracy", "points", "{:.1f}", 100),
    ):
        rows = measured[measured["quantity"].str.startswith(f"{kind}, ")]
        values = [
            f"{row.quantity.removeprefix(f'{kind}, ')} {form.format(scale * row.value)}{ends(row, form, scale)}"
            for row in rows.itertuples()
        ]
        told.append(f"{name} ({unit}): {', '.join(values)}")
    return "; ".join(told)


def _about(measured: pd.DataFrame, question: str) -> list[str]:
    return list(measured.loc[measured["question"] == question, "about"].unique())


def _splits(measured: pd.DataFrame, model: str) -> str:
    names = ("mean", "range", "original split", "seeds")
    mean, ends, own, seeds = (get(measured, "splits", model, name) for name in names)
    each = f", each with {seeds.value:.0f} seeds" if seeds.value > 1 else ""
    return (
        f"**Which people are tested.** Over {mean.n:.0f} ways to choose them{each}, `{model}` would have been told to score anything "
        f"from {ends.low:.0%} to {ends.high:.0%} (95 % of them: {mean.low:.0%} to {mean.high:.0%}; mean {mean.value:.0%}). "
        f"The original's choice would have told {own.value:.0%}{' on average' if each else ''}."
    )


def _leak(measured: pd.DataFrame, model: str) -> str:
    names = ("subject-wise", "image-wise", "difference", "alike", "seeds")
    honest, leaked, gap, alike, seeds = (get(measured, "leak", model, name) for name in names)
    if seeds.value < 2:
        verdict = "from one seed, whose luck is not told from a leak"
    elif gap.low > 0:
        verdict = "the leak shows"
    elif gap.high >= 0:
        verdict = "these images show no leak"
    elif alike.value:
        verdict = "lower, not higher"
    else:
        verdict = (
            "lower, not higher. Here each person shows each expression once, so whoever is recognised has been seen with "
            "other expressions only; a network that goes by the person is misled, which is the likely reason"
        )
    return (
        f"**Shuffling images in place of people.** `{model}`: {leaked.value:.0%} in place of {honest.value:.0%}, "
        f"{100 * gap.value:+.1f} points ({100 * gap.low:+.1f} to {100 * gap.high:+.1f}): {verdict}."
    )


def _seeds(measured: pd.DataFrame) -> str:
    names = ("seed, all subjects", "subjects, all subjects")
    few = ("seed, the original's number of subjects", "subjects, the original's number of subjects")
    all_seed, all_subjects, few_seed, few_subjects = (
        100 * get(measured, "seeds", "baseline-face", name).value for name in names + few
    )
    people, seeds = (int(get(measured, "seeds", "baseline-face", name).n) for name in names[::-1])
    ratio = all_subjects / all_seed if all_seed else float("inf")
    low, high = (ratio / np.sqrt(f.ppf(tail, people - 1, seeds - 1)) for tail in (0.975, 0.025))
    more = (
        "people matter more"
        if low > 1
        else "the seed matters more"
        if high < 1
        else "which matters more cannot be told"
    )
    return (
        f"**Seeds and people.** Another seed moves the accuracy over everybody by {all_seed:.1f} points (standard deviation), other "
        f"people by {all_subjects:.1f}; on as few people as the original tested, {few_seed:.1f} and {few_subjects:.1f}. "
        f"People over seeds: {ratio:.1f} times ({low:.1f} to {high:.1f}, from {people} people and {seeds} seeds): {more}."
    )


def _epochs(measured: pd.DataFrame, model: str) -> str:
    best, elsewhere, last, gap = (
        get(measured, "epochs", model, name) for name in ("best", "elsewhere", "last", "optimism")
    )
    return (
        f"**Choosing the epoch on the test people.** `{model}`: the best epoch tells {best.value:.0%}; the same epoch gives "
        f"{elsewhere.value:.0%} on everybody else, the last epoch {last.value:.0%}. "
        f"{100 * gap.value:.1f} points{ends(gap)} are optimism."
    )


def _augmented(measured: pd.DataFrame, model: str) -> str:
    names = ("images as they are", "augmented", "difference")
    plain, noisy, more = (get(measured, "augmented", model, f"jump, {name}") for name in names)
    calm, wild = (get(measured, "augmented", model, f"loss jump, {name}") for name in names[:2])
    return (
        f"**Augmented validation.** From one epoch to the next the validation accuracy of `{model}` jumps by {100 * plain.value:.1f} "
        f"points{ends(plain)}, by {100 * noisy.value:.1f}{ends(noisy)} where the validation images are augmented: "
        f"{100 * more.value:+.1f}{ends(more, '{:+.1f}')}. Its cross-entropy jumps by {calm.value:.2f} nats{ends(calm, '{:.2f}', 1)}, "
        f"augmented by {wild.value:.2f}{ends(wild, '{:.2f}', 1)}{', intervals over the epochs of this one training' if ends(more) else ''}."
    )


def _loss(measured: pd.DataFrame, model: str) -> str:
    names = ("share of penalty and floor, loso", *(f"cross-entropy, {what}" for what in _CROSS_ENTROPIES))
    share, seen, unseen, gap = (get(measured, "loss", model, name) for name in names)
    return (
        f"**The loss.** Over the {share.n:.0f} networks of `{model}` under `loso`, {share.value:.0%}{ends(share, '{:.0%}', 1)} of the "
        "training loss is the L2 penalty and the floor of label smoothing (the interval: where another network's would lie). The "
        f"cross-entropy, mean over images, is {seen.value:.2f} nats on the people trained on and {unseen.value:.2f} on the one left out: "
        f"{gap.value:+.2f}{ends(gap, '{:+.2f}', 1)}."
    )


def _power(measured: pd.DataFrame) -> str:
    everybody, few = (smallest(measured, about) for about in ("all subjects", "the original's split"))
    typical = measured[(measured["question"] == "power") & (measured["quantity"] == f"found at {TYPICAL:.0%}")]
    told = ", ".join(
        f"by {each.n} people in {each.value:.0%}{ends(each, '{:.0%}', 1)} of the experiments"
        for each in typical.itertuples()
    )
    if told:
        told = f" A true difference of {100 * TYPICAL:.0f} points is found {told}."
    return (
        f"**What can be told apart.** W{everybody[1:]}; {few}.{told} Not to find a difference that small says little."
    )


def smallest(measured: pd.DataFrame, about: str) -> str:
    """Which difference the power suffices for, in words."""
    names = ("smallest difference", "found at the most", "the most")
    least, shown, most = (get(measured, "power", about, name) for name in names)
    if np.isfinite(least.value):
        return (
            f"with {least.n:.0f} people, {100 * least.value:.0f} points{ends(least, '{:.0f}')} between two models are found four times out "
            "of five"
        )
    return (
        f"with {least.n:.0f} people, even {100 * most.value:.0f} points are found only {shown.value:.0%}{ends(shown, '{:.0%}', 1)} of the "
        "time"
    )


def _quality(measured: pd.DataFrame) -> str:
    models = _about(measured, "quality")
    error = {model: get(measured, "quality", model, "calibration_error") for model in models}
    best, worst = min(models, key=lambda m: error[m].value), max(models, key=lambda m: error[m].value)
    return (
        f"**Beside accuracy.** Calibration error is lowest for `{best}` ({error[best].value:.2f}, {error[best].low:.2f} to "
        f"{error[best].high:.2f}) and highest for `{worst}` ({error[worst].value:.2f}, {error[worst].low:.2f} to "
        f"{error[worst].high:.2f})."
    )


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
        plain, noisy = (pitfalls.jumps(curves[f"{kind}validation_{quantity}"]) for kind in ("", "augmented_"))
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
