"""Optimizers by name, as recipes call them."""

import functools

from fer_utils import backend

backend.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)


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
