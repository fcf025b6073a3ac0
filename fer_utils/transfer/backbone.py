"""The network that is pretrained on FER+, and the augmentation that it is trained with."""

from fer_utils.common import keras_setup

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)
from keras import layers, ops  # noqa: E402

from fer_utils.engine.fused import FusedBatchNormalization  # noqa: E402

WIDTHS = ((64, 1), (128, 1), (176, 2))  # channels and residual blocks of each stage; the side halves between stages
STAGES = tuple(f"stage{number}" for number in range(1, len(WIDTHS) + 1))
_STEM = 32
_DROPOUT = 0.4


def backbone(*, classes: int) -> keras.Model:
    """A compact residual network (He et al. 2016, doi:10.1109/CVPR.2016.90) for small grey faces.

    Each image is first brought to zero mean and unit variance, so that light and contrast of the photo matter little.
    The outputs of the stages carry the names in `STAGES`.

    Args:
        classes: number of expressions.

    Returns:
        Model from (N, side, side, 1) float32 greys in [0, 1], side a multiple of 8, to (N, classes) float32
        probabilities; 1.4 million parameters. 48 pixels are what FER+ has.
    """
    inputs = keras.Input((None, None, 1))
    x = layers.GroupNormalization(groups=1, center=False, scale=False, name="standardize")(inputs)
    # Pooled before it is normalized: the same maxima, a quarter of the memory to walk over.
    x = layers.Conv2D(filters=_STEM, kernel_size=3, padding="same", use_bias=False)(x)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.ReLU()(FusedBatchNormalization()(x))
    for number, (stage, (channels, blocks)) in enumerate(zip(STAGES, WIDTHS, strict=True)):
        for block in range(blocks):
            stride = 2 if number > 0 and block == 0 else 1
            x = _block(x, channels, stride=stride, name=stage if block == blocks - 1 else None)
    x = layers.GlobalAveragePooling2D(name="embedding")(x)
    x = layers.Dropout(rate=_DROPOUT)(x)
    outputs = layers.Dense(units=classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="backbone")


def _block(x, channels: int, *, stride: int, name: str | None):
    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(pool_size=stride)(shortcut)
    if shortcut.shape[-1] != channels:
        shortcut = layers.Conv2D(filters=channels, kernel_size=1, use_bias=False)(shortcut)
        shortcut = FusedBatchNormalization()(shortcut)
    x = layers.Conv2D(filters=channels, kernel_size=3, strides=stride, padding="same", use_bias=False)(x)
    x = layers.ReLU()(FusedBatchNormalization()(x))
    x = layers.Conv2D(filters=channels, kernel_size=3, padding="same", use_bias=False)(x)
    x = FusedBatchNormalization()(x)
    return layers.ReLU(name=name)(layers.Add()([x, shortcut]))


class RandomFace(keras.layers.Layer):
    """Mirror, turn, scale, shift, resize and partly erase faces, each its own way, with one interpolation.

    Does nothing but resize outside training.

    Args:
        side: of the result, pixels.
        rotation: largest turn either way, radians.
        zoom: largest change of size either way, fraction.
        shift: largest shift along each axis, fraction of the side.
        erase: chance that a rectangle of 2 to 20 % of the area is filled with the image's mean grey (random erasing,
            Zhong et al. 2020, doi:10.1609/aaai.v34i07.7000).
    """

    def __init__(
        self,
        side: int,
        *,
        rotation: float = 0.26,
        zoom: float = 0.15,
        shift: float = 0.10,
        erase: float = 0.3,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._side, self._rotation, self._zoom, self._shift, self._erase = side, rotation, zoom, shift, erase
        self._seeds = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """(N, height, width, 1) float32 in [0, 1] to (N, side, side, 1) float32."""
        if not training:
            return ops.image.resize(images, (self._side, self._side), antialias=True)
        count, height = ops.shape(images)[0], images.shape[1]
        angle = self._draw(count, self._rotation)
        scale = height / self._side * ops.exp(self._draw(count, self._zoom))
        mirror = ops.sign(self._draw(count, 1.0))
        middle, centre = (height - 1) / 2, (self._side - 1) / 2
        a, b = scale * ops.cos(angle), scale * ops.sin(angle)
        x0 = middle + height * self._draw(count, self._shift) - centre * (mirror * a - b)
        y0 = middle + height * self._draw(count, self._shift) - centre * (mirror * b + a)
        zero = ops.zeros_like(a)
        # Input position of an output pixel (x, y): (mirror a x - b y + x0, mirror b x + a y + y0).
        rows = ops.stack([mirror * a, -b, x0, mirror * b, a, y0, zero, zero], axis=1)
        turned = ops.image.affine_transform(images, rows, interpolation="bilinear", fill_mode="nearest")
        return self._erased(turned[:, : self._side, : self._side])

    def _erased(self, images):
        count = ops.shape(images)[0]
        area = keras.random.uniform((count,), 0.02, 0.2, seed=self._seeds)
        ratio = ops.exp(self._draw(count, 1.0))
        half_height, half_width = ops.sqrt(area * ratio) / 2, ops.sqrt(area / ratio) / 2
        drawn = keras.random.uniform((count,), seed=self._seeds) < self._erase
        places = (ops.arange(self._side, dtype="float32") + 0.5) / self._side
        x = keras.random.uniform((count, 1), seed=self._seeds)
        y = keras.random.uniform((count, 1), seed=self._seeds)
        columns = ops.abs(places - x) < half_width[:, None]
        rows = ops.abs(places - y) < half_height[:, None]
        hole = rows[:, :, None] & columns[:, None, :] & drawn[:, None, None]
        return ops.where(hole[..., None], ops.mean(images, axis=(1, 2, 3), keepdims=True), images)

    def _draw(self, count, size: float):
        return keras.random.uniform((count,), -size, size, seed=self._seeds)
