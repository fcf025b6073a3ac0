"""What notebook 08 found, as rows of `measurement.csv`, and in words made from those rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from fer_utils import evaluation, results
from fer_utils.measurement import Counts, Optimism, jumps
from fer_utils.power import Power

COLUMNS = ("question", "about", "quantity", "value", "low", "high", "n")
BINS = 5  # of confidence; more would hold too few images each


def row(question: str, about: str, quantity: str, value: float, low=None, high=None, *, n: int) -> tuple:
    """One row; where there is no interval, its ends are the value."""
    return question, about, quantity, value, value if low is None else low, value if high is None else high, n


def splits(model: str, accuracies: np.ndarray) -> list[tuple]:
    """Of `measurement.over_splits`: the middle 95 % of the splits, their ends, and the original's own."""
    low, high = np.quantile(accuracies, [(1 - evaluation.LEVEL) / 2, (1 + evaluation.LEVEL) / 2])
    n = len(accuracies)
    return [
        row("splits", model, "mean", float(accuracies.mean()), float(low), float(high), n=n),
        row("splits", model, "range", float(accuracies.mean()), float(accuracies.min()), float(accuracies.max()), n=n),
        row("splits", model, "original split", float(accuracies[0]), n=n),
    ]


def leak(table: pd.DataFrame) -> list[tuple]:
    """Of `measurement.Study.leak`."""
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
    """Of `measurement.spreads`; n counts seeds."""
    return [row("seeds", "baseline-face", name, value, n=found.right.shape[1]) for name, value in spreads.items()]


def epochs(model: str, found: Optimism) -> list[tuple]:
    """Of `measurement.optimism`; n counts splits."""
    parts = {"best": found.best, "elsewhere": found.elsewhere, "last": found.last}
    parts["optimism"] = found.best - found.elsewhere
    return [row("epochs", model, name, value, n=len(found.bests)) for name, value in parts.items()]


def augmented(model: str, curves: Mapping[str, np.ndarray]) -> list[tuple]:
    """Mean jump between epochs of the two validation curves, in the second half of the epochs; n counts jumps."""
    plain, noisy = (jumps(curves[f"{kind}validation_accuracy"]) for kind in ("", "augmented_"))
    return [
        row("augmented", model, "jump, images as they are", float(plain.mean()), n=len(plain)),
        row("augmented", model, "jump, augmented", float(noisy.mean()), n=len(noisy)),
    ]


def loss(model: str, total: float, without_error: float) -> list[tuple]:
    """Of `measurement.Study.loss_without_error`, in nats."""
    return [
        row("loss", model, "training loss", total, n=1),
        row("loss", model, "penalty and floor", without_error, n=1),
    ]


def power(found: Power, *, subjects: int, few: int) -> list[tuple]:
    """Smallest differences that are found `power.POWER` of the time; n counts subjects."""
    return [
        row("power", "all subjects", "smallest difference", found.smallest(found.all_subjects), n=subjects),
        row("power", "the original's split", "smallest difference", found.smallest(found.few_subjects), n=few),
    ]


def quality(scores: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Accuracy, macro-F1 and calibration error of every model under `loso`, in the columns of scores.csv."""
    wanted = scores[(scores["protocol"] == "loso") & scores["metric"].isin(["accuracy", "macro_f1"])]
    rows = [wanted]
    for model in wanted["model"].unique():
        chosen = predictions[(predictions["protocol"] == "loso") & (predictions["model"] == model)]
        found = evaluation.calibration_error_interval(chosen, bins=BINS)
        like = results.value(scores, model, "accuracy").to_dict()
        rows.append(pd.DataFrame([like | {"metric": "calibration_error", **asdict(found)}]))
    return pd.concat(rows, ignore_index=True)


def qualities(table: pd.DataFrame) -> list[tuple]:
    """Of `quality`."""
    return [row("quality", r.model, r.metric, r.value, r.low, r.high, n=int(r.n)) for r in table.itertuples()]


def table(*groups: Sequence[tuple]) -> pd.DataFrame:
    """Rows as the table that `measurement.csv` holds."""
    return pd.DataFrame([each for group in groups for each in group], columns=list(COLUMNS))


def get(measured: pd.DataFrame, question: str, about: str, quantity: str) -> pd.Series:
    """One row of the table.

    Raises:
        OutputError: there is no such row.
    """
    return results.only(measured, question=question, about=about, quantity=quantity)


def found(measured: pd.DataFrame) -> str:
    """What notebook 08 found, as Markdown, from its table alone."""
    lines = [_splits(measured, model) for model in _about(measured, "splits")]
    lines += [_leak(measured, model) for model in _about(measured, "leak")]
    lines.append(_seeds(measured))
    lines += [_epochs(measured, model) for model in _about(measured, "epochs")]
    lines += [_augmented(measured, model) for model in _about(measured, "augmented")]
    lines += [_power(measured), _quality(measured)]
    return "\n".join(f"- {line}" for line in lines)


def _about(measured: pd.DataFrame, question: str) -> list[str]:
    return list(measured.loc[measured["question"] == question, "about"].unique())


def _splits(measured: pd.DataFrame, model: str) -> str:
    mean, ends, own = (get(measured, "splits", model, name) for name in ("mean", "range", "original split"))
    return (
        f"**Which people are tested.** Over {mean.n:.0f} ways to choose them, `{model}` would have been told to score anything "
        f"from {ends.low:.0%} to {ends.high:.0%} (95 % of them: {mean.low:.0%} to {mean.high:.0%}; mean {mean.value:.0%}). "
        f"The original's choice would have told {own.value:.0%}."
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
    ratio = all_subjects / all_seed if all_seed else float("inf")
    more = "People matter more" if ratio > 1.25 else "The seed matters more" if ratio < 0.8 else "Both matter alike"
    return (
        f"**Seeds and people.** Another seed moves the accuracy over everybody by {all_seed:.1f} points (standard deviation), other "
        f"people by {all_subjects:.1f}; on as few people as the original tested, {few_seed:.1f} and {few_subjects:.1f}. "
        f"{more}."
    )


def _epochs(measured: pd.DataFrame, model: str) -> str:
    best, elsewhere, last = (get(measured, "epochs", model, name).value for name in ("best", "elsewhere", "last"))
    return (
        f"**Choosing the epoch on the test people.** `{model}`: the best epoch tells {best:.0%}; the same epoch gives "
        f"{elsewhere:.0%} on everybody else, the last epoch {last:.0%}. {100 * (best - elsewhere):.1f} points are optimism."
    )


def _augmented(measured: pd.DataFrame, model: str) -> str:
    plain, noisy = (get(measured, "augmented", model, f"jump, {how}") for how in ("images as they are", "augmented"))
    return (
        f"**Augmented validation.** From one epoch to the next the curve of `{model}` jumps by {100 * plain.value:.1f} points, "
        f"by {100 * noisy.value:.1f} where the validation images are augmented."
    )


def _power(measured: pd.DataFrame) -> str:
    everybody, few = (
        get(measured, "power", name, "smallest difference") for name in ("all subjects", "the original's split")
    )

    def told(each: pd.Series) -> str:
        return f"{100 * each.value:.0f} points" if np.isfinite(each.value) else "no difference that was simulated"

    return (
        f"**What can be told apart.** With {everybody.n:.0f} people, {told(everybody)} between two models are found four times "
        f"out of five; with {few.n:.0f}, {told(few)}."
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
