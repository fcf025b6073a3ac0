"""Looking at augmentation: draws, extremes, what leaves the picture, and scores that wobble."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from fer_utils.common import cache, keras_setup
from fer_utils.data.alignment import aligned_box
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.detection import detect
from fer_utils.engine.recipe import Recipe
from fer_utils.engine.record import Fold, Record
from fer_utils.engine.scaling import scaled
from fer_utils.experiments import identity
from fer_utils.experiments.experiment import Experiment
from fer_utils.experiments.run import Run

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)

from fer_utils.engine.augmentation import POLICIES, Policy, pipeline  # noqa: E402
from fer_utils.engine.train import restore  # noqa: E402

_CANVAS = 3  # the canvas on which boxes move is this many times the picture's side
_CODE = ("engine.augmentation", "studies.augmentation")
_SIDE = 48  # of the picture, in cells of that canvas


def draw(policy: str | Policy, images: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """Random variants of images.

    Args:
        images: (N, height, width, 1) uint8, or float32 in [0, 1].
        draws: variants of each.

    Returns:
        (N, draws, height, width, 1) float32 in [0, 1].
    """
    keras.utils.set_random_seed(seed)
    greys = scaled(images) if images.dtype == np.uint8 else images
    repeated = np.repeat(greys, draws, axis=0)
    return np.asarray(pipeline(policy)(repeated, training=True)).reshape(len(images), draws, *images.shape[1:])


def extremes(inputs: dict[str, np.ndarray], index: int) -> list[dict]:
    """One image under each parameter of each policy at its ends.

    Args:
        inputs: from `experiment.Experiment.inputs`.
        index: which image.

    Returns:
        Rows with `name`, three `images` (height, width) float32 and their `titles`: lowest, unchanged, highest.
    """
    rows = []
    for policy, source in (("original", "frame"), ("face", "face")):
        image = inputs[source][index : index + 1]
        for part in fields(Policy):
            value = getattr(POLICIES[policy], part.name)
            if value:
                rows.append(_extreme(policy, part.name, value, image))
    return rows


def _extreme(policy: str, part: str, value: float | bool, image: np.ndarray) -> dict:
    """An image unchanged, and with one change alone as far as it goes to either side."""
    plain = scaled(image)[0, ..., 0]
    if part == "flip":
        return {
            "name": f"{policy}: {part}",
            "images": [plain, plain, plain[:, ::-1]],
            "titles": ["no", "as it is", "yes"],
        }
    unit = {"rotation": "°"}.get(part, " %")
    shown = value if part == "rotation" else 100 * value
    ends = [np.asarray(_fixed(part, sign * value)(scaled(image), training=True))[0, ..., 0] for sign in (-1, 1)]
    titles = [f"-{shown:g}{unit}", "as it is", f"+{shown:g}{unit}"]
    return {"name": f"{policy}: {part}", "images": [ends[0], plain, ends[1]], "titles": titles}


def _fixed(part: str, value: float) -> keras.layers.Layer:
    """The Keras layer of a policy's part, its random range narrowed to one value."""
    layers = keras.layers
    rules = {"fill_mode": "nearest", "interpolation": "bilinear"}
    both = (value, value)
    return {
        "rotation": lambda: layers.RandomRotation((value / 360, value / 360), **rules),
        "shift": lambda: layers.RandomTranslation(both, both, **rules),
        "zoom": lambda: layers.RandomZoom(both, both, **rules),
        "brightness": lambda: layers.RandomBrightness(both, value_range=(0.0, 1.0)),
        "contrast": lambda: _Contrast(1 + value),
    }[part]()


class _Contrast(keras.layers.Layer):
    """RandomContrast at one factor; Keras' own takes no negative range."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def call(self, images, training=None):
        mean = keras.ops.mean(images, axis=(1, 2), keepdims=True)
        return keras.ops.clip((images - mean) * self.factor + mean, 0, 1)


def face_boxes(dataset: FaceDataset, manifest: pd.DataFrame, kept: np.ndarray) -> dict[str, np.ndarray]:
    """Where the detected face lies in a model's input, for "frame" and "face".

    Args:
        kept: (N,) positions in the data set of images with one face each.

    Returns:
        (N, 4) left, top, right, bottom as fractions of the input's sides, cut off at its edges.
    """
    found = detect(dataset)
    frame, face = [], []
    for index in kept:
        box, (height, width) = found[index][0], dataset.images[index].shape
        frame.append((box.x / width, box.y / height, (box.x + box.width) / width, (box.y + box.height) / height))
        face.append(aligned_box(box))
    return {"frame": np.clip(frame, 0, 1), "face": np.clip(face, 0, 1)}


def box_inside(dataset: FaceDataset, policy: str, boxes: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """Share of each box that stays inside the picture under random draws of a policy, kept on disk.

    The box moves, as a white patch, on a canvas three times the picture's size; shifts are scaled down likewise. What
    of it ends up in the middle third has stayed inside.

    Args:
        boxes: (N, 4) from `face_boxes`.

    Returns:
        (N, draws) float32 in [0, 1].
    """

    def fit() -> dict[str, np.ndarray]:
        return {"shares": _box_inside(policy, boxes, draws=draws, seed=seed)}

    inputs = (policy, boxes, draws, seed, identity.here())
    return cache.arrays(dataset.name, f"boxes-{policy}", fit, code=_CODE, inputs=inputs)["shares"]


def _box_inside(policy: str, boxes: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    geometric = replace(POLICIES[policy], shift=POLICIES[policy].shift / _CANVAS, brightness=0, contrast=0)
    canvas = np.zeros((len(boxes), _CANVAS * _SIDE, _CANVAS * _SIDE, 1), dtype=np.float32)
    for patch, box in zip(canvas, boxes, strict=True):
        left, top, right, bottom = np.round(box * _SIDE).astype(int) + _SIDE
        patch[top:bottom, left:right] = 1
    shares = []
    for number in range(draws):
        moved = draw(geometric, canvas, draws=1, seed=seed + number)[:, 0, ..., 0]
        inside = moved[:, _SIDE : 2 * _SIDE, _SIDE : 2 * _SIDE].sum(axis=(1, 2))
        shares.append(inside / moved.sum(axis=(1, 2)))
    return np.stack(shares, axis=1)


def repeated_scores(
    experiment: Experiment, run: Run, *, policy: str, draws: int, seed: int
) -> tuple[float, np.ndarray]:
    """Accuracy of one trained network on a fold's test images, plain and over and over with augmentation, kept on disk.

    Args:
        run: one that keeps its weights; trained where it is missing.
        policy: what the copies go through.

    Returns:
        Accuracy on the plain images, and (draws,) accuracies on augmented copies of them.
    """

    def fit() -> dict[str, np.ndarray]:
        record = experiment.records([run], weights=True)[0]
        plain, noisy = _repeated_scores(run.recipe, record, experiment.fold(run), policy=policy, draws=draws, seed=seed)
        return {"plain": np.array(plain), "noisy": noisy}

    inputs = (policy, draws, seed, *experiment.record_names([run]))
    found = cache.arrays(experiment.dataset.name, f"repeated-scores-{policy}", fit, code=_CODE, inputs=inputs)
    return float(found["plain"]), found["noisy"]


def _repeated_scores(
    recipe: Recipe, record: Record, fold: Fold, *, policy: str, draws: int, seed: int
) -> tuple[float, np.ndarray]:
    model = restore(recipe, record, input_shape=fold.test_images.shape[1:], classes=fold.classes)
    copies = draw(policy, fold.test_images, draws=draws, seed=seed)
    answers = np.asarray(model.predict(copies.reshape(-1, *copies.shape[2:]), verbose=0)).argmax(axis=1)
    right = answers.reshape(len(fold.test_labels), draws) == fold.test_labels[:, np.newaxis]
    plain = np.asarray(model(scaled(fold.test_images), training=False)).argmax(axis=1)
    return float(np.mean(plain == fold.test_labels)), right.mean(axis=0)
