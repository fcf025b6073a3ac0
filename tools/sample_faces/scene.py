"""One image as geometry: the expressive, posed head with its hair and glasses, and the camera in front of it."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from . import glasses, hair, heads, lenses, materials
from .people import Person
from .raytrace import Surface
from .strands import Strands, follow, ribbons

FRAME = max(heads.LASHES, heads.TONGUE) + 1  # the part number of glasses
WIDTH, HEIGHT = 320, 243
_PIVOT = np.array([0.0, 6.35, 0.35])
_EYE_FRONT = 0.13  # decimetres from the eyeball's centre to the cornea


@dataclass(frozen=True)
class View:
    """Where the head is and how the camera sees it.

    Attributes:
        yaw, pitch, roll: degrees.
        scale: pixels per decimetre at the depth of the eyes.
        column, row: pixel position of the point between the eyes of an unturned head.
        distance: of the camera from the eyes, decimetres.
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    column: float
    row: float
    distance: float = 15.0


@dataclass(frozen=True)
class Neutral:
    """A person's neutral head and everything that is grown on or fitted to it; built once per person.

    Attributes:
        vertices: (R, 3) refined vertices.
        strands: brows, hair and beard.
        frame: vertices and triangles of the glasses, and the rims of their lenses.
        eyes: (2, 3) centres of the eyeballs, the person's left one first.
        shift: (3,) what brings people of every height to the eye level of the base mesh.
    """

    person: Person
    vertices: np.ndarray
    strands: Strands
    frame: tuple[np.ndarray, np.ndarray, np.ndarray]
    eyes: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True)
class Scene:
    """What the renderer needs.

    Attributes:
        solid, fur: surfaces of head with glasses, and of hair.
        vertices, normals: (V, 3) of the solid surface, `triangles` (T, 3), `part` (T,).
        paint: (V, 7) base-mesh position, lips, mouth inside, lids, shirt.
        fur_tangent, fur_tone, fur_depth: per vertex of the hair, with `fur_triangles`.
        eye_centres, eye_axes: (2, 3) of the eyeballs, the person's left one first.
        camera: (3,) position, `focal` in pixels, `centre` (2,) principal point (column, row).
        eye_pixels: (2, 2) column and row of the eyes, the image's left one first.
        lenses: where some are to be seen.
    """

    solid: Surface
    fur: Surface
    vertices: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    paint: np.ndarray
    fur_triangles: np.ndarray
    fur_tangent: np.ndarray
    fur_tone: np.ndarray
    fur_depth: np.ndarray
    eye_centres: np.ndarray
    eye_axes: np.ndarray
    camera: np.ndarray
    focal: float
    centre: np.ndarray
    eye_pixels: np.ndarray
    lenses: lenses.Lenses | None


def neutral(person: Person) -> Neutral:
    """Build a person's neutral head."""
    topology = heads.topology()
    whole = heads.deform(person.weights())
    base_eyes = np.stack([topology.base[indices].mean(axis=0) for indices in topology.eye_vertices])
    shift = (base_eyes - np.stack([whole[indices].mean(axis=0) for indices in topology.eye_vertices])).mean(axis=0)
    whole = whole + shift
    vertices = topology.refine @ whole
    surface = Surface(vertices, topology.triangles)
    eyes = np.stack([whole[indices].mean(axis=0) for indices in topology.eye_vertices])
    strands = hair.grow_all(person, topology, vertices, surface)
    frame = glasses.frame(person.glasses, person.rim, topology, vertices, eyes)
    return Neutral(person, vertices, strands, frame, eyes, shift)


def build(
    base: Neutral, units: dict[str, float], view: View, with_glasses: bool, window: lenses.Window | None = None
) -> Scene:
    """Return the scene of one image.

    Args:
        base: the person.
        units: face-unit weights.
        view: pose and camera.
        with_glasses: whether the frame is worn.
        window: what its lenses reflect; none are drawn without it.
    """
    topology, person = heads.topology(), base.person
    whole = heads.deform(person.weights() | {f"faceunits/{name}": weight for name, weight in units.items()})
    whole = whole + base.shift
    expressive = topology.refine @ whole
    expressive = _lids_outside(expressive, whole)
    shirt = materials.cloth_mask(person, topology.rest)
    expressive = expressive + 0.05 * shirt[:, None] * _vertex_normals(expressive, topology.triangles)
    rotation = _rotation(view)
    translation = _PIVOT - rotation @ _PIVOT
    share = np.clip((topology.rest[:, 1] - 5.5) / 0.95, 0.0, 1.0)
    share = (share * share * (3.0 - 2.0 * share))[:, None]
    posed = (1.0 - share) * expressive + share * (expressive @ rotation.T + translation)

    vertices, triangles, part = posed, topology.triangles, topology.part
    paint = np.column_stack([topology.rest, topology.lips, topology.mouth_inside, topology.lids, shirt])
    if with_glasses:
        frame_vertices, frame_triangles, _ = base.frame
        triangles = np.concatenate([triangles, frame_triangles + len(vertices)])
        part = np.concatenate([part, np.full(len(frame_triangles), FRAME)])
        vertices = np.concatenate([vertices, frame_vertices @ rotation.T + translation])
        paint = np.concatenate([paint, np.zeros((len(frame_vertices), paint.shape[1]))])

    eyes_level = base.eyes.mean(axis=0)
    camera = np.array([0.0, eyes_level[1], eyes_level[2] + view.distance])
    points = follow(base.strands, topology.triangles, base.vertices, posed, (rotation, translation))
    fur_vertices, fur_triangles, fur_tangent = ribbons(points, base.strands.width, camera)
    per_point = np.repeat(base.strands.depth.reshape(-1), 2)
    tone = np.repeat(base.strands.tone, 2 * points.shape[1])

    eye_centres = base.eyes @ rotation.T + translation
    eye_axes = np.stack([_gaze(whole, indices) for indices in topology.eye_vertices]) @ rotation.T
    focal = view.scale * view.distance
    centre = np.array([view.column, view.row])
    worn = None
    if with_glasses and window is not None:
        worn = lenses.placed(person.lenses, base.frame[2], rotation, translation, window)
    fronts = np.stack([_eye_point(whole, side) for side in (0, 1)]) @ rotation.T + translation
    eye_pixels = np.stack([_project(point, camera, focal, centre) for point in fronts])
    return Scene(
        solid=Surface(vertices, triangles),
        fur=Surface(fur_vertices, fur_triangles),
        vertices=vertices,
        normals=_vertex_normals(vertices, triangles),
        triangles=triangles,
        part=part,
        paint=paint,
        fur_triangles=fur_triangles,
        fur_tangent=fur_tangent,
        fur_tone=tone,
        fur_depth=per_point,
        eye_centres=eye_centres,
        eye_axes=eye_axes,
        camera=camera,
        focal=focal,
        centre=centre,
        eye_pixels=eye_pixels[np.argsort(eye_pixels[:, 0])],
        lenses=worn,
    )


def _rotation(view: View) -> np.ndarray:
    yaw, pitch, roll = np.radians([view.yaw, view.pitch, view.roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def _project(point: np.ndarray, camera: np.ndarray, focal: float, centre: np.ndarray) -> np.ndarray:
    offset = point - camera
    return centre + focal * np.array([offset[0], -offset[1]]) / -offset[2]


def _eye_point(whole: np.ndarray, side: int) -> np.ndarray:
    """Return the point of an eye that is published.

    Halfway between the front of the eyeball and the middle of the two rows of lashes: it goes down with a closing lid,
    but less than the lid does, as the points of people and detectors do.
    """
    topology = heads.topology()
    upper, lower = topology.lid_vertices[side]
    x, y, z = whole[topology.eye_vertices[side]].mean(axis=0)
    between_lashes = 0.5 * (whole[upper, 1].mean() + whole[lower, 1].mean())
    return np.array([x, 0.5 * (y + between_lashes), z + _EYE_FRONT])


def _gaze(whole: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return the unit vector of an eye's gaze: straight ahead, turned as far as the targets have turned the eyeball."""
    base = heads.topology().base
    pole = indices[np.argmax(base[indices, 2])]
    turned, straight = whole[pole] - whole[indices].mean(axis=0), base[pole] - base[indices].mean(axis=0)
    axis = np.array([0.0, 0.0, 1.0]) + turned / np.linalg.norm(turned) - straight / np.linalg.norm(straight)
    return axis / np.linalg.norm(axis)


def _lids_outside(vertices: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Move skin that added-up targets have pushed into an eyeball back to its surface."""
    topology = heads.topology()
    skin = np.unique(topology.triangles[topology.part == heads.SKIN])
    moved = vertices.copy()
    for indices in topology.eye_vertices:
        centre = whole[indices].mean(axis=0)
        limit = np.linalg.norm(whole[indices] - centre, axis=1).max() + 0.004
        offset = vertices[skin] - centre
        distance = np.linalg.norm(offset, axis=1)
        inside = (distance < limit) & (offset[:, 2] > 0.3 * distance)
        moved[skin[inside]] = centre + offset[inside] * (limit / distance[inside])[:, None]
    return moved


def _vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    corner = vertices[triangles]
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    rows, columns = triangles.reshape(-1), np.repeat(np.arange(len(triangles)), 3)
    gather = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(vertices), len(triangles)))
    total = gather @ facing
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
