"""The loop over epochs: inside TensorFlow's graph, or batch by batch on any other backend of Keras.

In the graph, images lie in memory as tensors; shuffling, augmentation, updates and learning curves are computed there, and
Python is called once every few epochs. Tracing is paid once per network: the next run starts from fresh weights in the
same compiled loop.
"""

import numpy as np

from fer_utils.common import keras_setup
from fer_utils.engine.recipe import Recipe
from fer_utils.engine.record import CURVES, PLAIN_CURVES, Fold
from fer_utils.engine.scaling import scaled

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)
from keras import ops  # noqa: E402

from fer_utils.engine import augmentation, fused, networks  # noqa: E402


def build_loop(recipe: Recipe, *, input_shape: tuple[int, int, int], classes: int) -> "Loop":
    """The loop for the backend that Keras runs on; the recipe's epochs do not matter."""
    kind = GraphLoop if keras.backend.backend() == "tensorflow" else BatchLoop
    return kind(recipe, input_shape=input_shape, classes=classes)


class Loop:
    """A network with its optimizer and augmentation, ready to be trained from fresh weights again and again.

    Args:
        recipe: all of it but the epochs.
        input_shape: (height, width, channels).
        classes: number of expressions.
    """

    def __init__(self, recipe: Recipe, *, input_shape: tuple[int, int, int], classes: int) -> None:
        self._recipe, self._input_shape, self._classes = recipe, input_shape, classes
        self._parts = self._fresh()
        self.model, self._optimizer, self._augmentation, self._test_augmentation = self._parts

    def reset(self, seed: int) -> None:
        """Fresh weights, optimizer state and random streams, all determined by the seed."""
        keras.utils.set_random_seed(seed)
        for ours, fresh in zip(self._parts, self._fresh(), strict=True):
            for variable, value in zip(ours.variables, fresh.variables, strict=True):
                variable.assign(value)

    def run(self, fold: Fold, *, seed: int, first_epoch: int, epochs: int) -> np.ndarray:
        """Train for some epochs; returns their curves in the order of `record.CURVES`, (epochs, curves) float32."""
        raise NotImplementedError

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities, (N, classes) float32."""
        return ops.convert_to_numpy(self.model(scaled(images), training=False))

    def _fresh(self):
        model = networks.build(
            self._recipe.architecture,
            input_shape=self._input_shape,
            classes=self._classes,
            variant=self._recipe.variant,
            precision=self._recipe.precision,
        )
        optimizer = fused.OPTIMIZERS[self._recipe.optimizer](self._recipe.learning_rate)
        optimizer.build(model.trainable_variables)
        return model, optimizer, augmentation.pipeline(self._recipe.policy), augmentation.pipeline(self._recipe.policy)


class GraphLoop(Loop):
    """The whole loop as one TensorFlow function."""

    def __init__(self, recipe: Recipe, *, input_shape: tuple[int, int, int], classes: int) -> None:
        import tensorflow as tf

        super().__init__(recipe, input_shape=input_shape, classes=classes)
        images = tf.TensorSpec([None, *input_shape], tf.float32)
        labels = tf.TensorSpec([None, classes], tf.float32)
        scalar = tf.TensorSpec([], tf.int32)
        self._epochs = tf.function(
            self._epochs_in_graph, input_signature=[images, labels, images, labels, scalar, scalar, scalar]
        )
        self._predict = tf.function(lambda x: self.model(x, training=False), input_signature=[images])

    def run(self, fold: Fold, *, seed: int, first_epoch: int, epochs: int) -> np.ndarray:
        """See `Loop.run`."""
        one_hot = np.eye(fold.classes, dtype=np.float32)
        rows = self._epochs(
            scaled(fold.train_images), one_hot[fold.train_labels], scaled(fold.test_images), one_hot[fold.test_labels],
            np.int32(seed), np.int32(first_epoch), np.int32(epochs),
        )  # fmt: skip
        return rows.numpy()

    def predict(self, images: np.ndarray) -> np.ndarray:
        """See `Loop.predict`."""
        return self._predict(scaled(images)).numpy()

    def _epochs_in_graph(self, train_x, train_y, test_x, test_y, seed, first_epoch, epochs):
        import tensorflow as tf

        count, size = tf.shape(train_x)[0], self._recipe.batch_size
        steps = tf.cast(tf.math.ceil(count / size), tf.int32)
        width = len(CURVES) if self._recipe.augmented_validation else PLAIN_CURVES
        rows = tf.TensorArray(tf.float32, size=epochs, element_shape=[width])
        for epoch in tf.range(epochs):
            order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=[seed, first_epoch + epoch])
            sums = tf.zeros([5])
            for step in tf.range(steps):
                chosen = order[step * size : (step + 1) * size]
                weight = tf.cast(tf.size(chosen), tf.float32)
                sums += weight * self._update(tf.gather(train_x, chosen), tf.gather(train_y, chosen))
            parts = [sums / tf.cast(count, tf.float32), self._score(test_x, test_y)]
            if self._recipe.augmented_validation:
                parts.append(self._score(self._test_augmentation(test_x, training=True), test_y)[1:])
            rows = rows.write(epoch, tf.concat(parts, axis=0))
        return rows.stack()

    def _update(self, x, y):
        """One step of the optimizer; returns loss, its smoothed and plain cross-entropy, penalty, accuracy."""
        import tensorflow as tf

        x = self._augmentation(x, training=True)
        with tf.GradientTape() as tape:
            predicted = self.model(x, training=True)
            smoothed = _cross_entropy(y, predicted, smoothing=self._recipe.label_smoothing)
            penalty = self._penalty()
            loss = smoothed + penalty
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self._optimizer.apply(gradients, self.model.trainable_variables)
        return ops.stack([loss, smoothed, _cross_entropy(y, predicted), penalty, _accuracy(y, predicted)])

    def _score(self, x, y):
        """Loss as Keras reports it in validation, plain cross-entropy, accuracy."""
        predicted = self.model(x, training=False)
        loss = _cross_entropy(y, predicted, smoothing=self._recipe.label_smoothing) + self._penalty()
        return ops.stack([loss, _cross_entropy(y, predicted), _accuracy(y, predicted)])

    def _penalty(self):
        return sum(self.model.losses, ops.zeros(()))


class BatchLoop(Loop):
    """Batch by batch through Keras' own compiled steps; slower, the same updates, on JAX and PyTorch."""

    def __init__(self, recipe: Recipe, *, input_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__(recipe, input_shape=input_shape, classes=classes)
        self.model.compile(
            optimizer=self._optimizer,
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
            metrics=[
                keras.metrics.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing, name="smoothed"),
                keras.metrics.CategoricalCrossentropy(name="plain"),
                keras.metrics.CategoricalAccuracy(name="accuracy"),
            ],
        )

    def run(self, fold: Fold, *, seed: int, first_epoch: int, epochs: int) -> np.ndarray:
        """See `Loop.run`."""
        one_hot = np.eye(fold.classes, dtype=np.float32)
        x, y = scaled(fold.train_images), one_hot[fold.train_labels]
        test_x, test_y = scaled(fold.test_images), one_hot[fold.test_labels]
        rows = []
        for epoch in range(first_epoch, first_epoch + epochs):
            order = np.random.default_rng([seed, epoch]).permutation(len(y))
            self.model.reset_metrics()
            for start in range(0, len(order), self._recipe.batch_size):
                chosen = order[start : start + self._recipe.batch_size]
                drawn = self._augmentation(x[chosen], training=True)
                logs = self.model.train_on_batch(drawn, y[chosen], return_dict=True)
            row = [logs["loss"], logs["smoothed"], logs["plain"], logs["loss"] - logs["smoothed"], logs["accuracy"]]
            row += self._score(test_x, test_y)
            if self._recipe.augmented_validation:
                row += self._score(self._test_augmentation(test_x, training=True), test_y)[1:]
            rows.append([float(value) for value in row])
        return np.array(rows, dtype=np.float32)

    def _score(self, x, y) -> list:
        self.model.reset_metrics()
        logs = self.model.test_on_batch(x, y, return_dict=True)
        return [logs["loss"], logs["plain"], logs["accuracy"]]


def _cross_entropy(y, predicted, *, smoothing: float = 0.0):
    return ops.mean(keras.losses.categorical_crossentropy(y, predicted, label_smoothing=smoothing))


def _accuracy(y, predicted):
    hits = ops.equal(ops.argmax(y, axis=-1), ops.argmax(predicted, axis=-1))
    return ops.mean(ops.cast(hits, "float32"))
