"""Charts of models on another task than leaving people out of one set."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fer_utils.drawing import charts
from fer_utils.drawing.chart import Chart


def shares(rows: pd.DataFrame, *, lead: str) -> Chart:
    """A share with its interval for each row, coloured by model.

    Args:
        rows: `row` (a line of text), `model`, and `value, low, high` in [0, 1].
        lead: first words of the caption.
    """
    lines, models = list(dict.fromkeys(rows["row"])), list(dict.fromkeys(rows["model"]))
    figure, ax = plt.subplots(figsize=(8.5, 1.2 + 0.28 * len(rows) + 0.2 * len(lines)))
    step = 0.7 / max(len(models), 1)
    for number, model in enumerate(models):
        own = rows[rows["model"] == model]
        places = own["row"].map(lines.index) + step * (number - (len(models) - 1) / 2)
        errors = np.abs(own[["low", "high"]].to_numpy().T - own["value"].to_numpy())
        style = {"fmt": "so^Dv"[number % 5], "capsize": 3, "color": charts.PALETTE[number % 8], "label": model}
        ax.errorbar(own["value"], places, xerr=errors, **style)
        for value, high, place in zip(own["value"], own["high"], places, strict=True):
            ax.annotate(f"{value:.1%}", (high, place), textcoords="offset points", xytext=(6, -4), fontsize="x-small")
    ax.set_yticks(range(len(lines)), lines)
    ax.set(xlabel="accuracy, 95 % interval over people", xlim=(0, 1.08), ylim=(len(lines) - 0.4, -0.6))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1))
    text = "; ".join(
        f"{row.row}, {row.model} {row.value:.1%} ({row.low:.1%} to {row.high:.1%})" for row in rows.itertuples()
    )
    return Chart(figure, caption=f"{lead}: {text}.", alt=f"Dots with bars, {len(lines)} rows of them: {text}.")


def confusions(tables: Mapping[str, tuple[Sequence[str], np.ndarray]]) -> Chart:
    """Tables of counts side by side: a row what the images show, a column the answer.

    Args:
        tables: heading to the expressions and the (classes, classes) counts.
    """
    names = max((names for names, _ in tables.values()), key=len)
    figure, axes = charts.matrix_axes(len(tables), rows=names, columns=names, size=(4.6 * len(tables), 4.4))
    for ax, (heading, (own, counts)) in zip(axes, tables.items(), strict=True):
        charts.matrix(counts, rows=own, columns=own, fmt=".0f", xlabel=heading, ylabel="image", ax=ax)
    text = "; ".join(
        f"{heading}: {counts.sum() - np.trace(counts):.0f} of {counts.sum():.0f} images wrong"
        for heading, (_, counts) in tables.items()
    )
    return Chart(figure, caption=f"Confusion: {text}.", alt=f"Tables of counts, most on their diagonals: {text}.")


def enrolment(table: pd.DataFrame) -> Chart:
    """Accuracy and log-loss with and without a neutral photo of the person.

    Args:
        table: of `Enrolment.table`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 2.6), sharey=True)
    words = []
    for ax, (metric, name, form) in zip(
        axes,
        (("accuracy", "accuracy", "{:.1%}"), ("log_loss", "log-loss (nats), less is better", "{:.3f}")),
        strict=True,
    ):
        rows = table[(table["question"] == "score") & (table["quantity"] == metric)]
        errors = np.abs(rows[["low", "high"]].to_numpy().T - rows["value"].to_numpy())
        ax.errorbar(rows["value"], range(len(rows)), xerr=errors, fmt="o", capsize=4, color=charts.PALETTE[0])
        for place, value in enumerate(rows["value"]):
            ax.annotate(form.format(value), (value, place), textcoords="offset points", xytext=(0, 7), ha="center")
        ax.set_yticks(range(len(rows)), rows["about"])
        ax.set(xlabel=name, ylim=(len(rows) - 0.5, -0.7))
        words.append(f"{metric}: " + ", ".join(f"{row.about} {form.format(row.value)}" for row in rows.itertuples()))
    axes[0].set_xlim(0, 1.06)
    axes[0].xaxis.set_major_formatter("{x:.0%}")
    axes[1].set_xlim(left=0)
    text = "; ".join(words)
    return Chart(
        figure,
        caption=f"With one neutral photo of each person given, which is not scored, 95 % intervals over people. {text}.",
        alt=f"Two charts of dots with bars, a row for each way to use the photo. {text}.",
    )
