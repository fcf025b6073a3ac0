"""Where hair, beard and brows grow, as masks over the base mesh (decimetres, see `heads`)."""

import numpy as np

from .noise import waves
from .people import Hair

# The hairline of a full head of hair: azimuth around the vertical axis through the ears in degrees (0 is the front,
# 90 the ear), and height in the base mesh's decimetres.
_HAIRLINE_AZIMUTH = np.array([0, 18, 34, 46, 56, 64, 71, 78, 84, 88, 108, 116, 132, 180], dtype=float)
_HAIRLINE_HEIGHT = np.array([7.95, 7.94, 7.90, 7.82, 7.68, 7.50, 7.28, 7.12, 7.18, 7.42, 7.42, 7.0, 6.82, 6.68])
AXIS_DEPTH = 0.45  # z of the vertical axis through the ears


def scalp_mask(rest: np.ndarray, hair: Hair) -> np.ndarray:
    """Return where hair grows, (N,) in [0, 1], for base-mesh positions (N, 3)."""
    azimuth = np.degrees(np.arctan2(np.abs(rest[:, 0]), rest[:, 2] - AXIS_DEPTH))
    height = np.interp(azimuth, _HAIRLINE_AZIMUTH, _HAIRLINE_HEIGHT)
    corners = np.exp(-(((azimuth - 36.0) / 16.0) ** 2))
    front = np.exp(-((azimuth / 40.0) ** 2))
    height = height + hair.recession * (0.20 * corners + 0.08 * front)
    height = height + 0.018 * waves(rest, 4.0, 5)
    mask = np.clip((rest[:, 1] - height) / 0.06 + 0.5, 0.0, 1.0)
    if hair.bald_top:
        top = np.clip((rest[:, 1] - 7.78) / 0.2, 0.0, 1.0) * np.clip((rest[:, 2] + 0.35) / 0.25, 0.0, 1.0)
        mask = mask * (1.0 - top) * np.clip((azimuth - 55.0) / 15.0, 0.0, 1.0)
    ear = (np.abs(rest[:, 0]) > 0.74) & (rest[:, 1] < 7.45)
    return np.where(ear, 0.0, mask)


def beard_mask(rest: np.ndarray, style: str) -> np.ndarray:
    """Return where a beard of a style grows, (N,) in [0, 1], for base-mesh positions (N, 3)."""
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    lip_top = np.interp(x, [0.0, 0.1, 0.3], [6.755, 6.765, 6.69])
    moustache = _band(y, lip_top, np.interp(x, [0.0, 0.1, 0.3], [6.87, 6.86, 6.74])) * _below(x, 0.32, 0.05)
    moustache = moustache * (z > 1.2)
    around = _band(y, np.full_like(y, 6.0), np.interp(x, [0.0, 0.18, 0.30, 0.4], [6.56, 6.60, 6.70, 6.70]))
    goatee = around * _below(x, 0.30, 0.06) * (z > 0.95)
    upper = np.interp(x, [0.0, 0.2, 0.34, 0.48, 0.6, 0.8], [6.56, 6.58, 6.72, 6.80, 7.0, 7.15])
    cheeks = _band(y, np.full_like(y, 6.15), upper) * np.clip((z - 0.50) / 0.12, 0.0, 1.0) * (x < 0.78)
    masks = {
        "none": np.zeros_like(x),
        "moustache": moustache,
        "goatee": np.maximum(moustache, goatee),
        "full": np.maximum(moustache, cheeks),
        "stubble": np.maximum(moustache, cheeks),
    }
    return masks[style]


def brow_mask(rest: np.ndarray, weight: float) -> np.ndarray:
    """Return where brows grow, (N,) in [0, 1], for base-mesh positions (N, 3)."""
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    centre = np.interp(x, [0.1, 0.2, 0.42, 0.54, 0.64], [7.45, 7.465, 7.475, 7.445, 7.385])
    half = weight * np.interp(x, [0.1, 0.16, 0.36, 0.64], [0.016, 0.031, 0.024, 0.006])
    inside = np.clip(1.0 - np.abs(y - centre) / half, 0.0, 1.0)
    ends = np.clip((x - 0.09) / 0.05, 0.0, 1.0) * np.clip((0.63 - x) / 0.08, 0.0, 1.0)
    return inside * ends * (z > 0.8)


def _band(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.clip((value - low) / 0.03 + 0.5, 0.0, 1.0) * np.clip((high - value) / 0.04 + 0.5, 0.0, 1.0)


def _below(value: np.ndarray, limit: float, blur: float) -> np.ndarray:
    return np.clip((limit - value) / blur + 0.5, 0.0, 1.0)
