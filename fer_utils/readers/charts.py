"""Figures of what models answer to faces that were covered or mirrored: each function draws one and gives it with its words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from fer_utils.data.alignment import REGIONS
from fer_utils.drawing import charts, galleries
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import PALETTE
from fer_utils.evaluation.significance import Verdict
from fer_utils.readers.occlusion import ALL, Maps

_CMAP = (
    "PuOr_r"  # purple where the right answer gains, orange where it loses (ColorBrewer, safe for colour-blind readers)
)
_COLUMNS = 8  # faces in a row
_MARKED = (Verdict.HIGHER, Verdict.LOWER)


def occlusion(models: Sequence[Maps], effects: pd.DataFrame) -> Chart:
    """Where covering a face takes probability from the right expression, and where it gives some: all on one scale.

    Args:
        models: what each of them loses.
        effects: from `occlusion.effects`, for the words.
    """
    lines = [(each, names) for each in models for names in _lines(list(each.lost))]
    columns = 1 + max(len(names) for _, names in lines)
    largest = max(np.abs(values).max() for each in models for values in each.lost.values())
    scale = max(0.05, np.ceil(20 * largest) / 20)
    figure, axes = plt.subplots(len(lines), columns, figsize=(1.55 * columns + 0.9, 1.85 * len(lines)), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for row, (each, names) in zip(axes, lines, strict=True):
        row[0].text(0.5, 0.5, each.model, ha="center", va="center", transform=row[0].transAxes, fontsize=10)
        for ax, name in zip(row[1:], names, strict=False):
            heat = _map(each, name, scale=scale, ax=ax)
    face = np.mean(list(models[0].faces.values()), axis=0).astype(np.uint8)
    _key(face, ax=axes[0, 0])
    axes[0, 0].set_title(models[0].model, fontsize=10)
    bar = figure.colorbar(heat, ax=axes, shrink=0.8, pad=0.01, format=lambda value, _: f"{100 * value:+.0f}")
    bar.set_label("points lost (+), gained (−)", fontsize="small")
    words = "; ".join(_of_model(effects, each.model) for each in models)
    return Chart(
        figure,
        caption=f"{words}. Change of the right expression's probability where a patch of another person's face covers it, all panels on one scale; "
        "dots: the 95 % interval over people leaves out 0, place by place, not corrected for their number.",
        alt="Mean faces under maps in purple and orange, a row for each model and a column for each expression; a first face names "
        f"the regions. {words}.",
    )


def regions(effects: pd.DataFrame) -> Chart:
    """What covering each region takes from the right expression: a table for each model, expressions by regions.

    Args:
        effects: from `occlusion.effects`.
    """
    names = list(dict.fromkeys(effects["model"]))
    expressions, parts = (list(dict.fromkeys(effects[each])) for each in ("expression", "region"))
    scale = max(0.05, float(effects["value"].abs().max()))
    size = (3.1 * len(names) + 1.6, 0.42 * len(expressions) + 1.6)
    figure, axes = plt.subplots(1, len(names), figsize=size, sharey=True, squeeze=False)
    for ax, name in zip(axes[0], names, strict=True):
        rows = effects[effects["model"] == name].set_index(["expression", "region"])
        cells = _table(rows, expressions, parts, scale=scale, ax=ax)
        ax.set_title(name)
        ax.label_outer()
    bar = figure.colorbar(cells, ax=axes, shrink=0.9, pad=0.01, format=lambda value, _: f"{100 * value:+.0f}")
    bar.set_label("points", fontsize="small")
    words = "; ".join(_of_model(effects, name) for name in names)
    tested = effects[effects["expression"] != ALL]
    found = [
        f"{r.model}, {r.expression}, {r.region} {100 * r.value:+.0f} ({100 * r.low:+.0f} to {100 * r.high:+.0f})"
        for r in tested[tested["verdict"].isin(_MARKED)].itertuples()
    ]
    return Chart(
        figure,
        caption=f"{words}. Points of probability that the right expression loses when a region is covered by other people's (below 0: "
        f"gains), with 95 % intervals over people; bold: detected after correction for the number of cells, {len(found)} of {len(tested)}.",
        alt=f"Tables of numbers in purple and orange, expressions by regions, one for each model. {words}. Detected: "
        f"{'; '.join(found) or 'none'}.",
    )


def fills(
    pictures: Mapping[str, Sequence[np.ndarray]], lines: Sequence[Sequence[str]], *, model: str, said: str
) -> Chart:
    """One person's faces as they are, and with the eyes covered in several ways, each with an answer under it.

    Args:
        pictures, lines: from `occlusion.example`.
        model: that answered.
        said: what the fills make of all faces, in words; empty where there is nothing to say.
    """
    sheet = galleries.Sheet(list(pictures.values()), rows=list(pictures), cell=(1.35, 1.6), below=1)
    for row, line in enumerate(lines):
        for column, text in enumerate(line):
            sheet.write(row, column, text, below=True)
    rows = "; ".join(f"{name}: {', '.join(line)}" for name, line in zip(pictures, lines, strict=True))
    return Chart(
        sheet.figure,
        caption=f"{said} One person's faces, under each the answer of `{model}` and how sure it is.".strip(),
        alt=f"Faces in rows with answers. {rows}.",
    )


def mirrored(tables: Mapping[str, pd.DataFrame], *, chance: float) -> Chart:
    """Accuracy on the faces as they are and on their mirror images, two marks joined by a line, a panel for each model.

    Args:
        tables: model to its `Mirrored.table`.
        chance: accuracy of always naming the largest class.
    """
    parts = list(dict.fromkeys(part for table in tables.values() for part in table["part"]))
    size = (3.4 * len(tables) + 1.2, 0.38 * len(parts) + 1.7)
    figure, axes = plt.subplots(1, len(tables), figsize=size, sharey=True, squeeze=False)
    for ax, (name, table) in zip(axes[0], tables.items(), strict=True):
        places = np.array([parts.index(part) for part in table["part"]])
        charts.chance_line(chance, ax=ax, vertical=True)
        ax.hlines(places, table["shown"], table["mirrored"], color="0.6", linewidth=2, zorder=1)
        ax.scatter(table["shown"], places - 0.1, color=PALETTE[0], s=40, zorder=2, label="as it is")
        ax.scatter(table["mirrored"], places + 0.1, color=PALETTE[3], marker="D", s=34, zorder=2, label="mirrored")
        ax.set(xlabel="accuracy", xlim=(-0.04, 1.04), ylim=(len(parts) - 0.4, -0.6), title=name)
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.grid(axis="y", visible=False)
    sizes = {row.part: row.n for table in tables.values() for row in table.itertuples()}
    axes[0, 0].set_yticks(range(len(parts)), [f"{charts.shortened(part)} (n = {sizes[part]})" for part in parts])
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize="small")
    words = "; ".join(f"{name}: {_turned(table)}" for name, table in tables.items())
    return Chart(
        figure,
        caption=f"A mirror image shows the same expression. {words}. Intervals are 95 % over people.",
        alt=f"Two marks joined by a line for all images and for each expression, a panel for each model. {words}.",
    )


def _turned(table: pd.DataFrame) -> str:
    row = table.set_index("part").loc[ALL]
    if not row.changed:
        return f"{row.shown:.0%} both ways, no answer changes"
    return (
        f"{row.shown:.0%} as they are, {row.mirrored:.0%} mirrored ({100 * row.difference:+.0f} points, {100 * row.low:+.0f} to "
        f"{100 * row.high:+.0f}), {row.changed:.0%} of the answers change"
    )


def _of_model(effects: pd.DataFrame, model: str) -> str:
    """The region whose covering takes most over all expressions, in words."""
    rows = effects[(effects["model"] == model) & (effects["expression"] == ALL)]
    most = rows.loc[rows["value"].idxmax()]
    return (
        f"{model} loses most with the {most.region} covered: {100 * most.value:.0f} points ({100 * most.low:+.0f} to "
        f"{100 * most.high:+.0f}; {most.verdict if most.verdict not in _MARKED else 'detected'})"
    )


def _lines(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + _COLUMNS] for start in range(0, len(names), _COLUMNS)]


def _map(each: Maps, name: str, *, scale: float, ax: Axes):
    """One map over its mean face; returns what a colour bar is drawn from."""
    galleries.show(each.faces[name], ax=ax)
    side = len(each.faces[name])
    heat = each.lost[name]
    shown = np.clip(1.3 * np.abs(heat) / scale, 0, 0.8)  # where nothing changes, the face is seen
    image = ax.imshow(heat, cmap=_CMAP, vmin=-scale, vmax=scale, interpolation="bilinear", alpha=shown)
    for left, top, right, bottom in REGIONS.values():
        corner, size = (side * left - 0.5, side * top - 0.5), (side * (right - left), side * (bottom - top))
        ax.add_patch(Rectangle(corner, *size, fill=False, color="white", linewidth=0.8))
    ax.scatter(*(side * each.sure[name] - 0.5).T, s=12, color="black", edgecolor="white", linewidth=0.6)
    ax.set_title(f"{charts.shortened(name)}\nn = {each.n[name]}", fontsize=9)
    return plt.cm.ScalarMappable(norm=image.norm, cmap=_CMAP)


def _key(face: np.ndarray, *, ax: Axes) -> None:
    """The regions with their names, once."""
    for text in list(ax.texts):
        text.remove()
    galleries.show(face, ax=ax)
    side = len(face)
    for name, (left, top, right, bottom) in REGIONS.items():
        corner, size = (side * left - 0.5, side * top - 0.5), (side * (right - left), side * (bottom - top))
        ax.add_patch(Rectangle(corner, *size, fill=False, color="white", linewidth=1))
        words = {"ha": "center", "va": "center", "fontsize": 8, "color": "white"}
        ax.text(side / 2, side * (top + bottom) / 2, name, **words)


def _table(rows: pd.DataFrame, expressions: Sequence[str], parts: Sequence[str], *, scale: float, ax: Axes):
    values = np.full((len(expressions), len(parts)), np.nan)
    for place, name in enumerate(expressions):
        for column, part in enumerate(parts):
            if (name, part) in rows.index:
                row = rows.loc[(name, part)]
                values[place, column] = row.value
                text = f"{100 * row.value:+.0f}\n{100 * row.low:+.0f} to {100 * row.high:+.0f}"
                dark = abs(row.value) > 0.75 * scale
                words = {"ha": "center", "va": "center", "fontsize": 7, "color": "white" if dark else "0.1"}
                ax.text(column + 0.5, place + 0.5, text, fontweight="bold" if row.verdict in _MARKED else None, **words)
    words = {"cmap": _CMAP, "vmin": -scale, "vmax": scale, "edgecolors": "white", "linewidth": 0.5}
    cells = ax.pcolormesh(np.ma.masked_invalid(values), **words)
    sizes = rows["n"].groupby(level="expression").max()
    ax.set_yticks(
        np.arange(len(expressions)) + 0.5,
        [f"{charts.shortened(name)} (n = {sizes[name]})" if name in sizes else name for name in expressions],
    )
    ax.set_xticks(np.arange(len(parts)) + 0.5, parts)
    ax.set(xlim=(0, len(parts)), ylim=(len(expressions), 0))
    ax.grid(visible=False)
    return cells
