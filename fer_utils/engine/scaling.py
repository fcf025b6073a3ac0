"""Greys as the networks take them."""

import numpy as np


def scaled(images: np.ndarray) -> np.ndarray:
    """Greys as the networks take them: uint8 in [0, 255] to float32 in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)
