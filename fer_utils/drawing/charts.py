"""Charts: data first, the rest keyword-only, `ax=None`, each returns its Axes."""

import warnings
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = sns.color_palette("colorblind")
TRAINING, VALIDATION, AUGMENTED = PALETTE[0], PALETTE[1], PALETTE[2]
RIGHT, WRONG = PALETTE[2], PALETTE[3]
MANY = 9  # classes from here on need more room than a figure of fixed size has
_LONG = 14  # letters of a name, likewise
_LONGEST_NAME = 40  # letters of it that are shown
_CELL = 0.36  # inches of a cell with a number in it
_LARGEST_SIDE = 18.0  # inches of a table of numbers
_BRIGHT = 0.4  # luminance of a cell from which on its number is dark
_MOST_NUMBERS = 40  # rows or columns of a table up to which its cells hold numbers
_WORD_JOINER = "\u2060"


def use_style() -> None:
    """The look of all figures: white ground, colour-blind safe colours, text readable at page width."""
    mpl.rcdefaults()  # nothing of a matplotlibrc of the user's
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind", font_scale=0.95)
    plt.rcParams |= {"figure.constrained_layout.use": True, "axes.titlesize": "medium", "figure.max_open_warning": 0}
    plt.rcParams["text.parse_math"] = False  # a dollar in a name is a dollar
    warnings.filterwarnings("ignore", message="Glyph .* missing from")  # `glyphs` says so in one line


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


def crowded(names: Sequence[str]) -> bool:
    """Whether names are too many or too long to stand side by side in a figure of fixed size."""
    return len(names) >= MANY or max(map(len, names), default=0) > _LONG


def matrix_axes(
    count: int, *, rows: Sequence[str], columns: Sequence[str], size: tuple[float, float]
) -> tuple[Figure, np.ndarray]:
    """A figure with places for tables of numbers: side by side, or where names are crowded one below the other and larger.

    Args:
        count: of tables.
        rows, columns: of each table, names of classes.
        size: of the figure in inches, where nothing is crowded.

    Returns:
        The figure and its (count,) array of Axes.
    """
    if not crowded(rows) and not crowded(columns):
        figure, axes = plt.subplots(1, count, figsize=size, squeeze=False)
        return figure, axes.ravel()
    longest = [0.09 * max(len(shortened(name)) for name in names) for names in (rows, columns)]
    width = min(_CELL * len(columns), _LARGEST_SIDE) + longest[0] + 0.8
    height = min(_CELL * len(rows), _LARGEST_SIDE) + longest[1] + 0.8
    figure, axes = plt.subplots(count, 1, figsize=(max(width, 5), count * height), squeeze=False)
    return figure, axes.ravel()


def shortened(name: str) -> str:
    """A name that is not too long to be written beside a chart."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def in_legend(name: str) -> str:
    """A name as legends show it: Matplotlib leaves out those that begin with an underscore."""
    return _WORD_JOINER + name if name.startswith("_") else name


def class_legend(ax: Axes, classes: Sequence[str]) -> None:
    """The legend of classes inside a chart of points, or below the figure where they are crowded."""
    if not crowded(classes):
        ax.legend(fontsize="small")
        return
    shown, columns = ax.get_legend_handles_labels(), legend_columns(classes)
    ax.figure.legend(*shown, fontsize="x-small", loc="outside lower center", ncols=columns)
    width, height = ax.figure.get_size_inches()
    ax.figure.set_size_inches(width, height + 0.2 * -(-len(classes) // columns))


def legend_columns(classes: Sequence[str]) -> int:
    """How many names stand side by side in a legend that is as wide as the figure."""
    return max(1, min(len(classes), 8, 100 // max(map(len, classes)))) if crowded(classes) else len(classes)


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
    """A table of numbers as a heat map, annotated unless it has over forty rows or columns.

    Args:
        values: (rows, columns).
        fmt: format of the annotations, such as "d" or ".0%".
        mask: (rows, columns) bool; True cells stay empty.
    """
    ax = ax or plt.gca()
    shown = np.ma.masked_invalid(np.ma.array(values, mask=mask, dtype=float))
    # Not Seaborn's heat map, which draws the whole figure to see whether labels touch.
    cells = ax.pcolormesh(shown, cmap=cmap, vmin=0, vmax=vmax, edgecolors="white", linewidth=0.5)
    if max(values.shape) <= _MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(values):
            if not np.ma.getmaskarray(shown)[row, column]:
                color = "0.15" if _luminance(cells.to_rgba(shown[row, column])) > _BRIGHT else "white"
                words = {"ha": "center", "va": "center", "size": "small", "color": color}
                ax.text(column + 0.5, row + 0.5, format(value, fmt), **words)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [shortened(name) for name in columns])
    ax.set_yticks(np.arange(len(rows)) + 0.5, [shortened(name) for name in rows])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(0, len(columns)), ylim=(len(rows), 0), aspect="equal")
    ax.tick_params(axis="x", rotation=90 if crowded(columns) else 45)
    ax.tick_params(axis="y", rotation=0)
    return ax


def _luminance(color: tuple[float, ...]) -> float:
    """Of a colour of the sRGB standard, in [0, 1] (Web Content Accessibility Guidelines 2.2, "relative luminance")."""
    rgb = np.asarray(color[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def reliability_diagram(table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, color=None) -> Axes:
    """Accuracy against confidence, with intervals and the diagonal of a calibrated model.

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
            f"n={round(row.n, 1):g}",
            (row.confidence, row.accuracy),
            textcoords="offset points",
            xytext=(6, -12),
            fontsize="x-small",
        )
    ax.set(xlabel="mean confidence of the prediction", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    return ax


def strips(groups: Mapping[str, np.ndarray], *, ax: Axes) -> None:
    """A row of dots for each group, with its mean as a short line.

    Args:
        groups: name to (values,) accuracies.
    """
    for place, values in enumerate(groups.values()):
        # Equal values are set one above the other, so that each is seen.
        rank = pd.Series(values).round(9).groupby(pd.Series(values).round(9)).cumcount().to_numpy()
        ax.scatter(values, place - 0.07 * rank, color=PALETTE[place], alpha=0.8, s=28)
        ax.plot([np.mean(values)] * 2, [place - 0.35, place + 0.2], color="0.2", linewidth=1.6)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set(xlabel="accuracy", xlim=(0, 1), ylim=(len(groups) - 0.5, -0.7))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)


def boxes(groups: Mapping[str, Sequence[float]], *, xlabel: str, ax: Axes) -> None:
    """A lying box plot for each group; whiskers reach to 1.5 times the box, dots lie beyond.

    Args:
        groups: name to its values.
    """
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
