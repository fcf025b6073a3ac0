"""Wrinkles as a height field over the face, turned into slopes that bend the shading normal.

Lines are drawn in the base mesh's front view (x, y in decimetres), so that they move with the skin.
"""

import numpy as np

from .people import Person


def lines(person: Person, units: dict[str, float]) -> list[tuple[np.ndarray, float, float]]:
    """Return the wrinkles of one image: polyline (K, 2), depth of the groove and its half width, decimetres.

    Args:
        person: age deepens every line.
        units: the image's face-unit weights.
    """
    years = max(0.0, (person.age - 0.5) / 0.36)

    def unit(name: str, side: str) -> float:
        return units.get(name + side, 0.0)

    found: list[tuple[np.ndarray, float, float]] = []
    raised = units.get("browInnerUp", 0.0) + 0.5 * (unit("browOuterUp", "Left") + unit("browOuterUp", "Right"))
    x = np.linspace(-0.42, 0.42, 9)
    for row, height in enumerate((7.62, 7.70, 7.785)):
        y = height + 0.05 * (x / 0.42) ** 2 + 0.008 * np.sin(7.0 * x + 2.1 * row + person.number)
        found.append((np.stack([x, y], axis=1), 0.0022 * years + 0.0018 * min(raised, 3.0), 0.015))
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        mirror = np.array([sign, 1.0])
        frown = 0.0012 * years + 0.004 * min(unit("browDown", side), 1.0)
        found.append((np.array([[0.055, 7.36], [0.05, 7.45], [0.06, 7.54]]) * mirror, frown, 0.014))
        fold = 0.003 * years + 0.0008 + 0.003 * min(unit("mouthSmile", side), 1.0) + 0.002 * unit("mouthFrown", side)
        found.append(
            (np.array([[0.19, 7.0], [0.25, 6.92], [0.31, 6.84], [0.35, 6.76], [0.36, 6.70]]) * mirror, fold, 0.026)
        )
        corner = 0.0010 * years + 0.003 * min(unit("mouthFrown", side), 1.2)
        found.append((np.array([[0.31, 6.64], [0.35, 6.57], [0.36, 6.50]]) * mirror, corner, 0.018))
        crow = 0.0010 * years + 0.0026 * min(unit("cheekSquint", side), 1.0)
        for tip in ((0.67, 7.36), (0.69, 7.28), (0.67, 7.20)):
            found.append((np.array([[0.545, 7.27 + 0.3 * (tip[1] - 7.28)], tip]) * mirror, crow, 0.010))
        bag = 0.0016 * years + 0.0008 + 0.002 * min(unit("cheekSquint", side), 1.0)
        found.append((np.array([[0.17, 7.20], [0.27, 7.13], [0.40, 7.13], [0.50, 7.18]]) * mirror, bag, 0.018))
    return [line for line in found if line[1] > 1e-4]


def slopes(rest: np.ndarray, found: list[tuple[np.ndarray, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient (N, 3) of the wrinkle height at base-mesh positions (N, 3), and how deep in a groove (N,).

    The height is the sum over lines of -depth·exp(-(d/width)²), d the distance to the line in the front view.
    """
    gradient = np.zeros_like(rest)
    groove = np.zeros(len(rest))
    for path, depth, width in found:
        low, high = path.min(axis=0) - 3.0 * width, path.max(axis=0) + 3.0 * width
        near = np.flatnonzero(((rest[:, :2] > low) & (rest[:, :2] < high)).all(axis=1) & (rest[:, 2] > 0.7))
        if not len(near):
            continue
        offset, along = _to_polyline(rest[near, :2], path)
        fade = np.clip(4.0 * along, 0.0, 1.0) * np.clip(4.0 * (1.0 - along), 0.0, 1.0)
        fall = fade * np.exp(-(offset**2).sum(axis=1) / width**2)
        gradient[near, :2] += (2.0 * depth / width**2 * fall)[:, None] * offset
        groove[near] += fall * depth / 0.006
    return gradient, np.minimum(groove, 1.0)


def _to_polyline(points: np.ndarray, path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the offset (N, 2) from the closest point of a polyline, and where on it that lies (N,), 0 to 1."""
    best = np.full(len(points), np.inf)
    offset = np.zeros_like(points)
    along = np.zeros(len(points))
    count = len(path) - 1
    for index in range(count):
        start, step = path[index], path[index + 1] - path[index]
        share = np.clip((points - start) @ step / (step @ step), 0.0, 1.0)
        difference = points - (start + share[:, None] * step)
        distance = (difference**2).sum(axis=1)
        closer = distance < best
        best = np.where(closer, distance, best)
        offset = np.where(closer[:, None], difference, offset)
        along = np.where(closer, (index + share) / count, along)
    return offset, along
