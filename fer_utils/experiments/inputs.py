"""What the models of the comparison see of an image: the whole frame, the detected face, or the aligned face."""

import numpy as np

from fer_utils.common.errors import ParameterError
from fer_utils.data import alignment, detection
from fer_utils.data.datasets import FaceDataset

INPUTS = ("frame", "crop", "face")


def make(dataset: FaceDataset, name: str, *, side: int) -> np.ndarray:
    """Every image as a model sees it, (N, side, side, 1) uint8; no face found leaves zeros.

    Args:
        dataset: with `eyes`.
        name: "frame", "crop" (the detected face's box) or "face" (aligned by the eyes).
        side: pixels.

    Raises:
        ParameterError: the name is not known.
    """
    if name not in INPUTS:
        raise ParameterError(f"no input named {name!r}: use one of {', '.join(INPUTS)}.")
    if name == "frame":
        return np.stack([alignment.frame_input(image, side=side) for image in dataset.images])[..., np.newaxis]
    seen = np.zeros((len(dataset), side, side, 1), dtype=np.uint8)
    if name == "crop":
        for index, faces in enumerate(detection.detect(dataset)):
            if len(faces) == 1:
                seen[index, ..., 0] = alignment.crop_input(dataset.images[index], faces[0], side=side)
        return seen
    for index in np.flatnonzero(~np.isnan(dataset.eyes).any(axis=(1, 2))):
        seen[index, ..., 0] = alignment.face_input(dataset.images[index], *dataset.eyes[index], side=side)
    return seen
