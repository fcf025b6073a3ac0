"""Keras layers of our own."""

from fer_utils import backend

backend.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)


@keras.saving.register_keras_serializable(package="fer_utils")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalization, in training computed by TensorFlow's fused kernel where TensorFlow is the backend.

    Same arguments, weights and results (to rounding) as `keras.layers.BatchNormalization`, which composes the mean, the
    variance and the scaling of elementary operations and so walks over memory several times. Other backends, inference
    and inputs other than images use Keras' own code.
    """

    def call(self, inputs, training=None, mask=None):
        """Normalize (N, height, width, channels) float32; see `keras.layers.BatchNormalization.call`."""
        if not training or keras.backend.backend() != "tensorflow" or len(inputs.shape) != 4:
            return super().call(inputs, training=training, mask=mask)
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
