"""Charts: data first, the rest keyword-only, `ax=None`, each returns its Axes."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

PALETTE = sns.color_palette("colorblind")
TRAINING, VALIDATION, AUGMENTED = PALETTE[0], PALETTE[1], PALETTE[2]
RIGHT, WRONG = PALETTE[2], PALETTE[3]


def use_style() -> None:
    """The look of all figures: white ground, colour-blind safe colours, text readable at page width."""
    mpl.rcdefaults()  # nothing of a matplotlibrc of the user's
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind", font_scale=0.95)
    plt.rcParams |= {"figure.constrained_layout.use": True, "axes.titlesize": "medium", "figure.max_open_warning": 0}


def learning_curves(
    curves: Mapping[str, np.ndarray], *, ylabel: str, ax: Axes | None = None, colors: Mapping[str, tuple] | None = None
) -> Axes:
    """Curves over epochs: one line each, or the mean and a band of one standard deviation over folds.

    Args:
        curves: legend to (epochs,) or (folds, epochs).
    """
    ax = ax or plt.gca()
    for index, (name, values) in enumerate(curves.items()):
        values = np.atleast_2d(values)
        epochs = np.arange(1, values.shape[1] + 1)
        color = (colors or {}).get(name, PALETTE[index])
        middle, spread = values.mean(axis=0), values.std(axis=0)
        ax.plot(epochs, middle, label=name, color=color, linewidth=1.4)
        if len(values) > 1:
            ax.fill_between(epochs, middle - spread, middle + spread, color=color, alpha=0.2, linewidth=0)
    ax.set(xlabel="epoch", ylabel=ylabel)
    ax.legend(frameon=True, fontsize="small")
    return ax


def chance_line(chance: float, *, ax: Axes, vertical: bool = False) -> Axes:
    """A dotted line at the accuracy of always naming the largest class."""
    draw = ax.axvline if vertical else ax.axhline
    draw(chance, color="0.3", linestyle=":", linewidth=1.3, label=f"chance {chance:.0%}")
    return ax


def forest(scores: pd.DataFrame, *, metric: str, chance: float | None = None, ax: Axes | None = None) -> Axes:
    """A point and its interval for each model.

    Args:
        scores: rows of scores.csv of one protocol.
        metric: which of them to draw, such as "accuracy".
        chance: drawn as a dotted line.
    """
    ax = ax or plt.gca()
    chosen = scores[scores["metric"] == metric]
    places = np.arange(len(chosen))
    errors = np.abs(chosen[["low", "high"]].to_numpy().T - chosen["value"].to_numpy())
    ax.errorbar(chosen["value"], places, xerr=errors, fmt="o", capsize=4, color=PALETTE[0], markersize=7)
    for place, row in zip(places, chosen.itertuples(), strict=True):
        ax.annotate(
            f"{row.value:.1%}",
            (row.value, place),
            textcoords="offset points",
            xytext=(0, 8),
            ha="center",
            fontsize="small",
        )
    if chance is not None:
        chance_line(chance, ax=ax, vertical=True)
        ax.legend(fontsize="small", loc="upper right")
    ax.set(xlabel=metric.replace("_", " "), xlim=(0, 1), ylim=(len(chosen) - 0.4, -0.6))
    ax.set_yticks(places, chosen["model"])
    ax.xaxis.set_major_formatter("{x:.0%}")
    return ax


def matrix(
    values: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    fmt: str,
    xlabel: str,
    ylabel: str,
    ax: Axes | None = None,
    vmax: float | None = None,
    mask: np.ndarray | None = None,
    cmap: str = "Blues",
) -> Axes:
    """A table of numbers as an annotated heat map.

    Args:
        values: (rows, columns).
        fmt: format of the annotations, such as "d" or ".0%".
        mask: (rows, columns) bool; True cells stay empty.
    """
    ax = ax or plt.gca()
    sns.heatmap(
        values,
        annot=True,
        fmt=fmt,
        cmap=cmap,
        cbar=False,
        square=True,
        linewidths=0.5,
        vmin=0,
        vmax=vmax,
        mask=mask,
        xticklabels=rows if columns is None else columns,
        yticklabels=rows,
        annot_kws={"size": "small"},
        ax=ax,
    )
    ax.grid(visible=False)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(axis="x", rotation=45)
    ax.tick_params(axis="y", rotation=0)
    return ax


def reliability_diagram(table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, color=None) -> Axes:
    """Accuracy against confidence, with Wilson intervals and the diagonal of a calibrated model.

    Args:
        table: from `calibration.reliability`.
    """
    ax = ax or plt.gca()
    errors = np.abs(table[["low", "high"]].to_numpy().T - table["accuracy"].to_numpy())
    ax.plot([0, 1], [0, 1], color="0.4", linestyle=":", linewidth=1.2)
    ax.errorbar(
        table["confidence"], table["accuracy"], yerr=errors, fmt="o-", capsize=3, label=label, color=color or PALETTE[0]
    )
    for row in table.itertuples():
        ax.annotate(
            f"n={row.n}",
            (row.confidence, row.accuracy),
            textcoords="offset points",
            xytext=(6, -12),
            fontsize="x-small",
        )
    ax.set(xlabel="mean confidence of the prediction", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    return ax
