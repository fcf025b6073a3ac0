"""What a trained network looks at, and which training images lie nearest to a mistake."""

from typing import TYPE_CHECKING

import numpy as np

from fer_utils.common import keras_setup
from fer_utils.engine.scaling import scaled

if TYPE_CHECKING:
    import keras


def grad_cam(model: "keras.Model", images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Regions that speak for a class, by Grad-CAM (Selvaraju et al. 2017, doi:10.1109/ICCV.2017.74).

    The last convolution's channels are weighted by the mean gradient of the class's score before the softmax,
    and summed.

    Args:
        model: from (N, height, width, 1) float32 in [0, 1] to (N, classes) probabilities.
        images: (N, height, width, 1) uint8.
        classes: (N,) int, the class explained in each image.

    Returns:
        (N, height, width) float32 in [0, 1], each map's largest value 1; 0 throughout where nothing
        speaks for the class.
    """
    keras_setup.quiet()
    import keras
    import tensorflow as tf

    position = max(index for index, layer in enumerate(model.layers) if isinstance(layer, keras.layers.Conv2D))
    maps = keras.Model(model.inputs[0], model.layers[position].output)(scaled(images), training=False)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        answer = maps
        for layer in model.layers[position + 1 : -1]:
            answer = layer(answer)
        last = model.layers[-1]  # its softmax is left out: where the network is sure, it has no gradient
        chosen = tf.gather(answer @ last.kernel + last.bias, classes, batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(chosen, maps), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
    heat = tf.image.resize(heat, images.shape[1:3])[..., 0].numpy()
    largest = heat.max(axis=(1, 2), keepdims=True)
    return np.divide(heat, largest, out=np.zeros_like(heat), where=largest > 0)


def features(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """What the network's last hidden layer makes of images.

    Args:
        images: (N, height, width, 1) uint8.

    Returns:
        (N, features) float32.
    """
    keras_setup.quiet()
    import keras

    hidden = keras.Model(model.inputs[0], model.layers[-1].input)
    return np.asarray(hidden(scaled(images), training=False))


def nearest(queries: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Position of the reference nearest to each query, by Euclidean distance.

    Args:
        queries: (Q, features).
        references: (R, features).

    Returns:
        (Q,) int64.
    """
    from sklearn.metrics import pairwise_distances_argmin

    return pairwise_distances_argmin(queries, references)


def share_inside(heat: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Share of each heat map that lies inside a region.

    Args:
        heat: (N, height, width), not negative.
        inside: (N, height, width) bool.

    Returns:
        (N,) float in [0, 1]; not a number where a map is 0 throughout.
    """
    total = heat.sum(axis=(1, 2))
    return np.divide((heat * inside).sum(axis=(1, 2)), total, out=np.full(len(heat), np.nan), where=total > 0)
