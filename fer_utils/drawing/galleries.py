"""Sheets of face images: data first, the rest keyword-only, each returns its figure."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fer_utils.data.alignment import Face
from fer_utils.drawing.charts import PALETTE, RIGHT, WRONG, shortened

_WIDEST_TITLE = 14  # letters to an inch that a column's title may have and not touch the next one


def show(image: np.ndarray, *, ax: Axes, title: str = "", color: str | tuple = "black") -> Axes:
    """One grey image without axes.

    Args:
        image: (height, width) uint8 in [0, 255], or float in [0, 1].
    """
    ax.imshow(image, cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1, interpolation="nearest")
    ax.set_xticks([], [])
    ax.set_yticks([], [])
    ax.grid(visible=False)
    for side in ax.spines.values():
        side.set_visible(False)
    if title:
        ax.set_title(title, fontsize=8, color=color, pad=2)
    return ax


def grid(
    images: Sequence[Sequence[np.ndarray | None]],
    *,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    cell: tuple[float, float] = (1.0, 1.0),
) -> tuple[Figure, np.ndarray]:
    """Images in rows and columns with names at the edges; None leaves a cell empty.

    Args:
        images: rows of (height, width) images.
        cell: width and height of a cell in inches.

    Returns:
        The figure and its (rows, columns) array of Axes.
    """
    shape = (len(images), max(len(row) for row in images))
    longest = max((len(shortened(name)) for name in columns), default=0)
    upright = longest > _WIDEST_TITLE * cell[0]
    size = cell[0] * shape[1] + 0.8, cell[1] * shape[0] + 0.5 + (0.09 * longest if upright else 0)
    figure, axes = plt.subplots(*shape, figsize=size, squeeze=False)
    for row in range(shape[0]):
        for column in range(shape[1]):
            image = images[row][column] if column < len(images[row]) else None
            if image is None:
                axes[row, column].axis("off")
            else:
                show(image, ax=axes[row, column])
    for ax, name in zip(axes[0], columns, strict=False):
        ax.set_title(shortened(name), fontsize=9, rotation=90 if upright else 0)
    for ax, name in zip(axes[:, 0], rows, strict=False):
        ax.axis("on")
        ax.set_ylabel(shortened(name), fontsize=9, rotation=0, ha="right", va="center")
        ax.set_xticks([], [])
        ax.set_yticks([], [])
    return figure, axes


def mark_face(face: Face, *, ax: Axes) -> Axes:
    """Draw a detected face's box and eyes."""
    ax.add_patch(Rectangle((face.x, face.y), face.width, face.height, fill=False, color=PALETTE[1], linewidth=1.2))
    xs, ys = zip(face.left_eye, face.right_eye, strict=True)
    ax.plot(xs, ys, linestyle="none", marker="+", markersize=5, color=PALETTE[9], markeredgewidth=1.3)
    return ax


def predictions(
    images: Sequence[np.ndarray], lines: Sequence[str], *, right: Sequence[bool], columns: int = 6
) -> Figure:
    """Images with what was said of them below, framed by whether it was right: solid, or dashed where wrong.

    Args:
        images: (height, width) each.
        lines: text under each image.
        right: one bool for each image.
    """
    columns = min(columns, max(3, len(images)))  # a few images keep their size
    count = max(1, -(-len(images) // columns))
    figure, axes = plt.subplots(count, columns, figsize=(1.5 * columns, 1.85 * count), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, line, good in zip(axes.flat, images, lines, right, strict=False):
        ax.axis("on")
        show(image, ax=ax)
        ax.set_xlabel(line, fontsize=8, color="black")
        for side in ax.spines.values():
            side.set(visible=True, color=RIGHT if good else WRONG, linewidth=2, linestyle="-" if good else "--")
    return figure


def answers(predictions: pd.DataFrame) -> tuple[list[str], list[bool]]:
    """For `predictions`: what each image shows, what the network said and how sure it was; and whether it was right.

    Args:
        predictions: rows of predictions.csv.
    """
    sure = predictions[[name for name in predictions if name.startswith("p_")]].max(axis=1)
    lines = [f"{row.truth}\nas {row.predicted} {sure[row.Index]:.0%}" for row in predictions.itertuples()]
    return lines, list(predictions["truth"] == predictions["predicted"])


def in_one_line(lines: Sequence[str]) -> str:
    """The text under all images, for an alt text."""
    return "; ".join(line.replace("\n", " ") for line in lines)


def overlay(image: np.ndarray, heat: np.ndarray, *, ax: Axes, title: str = "") -> Axes:
    """An image under a translucent heat map.

    Args:
        image: (height, width) grey.
        heat: (height, width) float in [0, 1].
    """
    show(image, ax=ax, title=title)
    ax.imshow(heat, cmap="inferno", alpha=0.5, vmin=0, vmax=1, interpolation="bilinear")
    return ax
