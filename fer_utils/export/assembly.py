"""Trained parts put together to one Keras model, from aligned faces to probabilities."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_utils.common import keras_setup
from fer_utils.transfer.features import CROPS, FEATURES

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)

from fer_utils.export import layers  # noqa: E402


@dataclass(frozen=True, eq=False)
class Head:
    """A linear head on symmetric features.

    Attributes:
        mean: (values,) float64, of the features; taken from them first.
        kernel: (values, classes) float64.
        bias: (classes,) float64.
    """

    mean: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray


def of_heads(backbone: keras.Model, heads: Mapping[tuple[str, str], Head], *, temperature: float) -> keras.Model:
    """Model `transfer`: what the backbone makes of each crop and of its mirror image, a head for each, and the mean of the heads.

    Args:
        backbone: of `pretrained.load`.
        heads: by what each sees, a key of `features.FEATURES`.
        temperature: of the probabilities.

    Returns:
        From crops by name, (N, side, side) float32 greys in [0, 255], to (N, classes) float32.
    """
    seen = {name: [part.layer for part in FEATURES[name]] for name in heads}
    used = sorted({layer for each in seen.values() for layer in each})
    stages = keras.Model(backbone.input, [backbone.get_layer(layer).output for layer in used], name="stages")
    inputs, scores = {}, []
    for (crop, name), head in heads.items():
        side = CROPS[crop][0]
        inputs[crop] = keras.Input((side, side), name=crop)
        greys = layers.Greys(name=f"{crop}_greys")(inputs[crop])
        mirrored = layers.MirrorImage(name=f"{crop}_mirrored")(greys)
        views = []
        for view, images in (("plain", greys), ("mirrored", mirrored)):
            found = dict(zip(used, stages(images), strict=True))
            parts = [
                layers.GridAverage(part.columns, part.rows, name=f"{crop}_{view}_{part.layer}_grid")(found[part.layer])
                for part in FEATURES[crop, name]
            ]
            views.append(keras.layers.Concatenate(name=f"{crop}_{view}_features")(parts))
        features = layers.Symmetric(name=f"{crop}_features")(views)
        layer = layers.LinearHead(head.kernel.shape[1], name=f"{crop}_head")
        scores.append(layer(features))
        layer.set_weights(_in_order(layer, head))
    mean = keras.layers.Average(name="mean_of_heads")(scores) if len(scores) > 1 else scores[0]
    probabilities = layers.Temperature(temperature, name="probabilities")(mean)
    return keras.Model(inputs if len(inputs) > 1 else next(iter(inputs.values())), probabilities, name="transfer")


def of_network(network: keras.Model, *, name: str, crop: str, side: int, temperature: float) -> keras.Model:
    """A network of the experiment, from greys as they are, with its temperature.

    Args:
        network: trained, from (N, side, side, 1) in [0, 1] to probabilities.
        name: of the model.
        crop: name of the input.
        side: of the input, pixels.
        temperature: of the probabilities; 1 leaves them as they are.

    Returns:
        From (N, side, side) float32 greys in [0, 255] to (N, classes) float32.
    """
    inputs = keras.Input((side, side), name=crop)
    found = network(layers.Greys(name="greys")(inputs))
    if temperature != 1:
        found = layers.Temperature(temperature, name="probabilities")(layers.LogProbabilities(name="logs")(found))
    return keras.Model(inputs, found, name=name)


def archived(model: keras.Model) -> bytes:
    """A model as Keras' own archive."""
    with tempfile.TemporaryDirectory(prefix="fer-") as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def _in_order(layer: layers.LinearHead, head: Head) -> Sequence[np.ndarray]:
    values = {"mean": head.mean, "kernel": head.kernel, "bias": head.bias}
    return [values[variable.name].astype(np.float32) for variable in layer.weights]
