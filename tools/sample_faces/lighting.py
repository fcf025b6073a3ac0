"""The lamps of each condition."""

from dataclasses import dataclass

import numpy as np

_FACE_CENTRE = np.array([0.0, 7.15, 0.9])
_LAMP_DISTANCE = 14.0


@dataclass(frozen=True)
class Light:
    """A round lamp and the light that comes from everywhere.

    Attributes:
        azimuth, elevation: direction to the lamp in degrees; azimuth is positive towards the image's right.
        radius: of the lamp, in decimetres.
        key, ambient: strengths; 1 is the full lamp.
        wall: strength of the light that falls on the wall only.
    """

    azimuth: float
    elevation: float
    radius: float
    key: float
    ambient: float
    wall: float

    def points(self, count: int, rotation: float) -> np.ndarray:
        """Return (count, 3) positions spread over the lamp by Vogel's spiral, turned by `rotation` radians."""
        azimuth, elevation = np.radians([self.azimuth, self.elevation])
        toward = np.array([
            np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)
        ])  # fmt: skip
        right = np.cross([0.0, 1.0, 0.0], toward)
        right /= np.linalg.norm(right)
        up = np.cross(toward, right)
        index = np.arange(count)
        distance = self.radius * np.sqrt((index + 0.5) / count)
        angle = index * np.pi * (3.0 - np.sqrt(5.0)) + rotation
        spread = np.outer(distance * np.cos(angle), right) + np.outer(distance * np.sin(angle), up)
        return _FACE_CENTRE + _LAMP_DISTANCE * toward + spread


def for_condition(condition: str, number: int, random: np.random.Generator) -> Light:
    """Return the light of one image.

    Args:
        condition: as in `expressions.CONDITIONS`.
        number: of the person, whose room has ordinary light of its own.
        random: source of what differs between that person's images.
    """
    if condition == "centerlight":
        return Light(random.normal(2.0, 3.0), random.normal(6.0, 3.0), 0.8, random.uniform(0.95, 1.08), 0.20, 0.25)
    if condition in ("leftlight", "rightlight"):
        side = -1.0 if condition == "leftlight" else 1.0
        azimuth = side * random.uniform(50.0, 62.0)
        return Light(azimuth, random.uniform(8.0, 18.0), 0.9, random.uniform(0.92, 1.08), 0.10, 0.0)
    room = np.random.default_rng([number, 909])
    return Light(
        azimuth=float(np.clip(room.normal(-12.0, 19.0), -42.0, 42.0)) + random.normal(0.0, 4.0),
        elevation=room.uniform(14.0, 38.0) + random.normal(0.0, 3.0),
        radius=room.uniform(0.9, 2.2),
        key=random.uniform(0.84, 1.02),
        ambient=room.uniform(0.17, 0.33) + random.uniform(-0.03, 0.03),
        wall=room.uniform(0.25, 0.5),
    )
