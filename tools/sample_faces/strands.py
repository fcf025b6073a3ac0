"""Strands of hair: how they follow a moving face, and how they become triangles."""

from dataclasses import dataclass

import numpy as np

from .vectors import unit


@dataclass(frozen=True)
class Strands:
    """Hair strands on the neutral head.

    Attributes:
        points: (N, S, 3) positions from root to tip.
        width: (N,) width at the root, in decimetres.
        tone: (N,) reflectance.
        depth: (N, S) 0 where a strand lies deep in the hair, 1 in its outermost layer; deep hair gets less light.
        root: (N,) triangle that a strand grows from.
        on_scalp: (N,) whether it follows the head's pose rather than its triangle.
    """

    points: np.ndarray
    width: np.ndarray
    tone: np.ndarray
    depth: np.ndarray
    root: np.ndarray
    on_scalp: np.ndarray


def follow(strands: Strands, triangles: np.ndarray, neutral: np.ndarray, posed: np.ndarray,
           head_pose: tuple[np.ndarray, np.ndarray]) -> np.ndarray:  # fmt: skip
    """Return strand points (N, S, 3) carried from the neutral head to a posed one.

    Args:
        triangles: (T, 3) indices of the refined mesh.
        neutral, posed: (R, 3) refined vertices.
        head_pose: (3, 3) rotation and (3,) translation of the rigid skull.
    """
    corners = triangles[strands.root]
    rotation_from, origin_from = _frames(neutral[corners])
    rotation_to, origin_to = _frames(posed[corners])
    local = np.einsum("nsc,nci->nsi", strands.points - origin_from[:, None], rotation_from)
    carried = np.einsum("nsi,nci->nsc", local, rotation_to) + origin_to[:, None]
    rotation, translation = head_pose
    rigid = strands.points @ rotation.T + translation
    return np.where(strands.on_scalp[:, None, None], rigid, carried)


def ribbons(points: np.ndarray, width: np.ndarray, eye: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return strands as ribbons that face the camera.

    Args:
        points: (N, S, 3).
        width: (N,) at the root; ribbons taper to a third.
        eye: (3,) camera position.

    Returns:
        Vertices (2·N·S, 3), triangles (2·N·(S-1), 3), and the tangent of every vertex (2·N·S, 3).
    """
    count, steps, _ = points.shape
    tangent = unit(np.gradient(points, axis=1))
    across = unit(np.cross(tangent, eye - points))
    half = 0.5 * width[:, None, None] * np.linspace(1.0, 0.35, steps)[None, :, None]
    vertices = np.stack([points - half * across, points + half * across], axis=2)
    index = np.arange(count * steps * 2).reshape(count, steps, 2)
    a, b, c, d = index[:, :-1, 0], index[:, :-1, 1], index[:, 1:, 0], index[:, 1:, 1]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    return vertices.reshape(-1, 3), triangles, np.repeat(tangent, 2, axis=1).reshape(-1, 3)


def _frames(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = unit(corners[:, 1] - corners[:, 0])
    normal = unit(np.cross(first, corners[:, 2] - corners[:, 0]))
    return np.stack([first, np.cross(normal, first), normal], axis=-1), corners.mean(axis=1)
