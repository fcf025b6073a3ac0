"""Who the fifteen subjects are: the parameters that one person keeps through all eleven images.

None of them is a real person: the numbers were chosen by hand for variety, the small differences of nose, chin, mouth,
cheeks, eyes, ears and of the two halves of the face are drawn from a generator seeded with the subject's number.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .heads import macro_weights


@dataclass(frozen=True)
class Hair:
    """A haircut; lengths in decimetres.

    Attributes:
        comb: direction of growth: "crown" (away from the crown), "part" (sideways from a parting), "back", or "out".
        length, top_length: at the sides and on top.
        volume: height of the top layer above the scalp.
        recession: how far the hairline stands back, 0 to 1; `bald_top` takes the top away as well.
        curl: radius of the curls; `waves`: turns along a strand.
        parting: x position of the parting.
        falls: whether strands hang down freely past the ears.
        strands: how many of them.
        fringe: length of the hair above the forehead where it differs, else 0.
    """

    comb: str
    length: float
    top_length: float
    volume: float
    recession: float = 0.0
    bald_top: bool = False
    curl: float = 0.0
    waves: float = 3.0
    parting: float = 0.0
    falls: bool = False
    strands: int = 9000
    fringe: float = 0.0


@dataclass(frozen=True)
class Person:
    """One subject.

    Attributes:
        number: 1 to 15.
        male, age, muscle, weight, ancestry: MakeHuman's macro parameters, see `heads.macro_weights`.
        head_shape: weights of the head targets ("oval", "round", ...).
        skin: reflectance of the skin, 0 to 1.
        hair_tone: reflectance of the hair, 0 to 1; `brow_tone` likewise.
        hair: the haircut.
        brow_weight: thickness of the brows, 0.4 to 1.5.
        beard: "none", "stubble", "moustache", "goatee" or "full".
        iris: reflectance of the iris.
        shirt: reflectance of the shirt; `collar`: how high it reaches, in decimetres above the default.
        glasses: frame worn in the `glasses` image; `always_glasses`: worn in the other images as well.
        rim: radius of the frame's wire, decimetres; `frame_tone`: its reflectance.
        lenses: a kind in `lenses.KINDS`; "clear" ones are not to be seen.
        lip_tone: reflectance of the lips relative to the skin.
    """

    number: int
    male: float
    age: float
    muscle: float
    weight: float
    ancestry: dict[str, float]
    head_shape: dict[str, float]
    skin: float
    hair_tone: float
    hair: Hair
    brow_weight: float = 1.0
    beard: str = "none"
    iris: float = 0.12
    shirt: float = 0.2
    collar: float = 0.0
    glasses: str = "round"
    always_glasses: bool = False
    rim: float = 0.0105
    frame_tone: float = 0.16
    lenses: str = "clear"
    lip_tone: float = 0.72
    extra: dict[str, float] = field(default_factory=dict)

    def weights(self) -> dict[str, float]:
        """Return the target weights of this person's neutral head."""
        weights = macro_weights(self.male, self.age, self.muscle, self.weight, self.ancestry)
        weights.update({f"head/head-{shape}": value for shape, value in self.head_shape.items()})
        weights.update(_identity(np.random.default_rng([self.number, 101])))
        weights.update(self.extra)
        return weights


# Pairs of opposite targets: a positive draw uses the second one, a negative draw the first.
_LOCAL_PAIRS = {
    "nose/nose-hump-": ("decr", "incr"),
    "nose/nose-scale-depth-": ("decr", "incr"),
    "nose/nose-scale-horiz-": ("decr", "incr"),
    "nose/nose-scale-vert-": ("decr", "incr"),
    "nose/nose-point-": ("down", "up"),
    "nose/nose-point-width-": ("decr", "incr"),
    "nose/nose-nostrils-width-": ("decr", "incr"),
    "nose/nose-width2-": ("decr", "incr"),
    "chin/chin-bones-": ("decr", "incr"),
    "chin/chin-height-": ("decr", "incr"),
    "chin/chin-prominent-": ("decr", "incr"),
    "chin/chin-width-": ("decr", "incr"),
    "mouth/mouth-scale-horiz-": ("decr", "incr"),
    "mouth/mouth-upperlip-volume-": ("decr", "incr"),
    "mouth/mouth-lowerlip-volume-": ("decr", "incr"),
    "mouth/mouth-trans-": ("down", "up"),
    "forehead/forehead-scale-vert-": ("decr", "incr"),
    "forehead/forehead-temple-": ("decr", "incr"),
    "head/head-scale-horiz-": ("decr", "incr"),
    "head/head-scale-vert-": ("decr", "incr"),
    "eyebrows/eyebrows-trans-": ("down", "up"),
    "eyebrows/eyebrows-angle-": ("up", "down"),
}
_LOCAL_PAIRS_BOTH_SIDES = {
    "cheek/{}-cheek-bones-": ("decr", "incr"),
    "cheek/{}-cheek-volume-": ("decr", "incr"),
    "eyes/{}-eye-scale-": ("decr", "incr"),
    "eyes/{}-eye-height2-": ("decr", "incr"),
    "eyes/{}-eye-corner2-": ("down", "up"),
    "eyes/{}-eye-trans-": ("in", "out"),
    "eyes/{}-eye-bag-": ("decr", "incr"),
    "ears/{}-ear-scale-": ("decr", "incr"),
    "ears/{}-ear-wing-": ("decr", "incr"),
}
# The base face looks stern: its eyes are narrow, their outer corners high, its brows low.
_MEAN = {
    "eyes/{}-eye-scale-": 0.15, "eyes/{}-eye-height2-": 0.35, "eyes/{}-eye-corner2-": -0.15,
    "eyebrows/eyebrows-trans-": 0.25, "eyebrows/eyebrows-angle-": -0.25,
}  # fmt: skip
_ASYMMETRY = (
    "brown-1", "brown-2", "cheek-1", "eye-1", "eye-4", "jaw-1", "jaw-2", "mouth-1", "nose-1", "nose-2", "ear-1",
)  # fmt: skip


def _identity(random: np.random.Generator) -> dict[str, float]:
    weights: dict[str, float] = {}
    for stem, names in _LOCAL_PAIRS.items():
        _add_pair(weights, stem, names, random.normal(_MEAN.get(stem, 0.0), 0.30))
    for stem, names in _LOCAL_PAIRS_BOTH_SIDES.items():
        value = random.normal(_MEAN.get(stem, 0.0), 0.25)
        for side in "lr":
            _add_pair(weights, stem.format(side), names, value)
    for name in _ASYMMETRY:
        weights[f"asym/asym-{name}-{random.choice(['l', 'r'])}"] = random.uniform(0.0, 0.3)
    return weights


def _add_pair(weights: dict[str, float], stem: str, names: tuple[str, str], value: float) -> None:
    weights[stem + names[int(value > 0)]] = float(min(abs(value), 0.65))


def _read() -> tuple[Person, ...]:
    table = tomllib.loads(Path(__file__).with_name("people.toml").read_text())
    return tuple(Person(**{**entry, "hair": Hair(**entry["hair"])}) for entry in table["person"])


PEOPLE = _read()
