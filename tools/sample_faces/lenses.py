"""Lenses of glasses: what they reflect of a bright window, and how dark they are."""

from dataclasses import dataclass

import numpy as np

from .raytrace import Surface
from .vectors import unit

_CURVATURE = 0.9  # radius of a lens's front, decimetres
_TILT = 0.05  # the front looks a little down
_SOFT = 0.035  # radians; the width of the window's edge
KINDS = ("clear", "glare", "tinted")
_TINT = 0.12  # share of the light that sunglasses let through, twice


@dataclass(frozen=True)
class Window:
    """A bright rectangle that lenses reflect; angles in radians, azimuth positive towards the image's right.

    Attributes:
        azimuth, elevation: direction to its centre.
        half_width, half_height: its size.
        brightness: of the reflection, as radiance.
    """

    azimuth: float
    elevation: float
    half_width: float
    half_height: float
    brightness: float


@dataclass(frozen=True)
class Lenses:
    """Both lenses of one image.

    Attributes:
        surface: their front.
        centres: (2, 3).
        axis: (3,) the direction they look to.
        window: what they reflect.
        share: of the light from behind that passes.
    """

    surface: Surface
    centres: np.ndarray
    axis: np.ndarray
    window: Window
    share: float

    def over(self, radiance: np.ndarray, nearest: np.ndarray, camera: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Return the radiance (N,) with the lenses before it.

        Args:
            radiance: (N,) of what is there without lenses, `nearest` (N,) its distance.
            camera: (3,) where the rays start, `directions` (N, 3) their unit vectors.
        """
        distance, face, _ = self.surface.closest(camera, directions)
        hit = np.flatnonzero((face >= 0) & (distance < nearest))
        points = camera + directions[hit] * distance[hit, None]
        offset = points[:, None] - self.centres[None]
        offset = offset[np.arange(len(hit)), (offset**2).sum(axis=2).argmin(axis=1)]
        normal = unit(self.axis + (offset - (offset @ self.axis)[:, None] * self.axis) / _CURVATURE)
        mirrored = directions[hit] - 2.0 * (directions[hit] * normal).sum(axis=1, keepdims=True) * normal
        sideways = np.abs(np.arctan2(mirrored[:, 0], mirrored[:, 2]) - self.window.azimuth) - self.window.half_width
        upward = np.abs(np.arcsin(mirrored[:, 1]) - self.window.elevation) - self.window.half_height
        lit = np.clip(0.5 - np.maximum(sideways, upward) / _SOFT, 0.0, 1.0)
        result = radiance.copy()
        result[hit] = self.share * radiance[hit] + self.window.brightness * lit
        return result


def window(kind: str, random: np.random.Generator) -> Window:
    """Return the window of one image before lenses of a kind: "glare" shows much of it, "tinted" a little."""
    strong = kind == "glare"
    return Window(
        azimuth=random.uniform(-0.45, 0.45),
        elevation=random.uniform(-0.05, 0.40),
        half_width=random.uniform(0.10, 0.22),
        half_height=random.uniform(0.06, 0.15),
        brightness=random.uniform(0.3, 0.8) if strong else 0.12,
    )


def placed(kind: str, rings: np.ndarray, rotation: np.ndarray, translation: np.ndarray, seen: Window) -> Lenses:
    """Return the lenses of a kind in the rims (2, K, 3) of the neutral head, turned and moved with it."""
    posed = rings @ rotation.T + translation
    centres = posed.mean(axis=1)
    count = posed.shape[1]
    vertices = np.concatenate(
        [np.concatenate([ring, centre[None]]) for ring, centre in zip(posed, centres, strict=True)]
    )
    around = np.arange(count)
    fan = np.stack([around, (around + 1) % count, np.full(count, count)], axis=1)
    axis = unit(np.array([0.0, -_TILT, 1.0])) @ rotation.T
    surface = Surface(vertices, np.concatenate([fan, fan + count + 1]))
    return Lenses(surface, centres, axis, seen, _TINT if kind == "tinted" else 0.94)
