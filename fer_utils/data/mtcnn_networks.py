"""The three networks of MTCNN in NumPy, with the weights that the package `mtcnn` brings (Zhang et al. 2016,
doi:10.1109/LSP.2016.2603342).

The package runs them through Keras on TensorFlow, layer by layer, which takes several times as long, and seconds to import.
Here images may have one channel: a grey stands for three equal colours, so the first layer's weights are added up. Channels
come first in every array, which lets NumPy work along whole rows.
"""

import functools
import importlib.util
from pathlib import Path

import joblib
import numpy as np

Layer = tuple[np.ndarray, ...]  # kernel, bias, slopes where the output bends at 0


def propose(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first network, at every second place of an image.

    Args:
        image: (channels, height, width) float32 in [-1, 1], one channel or three.

    Returns:
        (4, rows, columns) float32, how far a face's sides lie off the place's; (rows, columns) float32 scores in [0, 1].
    """
    first, second, third, offsets, scores = _weights("pnet", channels=len(image))
    x = _pooled(_convolved(image[:, np.newaxis], first), 2)
    x = _convolved(_convolved(x, second), third)
    return _convolved(x, offsets)[:, 0], _second_share(_convolved(x, scores)[:, 0])


def refine(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The second network.

    Args:
        patches: (channels, N, 24, 24) float32 in [-1, 1].

    Returns:
        (4, N) float32 offsets of the sides; (N,) float32 scores.
    """
    first, second, third, dense, offsets, scores = _weights("rnet", channels=len(patches))
    x = _pooled(_convolved(patches, first), 3)
    x = _pooled(_convolved(x, second), 3, cut=True)
    x = _dense(_flat(_convolved(x, third)), dense)
    return _dense(x, offsets), _second_share(_dense(x, scores))


def find(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The third network.

    Args:
        patches: (channels, N, 48, 48) float32 in [-1, 1].

    Returns:
        (4, N) float32 offsets of the sides; (10, N) float32, x of eyes, nose and corners of the mouth as fractions of the
        patch, then their y; (N,) float32 scores.
    """
    first, second, third, fourth, dense, offsets, places, scores = _weights("onet", channels=len(patches))
    x = _pooled(_convolved(patches, first), 3)
    x = _pooled(_convolved(x, second), 3, cut=True)
    x = _pooled(_convolved(x, third), 2)
    x = _dense(_flat(_convolved(x, fourth)), dense)
    return _dense(x, offsets), _dense(x, places), _second_share(_dense(x, scores))


@functools.cache
def _weights(name: str, *, channels: int) -> list[Layer]:
    """Kernels (outputs, height, width, inputs) or (outputs, inputs); biases (outputs, 1); slopes less 1, likewise."""
    # `import mtcnn` would import TensorFlow. joblib unpickles: the file is the package's own, and as trusted as its code.
    folder = Path(importlib.util.find_spec("mtcnn").submodule_search_locations[0]) / "assets" / "weights"
    arrays = joblib.load(folder / f"{name}.lz4")
    if channels == 1:
        arrays[0] = arrays[0].sum(axis=2, keepdims=True)
    layers: list[Layer] = []
    for array in arrays:
        if array.ndim in (2, 4):
            layers.append((np.ascontiguousarray(np.moveaxis(array, -1, 0)),))
        else:
            layers[-1] += (array.reshape(-1, 1) - np.float32(len(layers[-1]) > 1),)
    return layers


def _convolved(x: np.ndarray, layer: Layer) -> np.ndarray:
    """(inputs, N, height, width) to (outputs, N, height', width'), without padding."""
    outputs, height, width, inputs = layer[0].shape
    rows, columns = x.shape[2] - height + 1, x.shape[3] - width + 1
    seen = np.empty((height, width, inputs, x.shape[1], rows, columns), dtype=np.float32)
    for row, column in np.ndindex(height, width):
        seen[row, column] = x[:, :, row : row + rows, column : column + columns]
    flat = (layer[0].reshape(outputs, -1), *layer[1:])
    return _dense(seen.reshape(height * width * inputs, -1), flat).reshape(outputs, -1, rows, columns)


def _dense(x: np.ndarray, layer: Layer) -> np.ndarray:
    """(inputs, N) to (outputs, N); where the layer has slopes, what is under 0 is multiplied by them."""
    kernel, bias, *slopes = layer
    found = kernel @ x
    found += bias
    for less_one in slopes:
        below = np.minimum(found, 0)
        below *= less_one
        found += below
    return found


def _pooled(x: np.ndarray, side: int, *, cut: bool = False) -> np.ndarray:
    """The largest of each `side` x `side` places, at every second one; `cut` leaves out places that reach over the edge."""
    for axis in (2, 3):
        size = x.shape[axis]
        starts = np.arange(0, size - side + 1 if cut else size, 2)
        parts = (x.take(np.minimum(starts + step, size - 1), axis=axis) for step in range(side))
        x = functools.reduce(np.maximum, parts)
    return x


def _flat(x: np.ndarray) -> np.ndarray:
    # Columns before rows, and channels last, as the weights were trained.
    return x.transpose(3, 2, 0, 1).reshape(-1, x.shape[1])


def _second_share(x: np.ndarray) -> np.ndarray:
    """Of the two outputs' softmax, the second: that there is a face."""
    return 1 / (1 + np.exp(x[0] - x[1]))
