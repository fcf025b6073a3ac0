"""The networks, each an uncompiled `keras.Model` from greys in [0, 1] to class probabilities."""

from fer_utils.common import keras_setup
from fer_utils.common.errors import ParameterError

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)
from keras import layers, regularizers  # noqa: E402

from fer_utils.engine import precision as precisions  # noqa: E402
from fer_utils.engine.fused import FusedBatchNormalization  # noqa: E402
from fer_utils.engine.recipe import ORIGINAL, Variant  # noqa: E402

L2_FACTOR = 0.001


def build(
    architecture: str,
    *,
    input_shape: tuple[int, int, int] = (48, 48, 1),
    classes: int = 6,
    variant: Variant = ORIGINAL,
    precision: str = "float32",
) -> keras.Model:
    """Build a network by the name of its architecture.

    Args:
        variant: changes to the layers of `baseline`; no other network has any.
        precision: see `precision.computing_in`; it gives float32 probabilities in any.

    Raises:
        ParameterError: the name is not known.
    """
    if architecture not in ARCHITECTURES:
        raise ParameterError(f"no architecture named {architecture!r}: use one of {', '.join(ARCHITECTURES)}.")
    options = {"variant": variant} if architecture == "baseline" else {}
    with precisions.computing_in(precision):
        return ARCHITECTURES[architecture](input_shape=input_shape, classes=classes, **options)


def baseline(
    *, input_shape: tuple[int, int, int] = (48, 48, 1), classes: int = 6, variant: Variant = ORIGINAL
) -> keras.Model:
    """The original project's first network: three convolutions, no regularisation.

    Args:
        input_shape: (height, width, channels) of float32 greys in [0, 1].
        classes: number of expressions.
        variant: what to change about it.

    Returns:
        Model from (N, *input_shape) float32 to (N, classes) float32 probabilities; 355,718 parameters by default.
    """
    inputs = keras.Input(input_shape)
    x = inputs
    for block in range(variant.blocks):
        filters = variant.filters * 2**block
        activation = None if variant.normalization else "relu"
        x = layers.Conv2D(filters=filters, kernel_size=3, activation=activation, **_penalty(variant.l2))(x)
        if variant.normalization:
            x = FusedBatchNormalization(momentum=variant.normalization)(x)
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D(pool_size=2)(x)
        if variant.dropout:
            x = layers.Dropout(rate=variant.dropout)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(units=128, activation="relu", **_penalty(variant.l2))(x)
    if variant.dropout:
        x = layers.Dropout(rate=variant.dropout)(x)
    outputs = layers.Dense(units=classes, activation="softmax", dtype="float32", **_penalty(variant.l2))(x)
    return keras.Model(inputs, outputs, name="baseline")


def updated(*, input_shape: tuple[int, int, int] = (48, 48, 1), classes: int = 6) -> keras.Model:
    """The original project's second network: blocks, batch normalization, dropout and an L2 penalty.

    Args:
        input_shape: (height, width, channels) of float32 greys in [0, 1].
        classes: number of expressions.

    Returns:
        Model from (N, *input_shape) float32 to (N, classes) float32 probabilities; 1,470,694 parameters by default.
    """
    inputs = keras.Input(input_shape)
    x = inputs
    for filters in (32, 64, 128):
        for _ in range(2):
            x = layers.Conv2D(filters=filters, kernel_size=3, padding="same", **_penalty(L2_FACTOR))(x)
            x = FusedBatchNormalization()(x)
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D(pool_size=2)(x)
        x = layers.Dropout(rate=0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(units=256, **_penalty(L2_FACTOR))(x)
    x = FusedBatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Dropout(rate=0.5)(x)
    outputs = layers.Dense(units=classes, activation="softmax", dtype="float32", **_penalty(L2_FACTOR))(x)
    return keras.Model(inputs, outputs, name="updated")


def _penalty(factor: float) -> dict[str, regularizers.Regularizer]:
    """Arguments of a layer whose kernel is to be held small; a factor of 0 gives none."""
    return {"kernel_regularizer": regularizers.L2(factor)} if factor else {}


ARCHITECTURES = {"baseline": baseline, "updated": updated}
