"""What a face does in each condition: weights of the 52 face units, and how they vary from image to image."""

from collections.abc import Mapping

import numpy as np

from . import habits
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
_MOST = 2.2  # targets smear beyond


def face_units(person: Person, condition: str, random: np.random.Generator) -> dict[str, float]:
    """Return the face-unit weights of one image, named like ARKit's ("mouthSmileLeft"), in [0, 2.2].

    Args:
        person: whose face.
        condition: one of `CONDITIONS`; those that are no expression show the normal face.
        random: source of the image's variation.
    """
    own = habits.of(person.number)
    expression = condition if condition in EXPRESSIONS else "normal"
    if expression == "wink":
        weights = _wink(own, random)
    else:
        units = _WEIGHTS[expression] | (own.sleepy if expression == "sleepy" else {})
        weights = _of_both_sides(units, own, expression, random)
    if expression == "surprised":
        weights["jawOpen"] *= random.uniform(0.6, 1.1)
    if expression == "happy" and own.closed_smile:
        _close_smile(weights)
    _rest(weights, own.rest, random)
    _idle(weights, random)
    return {unit: min(weight, 1.0 if unit.startswith("eyeBlink") else _MOST) for unit, weight in weights.items()}


def head_turn(condition: str, random: np.random.Generator) -> tuple[float, float, float]:
    """Return yaw, pitch and roll of the head in degrees; pitch is positive when the chin goes down."""
    yaw, pitch, roll = random.normal(0.0, 4.5), random.normal(0.0, 3.4), random.normal(0.0, 3.0)
    if condition == "sleepy":
        pitch += random.uniform(1.0, 5.0)
    elif condition == "sad":
        pitch += random.uniform(0.0, 3.0)
    elif condition == "wink":
        roll += random.choice([-1.0, 1.0]) * random.uniform(0.0, 3.0)
    return tuple(float(np.clip(angle, -9.0, 9.0)) for angle in (yaw, pitch, roll))


def _of_both_sides(
    units: Mapping[str, float], own: habits.Habits, expression: str, random: np.random.Generator
) -> dict[str, float]:
    """Return an expression as a person makes it, with a little more on one side of the face than on the other."""
    strength = own.strength[expression] * random.uniform(0.9, 1.1)
    weights: dict[str, float] = {}
    for unit, weight in units.items():
        if unit in _CLOSING:
            scale = random.uniform(0.86, 1.0)
        else:
            share = own.share[expression][habits.part_of(unit)]
            scale = strength * share * max(0.5, random.normal(1.0, 0.12))
        if unit in _WITHOUT_SIDE:
            weights[unit] = weight * scale
        else:
            lean = 0.0 if unit in _CLOSING else random.normal(0.0, 0.08)
            weights[unit + "Left"] = weight * scale * (1.0 + lean)
            weights[unit + "Right"] = weight * scale * (1.0 - lean)
    return weights


def _wink(own: habits.Habits, random: np.random.Generator) -> dict[str, float]:
    closed, opened = ("Left", "Right") if own.winks == "Left" else ("Right", "Left")
    strength = own.strength["wink"] * random.uniform(0.9, 1.1)
    weights: dict[str, float] = {}
    for side, units in ((closed, _WINK_CLOSED_SIDE), (opened, _WINK_OPEN_SIDE)):
        for unit, weight in units.items():
            share = own.share["wink"][habits.part_of(unit)]
            scale = strength * share * max(0.5, random.normal(1.0, 0.12))
            weights[unit + side] = weight * (random.uniform(0.86, 1.0) if unit in _CLOSING else scale)
    weights["eyeBlink" + opened] = own.other_lid
    weights["eyeSquint" + opened] = 1.5 * own.other_lid
    weights["mouth" + closed] = strength * own.share["wink"]["mouth"] * random.uniform(0.1, 0.3)
    weights["jawOpen"] = random.uniform(0.0, 0.08)
    return weights


def _rest(weights: dict[str, float], rest: Mapping[str, float], random: np.random.Generator) -> None:
    """Add what a person's face looks like at rest, which an expression does not wipe off."""
    for unit, weight in rest.items():
        here = weight * random.uniform(0.7, 1.0)
        for name in [unit] if unit in _WITHOUT_SIDE else [unit + "Left", unit + "Right"]:
            weights[name] = weights.get(name, 0.0) + here


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
