"""Sheets of face images."""

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
_LINE = 0.14  # inches of a line of text
_GAP = 0.06  # between two images
_PAD = 0.04  # between an image and its text


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


class Sheet:
    """Images in rows and columns with names at the edges.

    All stand on one axes, whose unit is an inch: Matplotlib lays out a hundred axes for seconds.

    Args:
        images: rows of (height, width) images; None leaves a cell empty.
        rows, columns: names at the left and above.
        cell: width and height of a cell in inches, its text included.
        above, below: lines of text that every cell has room for over and under its image.
    """

    def __init__(
        self,
        images: Sequence[Sequence[np.ndarray | None]],
        *,
        rows: Sequence[str] = (),
        columns: Sequence[str] = (),
        cell: tuple[float, float] = (1.0, 1.0),
        above: int = 0,
        below: int = 0,
    ) -> None:
        self._cell, self._above, self._below = cell, _LINE * above, _LINE * below
        self._images = {
            (row, column): image
            for row, line in enumerate(images)
            for column, image in enumerate(line)
            if image is not None
        }
        width, height = cell[0] * max(len(line) for line in images), cell[1] * len(images)
        # Names stand outside the axes; saving makes room for those above, and the figure has it for those on the left.
        self.figure = plt.figure(figsize=(width, height), layout="none")
        self._ax = self.figure.add_axes((0, 0, 1, 1))
        for (row, column), image in self._images.items():
            self._draw(row, column, image, vmax=255 if image.dtype == np.uint8 else 1)
        self._ax.set(xlim=(0, width), ylim=(height, 0), aspect="auto")
        self._ax.set_axis_off()
        self._name_columns(columns)
        self._name_rows(rows)

    def write(
        self, row: int, column: int, text: str, *, below: bool = False, size: int = 8, color: str | tuple = "black"
    ) -> None:
        """Text over an image, or under it."""
        left, right, bottom, top = self._place(row, column)
        y, side = (bottom + _PAD, "top") if below else (top - _PAD, "bottom")
        self._ax.text((left + right) / 2, y, text, fontsize=size, color=color, ha="center", va=side)

    def note(self, row: int, column: int, text: str) -> None:
        """Text in the middle of an empty cell."""
        x, y = (column + 0.5) * self._cell[0], (row + 0.5) * self._cell[1]
        self._ax.text(x, y, text, fontsize=9, color="0.35", ha="center", va="center")

    def frame(self, row: int, column: int, *, color: str | tuple, dashed: bool, columns: int = 1) -> None:
        """A frame around an image, or around so many side by side."""
        left, right, bottom, top = self._place(row, column)
        right = self._place(row, column + columns - 1)[1]
        words = {"color": color, "linestyle": "--" if dashed else "-", "linewidth": 2}
        self._ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, **words))

    def overlay(self, row: int, column: int, heat: np.ndarray) -> None:
        """A translucent heat map over an image.

        Args:
            heat: (height, width) float in [0, 1].
        """
        self._draw(row, column, heat, vmax=1, cmap="inferno", alpha=0.5, interpolation="bilinear")

    def mark_box(
        self, row: int, column: int, corner: tuple[float, float], size: tuple[float, float], *, color: str | tuple
    ) -> None:
        """A box in an image; what lies outside is not drawn.

        Args:
            corner: left and upper edge in pixels of the image.
            size: width and height in pixels.
        """
        (left, top), (right, bottom) = self._points(row, column, [corner, np.add(corner, size)])
        box = Rectangle((left, top), right - left, bottom - top, fill=False, color=color, linewidth=1.2)
        self._ax.add_patch(box)
        box.set_clip_path(self._inside(row, column))

    def mark_face(self, row: int, column: int, face: Face) -> None:
        """A detected face's box and eyes in an image."""
        self.mark_box(row, column, (face.x, face.y), (face.width, face.height), color=PALETTE[1])
        xs, ys = self._points(row, column, [face.left_eye, face.right_eye]).T
        words = {"marker": "+", "markersize": 5, "color": PALETTE[9], "markeredgewidth": 1.3}
        (eyes,) = self._ax.plot(xs, ys, linestyle="none", **words)
        eyes.set_clip_path(self._inside(row, column))

    def _draw(self, row: int, column: int, image: np.ndarray, *, vmax: float, cmap: str = "gray", **words) -> None:
        words = {"interpolation": "nearest"} | words
        extent = self._place(row, column)
        self._ax.imshow(image, extent=extent, aspect="auto", vmin=0, vmax=vmax, cmap=cmap, **words)

    def _place(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of an image: as large as its cell lets it be."""
        height, width = self._images[row, column].shape
        free = self._cell[0] - _GAP, self._cell[1] - _GAP - self._above - self._below
        scale = min(free[0] / width, free[1] / height)
        x = (column + 0.5) * self._cell[0]
        y = row * self._cell[1] + self._above + (self._cell[1] - self._above - self._below) / 2
        return x - scale * width / 2, x + scale * width / 2, y + scale * height / 2, y - scale * height / 2

    def _points(self, row: int, column: int, pixels: Sequence[Sequence[float]]) -> np.ndarray:
        """(N, 2) places on the axes of pixels of an image; the centre of its first one is (0, 0)."""
        left, right, bottom, top = self._place(row, column)
        height, width = self._images[row, column].shape
        scale = (right - left) / width, (bottom - top) / height
        return np.array([left, top]) + (np.asarray(pixels, dtype=float) + 0.5) * scale

    def _inside(self, row: int, column: int) -> Rectangle:
        left, right, bottom, top = self._place(row, column)
        return Rectangle((left, top), right - left, bottom - top, transform=self._ax.transData)

    def _name_columns(self, names: Sequence[str]) -> None:
        longest = max((len(shortened(name)) for name in names), default=0)
        upright = longest > _WIDEST_TITLE * self._cell[0]
        for column, name in enumerate(names):
            x = (column + 0.5) * self._cell[0]
            words = {"fontsize": 9, "ha": "center", "va": "bottom", "rotation": 90 if upright else 0}
            self._ax.text(x, -_PAD, shortened(name), **words)

    def _name_rows(self, names: Sequence[str]) -> None:
        middle = self._above + (self._cell[1] - self._above - self._below) / 2
        words = {"fontsize": 9, "ha": "right", "va": "center"}
        texts = [
            self._ax.text(-_PAD, row * self._cell[1] + middle, shortened(name), **words)
            for row, name in enumerate(names)
        ]
        if not texts:
            return
        widest = max(text.get_window_extent().width for text in texts) / self.figure.dpi + 2 * _PAD
        width, height = self.figure.get_size_inches()
        self.figure.set_size_inches(width + widest, height)
        self._ax.set_position((widest / (width + widest), 0, width / (width + widest), 1))


def predictions(
    images: Sequence[np.ndarray], lines: Sequence[str], *, right: Sequence[bool], columns: int = 6
) -> Figure:
    """Images with what was said of them below, framed by whether it was right: solid, or dashed where wrong.

    Args:
        images: (height, width) each.
        lines: text under each image, one or two lines.
        right: one bool for each image.
    """
    columns = min(columns, max(3, len(images)))  # a few images keep their size
    cells: list[np.ndarray | None] = [*images, *[None] * (-len(images) % columns)] or [None] * columns
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    sheet = Sheet(rows, cell=(1.5, 1.87), below=2)
    for number, (line, good) in enumerate(zip(lines, right, strict=False)):
        if number < len(images):
            place = divmod(number, columns)
            sheet.write(*place, line, below=True)
            sheet.frame(*place, color=RIGHT if good else WRONG, dashed=not good)
    return sheet.figure


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
