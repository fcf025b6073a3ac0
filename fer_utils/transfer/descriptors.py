"""Descriptors of aligned faces that nobody has to train: histograms of oriented gradients and local binary patterns.

HOG after Dalal and Triggs (2005, doi:10.1109/CVPR.2005.177): nine orientations, cells of 8 by 8 pixels, blocks of 2 by 2 cells.
LBP after Ahonen, Hadid and Pietikäinen (2006, doi:10.1109/TPAMI.2006.244): uniform patterns of eight points at a distance of
two pixels, their histograms in 8 by 8 cells side by side. Both come from scikit-image.
"""

from collections.abc import Sequence

import joblib
import numpy as np

from fer_utils.common import progress
from fer_utils.data import alignment, stored_images
from fer_utils.data.datasets import FaceDataset
from fer_utils.transfer.features import symmetric

HOG, LBP = "HOG", "LBP"
_POINTS, _DISTANCE = 8, 2
_PATTERNS = _POINTS * (_POINTS - 1) + 3  # uniform ones, and one bin for all others
_CELLS = 8  # of LBP, across and down
_BATCH = 16  # faces that a process is given at once


def oriented_gradients(face: np.ndarray) -> np.ndarray:
    """HOG of a face, (side, side) uint8 to (values,) float32; the side is a multiple of 8 pixels."""
    from skimage.feature import hog

    words = {"orientations": 9, "pixels_per_cell": (8, 8), "cells_per_block": (2, 2), "block_norm": "L2-Hys"}
    return hog(face, **words).astype(np.float32)


def binary_patterns(face: np.ndarray) -> np.ndarray:
    """Histograms of LBP in cells, (side, side) uint8 to (64 * 59,) float32 shares of a cell's pixels; the side is a multiple of 8."""
    from skimage.feature import local_binary_pattern

    patterns = local_binary_pattern(face, _POINTS, _DISTANCE, method="nri_uniform").astype(np.int64)
    edge = len(face) // _CELLS
    cells = np.arange(len(face)) // edge
    places = (cells[:, None] * _CELLS + cells) * _PATTERNS + patterns
    return (np.bincount(places.ravel(), minlength=_CELLS**2 * _PATTERNS) / edge**2).astype(np.float32)


def symmetric_descriptors(
    dataset: FaceDataset, positions: np.ndarray, wanted: Sequence[tuple[str, int]], *, jobs: int
) -> dict[tuple[str, int], np.ndarray]:
    """Descriptors that are the same for a face and for its mirror image.

    Args:
        dataset: with `eyes`.
        positions: (N,) int, of images that show one face.
        wanted: kinds, `HOG` or `LBP`, each with the side of the aligned face in pixels.
        jobs: processes.

    Returns:
        Each of `wanted` to (N, values) float32: half the sum and the absolute difference of a face's and its mirror image's.
    """
    sides = sorted({side for _, side in wanted})

    def cut(index: int, image: np.ndarray) -> dict[int, np.ndarray]:
        eyes = [tuple(eye) for eye in dataset.eyes[index]]
        return {side: alignment.face_input(image, *eyes, side=side, compressed=False) for side in sides}

    faces = stored_images.each(dataset.images, cut, "cutting faces out", positions=positions)
    batches = [faces[start : start + _BATCH] for start in range(0, len(faces), _BATCH)]
    made = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(described)(batch, tuple(wanted)) for batch in batches
    )
    parts = list(progress.bar(made, "describing faces", total=len(batches), unit="batch", delay=5))
    return {key: np.concatenate([part[key] for part in parts]) for key in wanted}


def described(
    faces: Sequence[dict[int, np.ndarray]], wanted: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], np.ndarray]:
    """Descriptors of aligned faces, the same for a face and for its mirror image.

    Args:
        faces: of each face the side in pixels to (side, side) uint8, at least one face.
        wanted: kinds, `HOG` or `LBP`, each with a side.

    Returns:
        Each of `wanted` to (N, values) float32.
    """
    describe = {HOG: oriented_gradients, LBP: binary_patterns}
    found = {}
    for kind, side in wanted:
        plain, mirrored = (
            np.stack([describe[kind](np.ascontiguousarray(each[side][:, ::step])) for each in faces])
            for step in (1, -1)
        )
        found[kind, side] = symmetric(plain, mirrored)
    return found
