"""The layers of a model to take home. Whoever imports this module can load its file with `keras.models.load_model`.

Each layer does what a function of the experiment does, on tensors: `scaling.scaled`, `features.pooled`, `features.symmetric`, the
heads of `ridge.weights`, and the temperature of `small_set.probabilities`. None holds code, so that Keras' safe mode stays on.
"""

import itertools

import numpy as np

from fer_utils.common import keras_setup

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)
from keras import ops  # noqa: E402

from fer_utils.engine import fused  # noqa: E402, F401  (its layer is in the networks, and known to Keras by being imported)

_registered = keras.saving.register_keras_serializable(package="fer_utils")
_SMALLEST = 1e-12  # probabilities under this count as this much


class _Plain(keras.layers.Layer):
    """A layer that computes in float32, whatever the policy of the network beside it."""

    def __init__(self, **options) -> None:
        super().__init__(**{"dtype": "float32"} | options)

    def get_config(self) -> dict:
        """For Keras' file; overridden so that the name is part of it."""
        return super().get_config()


@_registered
class Greys(_Plain):
    """Greys as the networks take them: (N, side, side) in [0, 255] to (N, side, side, 1) in [0, 1]."""

    def call(self, faces):
        """See the class."""
        return ops.expand_dims(faces, -1) / 255.0


@_registered
class MirrorImage(_Plain):
    """(N, height, width, channels) with left and right exchanged."""

    def call(self, images):
        """See the class."""
        return ops.flip(images, axis=2)


@_registered
class GridAverage(_Plain):
    """Activations averaged to a grid and flattened: (N, height, width, channels) to (N, rows * columns * channels).

    Args:
        columns, rows: of the grid; cells may differ by a pixel in size.
    """

    def __init__(self, columns: int, rows: int, **options) -> None:
        super().__init__(**options)
        self.columns, self.rows = columns, rows

    def call(self, values):
        """See the class."""
        rows, columns = _edges(values.shape[1], self.rows), _edges(values.shape[2], self.columns)
        cells = [
            ops.mean(values[:, above:below, before:after], axis=(1, 2))
            for above, below in itertools.pairwise(rows)
            for before, after in itertools.pairwise(columns)
        ]
        return ops.concatenate(cells, axis=1)

    def get_config(self) -> dict:
        """For Keras' file."""
        return super().get_config() | {"columns": self.columns, "rows": self.rows}


@_registered
class Symmetric(_Plain):
    """Half the sum and the absolute difference of the features of a face and of its mirror image: twice (N, v) to (N, 2 v)."""

    def call(self, views):
        """See the class."""
        plain, mirrored = views
        return ops.concatenate([(plain + mirrored) / 2, ops.abs(plain - mirrored)], axis=1)


@_registered
class LinearHead(_Plain):
    """Scores (N, classes) of features (N, values), which are taken from their mean first: float32 keeps more digits so.

    Args:
        classes: number of them.
    """

    def __init__(self, classes: int, **options) -> None:
        super().__init__(**options)
        self.classes = classes

    def build(self, shape) -> None:
        """Make the variables."""
        self.mean = self.add_weight(name="mean", shape=(shape[-1],), trainable=False, initializer="zeros")
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], self.classes))
        self.bias = self.add_weight(name="bias", shape=(self.classes,), initializer="zeros")

    def call(self, values):
        """See the class."""
        return ops.matmul(values - self.mean, self.kernel) + self.bias

    def get_config(self) -> dict:
        """For Keras' file."""
        return super().get_config() | {"classes": self.classes}


@_registered
class LogProbabilities(_Plain):
    """Probabilities as their logarithms."""

    def call(self, probabilities):
        """See the class."""
        return ops.log(ops.maximum(probabilities, _SMALLEST))


@_registered
class Temperature(_Plain):
    """Scores as probabilities: the softmax of the scores over the temperature (Guo et al. 2017, arXiv:1706.04599).

    Args:
        temperature: above 0.
    """

    def __init__(self, temperature: float, **options) -> None:
        super().__init__(**options)
        self.temperature = temperature

    def call(self, scores):
        """See the class."""
        return ops.softmax(scores / self.temperature, axis=-1)

    def get_config(self) -> dict:
        """For Keras' file."""
        return super().get_config() | {"temperature": self.temperature}


def _edges(side: int, cells: int) -> list[int]:
    """Where the cells of `features.pooled` begin and end."""
    return np.linspace(0, side, cells + 1).round().astype(int).tolist()
