"""Training one network on one fold: the recipe, the compiled loop, the record.

The loop over epochs runs inside TensorFlow's graph: images lie in memory as tensors, shuffling, augmentation, updates
and learning curves are computed there, and Python is called once every few epochs. Tracing is paid once per network:
the next run starts from fresh weights in the same compiled loop.
"""

import functools
import math
from collections.abc import Callable

import numpy as np

from fer_utils import backend
from fer_utils.recipes import Recipe
from fer_utils.records import CURVES, Fold, Record

backend.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)
from keras import ops  # noqa: E402

from fer_utils import augment, models  # noqa: E402

OPTIMIZERS = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
_EPOCHS_PER_CALL = 5
_PLAIN_CURVES = 8  # of CURVES; the rest only where augmented copies are scored too


def scaled(images: np.ndarray) -> np.ndarray:
    """Greys as the networks take them: uint8 in [0, 255] to float32 in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)


def train(
    fold: Fold, recipe: Recipe, *, seed: int, keep_weights: bool = False, on_epochs: Callable[[int], None] | None = None
) -> Record:
    """Train from fresh weights and predict the test images with the weights of the last epoch.

    Args:
        seed: determines initial weights, order of images, augmentation and dropout.
        keep_weights: put the trained weights in the record.
        on_epochs: called with the number of epochs done since the last call.

    Returns:
        The same record, to the last bit, for the same arguments, machine, versions and number of threads.
    """
    loop = _loop(recipe.architecture, fold.train_images.shape[1:], fold.classes, _without_epochs(recipe))
    loop.reset(seed)
    parts = []
    for start in range(0, recipe.epochs, _EPOCHS_PER_CALL):
        count = min(_EPOCHS_PER_CALL, recipe.epochs - start)
        parts.append(loop.run(fold, seed=seed, first_epoch=start, epochs=count))
        if on_epochs is not None:
            on_epochs(count)
    curves = np.concatenate(parts)
    names = CURVES if recipe.augmented_validation else CURVES[:_PLAIN_CURVES]
    return Record(
        probabilities=loop.predict(fold.test_images),
        curves={name: curves[:, index] for index, name in enumerate(names)},
        weights=tuple(np.array(weight) for weight in loop.model.get_weights()) if keep_weights else (),
    )


def restore(recipe: Recipe, record: Record, *, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """The trained network of a record that kept its weights."""
    model = models.build(recipe.architecture, input_shape=input_shape, classes=classes)
    model.set_weights(record.weights)
    return model


def _without_epochs(recipe: Recipe) -> tuple:
    return (
        recipe.batch_size, recipe.learning_rate, recipe.label_smoothing, recipe.policy, recipe.optimizer,
        recipe.augmented_validation,
    )  # fmt: skip


@functools.lru_cache(maxsize=4)
def _loop(architecture: str, input_shape: tuple[int, int, int], classes: int, settings: tuple) -> "_Loop":
    return _Loop(architecture, input_shape, classes, *settings)


class _Loop:
    """A network with its optimizer and augmentation, and the compiled loop over epochs."""

    def __init__(
        self, architecture, input_shape, classes, batch_size, learning_rate, label_smoothing, policy, optimizer,
        augmented_validation,
    ):  # fmt: skip
        import tensorflow as tf

        self._architecture, self._input_shape, self._classes = architecture, input_shape, classes
        self._learning_rate, self._policy, self._optimizer_name = learning_rate, policy, optimizer
        self._batch_size, self._label_smoothing = batch_size, label_smoothing
        self._augmented_validation = augmented_validation
        self.model, self._optimizer, self._augmentation, self._test_augmentation = self._fresh()
        images = tf.TensorSpec([None, *input_shape], tf.float32)
        labels = tf.TensorSpec([None, classes], tf.float32)
        scalar = tf.TensorSpec([], tf.int32)
        self._epochs = tf.function(
            self._epochs_in_graph, input_signature=[images, labels, images, labels, scalar, scalar, scalar]
        )
        self._predict = tf.function(lambda x: self.model(x, training=False), input_signature=[images])

    def reset(self, seed: int) -> None:
        """Fresh weights, optimizer state and random streams, all determined by the seed."""
        keras.utils.set_random_seed(seed)
        for ours, fresh in zip(self._parts(), self._fresh(), strict=True):
            for variable, value in zip(ours.variables, fresh.variables, strict=True):
                variable.assign(value)

    def run(self, fold: Fold, *, seed: int, first_epoch: int, epochs: int) -> np.ndarray:
        """Train for some epochs; returns their curves, (epochs, number of curves) float32."""
        one_hot = np.eye(fold.classes, dtype=np.float32)
        rows = self._epochs(
            scaled(fold.train_images), one_hot[fold.train_labels], scaled(fold.test_images), one_hot[fold.test_labels],
            np.int32(seed), np.int32(first_epoch), np.int32(epochs),
        )  # fmt: skip
        return rows.numpy()

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities, (N, classes) float32."""
        return self._predict(scaled(images)).numpy()

    def _fresh(self):
        model = models.build(self._architecture, input_shape=self._input_shape, classes=self._classes)
        optimizer = OPTIMIZERS[self._optimizer_name](self._learning_rate)
        optimizer.build(model.trainable_variables)
        return model, optimizer, augment.pipeline(self._policy), augment.pipeline(self._policy)

    def _parts(self):
        return self.model, self._optimizer, self._augmentation, self._test_augmentation

    def _epochs_in_graph(self, train_x, train_y, test_x, test_y, seed, first_epoch, epochs):
        import tensorflow as tf

        count = tf.shape(train_x)[0]
        steps = tf.cast(tf.math.ceil(count / self._batch_size), tf.int32)
        width = len(CURVES) if self._augmented_validation else _PLAIN_CURVES
        rows = tf.TensorArray(tf.float32, size=epochs, element_shape=[width])
        for epoch in tf.range(epochs):
            order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=[seed, first_epoch + epoch])
            sums = tf.zeros([5])
            for step in tf.range(steps):
                chosen = order[step * self._batch_size : (step + 1) * self._batch_size]
                weight = tf.cast(tf.size(chosen), tf.float32)
                sums += weight * self._update(tf.gather(train_x, chosen), tf.gather(train_y, chosen))
            parts = [sums / tf.cast(count, tf.float32), self._score(test_x, test_y)]
            if self._augmented_validation:
                parts.append(self._score(self._test_augmentation(test_x, training=True), test_y)[1:])
            rows = rows.write(epoch, tf.concat(parts, axis=0))
        return rows.stack()

    def _update(self, x, y):
        """One step of the optimizer; returns loss, its smoothed and plain cross-entropy, penalty, accuracy."""
        import tensorflow as tf

        x = self._augmentation(x, training=True)
        with tf.GradientTape() as tape:
            predicted = self.model(x, training=True)
            smoothed = self._cross_entropy(y, predicted, smoothing=self._label_smoothing)
            penalty = self._penalty()
            loss = smoothed + penalty
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self._optimizer.apply(gradients, self.model.trainable_variables)
        return ops.stack([loss, smoothed, self._cross_entropy(y, predicted), penalty, _accuracy(y, predicted)])

    def _score(self, x, y):
        """Loss as Keras reports it in validation, plain cross-entropy, accuracy."""
        predicted = self.model(x, training=False)
        loss = self._cross_entropy(y, predicted, smoothing=self._label_smoothing) + self._penalty()
        return ops.stack([loss, self._cross_entropy(y, predicted), _accuracy(y, predicted)])

    def _cross_entropy(self, y, predicted, *, smoothing: float = 0.0):
        return ops.mean(keras.losses.categorical_crossentropy(y, predicted, label_smoothing=smoothing))

    def _penalty(self):
        return sum(self.model.losses, ops.zeros(()))


def _accuracy(y, predicted):
    hits = ops.equal(ops.argmax(y, axis=-1), ops.argmax(predicted, axis=-1))
    return ops.mean(ops.cast(hits, "float32"))


def smoothing_floor(classes: int, label_smoothing: float) -> float:
    """Least cross-entropy, in nats, that any prediction can reach against smoothed labels: their entropy.

    With K classes and smoothing e the labels hold 1 - e + e / K once and e / K elsewhere (Szegedy et al. 2016,
    doi:10.1109/CVPR.2016.308).
    """
    other = label_smoothing / classes
    values = [1 - label_smoothing + other] + [other] * (classes - 1)
    return -sum(value * math.log(value) for value in values if value > 0)
