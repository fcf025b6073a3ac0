"""Glasses: wire frames fitted to the eyes and ears of the neutral head."""

import numpy as np

from .heads import SKIN, Topology

# Half width and half height of a lens and the exponent of its superellipse (2 is an ellipse), decimetres.
_LENSES = {"round": (0.235, 0.215, 2.2), "oval": (0.255, 0.185, 2.6)}


def frame(
    shape: str, rim: float, topology: Topology, vertices: np.ndarray, eyes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices (V, 3) and triangles (T, 3) of a frame on the neutral head, and the rims of its lenses (2, 48, 3).

    Args:
        shape: "round" or "oval".
        rim: radius of the wire, decimetres.
        vertices: (R, 3) refined vertices of the neutral head.
        eyes: (2, 3) centres of the eyeballs, the person's left one first.
    """
    skin = np.unique(topology.triangles[topology.part == SKIN])
    near = vertices[skin]
    level = eyes[:, 1].mean()
    bridge = near[(np.abs(near[:, 0]) < 0.09) & (np.abs(near[:, 1] - level) < 0.10)]
    socket = near[(np.abs(near[:, 0]) > 0.12) & (np.abs(near[:, 0]) < 0.5) & (np.abs(near[:, 1] - level) < 0.2)]
    depth = max(bridge[:, 2].max() - 0.02, socket[:, 2].max() + 0.03)
    ear = near[(np.abs(near[:, 1] - level - 0.02) < 0.08) & (np.abs(near[:, 2] - 0.5) < 0.2)]
    ear_x = np.abs(ear[:, 0]).max() - 0.05
    half_width, half_height, exponent = _LENSES[shape]
    half_width = min(half_width, 0.40 * (eyes[0, 0] - eyes[1, 0]))

    angle = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    pieces = []
    inner, rings = [], []
    for eye, sign in zip(eyes, (1.0, -1.0), strict=True):
        x = eye[0] + sign * 0.01 + half_width * np.sign(cosine) * np.abs(cosine) ** (2.0 / exponent)
        y = level - 0.03 + half_height * np.sign(sine) * np.abs(sine) ** (2.0 / exponent)
        rings.append(np.stack([x, y, depth - 0.22 * x**2], axis=1))
        pieces.append(_tube(rings[-1], rim, closed=True))
        inner.append(eye[0] + sign * (0.01 - half_width))
        outer = eye[0] + sign * (0.01 + half_width)
        hinge = np.array([outer, level + 0.05, depth - 0.22 * outer**2])
        behind_ear = np.array([sign * ear_x, level + 0.06, 0.45])
        corner = np.array([sign * (0.5 * abs(outer) + 0.5 * ear_x + 0.03), level + 0.055, hinge[2] - 0.12])
        pieces.append(_tube(np.stack([hinge, corner, behind_ear]), rim, closed=False))
    across = np.linspace(inner[1], inner[0], 9)
    arch = 0.03 + 0.045 * (1.0 - (across / across[-1]) ** 2)
    bridge_path = np.stack([across, level - 0.02 + arch, depth + 0.02 - 0.22 * across**2], axis=1)
    pieces.append(_tube(bridge_path, rim, closed=False))

    vertices_out, triangles_out, start = [], [], 0
    for piece_vertices, piece_triangles in pieces:
        vertices_out.append(piece_vertices)
        triangles_out.append(piece_triangles + start)
        start += len(piece_vertices)
    return np.concatenate(vertices_out), np.concatenate(triangles_out), np.stack(rings)


def _tube(path: np.ndarray, radius: float, closed: bool, sides: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and triangles of a round wire along a path (K, 3)."""
    tangent = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0) if closed else np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    first = np.cross(tangent, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    angle = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    ring = np.cos(angle)[None, :, None] * first[:, None] + np.sin(angle)[None, :, None] * second[:, None]
    vertices = path[:, None] + radius * ring
    count = len(path)
    rows = np.arange(count if closed else count - 1)
    ahead = (rows + 1) % count
    column = np.arange(sides)
    beside = (column + 1) % sides
    a = rows[:, None] * sides + column
    b = rows[:, None] * sides + beside
    c = ahead[:, None] * sides + column
    d = ahead[:, None] * sides + beside
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    return vertices.reshape(-1, 3), triangles
