"""Catmull-Clark subdivision of a quadrilateral mesh as a sparse matrix.

The matrix depends on the faces alone, so it is built once and then refines any per-vertex quantity: positions of every
expression, texture coordinates, masks.

Source: E. Catmull, J. Clark, "Recursively generated B-spline surfaces on arbitrary topological meshes",
Computer-Aided Design 10(6), 1978.
"""

import numpy as np
from scipy import sparse


def catmull_clark(quads: np.ndarray, vertex_count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Return one subdivision step of a mesh.

    Args:
        quads: (F, 4) integer vertex indices.
        vertex_count: number of vertices V; those that no face uses stay where they are.

    Returns:
        The (V + E + F, V) matrix that maps vertex values to refined vertex values, and the (4F, 4) refined quads.
    """
    face_count = len(quads)
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
    edges, side_edge, face_per_edge = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True, return_counts=True)
    side_edge = side_edge.reshape(-1)
    edge_count = len(edges)
    side_face = np.repeat(np.arange(face_count), 4)

    face_points = _matrix(side_face, quads.reshape(-1), 0.25, (face_count, vertex_count))
    edge_ends = _matrix(np.repeat(np.arange(edge_count), 2), edges.reshape(-1), 0.5, (edge_count, vertex_count))
    edge_faces = _matrix(side_edge, side_face, 0.5, (edge_count, face_count))
    inner_edge = sparse.diags((face_per_edge == 2).astype(float))
    rim_edge = sparse.diags((face_per_edge != 2).astype(float))
    edge_points = inner_edge @ (0.5 * edge_ends + 0.5 * edge_faces @ face_points) + rim_edge @ edge_ends

    valence = np.bincount(edges.reshape(-1), minlength=vertex_count).astype(float)
    on_rim = np.zeros(vertex_count, dtype=bool)
    on_rim[edges[face_per_edge != 2].reshape(-1)] = True
    inner = (valence > 2) & ~on_rim
    one_over_valence = np.divide(1.0, valence, out=np.zeros(vertex_count), where=valence > 0)
    vertex_faces = _matrix(quads.reshape(-1), side_face, 1.0, (vertex_count, face_count))
    vertex_edges = _matrix(edges.reshape(-1), np.repeat(np.arange(edge_count), 2), 1.0, (vertex_count, edge_count))
    identity = sparse.identity(vertex_count)
    smooth = sparse.diags(one_over_valence**2) @ (vertex_faces @ face_points + 2.0 * vertex_edges @ edge_ends)
    smooth = smooth + sparse.diags((valence - 3.0) * one_over_valence) @ identity
    rim_edge_count = np.bincount(edges[face_per_edge != 2].reshape(-1), minlength=vertex_count)
    rim = 0.5 * identity + 0.25 * vertex_edges @ rim_edge @ edge_ends
    regular_rim = on_rim & (rim_edge_count == 2)
    still = ~(inner | regular_rim)
    vertex_points = (
        sparse.diags(inner.astype(float)) @ smooth
        + sparse.diags(regular_rim.astype(float)) @ rim
        + sparse.diags(still.astype(float)) @ identity
    )

    side_edge = side_edge.reshape(face_count, 4) + vertex_count
    centre = np.arange(face_count) + vertex_count + edge_count
    refined = np.stack(
        [quads, side_edge, np.repeat(centre[:, None], 4, axis=1), np.roll(side_edge, 1, axis=1)], axis=-1
    )
    return sparse.vstack([vertex_points, edge_points, face_points]).tocsr(), refined.reshape(-1, 4)


def _matrix(rows: np.ndarray, columns: np.ndarray, value: float, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.full(len(rows), value), (rows, columns)), shape=shape)
