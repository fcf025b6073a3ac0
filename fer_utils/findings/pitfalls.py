"""What notebook 08 found, in words made from `measurement.csv` alone; its rows are from `pitfall_rows`."""

import numpy as np
import pandas as pd
from scipy.stats import f

from fer_utils.experiments.tables import get
from fer_utils.findings.wording import ends


def summary(measured: pd.DataFrame) -> str:
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
    """Mean jumps of augmented and plain validation, for a caption."""
    sentences = []
    for quantity, name, unit, form, scale in (
        ("loss jump", "cross-entropy", "nats", "{:.2f}", 1),
        ("jump", "accuracy", "points", "{:.1f}", 100),
    ):
        rows = measured[(measured["question"] == "augmented") & (measured["quantity"] == quantity)]
        values = [f"{row.part} {form.format(scale * row.value)}{ends(row, form, scale)}" for row in rows.itertuples()]
        sentences.append(f"{name} ({unit}): {', '.join(values)}")
    return "; ".join(sentences)


def gaps(measured: pd.DataFrame) -> dict[str, str]:
    """For each model, by how much its best epoch is worse on everybody else, for a caption."""
    rows = {model: get(measured, "epochs", model, "optimism") for model in _about(measured, "epochs")}
    return {model: f"{100 * row.value:.1f} points{ends(row)}" for model, row in rows.items()}


def smallest_differences(measured: pd.DataFrame) -> str:
    """Which differences the power suffices for, with all subjects and with few, for a caption."""
    return "; ".join(_smallest(measured, about) for about in _about(measured, "power"))


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
    rows = [
        get(measured, "seeds", "baseline-face", drawn, part=tested)
        for tested in ("all subjects", "the original's number of subjects")
        for drawn in ("seed", "subjects")
    ]
    all_seed, all_subjects, few_seed, few_subjects = (100 * row.value for row in rows)
    seeds, people = (int(row.n) for row in rows[:2])
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
    plain, noisy, more = (get(measured, "augmented", model, "jump", part=name) for name in names)
    calm, wild = (get(measured, "augmented", model, "loss jump", part=name) for name in names[:2])
    return (
        f"**Augmented validation.** From one epoch to the next the validation accuracy of `{model}` jumps by {100 * plain.value:.1f} "
        f"points{ends(plain)}, by {100 * noisy.value:.1f}{ends(noisy)} where the validation images are augmented: "
        f"{100 * more.value:+.1f}{ends(more, '{:+.1f}')}. Its cross-entropy jumps by {calm.value:.2f} nats{ends(calm, '{:.2f}', 1)}, "
        f"augmented by {wild.value:.2f}{ends(wild, '{:.2f}', 1)}{', intervals over the epochs of this one training' if ends(more) else ''}."
    )


def _loss(measured: pd.DataFrame, model: str) -> str:
    share = get(measured, "loss", model, "share of penalty and floor", part="people left out")
    parts = ("people seen", "people unseen", "unseen minus seen")
    seen, unseen, gap = (get(measured, "loss", model, "cross-entropy", part=part) for part in parts)
    return (
        f"**The loss.** Over the {share.n:.0f} networks of `{model}` that leave people out, {share.value:.0%}{ends(share, '{:.0%}', 1)} of the "
        "training loss is the L2 penalty and the floor of label smoothing (the interval: where another network's would lie). The "
        f"cross-entropy, mean over images, is {seen.value:.2f} nats on the people trained on and {unseen.value:.2f} on the one left out: "
        f"{gap.value:+.2f}{ends(gap, '{:+.2f}', 1)}."
    )


def _power(measured: pd.DataFrame) -> str:
    everybody, few = (_smallest(measured, about) for about in ("all subjects", "the original's split"))
    shares = measured[(measured["question"] == "power") & (measured["quantity"] == "found")]
    typical = shares[shares["part"] != "the most"]
    how_often = ", ".join(
        f"by {each.n} people in {each.value:.0%}{ends(each, '{:.0%}', 1)} of the experiments"
        for each in typical.itertuples()
    )
    if how_often:
        how_often = f" A true difference of {typical['part'].iloc[0]} is found {how_often}."
    return f"**What can be told apart.** W{everybody[1:]}; {few}.{how_often} Not to find a difference that small says little."


def _smallest(measured: pd.DataFrame, about: str) -> str:
    least, most = (get(measured, "power", about, name) for name in ("smallest difference", "the most"))
    shown = get(measured, "power", about, "found", part="the most")
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
