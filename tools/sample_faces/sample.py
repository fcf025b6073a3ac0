"""One of the 165 images: its seeds, view and light."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from . import camera, expressions, lenses, lighting, render, scene
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
    place = np.random.default_rng([person.number, 404])  # where a person tends to sit, and how near
    taken = camera.of(person.number, random)
    view = scene.View(
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        scale=77.0 * place.uniform(0.85, 1.12) * random.uniform(0.95, 1.05),
        column=159.0 + place.uniform(-26.0, 26.0) + random.uniform(-18.0, 18.0),
        row=114.0 + place.uniform(-9.0, 9.0) + random.uniform(-9.0, 9.0),
        distance=taken.distance,
    )
    light = lighting.for_condition(condition, person.number, random)
    window = None if person.lenses == "clear" else lenses.window(person.lenses, random)
    built = scene.build(base, units, view, wears_glasses(person, condition), window)
    grey = taken.develop(render.seen(built, person, light, units), random)
    return Picture(name, grey, built.eye_pixels, units)
