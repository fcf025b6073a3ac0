"""Charts of the experiments with tweaks; rules as in `charts`."""

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
