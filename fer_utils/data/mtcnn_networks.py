"""The three networks of MTCNN in NumPy, with the weights that the package `mtcnn` brings (Zhang et al. 2016,
doi:10.1109/LSP.2016.2603342).

The package runs them through Keras on TensorFlow, layer by layer, which takes several times as long, and seconds to import.
Here images may have one channel: a grey stands for three equal colours, so the first layer's weights are added up.
"""

import functools
import importlib.util
from pathlib import Path

import joblib
import numpy as np

Layer = tuple[np.ndarray, ...]  # kernel (height, width, inputs, outputs) or (inputs, outputs), bias, slopes where it bends


def propose(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first network, at every second place of an image.

    Args:
        image: (height, width, channels) float32 in [-1, 1], one channel or three.

    Returns:
        (rows, columns, 4) float32, how far a face's sides lie off the place's; (rows, columns) float32 scores in [0, 1].
    """
    first, second, third, offsets, scores = _weights("pnet", channels=image.shape[-1])
    x = _pooled(_convolved(image[np.newaxis], first), 2)
    x = _convolved(_convolved(x, second), third)[0]
    return _dense(x, offsets), _second_share(_dense(x, scores))


def refine(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The second network.

    Args:
        patches: (N, 24, 24, channels) float32 in [-1, 1].

    Returns:
        (N, 4) float32 offsets of the sides; (N,) float32 scores.
    """
    first, second, third, dense, offsets, scores = _weights("rnet", channels=patches.shape[-1])
    x = _pooled(_convolved(patches, first), 3)
    x = _pooled(_convolved(x, second), 3, cut=True)
    x = _dense(_flat(_convolved(x, third)), dense)
    return _dense(x, offsets), _second_share(_dense(x, scores))


def find(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The third network.

    Args:
        patches: (N, 48, 48, channels) float32 in [-1, 1].

    Returns:
        (N, 4) float32 offsets of the sides; (N, 10) float32, x of eyes, nose and corners of the mouth as fractions of the
        patch, then their y; (N,) float32 scores.
    """
    first, second, third, fourth, dense, offsets, places, scores = _weights("onet", channels=patches.shape[-1])
    x = _pooled(_convolved(patches, first), 3)
    x = _pooled(_convolved(x, second), 3, cut=True)
    x = _pooled(_convolved(x, third), 2)
    x = _dense(_flat(_convolved(x, fourth)), dense)
    return _dense(x, offsets), _dense(x, places), _second_share(_dense(x, scores))


@functools.cache
def _weights(name: str, *, channels: int) -> list[Layer]:
    # `import mtcnn` would import TensorFlow.
    folder = Path(importlib.util.find_spec("mtcnn").submodule_search_locations[0]) / "assets" / "weights"
    arrays = joblib.load(folder / f"{name}.lz4")
    if channels == 1:
        arrays[0] = arrays[0].sum(axis=2, keepdims=True)
    layers: list[Layer] = []
    for array in arrays:
        if array.ndim in (2, 4):
            layers.append((array.reshape(array.shape[-2:]) if array.shape[:2] == (1, 1) else array,))
        else:
            layers[-1] += (array.reshape(-1),)
    return layers


def _convolved(x: np.ndarray, layer: Layer) -> np.ndarray:
    """(N, height, width, inputs) to (N, height', width', outputs), without padding; bent by the slopes."""
    kernel, bias, slopes = layer
    height, width, inputs, outputs = kernel.shape
    rows, columns = x.shape[1] - height + 1, x.shape[2] - width + 1
    seen = np.empty((len(x), rows, columns, height, width, inputs), dtype=np.float32)
    for row in range(height):
        for column in range(width):
            seen[:, :, :, row, column] = x[:, row : row + rows, column : column + columns]
    found = seen.reshape(-1, height * width * inputs) @ kernel.reshape(-1, outputs)
    return _bent(found + bias, slopes).reshape(len(x), rows, columns, outputs)


def _dense(x: np.ndarray, layer: Layer) -> np.ndarray:
    kernel, bias, *slopes = layer
    found = x @ kernel + bias
    return _bent(found, *slopes) if slopes else found


def _bent(x: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, x * slopes)


def _pooled(x: np.ndarray, side: int, *, cut: bool = False) -> np.ndarray:
    """The largest of each `side` x `side` places, at every second one; `cut` leaves out places that reach over the edge."""
    shape = [(size - side) // 2 + 1 if cut else (size + 1) // 2 for size in x.shape[1:3]]
    needed = [2 * (size - 1) + side for size in shape]
    if not cut and tuple(needed) != x.shape[1:3]:
        margins = [(0, max(0, size - there)) for size, there in zip(needed, x.shape[1:3], strict=True)]
        x = np.pad(x, ((0, 0), *margins, (0, 0)), constant_values=-np.inf)
    parts = (
        x[:, row : row + 2 * shape[0] - 1 : 2, column : column + 2 * shape[1] - 1 : 2]
        for row in range(side)
        for column in range(side)
    )
    return functools.reduce(np.maximum, parts)


def _flat(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 2, 1, 3).reshape(len(x), -1)  # columns before rows, as the weights were trained


def _second_share(x: np.ndarray) -> np.ndarray:
    """Of the two outputs' softmax, the second: that there is a face."""
    return 1 / (1 + np.exp(x[..., 0] - x[..., 1]))
