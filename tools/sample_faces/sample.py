"""One of the 165 images: its seeds, view and light."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from . import expressions, lighting, render, scene
from .plan import COPIES, wears_glasses


@dataclass(frozen=True)
class Picture:
    """One rendered image.

    Attributes:
        name: "subject01.happy".
        grey: (243, 320) uint8.
        eyes: (2, 2) column and row of the eyes, the image's left one first.
        units: the face-unit weights.
    """

    name: str
    grey: np.ndarray
    eyes: np.ndarray
    units: dict[str, float]


def picture(base: scene.Neutral, name: str, done: Mapping[str, Picture]) -> Picture:
    """Return one image; the same arguments give the same bytes.

    Args:
        base: the person.
        name: the file name, which ends in the condition.
        done: the images so far, of which a planted copy repeats one.
    """
    if name in COPIES:
        return replace(done[COPIES[name]], name=name)
    person, condition = base.person, name.partition(".")[2]
    random = np.random.default_rng([person.number, expressions.CONDITIONS.index(condition), 303])
    units = expressions.face_units(person, condition, random)
    yaw, pitch, roll = expressions.head_turn(condition, random)
    place = np.random.default_rng([person.number, 404])  # where a person tends to sit
    view = scene.View(
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        scale=81.0 * place.uniform(0.94, 1.06) * random.uniform(0.97, 1.03),
        column=156.0 + place.uniform(-14.0, 14.0) + random.uniform(-9.0, 9.0),
        row=115.0 + place.uniform(-5.0, 5.0) + random.uniform(-5.0, 5.0),
    )
    light = lighting.for_condition(condition, random)
    built = scene.build(base, units, view, wears_glasses(person, condition))
    grey = render.render(built, person, light, units)
    return Picture(name, grey, built.eye_pixels, units)
