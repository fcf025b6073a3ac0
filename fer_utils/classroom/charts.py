"""Figures of notebook 00, that answer to what is chosen: each function draws one from numbers and gives it with its words."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fer_utils.drawing import charts, galleries
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import PALETTE


def held_out(everyone: np.ndarray, value: float, *, model: str, people: Sequence[str], place: float) -> Chart:
    """Where a choice of test people lies among all choices.

    Args:
        everyone: (ways,) accuracies, fractions.
        value: of the choice.
        place: share of the choices that score less.
    """
    figure, ax = plt.subplots(figsize=(7.8, 2.6))
    ax.hist(
        everyone,
        bins=np.linspace(0, 1, 41),
        color=PALETTE[0],
        alpha=0.6,
        weights=np.full(len(everyone), 1 / len(everyone)),
    )
    ax.axvline(value, color=PALETTE[1], linewidth=2.5)
    side, align = (6, "left") if value < 0.7 else (-6, "right")
    ax.annotate(
        f"{'+'.join(people)}: {value:.0%}",
        (value, 0.96),
        xycoords=("data", "axes fraction"),
        xytext=(side, 0),
        textcoords="offset points",
        ha=align,
        va="top",
        color=PALETTE[1],
    )
    ax.set(
        xlabel=f"accuracy of `{model}` on {len(people)} people".replace("`", ""),
        ylabel="share of the choices",
        xlim=(0, 1),
    )
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    low, high = everyone.min(), everyone.max()
    text = (
        f"Tested on {len(people)} people, `{model}` scores anything from {low:.0%} to {high:.0%}: so few images say little. "
        f"People {', '.join(people)}: {value:.0%}, more than {place:.0%} of the {len(everyone)} choices."
    )
    return Chart(figure, caption=text, alt=f"A histogram of accuracies with one marked. {text}")


def threshold(table: pd.DataFrame, at: float, *, model: str) -> Chart:
    """What a model gains in accuracy, and loses in answers, where it may stay silent.

    Args:
        table: `threshold, answered, right`, fractions.
        at: the threshold that is marked.
    """
    row = table.iloc[(table["threshold"] - at).abs().argmin()]
    figure, ax = plt.subplots(figsize=(7.8, 2.8))
    ax.plot(table["threshold"], table["right"], color=PALETTE[0], label="right, of those answered")
    ax.plot(table["threshold"], table["answered"], color=PALETTE[1], linestyle="--", label="answered, of all images")
    ax.axvline(row["threshold"], color="0.3", linestyle=":")
    ax.set(xlabel="answers only if it is at least so sure", ylabel="share", xlim=(0, 1), ylim=(0, 1.03))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(loc="lower left", fontsize="small")
    right = (
        f"{row['right']:.0%} of these answers are right"
        if np.isfinite(row["right"])
        else "there is nothing to be right in"
    )
    text = (
        f"Silence buys accuracy: where `{model}` answers only if it is at least {row['threshold']:.0%} sure, it answers "
        f"{row['answered']:.0%} of the images, and {right} (without a threshold {table['right'].iloc[0]:.0%})."
    )
    return Chart(figure, caption=text, alt=f"Two lines over the threshold. {text}")


def answers(table: pd.DataFrame, *, image: str) -> Chart:
    """What every model said of one image.

    Args:
        table: a row per model, `truth` and `p_<class>`.
    """
    classes = [name.removeprefix("p_") for name in table if name.startswith("p_")]
    truth, shares = str(table["truth"].iloc[0]), table.drop(columns="truth").to_numpy(dtype=float)
    figure, ax = plt.subplots(figsize=(7.8, 0.42 * len(table) + 1.4))
    words = {"rows": list(table.index), "columns": classes, "xlabel": f"it shows: {truth}", "ylabel": "model"}
    charts.matrix(shares, fmt=".0%", vmax=1, ax=ax, **words)
    ax.set_aspect("auto")
    right = [model for model, said in zip(table.index, shares.argmax(axis=1), strict=True) if classes[said] == truth]
    text = (
        f"`{image}` shows {truth}. {len(right)} of {len(table)} models say so{': ' if right else ''}{', '.join(right)}."
    )
    return Chart(figure, caption=text, alt=f"A table, a row per model and a column per expression. {text}")


def faces(pictures: Sequence[np.ndarray], *, classes: Sequence[str]) -> Chart:
    """The faces of a quiz with their numbers.

    Args:
        pictures: (height, width) uint8 each.
        classes: what can be answered.
    """
    columns = min(6, len(pictures))
    rows = [[*pictures[start : start + columns]] for start in range(0, len(pictures), columns)]
    sheet = galleries.Sheet(rows, cell=(1.3, 1.2), above=1)
    for number in range(len(pictures)):
        sheet.write(*divmod(number, columns), str(number + 1))
    text = f"What do these {len(pictures)} faces show: {', '.join(classes)}?"
    return Chart(sheet.figure, caption=text, alt=f"Numbered faces. {text}")


def quiz(scores: pd.DataFrame, *, chance: float) -> Chart:
    """People beside models.

    Args:
        scores: rows of scores.csv with the metric "accuracy", the people's first.
        chance: a fraction.
    """
    figure, ax = plt.subplots(figsize=(7.8, 0.45 * len(scores) + 1.2))
    charts.forest(scores, metric="accuracy", chance=chance, ax=ax)
    text = "; ".join(f"{row.model} {row.value:.0%} ({row.low:.0%} to {row.high:.0%})" for row in scores.itertuples())
    return Chart(figure, caption=f"Accuracy with 95 % intervals: {text}.", alt=f"Dots with bars. {text}.")
