"""What stands where on a sheet of images (`galleries.Sheet`), read from its figure."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure


@dataclass
class Cell:
    """An image of a sheet with all that lies on it or by it.

    Attributes:
        image, over: arrays: the image, and heat maps over it.
        above, below: texts, as Matplotlib's.
        boxes, marks: in pixels of the image: (left, top, width, height) each, and (N, 2) each.
        frame: the line's style where the image has a frame, else "".
    """

    image: np.ndarray
    over: list
    above: list
    below: list
    boxes: list
    marks: list
    frame: str

    @property
    def grey(self) -> float:
        """Of the first pixel."""
        return float(self.image[0, 0])

    @property
    def title(self) -> str:
        """The text over it; empty where there is none."""
        return "".join(text.get_text() for text in self.above)


def cells(figure: Figure) -> list[Cell]:
    """The images of a sheet, row by row."""
    (ax,) = figure.axes
    places: dict[tuple, list] = {}
    for image in ax.images:
        places.setdefault(tuple(image.get_extent()), []).append(np.asarray(image.get_array()))
    found = {extent: Cell(first, over, [], [], [], [], "") for extent, (first, *over) in places.items()}
    for text in ax.texts:
        x, y = text.get_position()
        for (left, right, bottom, top), cell in found.items():
            if left < x < right and 0 < top - y < 0.1 and text.get_va() == "bottom" and y > 0:
                cell.above.append(text)
            if left < x < right and 0 < y - bottom < 0.1 and text.get_va() == "top":
                cell.below.append(text)
    for patch in ax.patches:
        for extent, cell in found.items():
            (x, y), (width, height) = patch.get_xy(), (patch.get_width(), patch.get_height())
            if np.allclose((x, x + width, y + height, y), extent):
                cell.frame = patch.get_linestyle()
            elif _holds(extent, (x + width / 2, y + height / 2)):
                corners = _pixels(extent, cell.image, [(x, y), (x + width, y + height)])
                cell.boxes.append([*corners[0], *(corners[1] - corners[0])])
    for line in ax.lines:
        for extent, cell in found.items():
            if _holds(extent, line.get_xydata()[0]):
                cell.marks.append(_pixels(extent, cell.image, line.get_xydata()))
    return [found[extent] for extent in sorted(found, key=lambda each: (round((each[2] + each[3]) / 2, 3), each[0]))]


def names(figure: Figure) -> tuple[list[str], list[str]]:
    """Names of the rows, from above, and of the columns, from the left."""
    texts = [(text, *text.get_position()) for text in figure.axes[0].texts]
    rows = sorted((y, text.get_text()) for text, x, y in texts if x < 0)
    columns = sorted((x, text.get_text()) for text, x, y in texts if y < 0)
    return [name for _, name in rows], [name for _, name in columns]


def _holds(extent: tuple, point: tuple) -> bool:
    left, right, bottom, top = extent
    return left < point[0] < right and top < point[1] < bottom


def _pixels(extent: tuple, image: np.ndarray, points) -> np.ndarray:
    left, right, bottom, top = extent
    scale = image.shape[1] / (right - left), image.shape[0] / (bottom - top)
    return (np.asarray(points) - (left, top)) * scale - 0.5
