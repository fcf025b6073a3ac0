"""What a face does in each condition: weights of the 52 face units, and how they vary from image to image."""

import numpy as np

from .people import Person

EXPRESSIONS = ("happy", "normal", "sad", "sleepy", "surprised", "wink")
CONDITIONS = (
    "centerlight", "glasses", "happy", "leftlight", "noglasses", "normal",
    "rightlight", "sad", "sleepy", "surprised", "wink",
)  # fmt: skip

# Units with a left and a right half are named without the side. The base face looks sullen, hence the small smile in
# the normal one.
_WEIGHTS: dict[str, dict[str, float]] = {
    "normal": {"mouthSmile": 0.10, "browInnerUp": 0.12},
    "happy": {
        "mouthSmile": 1.05, "mouthUpperUp": 0.95, "mouthLowerDown": 0.5, "cheekSquint": 0.7, "mouthDimple": 0.25,
        "mouthStretch": 0.15, "jawOpen": 0.07, "eyeSquint": 0.2, "browOuterUp": 0.15,
    },
    "sad": {
        "mouthFrown": 1.25, "browInnerUp": 1.3, "browDown": 0.25, "mouthShrugLower": 0.75, "mouthShrugUpper": 0.2,
        "eyeSquint": 0.3, "eyeLookDown": 0.25, "mouthPress": 0.2,
    },
    "sleepy": {"eyeBlink": 1.0, "browInnerUp": 0.25, "jawOpen": 0.05, "mouthLowerDown": 0.1, "mouthFrown": 0.15},
    "surprised": {
        "browInnerUp": 1.7, "browOuterUp": 1.6, "eyeWide": 1.3, "jawOpen": 0.75, "mouthFunnel": 0.35,
    },
}  # fmt: skip
_WINK_CLOSED_SIDE = {
    "eyeBlink": 1.0, "cheekSquint": 1.0, "browDown": 0.8, "eyeSquint": 0.8, "mouthSmile": 0.75, "mouthDimple": 0.4,
    "mouthUpperUp": 0.35,
}  # fmt: skip
_WINK_OPEN_SIDE = {"browOuterUp": 0.5, "mouthSmile": 0.25, "eyeWide": 0.1}
_WITHOUT_SIDE = {"browInnerUp", "jawOpen", "mouthFunnel", "mouthShrugLower", "mouthShrugUpper"}
_CLOSING = {"eyeBlink"}


def face_units(person: Person, condition: str, random: np.random.Generator) -> dict[str, float]:
    """Return the face-unit weights of one image, named like ARKit's ("mouthSmileLeft"), mostly in [0, 1.8].

    Args:
        person: whose face.
        condition: one of `CONDITIONS`; those that are no expression show the normal face.
        random: source of the image's variation.
    """
    strength = person.gain * random.uniform(0.85, 1.1)
    if condition == "wink":
        return _wink(strength, random)
    base = _WEIGHTS.get(condition, _WEIGHTS["normal"])
    weights: dict[str, float] = {}
    for unit, weight in base.items():
        scale = 1.0 if unit in _CLOSING else strength * max(0.5, random.normal(1.0, 0.12))
        if unit in _WITHOUT_SIDE:
            weights[unit] = weight * scale
        else:
            lean = 0.0 if unit in _CLOSING else random.normal(0.0, 0.06)
            weights[unit + "Left"] = weight * scale * (1.0 + lean)
            weights[unit + "Right"] = weight * scale * (1.0 - lean)
    if condition == "surprised":
        weights["jawOpen"] *= random.uniform(0.6, 1.1)
    if condition == "happy" and random.random() < 0.25:
        _close_smile(weights)
    _idle(weights, random)
    return weights


def head_turn(condition: str, random: np.random.Generator) -> tuple[float, float, float]:
    """Return yaw, pitch and roll of the head in degrees; pitch is positive when the chin goes down."""
    yaw, pitch, roll = random.normal(0.0, 3.0), random.normal(0.0, 2.2), random.normal(0.0, 2.4)
    if condition == "sleepy":
        pitch += random.uniform(1.0, 5.0)
    elif condition == "sad":
        pitch += random.uniform(0.0, 3.0)
    elif condition == "wink":
        roll += random.choice([-1.0, 1.0]) * random.uniform(0.0, 3.0)
    return tuple(float(np.clip(angle, -6.0, 6.0)) for angle in (yaw, pitch, roll))


def _wink(strength: float, random: np.random.Generator) -> dict[str, float]:
    closed, opened = ("Left", "Right") if random.random() < 0.5 else ("Right", "Left")
    weights: dict[str, float] = {}
    for side, units in ((closed, _WINK_CLOSED_SIDE), (opened, _WINK_OPEN_SIDE)):
        for unit, weight in units.items():
            scale = 1.0 if unit in _CLOSING else strength * max(0.5, random.normal(1.0, 0.12))
            weights[unit + side] = weight * scale
    weights["mouth" + closed] = random.uniform(0.1, 0.3)
    weights["jawOpen"] = random.uniform(0.0, 0.08)
    _idle(weights, random)
    return weights


def _close_smile(weights: dict[str, float]) -> None:
    """Turn an open smile into one with closed lips."""
    for unit in ("mouthUpperUp", "mouthLowerDown"):
        for side in ("Left", "Right"):
            weights[unit + side] *= 0.15
    weights["jawOpen"] = 0.0


def _idle(weights: dict[str, float], random: np.random.Generator) -> None:
    """Add what no face keeps still: gaze, a little of brow, lid and mouth."""
    sideways, upward = random.normal(0.0, 0.12, size=2)
    if sideways > 0:
        gaze = {"eyeLookOutLeft": sideways, "eyeLookInRight": sideways}
    else:
        gaze = {"eyeLookInLeft": -sideways, "eyeLookOutRight": -sideways}
    direction = "Up" if upward > 0 else "Down"
    gaze.update({f"eyeLook{direction}{side}": 0.6 * abs(upward) for side in ("Left", "Right")})
    for unit, weight in gaze.items():
        weights[unit] = weights.get(unit, 0.0) + float(weight)
    for unit in ("browDownLeft", "browDownRight", "browInnerUp", "mouthPressLeft", "mouthPressRight", "jawOpen",
                 "mouthSmileLeft", "mouthSmileRight"):  # fmt: skip
        weights[unit] = weights.get(unit, 0.0) + float(abs(random.normal(0.0, 0.04)))
