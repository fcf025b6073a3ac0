"""The three networks of MTCNN in NumPy: Zhang et al. 2016, doi:10.1109/LSP.2016.2603342.

Weights, thresholds and steps are those of the package `mtcnn`, whose numbers these are but for the last digits of floats;
eyes and boxes are whole pixels, as there. It runs the networks through Keras on TensorFlow, layer by layer, which takes five
times as long, and seconds to import. A first network looks at every place of the image at several sizes, a second and a
third look at what is left, each more closely; the third finds the eyes.
"""

import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from threadpoolctl import ThreadpoolController

SMALLEST_FACE = 20  # pixels
_CELL, _STRIDE = 12, 2  # what the first network sees at once, and the step between two places, pixels
_STEP = 0.709  # from one size of the image to the next: half the area
_PROPOSED, _REFINED, _FOUND = 0.6, 0.7, 0.8  # scores above which each network's faces are kept
_SAME_SIZE, _SAME_PLACE = 0.5, 0.7  # overlaps above which two of them are one: within a size of the image, and between
_REFINE_SIDE, _FIND_SIDE = 24, 48  # of what the second and the third network see, pixels
_BLOCK = 256  # boxes compared with all others at once


class Found(NamedTuple):
    """Faces of one image, surest first.

    Attributes:
        boxes: (faces, 4) float64: left, top, right, bottom in pixels, within the image.
        scores: (faces,) float64 in (0.8, 1].
        eyes: (faces, 2, 2) float64: the eye on the left of the image and the other one, x and y in pixels.
    """

    boxes: np.ndarray
    scores: np.ndarray
    eyes: np.ndarray


def find(image: np.ndarray) -> Found:
    """Faces of at least 20 pixels; the same bytes whichever number of cores there is.

    Args:
        image: (height, width) or (height, width, 3) uint8, at least 20 pixels on each side.
    """
    with _threads().limit(limits=1):
        values = ((image if image.ndim == 3 else image[..., np.newaxis]) - np.float32(127.5)) / np.float32(128)
        boxes = _propose(values)
        boxes = _refine(values, boxes) if len(boxes) else boxes
        return _find(values, boxes)


def _propose(values: np.ndarray) -> np.ndarray:
    """Square boxes that may hold a face, (N, 5): left, top, right, bottom, score."""
    network = _Proposal(*_weights("pnet", channels=values.shape[2]))
    found = [np.empty((0, 5))]
    for scale in _scales(values.shape):
        size = int(values.shape[0] * scale), int(values.shape[1] * scale)
        offsets, scores = network(_shrunk(values, size))
        places = np.argwhere(scores > _PROPOSED)
        corner = places[:, ::-1] * _STRIDE
        cells = np.concatenate([corner + 1, corner + _CELL], axis=1)  # one pixel short, as it was trained
        rows, columns = places.T
        boxes = cells + offsets[rows, columns] * (_CELL - 1)
        found.append(_suppressed(np.column_stack([boxes / scale, scores[rows, columns]]), _SAME_SIZE))
    return _squares(_suppressed(np.concatenate(found), _SAME_PLACE))


def _refine(values: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    offsets, scores = _Refinement(*_weights("rnet", channels=values.shape[2]))(_patches(values, boxes, _REFINE_SIDE))
    moved = _moved(boxes, offsets, scores)[scores > _REFINED]
    return _squares(_suppressed(moved, _SAME_PLACE))


def _find(values: np.ndarray, boxes: np.ndarray) -> Found:
    if not len(boxes):
        return Found(np.empty((0, 4)), np.empty(0), np.empty((0, 2, 2)))
    offsets, places, scores = _Output(*_weights("onet", channels=values.shape[2]))(_patches(values, boxes, _FIND_SIDE))
    size = boxes[:, 2:4] - boxes[:, :2] + 1
    # Of five places the first two are the eyes; all x come before all y.
    eyes = np.stack([places[:, :2], places[:, 5:7]], axis=2) * size[:, np.newaxis] + boxes[:, np.newaxis, :2] - 1
    sure = np.flatnonzero(scores > _FOUND)
    found = _moved(boxes, offsets, scores)[sure]
    kept = sure[_kept(found, _SAME_PLACE, within_smaller=True)]
    moved = _moved(boxes, offsets, scores)[kept]
    limits = np.array([values.shape[1] - 1, values.shape[0] - 1] * 2)
    return Found(np.clip(moved[:, :4], 0, limits), moved[:, 4], eyes[kept])


class _Proposal(NamedTuple):
    """The first network, over a whole image: (height, width, channels) to offsets (h, w, 4) and scores (h, w)."""

    convolutions: list
    boxes: tuple
    faces: tuple

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second, third = self.convolutions
        x = _pooled(_convolved(image[np.newaxis], *first), 2)
        x = _convolved(_convolved(x, *second), *third)[0]
        return x @ self.boxes[0] + self.boxes[1], _share_of_faces(x @ self.faces[0] + self.faces[1])
