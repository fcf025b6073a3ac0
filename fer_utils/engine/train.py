"""Training one network on one fold: the recipe in, the record out."""

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fer_utils.common import keras_setup
from fer_utils.engine.recipe import Recipe
from fer_utils.engine.record import CURVES, Fold, Record

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)

from fer_utils.engine import networks  # noqa: E402
from fer_utils.engine.loop import Loop, build_loop  # noqa: E402

_EPOCHS_PER_CALL = 5  # of the compiled loop, so that progress is heard of


def train(
    fold: Fold, recipe: Recipe, *, seed: int, keep_weights: bool = False, on_epochs: Callable[[int], None] | None = None
) -> Record:
    """Train from fresh weights and predict the test images with the weights of the last epoch.

    Args:
        seed: determines initial weights, order of images, augmentation and dropout.
        keep_weights: put the trained weights in the record.
        on_epochs: called with the number of epochs done since the last call.

    Returns:
        The same record, to the last bit, for the same arguments, machine, versions and number of threads, with
        TensorFlow on the processor; other backends and devices promise less.
    """
    loop = _loop(replace(recipe, epochs=1), fold.train_images.shape[1:], fold.classes)
    loop.reset(seed)
    parts = []
    for start in range(0, recipe.epochs, _EPOCHS_PER_CALL):
        count = min(_EPOCHS_PER_CALL, recipe.epochs - start)
        parts.append(loop.run(fold, seed=seed, first_epoch=start, epochs=count))
        if on_epochs is not None:
            on_epochs(count)
    curves = np.concatenate(parts)
    return Record(
        probabilities=loop.predict(fold.test_images),
        curves={name: curves[:, index] for index, name in enumerate(CURVES[: curves.shape[1]])},
        weights=tuple(np.array(weight) for weight in loop.model.get_weights()) if keep_weights else (),
        made_by={"device": keras_setup.device()},
    )


def restore(recipe: Recipe, record: Record, *, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """The trained network of a record that kept its weights."""
    model = networks.build(
        recipe.architecture,
        input_shape=input_shape,
        classes=classes,
        variant=recipe.variant,
        precision=recipe.precision,
    )
    model.set_weights(record.weights)
    return model


@functools.lru_cache(maxsize=4)
def _loop(recipe: Recipe, input_shape: tuple[int, int, int], classes: int) -> Loop:
    return build_loop(recipe, input_shape=input_shape, classes=classes)
