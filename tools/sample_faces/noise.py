"""Smooth random fields made of plane waves."""

import numpy as np


def waves(points: np.ndarray, frequency: float, seed: int, count: int = 12) -> np.ndarray:
    """Return a smooth random field at points (N, 3), roughly standard normal, (N,).

    Args:
        points: positions in decimetres.
        frequency: typical number of waves per decimetre.
        seed: which field.
        count: number of plane waves.
    """
    random = np.random.default_rng([seed, 977])
    directions = random.normal(size=(3, count))
    directions *= 2.0 * np.pi * frequency * random.uniform(0.5, 1.5, size=count) / np.linalg.norm(directions, axis=0)
    phase = random.uniform(0.0, 2.0 * np.pi, size=count)
    return np.sqrt(2.0 / count) * np.cos(points @ directions + phase).sum(axis=1)
