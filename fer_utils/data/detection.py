"""Finding faces and eyes.

"Left" is the left side of the image throughout, which is the person's right. Coordinates are pixels, x to the right
and y down, with the centre of the first pixel at (0, 0).
"""

import functools
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from fer_utils.common import code_hash, files, keras_setup, paths, progress
from fer_utils.data.alignment import Face
from fer_utils.data.datasets import FaceDataset

CONFIDENCE = 0.9  # detections under this are not counted as faces
_DETECTION_SIDE = 160  # smaller images are enlarged to this for the detector, which looks for faces from 20 pixels
_BATCH_PIXELS = 1_500_000  # looked at in one go; more take memory and are not faster


def detect(dataset: FaceDataset) -> list[list[Face]]:
    """Faces in every image by MTCNN (Zhang et al. 2016, doi:10.1109/LSP.2016.2603342), kept on disk.

    Returns:
        For each image the faces found with a confidence of at least `CONFIDENCE`, surest first.
    """
    determined_by = dataset.data_hash, version("mtcnn"), code_hash.of_files([Path(__file__)])
    key = files.sha256(" ".join(determined_by).encode())[:16]
    kept = paths.outputs(dataset.name) / "runs" / f"faces-{key}.json"
    if kept.is_file():
        try:
            return [[_face_from_json(face) for face in found] for found in files.read_checked_json(kept)["faces"]]
        except (ValueError, KeyError, TypeError):
            progress.say(f"{kept.name} is damaged: detecting the faces again")
    found = [detect_in([image])[0] for image in progress.bar(dataset.images, "finding faces")]
    files.write_checked_json(kept, {"faces": [[asdict(face) for face in faces] for faces in found]})
    return found


def detect_in(images: Sequence[np.ndarray]) -> list[list[Face]]:
    """Faces in each of some images, as `detect` finds them; images of one size are looked at together, which is faster.

    Args:
        images: (height, width) uint8 each.

    Returns:
        For each image the faces found with a confidence of at least `CONFIDENCE`, surest first.
    """
    if keras_setup.name() != "tensorflow":
        return _with_tensorflow().submit(detect_in, list(images)).result()
    detector = _detector()
    found: list[list[Face]] = [[] for _ in images]
    for shape in dict.fromkeys(image.shape for image in images):
        places = [place for place, image in enumerate(images) if image.shape == shape]
        scale = max(1.0, _DETECTION_SIDE / min(shape))
        size = max(1, int(_BATCH_PIXELS / (shape[0] * shape[1] * scale**2)))
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            raw = detector.detect_faces([_for_detector(images[place], scale) for place in batch])
            for place, each in zip(batch, raw, strict=True):
                found[place] = _sure_faces(each, scale)
    return found


@functools.cache
def _detector():
    keras_setup.quiet()
    from mtcnn import MTCNN

    return MTCNN(device="CPU:0")


def _with_tensorflow():
    """A process that runs Keras on TensorFlow, which is all that the detector runs on, beside one on another backend."""
    from loky import get_reusable_executor

    environment = keras_setup.worker_environment() | {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    return get_reusable_executor(max_workers=1, env=environment, timeout=60)


def _for_detector(image: np.ndarray, scale: float) -> np.ndarray:
    """(height, width) uint8 greys, enlarged where they are small, as the (..., 3) colours that the detector takes."""
    if scale > 1:
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    return np.repeat(image[:, :, np.newaxis], 3, axis=2)


def _sure_faces(found: list[dict], scale: float) -> list[Face]:
    faces = []
    for raw in found:
        if raw["confidence"] < CONFIDENCE:
            continue
        x, y, width, height = (float(value) / scale for value in raw["box"])
        eyes = sorted(tuple(float(v) / scale for v in raw["keypoints"][name]) for name in ("left_eye", "right_eye"))
        faces.append(Face(x, y, width, height, float(raw["confidence"]), eyes[0], eyes[1]))
    return sorted(faces, key=lambda face: -face.confidence)


def _face_from_json(values: dict) -> Face:
    return Face(**{**values, "left_eye": tuple(values["left_eye"]), "right_eye": tuple(values["right_eye"])})
