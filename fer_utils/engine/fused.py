"""Keras' batch normalization and Adam, each computed by one kernel of TensorFlow's; and the optimizers by name."""

import functools

from fer_utils.common import keras_setup

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)


@keras.saving.register_keras_serializable(package="fer_utils")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalization, in training computed by TensorFlow's fused kernel where TensorFlow is the backend.

    Same arguments, weights and results (to rounding) as `keras.layers.BatchNormalization`, which composes the mean, the
    variance and the scaling of elementary operations and so walks over memory several times. Other backends, inference
    and inputs other than images use Keras' own code. Weights and statistics are float32 also where inputs are bfloat16, which
    the outputs then are too.
    """

    def __init__(self, **options) -> None:
        super().__init__(**{"dtype": "float32"} | options, autocast=False)

    def call(self, inputs, training=None, mask=None):
        """Normalize (N, height, width, channels) float32 or bfloat16; see `keras.layers.BatchNormalization.call`."""
        if not training or keras.backend.backend() != "tensorflow" or len(inputs.shape) != 4:
            return keras.ops.cast(super().call(inputs, training=training, mask=mask), inputs.dtype)
        from tensorflow.compat.v1.nn import fused_batch_norm

        outputs, mean, variance = fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True, data_format="NHWC"
        )[:3]
        # The kernel returns the unbiased variance (n - 1); Keras keeps the biased one (n).
        count = keras.ops.cast(keras.ops.size(inputs) // inputs.shape[-1], variance.dtype)
        variance = variance * (count - 1) / count
        self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
        self.moving_variance.assign(self.moving_variance * self.momentum + variance * (1 - self.momentum))
        return outputs


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, each variable updated by TensorFlow's one kernel where TensorFlow is the backend.

    Same arguments, state and results (to rounding) as `keras.optimizers.Adam` (Kingma and Ba 2015, arXiv:1412.6980),
    which composes an update of some ten elementary operations and so walks over memory as often.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable; see `keras.optimizers.Adam.update_step`."""
        if keras.backend.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


OPTIMIZERS = {
    "adam": FusedAdam,
    "sgd": keras.optimizers.SGD,
    "momentum": functools.partial(keras.optimizers.SGD, momentum=0.9),
}
