"""How each person makes faces: the face at rest, how strong each expression is, and which parts of the face make it.

Real people differ more in this than in the shape of their heads: one smiles with closed lips, another's sadness is in the brows
alone, a third looks sullen or sleepy at rest. All of it is drawn from a generator seeded with the person's number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

PARTS = ("brows", "eyes", "mouth")
# Least and greatest strength of each expression; 1 is a good actor's.
_STRENGTHS = {
    "happy": (0.65, 1.1), "normal": (1.0, 1.0), "sad": (0.6, 1.1), "sleepy": (0.5, 1.0), "surprised": (0.6, 1.05),
    "wink": (0.65, 1.05),
}  # fmt: skip
_LEAST_SHARE = 0.5  # of an expression's strength, in the parts of the face that take least part in it
# What else a face does while its eyes are closed.
_SLEEPY = (
    {"jawOpen": 0.22, "mouthFunnel": 0.12},
    {"browInnerUp": 0.7, "browOuterUp": 0.6},
    {"mouthSmile": 0.4},
    {"mouthFrown": 0.4, "browDown": 0.2},
    {"mouthPress": 0.4},
    {},
)


@dataclass(frozen=True)
class Habits:
    """What one person keeps through all images.

    Attributes:
        rest: face units of the face at rest, of both sides, 0 to 0.35.
        strength: of each expression, 0.5 to 1.1.
        share: of each expression, how much brows, eyes and mouth take part in it, 0.5 to 1, one of them 1.
        closed_smile: whether the lips stay closed in it.
        sleepy: units beside the closed lids.
        other_lid: how far the other eye closes in a wink, 0 to 0.25.
        winks: "Left" or "Right", the eye that closes in a wink.
    """

    rest: Mapping[str, float]
    strength: Mapping[str, float]
    share: Mapping[str, Mapping[str, float]]
    closed_smile: bool
    sleepy: Mapping[str, float]
    other_lid: float
    winks: str


@cache
def of(number: int) -> Habits:
    """Return the habits of the person of a number; the same number has the same ones."""
    random = np.random.default_rng([number, 707])
    return Habits(
        rest=_rest(random),
        strength={name: random.uniform(*limits) for name, limits in _STRENGTHS.items()},
        share={name: _shares(random) for name in _STRENGTHS},
        closed_smile=random.random() < 0.35,
        sleepy=_SLEEPY[random.integers(len(_SLEEPY))],
        other_lid=random.uniform(0.0, 0.25),
        winks=str(random.choice(["Left", "Right"])),
    )


def part_of(unit: str) -> str:
    """Return the part of the face that a face unit moves, one of `PARTS`."""
    if unit.startswith("brow"):
        return "brows"
    return "mouth" if unit.startswith(("mouth", "jaw")) else "eyes"


def _rest(random: np.random.Generator) -> dict[str, float]:
    corners = random.normal(0.05, 0.14)
    half_normal = np.abs(random.normal(0.0, [0.16, 0.13, 0.09, 0.11, 0.14]))
    units = ("browInnerUp", "browDown", "eyeBlink", "eyeSquint", "mouthPress")
    rest = {unit: float(min(value, 0.35)) for unit, value in zip(units, half_normal, strict=True)}
    rest["mouthSmile" if corners > 0 else "mouthFrown"] = float(min(abs(corners), 0.35))
    return rest


def _shares(random: np.random.Generator) -> dict[str, float]:
    values = random.uniform(_LEAST_SHARE, 1.0, size=len(PARTS))
    return dict(zip(PARTS, (values / values.max()).tolist(), strict=True))
