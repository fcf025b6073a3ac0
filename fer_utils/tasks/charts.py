"""Charts of models on another task than leaving people out of one set."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fer_utils.drawing import charts
from fer_utils.drawing.chart import Chart
from fer_utils.tasks import enrolment as task


def shares(rows: pd.DataFrame, *, lead: str) -> Chart:
    """A share with its interval for each row, coloured by model.

    Args:
        rows: `row` (a line of text), `model`, and `value, low, high` in [0, 1].
        lead: first words of the caption.
    """
    lines, models = list(dict.fromkeys(rows["row"])), list(dict.fromkeys(rows["model"]))
    figure, ax = plt.subplots(figsize=(9.5, 1.1 + 0.2 * len(rows) + 0.16 * len(lines)))
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
    ax.set(xlabel="accuracy, with its 95 % interval", xlim=(0, 1.15), ylim=(len(lines) - 0.4, -0.6))
    ax.set_xticks(np.linspace(0, 1, 6))
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
    """Accuracy and log-loss with and without a neutral photo of the person, by the number of people learned from.

    Args:
        table: of `enrolment.scored`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4))
    rows = table[table["question"] == "score"].assign(people=table["about"].map(task.people_of))
    counts = [*sorted(set(rows["people"]) - {0}), 0]
    text = []
    for ax, (quantity, name, form) in zip(
        axes, (("accuracy", "accuracy", "{:.1%}"), ("log_loss", "log-loss (nats)", "{:.3f}")), strict=True
    ):
        for number, model in enumerate((task.MODEL, task.PLAIN)):
            own = rows[(rows["quantity"] == quantity) & rows["about"].str.startswith(model)]
            own = own.set_index("people").loc[counts]
            places = np.arange(len(counts)) + 0.08 * (number - 0.5)
            errors = np.abs(own[["low", "high"]].to_numpy().T - own["value"].to_numpy())
            style = {"fmt": ("o-", "s--")[number], "capsize": 3, "color": charts.PALETTE[number], "label": model}
            ax.errorbar(places, own["value"], yerr=errors, **style)
            text.append(f"{model}, {name} " + ", ".join(map(form.format, own["value"])))
        ax.set_xticks(range(len(counts)), [str(count) if count else "all others" for count in counts])
        ax.set(xlabel="people learned from", ylabel=name)
    axes[0].set_ylim(0, 1.02)
    axes[0].yaxis.set_major_formatter("{x:.0%}")
    axes[1].set_ylim(bottom=0)
    axes[0].legend(fontsize="small", loc="lower right")
    people = ", ".join(str(count) for count in counts[:-1])
    words = f"With {people and f'{people} and '}all other people to learn from: {'; '.join(text)}."
    return Chart(
        figure,
        caption=f"One neutral photo of each person given, which is not scored; 95 % intervals over people. {words}",
        alt=f"Two charts of two lines with bars. {words}",
    )
