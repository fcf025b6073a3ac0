"""Charts of the experiments with tweaks and with the measurement itself; rules as in `charts`."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fer_utils.drawing.charts import PALETTE, RIGHT, WRONG

_UNKNOWN = "0.45"
_COLORS = {"helps": RIGHT, "hurts": WRONG, "cannot be told": _UNKNOWN}


def tornado(effects: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The effect of each tweak with its interval, grouped by factor, the factor with the largest effect on top.

    Args:
        effects: from `tweaks.effects`, the reference in the first row.
    """
    ax = ax or plt.gca()
    table = effects[1:]
    order = table["difference"].abs().groupby(table["factor"]).max().sort_values(ascending=False).index
    table = pd.concat([table[table["factor"] == factor] for factor in order])
    places = np.arange(len(table))
    for verdict, color in _COLORS.items():
        chosen = (table["verdict"] == verdict).to_numpy()
        if not chosen.any():
            continue
        rows = table[chosen]
        errors = np.abs(rows[["low", "high"]].to_numpy().T - rows["difference"].to_numpy())
        style = {"fmt": "o", "capsize": 3, "color": color, "markersize": 5, "label": verdict}
        ax.errorbar(100 * rows["difference"], places[chosen], xerr=100 * errors, **style)
    ax.axvline(0, color="0.2", linewidth=1)
    for place in np.flatnonzero(table["factor"].to_numpy()[1:] != table["factor"].to_numpy()[:-1]):
        ax.axhline(place + 0.5, color="0.85", linewidth=0.8)
    ax.set_yticks(places, [f"{row.factor}: {row.change}" for row in table.itertuples()], fontsize="small")
    ax.set(xlabel="change of accuracy against the reference (points)", ylim=(len(table) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize="small", loc="lower left")
    return ax


def over_epochs(accuracy: np.ndarray, *, reference: int, ax: Axes | None = None) -> Axes:
    """Accuracy on left-out subjects after each epoch: mean over seeds, and the seeds' range.

    Args:
        accuracy: (seeds, epochs).
        reference: epoch to be marked.
    """
    ax = ax or plt.gca()
    epochs = np.arange(1, accuracy.shape[1] + 1)
    ax.fill_between(epochs, accuracy.min(axis=0), accuracy.max(axis=0), color=PALETTE[1], alpha=0.25, linewidth=0)
    ax.plot(epochs, accuracy.mean(axis=0), color=PALETTE[1], label="mean over seeds; band: lowest and highest")
    ax.axvline(reference, color="0.3", linestyle="--", linewidth=1.2, label=f"reference: {reference} epochs")
    ax.set(xlabel="epoch", ylabel="accuracy on left-out subjects")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small")
    return ax


def distribution(
    groups: Mapping[str, np.ndarray],
    *,
    step: float,
    marks: Mapping[str, float] | None = None,
    xlabel: str,
    ax: Axes | None = None,
) -> Axes:
    """Histograms over splits, one above the other's ground, with marks.

    Args:
        groups: legend to (splits,) accuracies.
        step: accuracy that one image makes: a bar for each, so that none stands for more accuracies than its neighbours.
        marks: legend to an accuracy, drawn as a line.
    """
    ax = ax or plt.gca()
    edges = step * (np.arange(round(1 / step) + 2) - 0.5)
    for index, (name, values) in enumerate(groups.items()):
        color = PALETTE[index]
        ax.hist(values, bins=edges, color=color, alpha=0.45, label=name, weights=np.full(len(values), 1 / len(values)))
        ax.axvline(float(np.mean(values)), color=color, linewidth=1.2, linestyle=":")
    for (name, value), style in zip((marks or {}).items(), ("-", "--", "-."), strict=False):
        ax.axvline(value, color="0.1", linestyle=style, linewidth=1.6, label=name)
    top = max(patch.get_height() for patch in ax.patches)
    ax.set(xlabel=xlabel, ylabel="share of the splits", xlim=(-0.03, 1.03))
    ax.set_ylim(0, max(1.4 * top, ax.get_ylim()[1]))  # room for the legend above the bars
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small", loc="upper left", ncols=2)
    return ax


def leak(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Accuracy by subject-wise and by image-wise folds, a pair for each model.

    Args:
        table: from `pitfalls.Study.leak`.
    """
    ax = ax or plt.gca()
    for place, row in enumerate(table.itertuples()):
        ax.plot([row.subject_wise, row.image_wise], [place, place], color="0.6", linewidth=2, zorder=1)
        text = f"{100 * row.difference:+.1f} points ({100 * row.low:+.1f} to {100 * row.high:+.1f})"
        middle = (row.subject_wise + row.image_wise) / 2
        ax.annotate(text, (middle, place), textcoords="offset points", xytext=(0, 9), ha="center", fontsize="small")
    places = np.arange(len(table))
    ax.scatter(table["subject_wise"], places, color=PALETTE[0], s=60, zorder=2, label="folds by subject")
    ax.scatter(
        table["image_wise"], places, color=PALETTE[3], marker="D", s=50, zorder=2, label="folds by image (leaks)"
    )
    ax.set_yticks(places, table["model"])
    ax.set(xlabel="accuracy", xlim=(0, 1), ylim=(len(table) - 0.4, -0.7))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize="small", loc="lower right")
    return ax


def strips(groups: Mapping[str, np.ndarray], *, xlabel: str, ax: Axes | None = None) -> Axes:
    """A row of dots for each group, with its mean as a short line.

    Args:
        groups: name to (values,).
    """
    ax = ax or plt.gca()
    for place, values in enumerate(groups.values()):
        # Equal values are set one above the other, so that each is seen.
        rank = pd.Series(values).round(9).groupby(pd.Series(values).round(9)).cumcount().to_numpy()
        ax.scatter(values, place - 0.07 * rank, color=PALETTE[place], alpha=0.8, s=28)
        ax.plot([np.mean(values)] * 2, [place - 0.35, place + 0.2], color="0.2", linewidth=1.6)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set(xlabel=xlabel, ylim=(len(groups) - 0.5, -0.7))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
    return ax


def boxes(groups: Mapping[str, Sequence[float]], *, xlabel: str, ax: Axes | None = None) -> Axes:
    """A lying box plot for each group; whiskers reach to 1.5 times the box, dots lie beyond.

    Args:
        groups: name to its values.
    """
    ax = ax or plt.gca()
    ax.boxplot(
        [np.asarray(values) for values in groups.values()],
        orientation="horizontal",
        showmeans=True,
        medianprops={"color": "0.1"},
        meanprops={"marker": "D", "markerfacecolor": PALETTE[1], "markeredgecolor": "0.2", "markersize": 6},
        flierprops={"markersize": 3, "alpha": 0.4},
    )
    ax.set_yticks(range(1, len(groups) + 1), list(groups))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel)
    ax.grid(axis="y", visible=False)
    return ax


def power_curves(
    differences: np.ndarray,
    curves: Mapping[str, np.ndarray],
    *,
    bands: Mapping[str, np.ndarray],
    wanted: float,
    ax: Axes | None = None,
) -> Axes:
    """How often a difference is found, against its true size.

    Args:
        differences: (D,) fractions.
        curves: legend to (D,) shares.
        bands: the same legend to (2, D) shares, drawn as a band from the first to the second.
        wanted: share that is drawn as a dotted line.
    """
    ax = ax or plt.gca()
    for index, (name, shares) in enumerate(curves.items()):
        ax.fill_between(100 * differences, *bands[name], color=PALETTE[index], alpha=0.2, linewidth=0)
        ax.plot(100 * differences, shares, marker="o", markersize=4, color=PALETTE[index], label=name)
    ax.axhline(wanted, color="0.3", linestyle=":", label=f"found {wanted:.0%} of the time")
    ax.set(xlabel="true difference in accuracy (points)", ylabel="experiments that find it", ylim=(0, 1.02))
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small")
    return ax
