"""What the models of the comparison see of an image: the whole frame, the detected face, or the aligned face."""

import numpy as np

from fer_utils.common.errors import ParameterError
from fer_utils.data import alignment, detection, stored_images
from fer_utils.data.datasets import FaceDataset

INPUTS = ("frame", "crop", "face")


def make(dataset: FaceDataset, name: str, *, side: int) -> np.ndarray:
    """Every image as a model sees it, (N, side, side, 1) uint8; no face found leaves zeros.

    Of images that stay on disk all inputs are made at once, since decoding them takes longest, and kept.

    Args:
        dataset: with `eyes`.
        name: "frame", "crop" (the detected face's box) or "face" (aligned by the eyes).
        side: pixels.

    Raises:
        ParameterError: the name is not known.
    """
    if name not in INPUTS:
        raise ParameterError(f"no input named {name!r}: use one of {', '.join(INPUTS)}.")
    if isinstance(dataset.images, stored_images.StoredImages):
        code = ("data.alignment", "data.detection", "experiments.inputs")
        return dataset.made_of_images(
            "inputs", lambda: _made(dataset, INPUTS, side=side), code=code, inputs=(dataset.eyes, side)
        )[name]
    return _made(dataset, (name,), side=side)[name]


def _made(dataset: FaceDataset, names: tuple[str, ...], *, side: int) -> dict[str, np.ndarray]:
    aligned = ~np.isnan(dataset.eyes).any(axis=(1, 2)) if "face" in names else ()
    found = detection.detect(dataset) if "crop" in names else ()

    def seen(index: int, image: np.ndarray) -> dict[str, np.ndarray]:
        made = dict.fromkeys(names, np.zeros((side, side), dtype=np.uint8))
        if "frame" in names:
            made["frame"] = alignment.frame_input(image, side=side)
        if "crop" in names and len(found[index]) == 1:
            made["crop"] = alignment.crop_input(image, found[index][0], side=side)
        if "face" in names and aligned[index]:
            made["face"] = alignment.face_input(image, *dataset.eyes[index], side=side)
        return made

    every = stored_images.each(dataset.images, seen, "cutting faces out")
    return {name: np.stack([made[name] for made in every])[..., np.newaxis] for name in names}
