"""Small vector helpers."""

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (..., 3) scaled to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
