"""Faces in one image by MTCNN's cascade: a first network proposes places, the second and the third look closer at what is left.

Thresholds and steps are those of the package `mtcnn`, and eyes and boxes are whole pixels as there, so that both find the
same; scores differ in the last digits of floats.
"""

import functools
from typing import NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from fer_utils.data import mtcnn_networks

SMALLEST_FACE = 20  # pixels
_CELL, _STRIDE = 12, 2  # what the first network sees at once, and the step between two places, pixels
_STEP = 0.709  # from one size of the image to the next: half the area
_PROPOSED, _REFINED, _FOUND = 0.6, 0.7, 0.8  # scores above which each network's faces are kept
_SAME_SIZE, _SAME = (
    0.5,
    0.7,
)  # overlaps above which two of them are one: within one size of the image, and for all others
_REFINE_SIDE, _FIND_SIDE = 24, 48  # of what the second and the third network see, pixels
_STRIP_PIXELS = 40_000  # of a large image, that the first network looks at in one go
_AT_ONCE = 256  # boxes compared with all others, or looked at: bounds the memory


class Found(NamedTuple):
    """Faces of one image, surest first.

    Attributes:
        boxes: (faces, 4) int64: left, top, width, height in pixels.
        scores: (faces,) float64 in (0.8, 1].
        eyes: (faces, 2, 2) int64: the person's right eye and left eye, x and y in pixels.
    """

    boxes: np.ndarray
    scores: np.ndarray
    eyes: np.ndarray


def find(image: np.ndarray) -> Found:
    """Faces from 20 pixels on. On one thread, so that results do not depend on the number of cores.

    Args:
        image: (height, width) or (height, width, 3) uint8, at least 20 pixels on each side.
    """
    values = (np.moveaxis(np.atleast_3d(image), 2, 0) - np.float32(127.5)) / np.float32(128)
    with _threads().limit(limits=1):
        boxes = _squares(_proposals(values))
        boxes = _squares(_refined(values, boxes)) if len(boxes) else boxes
        return _faces(values, boxes) if len(boxes) else Found(*(np.empty(shape) for shape in ((0, 4), 0, (0, 2, 2))))


@functools.cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _proposals(values: np.ndarray) -> np.ndarray:
    """(N, 5): left, top, right, bottom, score."""
    _, height, width = values.shape
    found = [np.empty((0, 5))]
    for number in range(round(-(np.log(min(height, width) / _CELL) / np.log(_STEP) + 1))):
        scale = _CELL / SMALLEST_FACE * _STEP**number
        offsets, scores = _proposed(_shrunk(values, int(height * scale), int(width * scale)))
        rows, columns = np.nonzero(scores > _PROPOSED)
        corners = np.stack([columns, rows], axis=1) * _STRIDE
        cells = np.concatenate([corners + 1, corners + _CELL], axis=1)
        boxes = (cells + offsets[:, rows, columns].T * np.float64(_CELL - 1)) / scale
        found.append(_suppressed(np.column_stack([boxes, scores[rows, columns]]), _SAME_SIZE))
    return _suppressed(np.concatenate(found), _SAME)


def _proposed(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`mtcnn_networks.propose`, a strip of a large image after the other, so that what is in work fits the processor's cache."""
    rows = max(_CELL, _STRIP_PIXELS // image.shape[2]) // _STRIDE * _STRIDE
    count = max(1, (image.shape[1] - _CELL) // rows)  # the last one takes what is left over
    starts = [rows * number for number in range(count)]
    ends = [start + rows + _CELL - _STRIDE for start in starts[:-1]] + [image.shape[1]]
    parts = [mtcnn_networks.propose(image[:, start:end]) for start, end in zip(starts, ends, strict=True)]
    return np.concatenate([part[0] for part in parts], axis=1), np.concatenate([part[1] for part in parts])


def _refined(values: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """What the second network makes of square boxes, (N, 5) both."""
    parts = [mtcnn_networks.refine(_patches(values, part, _REFINE_SIDE)) for part in _blocks(boxes)]
    offsets, scores = (np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))
    return _suppressed(_moved(boxes, offsets, scores)[scores > _REFINED], _SAME)


def _faces(values: np.ndarray, boxes: np.ndarray) -> Found:
    """What the third network makes of square boxes, (N, 5)."""
    parts = [mtcnn_networks.find(_patches(values, part, _FIND_SIDE)) for part in _blocks(boxes)]
    offsets, places, scores = (np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))
    size = (boxes[:, 2:4] - boxes[:, :2] + 1)[:, np.newaxis]
    eyes = np.stack([places[:2].T, places[5:7].T], axis=2) * size + boxes[:, np.newaxis, :2] - 1
    found = np.column_stack([_moved(boxes, offsets, scores), eyes.reshape(-1, 4)])[scores > _FOUND]
    found = _suppressed(found, _SAME, of_smaller=True)
    limit = np.array([values.shape[2] - 1, values.shape[1] - 1])
    start, end = np.clip(found[:, :2], 0, limit), np.clip(found[:, 2:4], 0, limit)
    boxes = np.concatenate([start, end - start], axis=1).round().astype(int)
    return Found(boxes, found[:, 4], found[:, 5:].round().astype(int).reshape(-1, 2, 2))


def _blocks(boxes: np.ndarray) -> list[np.ndarray]:
    return [boxes[start : start + _AT_ONCE] for start in range(0, len(boxes), _AT_ONCE)]


def _moved(boxes: np.ndarray, offsets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Boxes with a network's offsets applied and its scores; (N, 5)."""
    size = np.tile(boxes[:, 2:4] - boxes[:, :2] + 1, 2)
    return np.column_stack([boxes[:, :4] + offsets.T * size, scores])


def _squares(boxes: np.ndarray) -> np.ndarray:
    """Boxes grown to squares about their centres; (N, 5)."""
    size = boxes[:, 2:4] - boxes[:, :2]
    side = size.max(axis=1, keepdims=True)
    start = boxes[:, :2] + size * 0.5 - side * 0.5
    return np.concatenate([start, start + side, boxes[:, 4:]], axis=1)


def _suppressed(boxes: np.ndarray, threshold: float, *, of_smaller: bool = False) -> np.ndarray:
    """Boxes, surest first, without those of which a surer one covers more than a share.

    Args:
        boxes: (N, 5 or more): left, top, right, bottom, score.
        threshold: share of what both cover together; or `of_smaller`, of the smaller of the two.
    """
    boxes = boxes[np.argsort(boxes[:, 4], kind="stable")[::-1]]
    start, end = boxes[:, :2], boxes[:, 2:4]
    area = (end - start).prod(axis=1)
    kept = np.ones(len(boxes), dtype=bool)
    for first in range(0, len(boxes), _AT_ONCE):
        block = slice(first, first + _AT_ONCE)
        surer = min(first + _AT_ONCE, len(boxes))
        low = np.maximum(start[block, np.newaxis], start[:surer])
        high = np.minimum(end[block, np.newaxis], end[:surer])
        common = np.maximum(0, high - low).prod(axis=2)
        whole = (
            np.minimum(area[block, np.newaxis], area[:surer])
            if of_smaller
            else area[block, np.newaxis] + area[:surer] - common
        )
        earlier = np.arange(surer) < np.arange(first, surer)[:, np.newaxis]
        kept[block] = ~((common > threshold * whole) & earlier).any(axis=1)
    return boxes[kept]


def _shrunk(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """An image at a smaller size, each pixel the mean of what it covers; (channels, height, width) float32."""
    places, shares = _covered(values.shape[1], height)
    values = sum(values[:, place] * share[:, np.newaxis] for place, share in zip(places, shares, strict=True))
    places, shares = _covered(values.shape[2], width)
    return sum(values.take(place, axis=2) * share for place, share in zip(places, shares, strict=True))


@functools.lru_cache(maxsize=64)
def _covered(size: int, smaller: int) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels of a line each pixel of a shorter line covers, and what share each has in it; (covered, smaller) both."""
    edges = np.arange(smaller + 1) * (size / smaller)
    start, end = edges[:-1], edges[1:]
    places = np.floor(start).astype(int) + np.arange(int(np.ceil(size / smaller)) + 1)[:, np.newaxis]
    covered = np.clip(np.minimum(places + 1, end) - np.maximum(places, start), 0, 1)
    return np.minimum(places, size - 1), (covered * (smaller / size)).astype(np.float32)


def _patches(values: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Boxes cut out and brought to one size, between pixels linearly; beyond the image is grey (0).

    Returns:
        (channels, N, side, side) float32.
    """
    y, inside_y = _lines(boxes[:, 1], boxes[:, 3], values.shape[1], side)
    x, inside_x = _lines(boxes[:, 0], boxes[:, 2], values.shape[2], side)
    y, inside_y = y[:, :, np.newaxis], inside_y[:, :, np.newaxis]
    x, inside_x = x[:, np.newaxis], inside_x[:, np.newaxis]
    left, right = np.floor(x).astype(int), np.ceil(x).astype(int)
    above, below = (
        values[:, line, left] + (values[:, line, right] - values[:, line, left]) * (x - left)
        for line in (np.floor(y).astype(int), np.ceil(y).astype(int))
    )
    return np.where(inside_y & inside_x, above + (below - above) * (y - np.floor(y)), 0).astype(np.float32)


def _lines(start: np.ndarray, end: np.ndarray, size: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the lines of patches lie in an image, (N, side) float32, kept within it, and which of them lie in it."""
    first, last = (np.float32(each / size) * np.float32(size - 1) for each in (start, end))
    places = (
        first[:, np.newaxis]
        + np.arange(side, dtype=np.float32) * ((last - first) / np.float32(side - 1))[:, np.newaxis]
    )
    inside = (places >= 0) & (places <= size - 1)
    return np.where(inside, places, np.float32(0)), inside
