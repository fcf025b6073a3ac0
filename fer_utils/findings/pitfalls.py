"""What notebook 08 found, in words made from `measurement.csv` alone; its rows are from `pitfall_rows`."""

import numpy as np
import pandas as pd

from fer_utils.evaluation.significance import FALSE_DISCOVERIES, Verdict
from fer_utils.experiments.tables import get
from fer_utils.findings.pitfall_rows import VERDICTS
from fer_utils.findings.wording import ends, p_value


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
    return "; ".join(f"{about}: {_smallest(measured, about)}" for about in _pairs(measured))


def _about(measured: pd.DataFrame, question: str) -> list[str]:
    return list(measured.loc[measured["question"] == question, "about"].unique())


def _pairs(measured: pd.DataFrame) -> list[str]:
    rows = measured[(measured["question"] == "power") & (measured["quantity"] == "smallest difference")]
    return list(rows["about"].unique())


def _splits(measured: pd.DataFrame, model: str) -> str:
    names = ("mean", "range", "original split", "seeds", "people alike", "person effect p")
    mean, ends, own, seeds, alike, p = (get(measured, "splits", model, name) for name in names)
    each = f", each with {seeds.value:.0f} seeds" if seeds.value > 1 else ""
    effect = (
        "these people do differ"
        if p.value <= FALSE_DISCOVERIES
        else "so few images are too few, whoever shows them, and nothing shows that people differ"
    )
    return (
        f"**Which people are tested.** Over {mean.n:.0f} ways to choose them{each}, `{model}` would have been reported to score anything "
        f"from {ends.low:.0%} to {ends.high:.0%} (95 % of them: {mean.low:.0%} to {mean.high:.0%}; mean {mean.value:.0%}). "
        f"The original's choice would have given {own.value:.0%}{' on average' if each else ''}. With each expression's answers shuffled "
        f"among people, 95 % lie between {alike.low:.0%} and {alike.high:.0%} (p {p_value(p.value, '= ')} that people "
        f"differ): {effect}."
    )


def _leak(measured: pd.DataFrame, model: str) -> str:
    names = ("subject-wise", "image-wise", "difference", "alike", "p", "judged")
    honest, leaked, gap, alike, p, judged = (get(measured, "leak", model, name) for name in names)
    found = VERDICTS[int(judged.value)]
    verdict = {Verdict.HIGHER: "the leak shows", Verdict.LOWER: "lower, not higher"}.get(found, found)
    if found == Verdict.LOWER and not alike.value:
        verdict += (
            ". Here each person shows each expression once, so whoever is recognised has been seen with "
            "other expressions only; a network that follows the person is misled, which is the likely reason"
        )
    return (
        f"**Shuffling images instead of people.** `{model}`: {leaked.value:.0%} instead of {honest.value:.0%}, "
        f"{100 * gap.value:+.1f} points ({100 * gap.low:+.1f} to {100 * gap.high:+.1f}), p {p_value(p.value, '= ')} "
        f"after Holm: {verdict}."
    )


def _seeds(measured: pd.DataFrame) -> str:
    rows = [
        get(measured, "seeds", "baseline-face", drawn, part=tested)
        for tested in ("all subjects", "the original's number of subjects")
        for drawn in ("seed", "subjects")
    ]
    all_seed, all_subjects, few_seed, few_subjects = (100 * row.value for row in rows)
    seeds, people = (int(row.n) for row in rows[:2])
    names = ("people as they are", "people alike", "person effect p")
    really, alike, p = (get(measured, "seeds", "baseline-face", name) for name in names)
    unit = _unit(measured)
    return (
        f"**Seeds and people.** Another seed moves the accuracy over everybody by {all_seed:.1f} points (standard deviation), other "
        f"{unit} by {all_subjects:.1f}; on as small a share of them as the original tested, {few_seed:.1f} and {few_subjects:.1f}, from "
        f"{people} {unit} and {seeds} seeds. How much of the latter are people? Those of notebook 03's `baseline-face` spread by "
        f"{100 * really.value:.1f} points; with each expression's answers shuffled among them, by {100 * alike.value:.1f}"
        f"{ends(alike)} (p {p_value(p.value, '= ')} that people differ)."
    )


def _unit(measured: pd.DataFrame) -> str:
    """What was tested apart where only the curves of folds are known."""
    found = measured.loc[measured["question"] == "folds", "about"]
    return str(found.iloc[0]).replace("subjects", "people") if len(found) else "people"


def _epochs(measured: pd.DataFrame, model: str) -> str:
    best, elsewhere, last, gap = (
        get(measured, "epochs", model, name) for name in ("best", "elsewhere", "last", "optimism")
    )
    return (
        f"**Choosing the epoch on the test people.** `{model}`: the best epoch says {best.value:.0%}; the same epoch gives "
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
    split = get(measured, "power", "the original's split", "smallest p")
    few = (
        f"With the {split.n:.0f} people whom the original tested, a test over people has a p of {p_value(split.value)} at best: no "
        "difference, however large, could be shown"
    )
    if split.value <= FALSE_DISCOVERIES:
        few = f"With {split.n:.0f} people a test over people can have a p of {p_value(split.value)} at best"
    lines = [few + "."]
    for about in _pairs(measured):
        lines.append(f"From the answers of {about}: {_smallest(measured, about)}; {_how_often(measured, about)}.")
    return f"**What can be detected.** {' '.join(lines)} Not to find a difference that small says little."


def _how_often(measured: pd.DataFrame, about: str) -> str:
    rows = measured[
        (measured["question"] == "power") & (measured["about"] == about) & (measured["quantity"] == "found")
    ]
    shares = {row.part: f"in {row.value:.0%}{ends(row, '{:.0%}', 1)}" for row in rows.itertuples()}
    typical = [f"one of {part} {share}" for part, share in shares.items() if part not in ("none", "the most")]
    return " and ".join([*typical, f"one that is not there {shares['none']} of the experiments"])


def _smallest(measured: pd.DataFrame, about: str) -> str:
    least, most, seeds = (get(measured, "power", about, name) for name in ("smallest difference", "the most", "seeds"))
    shown = get(measured, "power", about, "found", part="the most")
    who = f"with {least.n:.0f} people and {seeds.value:.0f} seed{'s' if seeds.value > 1 else ''}"
    if np.isfinite(least.value):
        return f"{who}, {100 * least.value:.0f} points{ends(least, '{:.0f}')} are found four times out of five"
    return f"{who}, even {100 * most.value:.0f} points are found only {shown.value:.0%}{ends(shown, '{:.0%}', 1)} of the time"


def _quality(measured: pd.DataFrame) -> str:
    models = _about(measured, "quality")
    brier, gap = (
        {model: get(measured, "quality", model, name) for model in models} for name in ("brier", "confidence_gap")
    )
    best, worst = min(models, key=lambda m: brier[m].value), max(models, key=lambda m: brier[m].value)
    sure = ", ".join(f"`{model}` {100 * row.value:+.1f}{ends(row, '{:+.1f}')}" for model, row in gap.items())
    return (
        f"**Beside accuracy.** The Brier score is best for `{best}` ({brier[best].value:.2f}{ends(brier[best], '{:.2f}', 1)}) and worst "
        f"for `{worst}` ({brier[worst].value:.2f}{ends(brier[worst], '{:.2f}', 1)}). Mean confidence minus accuracy, in points: {sure}."
    )
