"""Ray queries on the CPU: what a ray hits, how much of a light a point sees, how open its surroundings are.

All random choices are made by the caller; the kernels are deterministic.
"""

import numpy as np
import warp as wp

wp.config.log_level = wp.LOG_ERROR  # a machine without CUDA is no reason to warn
_DEVICE = "cpu"
_SURFACE_OFFSET = 2.0e-3  # decimetres; keeps a secondary ray from hitting the surface that it starts on


@wp.kernel
def _closest_kernel(
    mesh: wp.uint64,
    origin: wp.vec3,
    directions: wp.array(dtype=wp.vec3),
    distance: wp.array(dtype=float),
    face: wp.array(dtype=int),
    weights: wp.array(dtype=wp.vec2),
):
    i = wp.tid()
    query = wp.mesh_query_ray(mesh, origin, directions[i], 1.0e4)
    if query.result:
        distance[i] = query.t
        face[i] = query.face
        weights[i] = wp.vec2(query.u, query.v)
    else:
        face[i] = -1


@wp.kernel
def _light_kernel(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    lights: wp.array(dtype=wp.vec3),
    visible: wp.array(dtype=float),
):
    i = wp.tid()
    point = points[i]
    total = float(0.0)  # noqa: UP018 - Warp takes a plain literal for a constant
    for k in range(lights.shape[0]):
        to_light = lights[k] - point
        length = wp.length(to_light)
        query = wp.mesh_query_ray(mesh, point, to_light / length, length)
        if not query.result:
            total += 1.0
    visible[i] = total / float(lights.shape[0])


@wp.kernel
def _openness_kernel(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    hemisphere: wp.array(dtype=wp.vec3),
    reach: float,
    openness: wp.array(dtype=float),
):
    i = wp.tid()
    normal = normals[i]
    helper = wp.vec3(1.0, 0.0, 0.0)
    if wp.abs(normal[0]) > 0.7:
        helper = wp.vec3(0.0, 1.0, 0.0)
    tangent = wp.normalize(wp.cross(helper, normal))
    bitangent = wp.cross(normal, tangent)
    total = float(0.0)  # noqa: UP018 - Warp takes a plain literal for a constant
    for k in range(hemisphere.shape[0]):
        local = hemisphere[k]
        direction = local[0] * tangent + local[1] * bitangent + local[2] * normal
        query = wp.mesh_query_ray(mesh, points[i], direction, reach)
        if query.result:
            total += wp.min(1.0, query.t / reach)
        else:
            total += 1.0
    openness[i] = total / float(hemisphere.shape[0])


@wp.kernel
def _nearest_kernel(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    nearest: wp.array(dtype=wp.vec3),
    side: wp.array(dtype=float),
    normals: wp.array(dtype=wp.vec3),
):
    i = wp.tid()
    query = wp.mesh_query_point_sign_normal(mesh, points[i], 1.0e3)
    nearest[i] = wp.mesh_eval_position(mesh, query.face, query.u, query.v)
    normals[i] = wp.mesh_eval_face_normal(mesh, query.face)
    side[i] = query.sign


class Surface:
    """A triangle mesh that rays can be shot at.

    Args:
        vertices: (V, 3) positions.
        triangles: (T, 3) vertex indices.
    """

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray) -> None:
        self._points = _vectors(vertices)
        self._indices = wp.array(triangles.reshape(-1).astype(np.int32), dtype=int, device=_DEVICE)
        self._mesh = wp.Mesh(points=self._points, indices=self._indices)

    def closest(self, origin: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return per ray the distance (N,), the face or -1 (N,), and barycentric weights of its corners (N, 3)."""
        count = len(directions)
        distance = wp.zeros(count, dtype=float, device=_DEVICE)
        face = wp.zeros(count, dtype=int, device=_DEVICE)
        weights = wp.zeros(count, dtype=wp.vec2, device=_DEVICE)
        inputs = [self._mesh.id, wp.vec3(*[float(value) for value in origin]), _vectors(directions)]
        wp.launch(_closest_kernel, dim=count, inputs=inputs, outputs=[distance, face, weights], device=_DEVICE)
        pair = weights.numpy()
        corners = np.column_stack([pair, 1.0 - pair.sum(axis=1)])
        return distance.numpy(), face.numpy(), corners

    def light_share(self, points: np.ndarray, normals: np.ndarray, lights: np.ndarray) -> np.ndarray:
        """Return the share (N,) of the light points (K, 3) that each of the points (N, 3) sees."""
        visible = wp.zeros(len(points), dtype=float, device=_DEVICE)
        starts = _vectors(points + _SURFACE_OFFSET * normals)
        inputs = [self._mesh.id, starts, _vectors(lights)]
        wp.launch(_light_kernel, dim=len(points), inputs=inputs, outputs=[visible], device=_DEVICE)
        return visible.numpy()

    def openness(self, points: np.ndarray, normals: np.ndarray, hemisphere: np.ndarray, reach: float) -> np.ndarray:
        """Return how open the hemisphere above each point is, (N,) in [0, 1].

        Args:
            points, normals: (N, 3).
            hemisphere: (K, 3) cosine-distributed directions around +z.
            reach: distance beyond which nothing occludes, in decimetres.
        """
        result = wp.zeros(len(points), dtype=float, device=_DEVICE)
        starts = _vectors(points + _SURFACE_OFFSET * normals)
        inputs = [self._mesh.id, starts, _vectors(normals), _vectors(hemisphere), reach]
        wp.launch(_openness_kernel, dim=len(points), inputs=inputs, outputs=[result], device=_DEVICE)
        return result.numpy()

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the nearest surface positions (N, 3), their normals (N, 3), and +1 outside or -1 inside (N,)."""
        count = len(points)
        position = wp.zeros(count, dtype=wp.vec3, device=_DEVICE)
        side = wp.zeros(count, dtype=float, device=_DEVICE)
        normals = wp.zeros(count, dtype=wp.vec3, device=_DEVICE)
        inputs = [self._mesh.id, _vectors(points)]
        wp.launch(_nearest_kernel, dim=count, inputs=inputs, outputs=[position, side, normals], device=_DEVICE)
        return position.numpy(), normals.numpy(), side.numpy()


def _vectors(values: np.ndarray) -> wp.array:
    return wp.array(np.ascontiguousarray(values, dtype=np.float32), dtype=wp.vec3, device=_DEVICE)
