"""Weights of the face units drawn at random: eyes, brows and mouth apart from each other, in all combinations."""

import numpy as np

SIDES = ("Left", "Right")
_IDLE = (
    "browDownLeft", "browDownRight", "browInnerUp", "mouthPressLeft", "mouthPressRight", "jawOpen", "mouthSmileLeft",
    "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthShrugLower", "eyeSquintLeft", "eyeSquintRight",
)  # fmt: skip
_LARGEST = 2.0
_SINGLE = (
    "browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthFunnel", "mouthLeft", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
)  # fmt: skip
_PAIRS = (
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp",
    "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch",
    "mouthUpperUp", "noseSneer",
)  # fmt: skip
UNITS = tuple(sorted([*_SINGLE, *(name + side for name in _PAIRS for side in SIDES)]))


def draw(random: np.random.Generator) -> dict[str, float]:
    """Return a weight in [0, 2] for each of `UNITS`, named like ARKit's; "Left" and "Right" are the person's own."""
    weights = dict.fromkeys(UNITS, 0.0)
    for add in (_eyes, _gaze, _brows, _mouth):
        for name, value in add(random).items():
            weights[name] += value
    for name in _IDLE:
        weights[name] += abs(random.normal(0.0, 0.04))
    return {name: float(np.clip(value, 0.0, _LARGEST)) for name, value in weights.items()}


def _pair(random: np.random.Generator, name: str, value: float) -> dict[str, float]:
    """Both sides of a unit, nearly alike."""
    return {name + side: value * random.normal(1.0, 0.1) for side in SIDES}


def _eyes(random: np.random.Generator) -> dict[str, float]:
    state = random.choice(["open", "half", "both", "Left", "Right"], p=[0.38, 0.18, 0.2, 0.12, 0.12])
    if state in SIDES:
        opened = "Right" if state == "Left" else "Left"
        found = {f"eyeBlink{state}": random.uniform(0.8, 1.0), f"eyeBlink{opened}": random.uniform(0.0, 0.3)}
        if random.random() < 0.6:  # the cheek that a wink lifts, the brow that it pulls down
            found[f"cheekSquint{state}"] = random.uniform(0.2, 1.0)
            found[f"eyeSquint{state}"] = random.uniform(0.0, 0.8)
            found[f"browDown{state}"] = random.uniform(0.0, 0.8)
            found[f"mouthSmile{state}"] = random.uniform(0.0, 0.5)
        return found
    if state == "both":
        return {f"eyeBlink{side}": random.uniform(0.85, 1.0) for side in SIDES}
    if state == "half":
        return _pair(random, "eyeBlink", random.uniform(0.1, 0.75))
    found = _pair(random, "eyeBlink", random.uniform(0.0, 0.1))
    kind = random.random()
    if kind < 0.35:
        found |= _pair(random, "eyeWide", random.uniform(0.2, 1.3))
    elif kind < 0.6:
        found |= _pair(random, "eyeSquint", random.uniform(0.2, 0.9))
    return found


def _gaze(random: np.random.Generator) -> dict[str, float]:
    sideways, upward = random.normal(0.0, 0.2, size=2)
    inward, outward = ("Right", "Left") if sideways > 0 else ("Left", "Right")
    direction = "Up" if upward > 0 else "Down"
    found = {f"eyeLookIn{inward}": abs(sideways), f"eyeLookOut{outward}": abs(sideways)}
    return found | {f"eyeLook{direction}{side}": abs(upward) for side in SIDES}


def _brows(random: np.random.Generator) -> dict[str, float]:
    state = random.choice(["rest", "inner", "raised", "down", "one"], p=[0.36, 0.2, 0.2, 0.16, 0.08])
    if state == "inner":
        return {"browInnerUp": random.uniform(0.3, 1.7)} | _pair(random, "browDown", random.uniform(0.0, 0.4))
    if state == "raised":
        return {"browInnerUp": random.uniform(0.3, 1.7)} | _pair(random, "browOuterUp", random.uniform(0.3, 1.6))
    if state == "down":
        return _pair(random, "browDown", random.uniform(0.2, 1.0))
    if state == "one":
        return {f"browOuterUp{random.choice(SIDES)}": random.uniform(0.3, 1.2)}
    return {}


def _mouth(random: np.random.Generator) -> dict[str, float]:
    state = random.choice(["rest", "smile", "frown", "open", "other"], p=[0.2, 0.28, 0.24, 0.14, 0.14])
    found: dict[str, float] = {}
    if state == "smile":
        found |= _smile(random)
    elif state == "frown":
        found |= _pair(random, "mouthFrown", random.uniform(0.3, 1.3))
        if random.random() < 0.6:
            found["mouthShrugLower"] = random.uniform(0.2, 0.9)
            found["mouthShrugUpper"] = random.uniform(0.0, 0.3)
        found |= _pair(random, "mouthPress", random.uniform(0.0, 0.4))
    elif state == "open":
        found |= {"jawOpen": random.uniform(0.2, 0.9), "mouthFunnel": random.uniform(0.0, 0.6)}
    elif state == "other":
        single = random.choice(
            ["cheekPuff", "mouthPucker", "mouthFunnel", "mouthRollLower", "mouthRollUpper", "jawForward"]
        )
        pair = random.choice(
            ["mouthPress", "mouthStretch", "mouthDimple", "noseSneer", "mouthUpperUp", "mouthLowerDown"]
        )
        found |= {str(single): random.uniform(0.2, 0.9)} | _pair(random, str(pair), random.uniform(0.2, 1.0))
        found[f"{random.choice(['mouth', 'jaw'])}{random.choice(SIDES)}"] = random.uniform(0.0, 0.5)
    if state != "open" and random.random() < 0.25:
        found["jawOpen"] = random.uniform(0.0, 0.4)
    return found


def _smile(random: np.random.Generator) -> dict[str, float]:
    if random.random() < 0.2:
        return {f"mouthSmile{random.choice(SIDES)}": random.uniform(0.3, 1.0)}
    strength = random.uniform(0.3, 1.2)
    found = _pair(random, "mouthSmile", strength) | _pair(random, "mouthDimple", random.uniform(0.0, 0.4))
    found |= _pair(random, "cheekSquint", strength * random.uniform(0.0, 0.9))
    if random.random() < 0.6:  # teeth show
        found |= _pair(random, "mouthUpperUp", strength * random.uniform(0.3, 1.0))
        found |= _pair(random, "mouthLowerDown", strength * random.uniform(0.0, 0.6))
    return found
