"""Reflectance of skin, eyes, mouth, lashes, frame and cloth, painted in the coordinates of the base mesh."""

import numpy as np

from .noise import waves
from .people import Person
from .regions import beard_mask, brow_mask, scalp_mask

_IRIS_ANGLE = 0.47  # radians from the eye's axis: an iris of 11.7 mm on an eyeball of 24 mm
_PUPIL_ANGLE = 0.17


def skin(person: Person, rest: np.ndarray, lips: np.ndarray, inside: np.ndarray, lids: np.ndarray) -> np.ndarray:
    """Return the reflectance (N,) of skin at base-mesh positions (N, 3).

    Args:
        lips, inside, lids: (N,) the mesh's masks, in [0, 1].
    """
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    front = np.clip((z - 0.6) / 0.4, 0.0, 1.0)
    tone = person.skin * (1.0 + 0.022 * waves(rest, 2.0, person.number) + 0.018 * waves(rest, 7.0, person.number + 20))
    if person.age > 0.6:
        spots = np.clip(waves(rest, 8.0, person.number + 40, count=24) - 1.8, 0.0, 1.0)
        tone = tone * (1.0 - 0.14 * spots)

    def spot(centre_x: float, centre_y: float, width: float, height: float) -> np.ndarray:
        return front * np.exp(-(((x - centre_x) / width) ** 2) - ((y - centre_y) / height) ** 2)

    tone = tone * (1.0 - 0.10 * spot(0.42, 6.98, 0.16, 0.14))  # the blood of the cheeks
    tone = tone * (1.0 - 0.08 * spot(0.0, 6.98, 0.14, 0.10))  # and of the nose
    tone = tone * (1.0 - 0.16 * spot(0.32, 7.30, 0.20, 0.12))  # eye sockets
    tone = tone * (1.0 - (0.06 + 0.10 * max(person.age - 0.5, 0.0)) * spot(0.30, 7.14, 0.16, 0.05))
    tone = tone * (1.0 - 0.10 * lids)
    if person.hair_tone < 0.3:
        tone = tone * (1.0 - 0.18 * brow_mask(rest, 1.25 * person.brow_weight))
    shadow = {"none": 0.0, "stubble": 0.22, "moustache": 0.12, "goatee": 0.15, "full": 0.12}[person.beard]
    if person.male > 0.5 and shadow == 0.0:
        shadow = 0.08
    grain = np.clip(1.0 + 0.10 * waves(rest, 16.0, 31), 0.6, 1.4)
    tone = tone * (1.0 - shadow * grain * beard_mask(rest, "full"))
    if person.beard in ("moustache", "goatee", "full"):
        under = 0.65 * beard_mask(rest, person.beard)
        tone = tone * (1.0 - under) + under * person.hair_tone
    lip_tone = person.skin * (0.6 + 0.4 * person.lip_tone if person.male > 0.5 else person.lip_tone) * 0.92
    tone = tone * (1.0 - lips) + lips * lip_tone * (1.0 + 0.05 * waves(rest * np.array([3.0, 0.5, 0.5]), 5.0, 3))
    tone = tone * (1.0 - 0.75 * np.clip(inside - 0.3 * lips, 0.0, 1.0))
    scalp = scalp_mask(rest, person.hair) * (0.55 if person.hair.bald_top else 0.95)
    return tone * (1.0 - scalp) + scalp * 0.8 * person.hair_tone


def eyeball(person: Person, angle: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Return the reflectance (N,) of an eyeball.

    Args:
        angle: (N,) radians from the eye's axis.
        around: (N,) radians around it.
    """
    white = 0.70 * (1.0 - 0.25 * np.clip((angle - 0.6) / 0.7, 0.0, 1.0))
    spokes = 1.0 + 0.15 * np.cos(23.0 * around) * np.cos(9.0 * around + 1.0)
    iris = person.iris * spokes * (1.15 - 0.75 * np.clip((angle - 0.36) / 0.11, 0.0, 1.0))
    in_iris = np.clip((_IRIS_ANGLE - angle) / 0.04 + 0.5, 0.0, 1.0)
    in_pupil = np.clip((_PUPIL_ANGLE - angle) / 0.03 + 0.5, 0.0, 1.0)
    tone = white * (1.0 - in_iris) + iris * in_iris
    return tone * (1.0 - in_pupil) + 0.01 * in_pupil


def cloth_mask(person: Person, rest: np.ndarray) -> np.ndarray:
    """Return where the shirt is, (N,) in [0, 1]."""
    azimuth = np.arctan2(np.abs(rest[:, 0]), rest[:, 2] - 0.25)
    edge = 5.86 + person.collar + 0.20 * np.clip(azimuth / 1.6, 0.0, 1.0)
    return np.clip((edge - rest[:, 1]) / 0.02, 0.0, 1.0)


def cloth(person: Person, rest: np.ndarray) -> np.ndarray:
    """Return the reflectance (N,) of the shirt, with soft folds."""
    return person.shirt * (1.0 + 0.06 * waves(rest * np.array([1.0, 0.4, 1.0]), 1.5, person.number + 70))


TEETH_TONE = 1.0  # with the light that scatters inside them
TONGUE_TONE = 0.22
LASH_TONE = 0.04
