"""What variants of a model score: tweaks and epochs (notebook 07), descriptors and what heads see (notebook 05)."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_utils.drawing.chart import WIDTH, Chart
from fer_utils.drawing.charts import PALETTE, RIGHT, WRONG, chance_line
from fer_utils.evaluation.significance import PRACTICALLY_NONE, Verdict

_COLORS = {
    "helps": RIGHT,
    "hurts": WRONG,
    str(Verdict.NOT_DETECTED): "0.45",
    str(Verdict.UNTRAINED): PALETTE[4],
    str(Verdict.ONE_SEED): "0.7",
}


_COUNTED = {
    "helps": "help",
    "hurts": "hurt",
    str(Verdict.NOT_DETECTED): "have no detectable effect",
    str(Verdict.UNTRAINED): "are not trained enough to judge",
    str(Verdict.ONE_SEED): "have one seed and no verdict",
}


def tornado(effects: pd.DataFrame) -> Chart:
    """The effect of each tweak with its interval, grouped by factor, the factor with the largest effect on top.
    The grey band holds what would not matter (`significance.PRACTICALLY_NONE`).

    Args:
        effects: rows of tweaks.csv, the reference first; accuracies and differences are fractions.
    """
    reference, table = effects.iloc[0], _by_factor(effects[1:])
    places = np.arange(len(table))
    figure, ax = plt.subplots(figsize=(WIDTH, 0.24 * len(effects) + 1.6))
    for verdict, color in _COLORS.items():
        chosen = (table["verdict"] == verdict).to_numpy()
        if not chosen.any():
            continue
        rows = table[chosen]
        errors = np.abs(rows[["low", "high"]].to_numpy().T - rows["difference"].to_numpy())
        style = {"fmt": "o", "capsize": 3, "color": color, "markersize": 5, "label": verdict}
        ax.errorbar(100 * rows["difference"], places[chosen], xerr=100 * errors, **style)
    ax.axvline(0, color="0.2", linewidth=1)
    ax.axvspan(-100 * PRACTICALLY_NONE, 100 * PRACTICALLY_NONE, color="0.93", zorder=0)
    for place in np.flatnonzero(table["factor"].to_numpy()[1:] != table["factor"].to_numpy()[:-1]):
        ax.axhline(place + 0.5, color="0.85", linewidth=0.8)
    ax.set_yticks(places, [f"{row.factor}: {row.change}" for row in table.itertuples()], fontsize="small")
    ax.set(xlabel="change of accuracy against the reference (points)", ylim=(len(table) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    if len(table):
        ax.legend(fontsize="small", loc="lower left")
    counts = {verdict: int((table["verdict"] == verdict).sum()) for verdict in _COLORS}
    parts = [f"{count} {_COUNTED[verdict]}" for verdict, count in counts.items() if count or verdict == "helps"]
    lead = f"Of {len(table)} changes {', '.join(parts)}"
    helps, unknown = counts["helps"], counts[str(Verdict.NOT_DETECTED)]
    ax.set_title(f"{helps} of {len(table)} changes help, {unknown} have no detectable effect", loc="right")
    names = "; ".join(
        f"{word}: {', '.join(f'{row.factor} {row.change}' for row in rows.itertuples())}"
        for word in ("helps", "hurts")
        if len(rows := effects[effects["verdict"] == word])
    )
    seeds = int(reference["seeds"])
    return Chart(
        figure,
        caption=f"{lead}. One thing is changed at a time; the reference is right in {reference['accuracy']:.1%} of {reference['n']} "
        f"images, mean of {seeds} seed{'s' * (seeds > 1)}. The grey band is {100 * PRACTICALLY_NONE:.0f} points either way.",
        alt="A dot with a bar for each tweak around a line at no change. " + (names or "No tweak helps or hurts."),
    )


def over_epochs(accuracy: Mapping[str, np.ndarray], *, reference: int, chance: float) -> Chart:
    """Accuracy on people left out after each epoch: mean over seeds, and the seeds' range, for each input.

    Args:
        accuracy: input to (seeds, epochs) float, fractions.
        reference: epoch to be marked, counted from 1; no input has fewer.
        chance: a fraction, drawn as a dotted line.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.4))
    ends = []
    for (name, values), color in zip(accuracy.items(), PALETTE, strict=False):
        epochs, mean = np.arange(1, values.shape[1] + 1), values.mean(axis=0)
        ax.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=color, alpha=0.25, linewidth=0)
        ax.plot(epochs, mean, color=color, label=f"{name}, mean over seeds")
        ends.append(f"{name} {mean[reference - 1]:.0%} after {reference} and {mean[-1]:.0%} after {len(mean)}")
    ax.axvline(reference, color="0.3", linestyle="--", linewidth=1.2, label="length of the reference")
    chance_line(chance, ax=ax)
    ax.set(xlabel="epoch", ylabel="accuracy on people left out", ylim=(0, 1.03))
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small", loc="upper right", ncols=2)
    return Chart(
        figure,
        caption=f"What longer training brings: {'; '.join(ends)} epochs. Bands reach from the lowest to the highest seed.",
        alt=f"A line over the epochs for each input. {'; '.join(ends)} epochs.",
    )


def variants(table: pd.DataFrame) -> Chart:
    """Accuracy of every variant on people left out, with the strengths chosen on other people and with each strength throughout.

    Args:
        table: a row per variant and strength, with `variant`, `outer_accuracy` and `accuracy`, fractions; `transfer` is first.
    """
    figure, ax, text = _variants(table)
    chosen = table["accuracy"]
    ax.get_yticklabels()[0].set_fontweight("bold")
    figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside upper center", ncols=2)
    return Chart(
        figure,
        caption=f"What the heads see moves the accuracy between {chosen.min():.1%} and {chosen.max():.1%}. `transfer` is the first, in bold.",
        alt=f"A row of dots for each variant, one of them larger: {text}.",
    )


def candidates(table: pd.DataFrame, *, accuracy: float) -> Chart:
    """The same of what `classical` is chosen from, and how often each was taken.

    Args:
        table: as of `variants`, with the column `chosen`, a number of folds.
        accuracy: of `classical`, a fraction, drawn as a dashed line.
    """
    figure, ax, text = _variants(table)
    ax.axvline(accuracy, color="0.3", linestyle="--", label="classical: descriptor chosen too")
    figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside upper center", ncols=3)
    taken = table.groupby("variant", sort=False)["chosen"].sum()
    folds = ", ".join(f"{name} in {count}" for name, count in taken.items() if count)
    return Chart(
        figure,
        caption=f"`classical` recognises {accuracy:.1%}. Chosen in its {taken.sum()} folds: {folds}.",
        alt=f"A row of dots for each descriptor, one of them larger: {text}; a dashed line at {accuracy:.1%}.",
    )


def _by_factor(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a factor together, in the order of each factor's largest effect."""
    order = table["difference"].abs().groupby(table["factor"]).max().sort_values(ascending=False).index
    return pd.concat([table[table["factor"] == factor] for factor in order]) if len(table) else table


def _variants(table: pd.DataFrame) -> tuple[Figure, Axes, str]:
    """Figure and axes with a row of dots for each variant, and the accuracies in words."""
    chosen = table.groupby("variant", sort=False)["accuracy"].first()
    figure, ax = plt.subplots(figsize=(WIDTH, 1.1 + 0.33 * len(chosen)))
    places = {name: place for place, name in enumerate(chosen.index)}
    throughout = {"s": 18, "color": "0.55", "label": "each strength throughout"}
    ax.scatter(table["outer_accuracy"], table["variant"].map(places), **throughout)
    ax.scatter(chosen, range(len(chosen)), s=80, color=PALETTE[0], label="strength chosen on other people")
    ax.set(xlabel="accuracy on people left out", yticks=range(len(chosen)), yticklabels=chosen.index)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter("{x:.0%}")
    return figure, ax, "; ".join(f"{name} {value:.1%}" for name, value in chosen.items())
