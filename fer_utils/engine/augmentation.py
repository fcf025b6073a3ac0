"""Augmentation policies by name, each a pipeline of Keras layers.

All work on (N, height, width, 1) float32 in [0, 1], keep the shape, and do nothing outside training. A horizontal flip
is safe for all six Yale expressions: a wink stays a wink, whichever eye it is.
"""

from dataclasses import asdict, dataclass

from fer_utils.common import keras_setup
from fer_utils.common.errors import ParameterError

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)
from keras import layers  # noqa: E402


@dataclass(frozen=True)
class Policy:
    """What an augmentation may do to an image; 0 or False leaves a part out.

    Attributes:
        rotation: largest turn either way, degrees.
        shift: largest shift along each axis, fraction of the side.
        zoom: largest change of size either way, fraction.
        flip: mirror half of the images, left to right.
        brightness: largest change of the greys, which reach from 0 to 1.
        contrast: largest change of contrast, fraction.
    """

    rotation: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0


POLICIES = {
    "none": Policy(),
    # What the original project did to training and validation images alike.
    "original": Policy(rotation=15, shift=0.10, flip=True),
    # For aligned faces: the eyes already lie in place, so only what alignment leaves over varies, and the light.
    "face": Policy(rotation=5, shift=0.04, zoom=0.06, flip=True, brightness=0.10, contrast=0.20),
}
# Each part of it alone, by the name of the part: "face-rotation", "face-shift", ...
POLICIES |= {f"face-{part}": Policy(**{part: value}) for part, value in asdict(POLICIES["face"]).items()}


def pipeline(policy: str | Policy) -> keras.layers.Pipeline:
    """Layers of a policy; call the result with `training=True` for it to do anything.

    Borders repeat the nearest pixel and sampling is bilinear, as in the original project.

    Raises:
        ParameterError: the name is not known.
    """
    parts = _policy(policy)
    rules = {"fill_mode": "nearest", "interpolation": "bilinear"}
    built: list[keras.layers.Layer] = []
    if parts.flip:
        built.append(layers.RandomFlip("horizontal"))
    if parts.rotation:
        built.append(layers.RandomRotation(parts.rotation / 360, **rules))
    if parts.shift:
        built.append(layers.RandomTranslation(parts.shift, parts.shift, **rules))
    if parts.zoom:
        built.append(layers.RandomZoom((-parts.zoom, parts.zoom), (-parts.zoom, parts.zoom), **rules))
    if parts.brightness:
        built.append(layers.RandomBrightness(parts.brightness, value_range=(0.0, 1.0)))
    if parts.contrast:
        built.append(layers.RandomContrast(parts.contrast, value_range=(0.0, 1.0)))
    # An empty Pipeline fails when called (Keras 3.15).
    return layers.Pipeline(built or [layers.Identity()])


def _policy(policy: str | Policy) -> Policy:
    if isinstance(policy, Policy):
        return policy
    if policy not in POLICIES:
        raise ParameterError(f"no augmentation policy named {policy!r}: use one of {', '.join(POLICIES)}.")
    return POLICIES[policy]
