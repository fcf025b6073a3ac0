"""Shade a scene into an 8-bit grey image."""

from dataclasses import dataclass

import numpy as np

from . import heads, materials, wrinkles
from .lighting import Light
from .people import Person
from .scene import FRAME, HEIGHT, WIDTH, Scene
from .vectors import unit

_LAMP_SAMPLES = 3  # shadow rays per sample; the samples of a pixel use different ones
_WALL_LAMP_SAMPLES = 6  # on the wall, where shadows are softest
_WALL_DEPTH = -1.3
_WALL_TONE = 0.80
_GREYS = 128


@dataclass(frozen=True)
class Quality:
    """How large an image is, and how much is computed for it.

    Attributes:
        width, height: of the image, pixels.
        grid: samples per pixel along each side.
        openness_rays: rays from each vertex that find out how much of the surrounding light reaches it.
    """

    width: int = WIDTH
    height: int = HEIGHT
    grid: int = 2
    openness_rays: int = 12


_SAMPLE = Quality()  # as data/sample was rendered


def render(
    scene: Scene, person: Person, light: Light, units: dict[str, float], quality: Quality = _SAMPLE
) -> np.ndarray:
    """Return the image, (height, width) uint8, in 128 levels of grey.

    Samples stand on a regular grid and every pixel uses the same points of the lamp, so that shadows have no grain.
    """
    grey = seen(scene, person, light, units, quality)
    return np.round(np.round(grey * (_GREYS - 1)) * (255.0 / (_GREYS - 1))).astype(np.uint8)


def seen(scene: Scene, person: Person, light: Light, units: dict[str, float], quality: Quality = _SAMPLE) -> np.ndarray:
    """Return what a perfect camera would see, (height, width) float64 in [0, 1]."""
    openness = _openness(scene, quality.openness_rays)
    grooves = wrinkles.lines(person, units)
    shape = quality.height, quality.width
    total = np.zeros(quality.height * quality.width)
    offsets = (np.arange(quality.grid) + 0.5) / quality.grid - 0.5
    for index, (down, right) in enumerate((row, column) for row in offsets for column in offsets):
        lamps = light.points(_LAMP_SAMPLES, 2.4 * index), light.points(_WALL_LAMP_SAMPLES, 2.4 * index)
        columns, rows = np.meshgrid(np.arange(quality.width) + right, np.arange(quality.height) + down)
        total += _tone(_sample(scene, person, light, lamps, openness, grooves, columns, rows), person)
    return (total / quality.grid**2).reshape(shape)


def _sample(scene: Scene, person: Person, light: Light, lamps: tuple[np.ndarray, np.ndarray],
            openness: np.ndarray, grooves: list, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:  # fmt: skip
    """Return the radiance (W·H,) of one sample in every pixel, at the positions (H, W) in pixels."""
    lamp, wall_lamp = lamps
    directions = np.column_stack([
        (columns.reshape(-1) - scene.centre[0]) / scene.focal,
        -(rows.reshape(-1) - scene.centre[1]) / scene.focal,
        np.full(columns.size, -1.0),
    ])  # fmt: skip
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    solid_distance, solid_face, solid_share = scene.solid.closest(scene.camera, directions)
    fur_distance, fur_face, fur_share = scene.fur.closest(scene.camera, directions)
    solid_distance = np.where(solid_face >= 0, solid_distance, np.inf)
    fur_distance = np.where(fur_face >= 0, fur_distance, np.inf)
    on_fur = np.flatnonzero(fur_distance < solid_distance)
    on_solid = np.flatnonzero((solid_distance <= fur_distance) & (solid_face >= 0))
    on_wall = np.flatnonzero((solid_face < 0) & (fur_face < 0))

    radiance = np.zeros(len(directions))
    points = scene.camera + directions[on_solid] * solid_distance[on_solid, None]
    radiance[on_solid] = _solid(
        scene, person, light, lamp, openness, grooves, points, -directions[on_solid], solid_face[on_solid],
        solid_share[on_solid],
    )  # fmt: skip
    points = scene.camera + directions[on_fur] * fur_distance[on_fur, None]
    radiance[on_fur] = _fur(scene, light, lamp, points, -directions[on_fur], fur_face[on_fur], fur_share[on_fur])
    radiance[on_wall] = _wall(scene, light, wall_lamp, directions[on_wall])
    if scene.lenses is not None:
        radiance = scene.lenses.over(radiance, np.minimum(solid_distance, fur_distance), scene.camera, directions)
    return radiance


def _solid(scene: Scene, person: Person, light: Light, lamp: np.ndarray, openness: np.ndarray, grooves: list,
           points: np.ndarray, toward_eye: np.ndarray, face: np.ndarray, share: np.ndarray) -> np.ndarray:  # fmt: skip
    corners = scene.triangles[face]

    def blend(values: np.ndarray) -> np.ndarray:
        return np.einsum("nk...,nk->n...", values[corners], share)

    part = scene.part[face]
    normal = unit(blend(scene.normals))
    from_behind = (part == heads.LASHES) & ((normal * toward_eye).sum(axis=1) < 0.0)
    normal = np.where(from_behind[:, None], -normal, normal)
    open_sky = blend(openness)
    paint = blend(scene.paint)
    rest, shirt = paint[:, :3], paint[:, 6]
    is_skin = part == heads.SKIN
    tone = np.select(
        [part == heads.TEETH, part == heads.TONGUE, part == heads.LASHES, part == FRAME],
        [materials.TEETH_TONE, materials.TONGUE_TONE, materials.LASH_TONE, person.frame_tone],
        0.5,
    )
    gloss, sharpness = np.zeros(len(points)), np.full(len(points), 20.0)
    tone[is_skin] = materials.skin(person, rest[is_skin], paint[is_skin, 3], paint[is_skin, 4], paint[is_skin, 5])
    slope, groove = wrinkles.slopes(rest, grooves)
    slope = np.where((is_skin & (shirt < 0.5))[:, None], slope, 0.0)
    normal = unit(normal - slope + (slope * normal).sum(axis=1, keepdims=True) * normal)
    tone = np.where(is_skin, tone * (1.0 - 0.16 * groove), tone)
    gloss[is_skin] = 0.10 + 0.10 * paint[is_skin, 3]
    wears = is_skin & (shirt > 0.5)
    tone[wears] = materials.cloth(person, rest[wears])
    gloss[wears] = 0.0
    for side, eye_part in enumerate((heads.LEFT_EYE, heads.RIGHT_EYE)):
        here = part == eye_part
        outward = unit(points[here] - scene.eye_centres[side])
        axis = scene.eye_axes[side]
        angle = np.arccos(np.clip(outward @ axis, -1.0, 1.0))
        tone[here] = materials.eyeball(person, angle, np.arctan2(outward[:, 1], outward[:, 0]))
        normal[here] = outward
        gloss[here], sharpness[here] = 1.6, 260.0
    gloss[part == heads.TEETH], sharpness[part == heads.TEETH] = 0.25, 40.0
    gloss[part == FRAME], sharpness[part == FRAME] = 0.8, 25.0

    to_lamp = unit(lamp.mean(axis=0) - points)
    seen = scene.solid.light_share(points, normal, lamp)
    seen = seen * (0.3 + 0.7 * scene.fur.light_share(points + 0.012 * normal, normal, lamp))
    # Light scatters through teeth, so that they are never as dark as the cavity around them.
    seen = np.where(part == heads.TEETH, np.maximum(seen, 0.7), seen)
    open_sky = np.where(part == heads.TEETH, np.maximum(open_sky, 0.8), open_sky)
    facing = (normal * to_lamp).sum(axis=1)
    wrap = np.where(is_skin & ~wears, 0.22, 0.0)
    diffuse = np.clip((facing + wrap) / (1.0 + wrap), 0.0, None) ** 1.1
    sky = open_sky * (0.80 + 0.20 * normal[:, 1])
    half = unit(to_lamp + toward_eye)
    grazing = (1.0 - np.clip((normal * toward_eye).sum(axis=1), 0.0, 1.0)) ** 4
    shine = gloss * np.clip((normal * half).sum(axis=1), 0.0, None) ** sharpness * (1.0 + 2.0 * grazing)
    shine = shine * np.clip(4.0 * facing, 0.0, 1.0)
    return tone * (light.key * seen * diffuse + light.ambient * sky) + light.key * seen * shine


def _fur(scene: Scene, light: Light, lamp: np.ndarray, points: np.ndarray, toward_eye: np.ndarray, face: np.ndarray,
         share: np.ndarray) -> np.ndarray:  # fmt: skip
    """Shade hair.

    Source: J. Kajiya, T. Kay, "Rendering fur with three dimensional textures", SIGGRAPH 1989: both the diffuse and the
    specular part depend on the angle between a strand's tangent and the light.
    """
    corners = scene.fur_triangles[face]
    tangent = unit(np.einsum("nkc,nk->nc", scene.fur_tangent[corners], share))
    tone = (scene.fur_tone[corners] * share).sum(axis=1)
    depth = (scene.fur_depth[corners] * share).sum(axis=1)
    to_lamp = unit(lamp.mean(axis=0) - points)
    seen = scene.solid.light_share(points, to_lamp, lamp)
    seen = seen * (0.35 + 0.65 * scene.fur.light_share(points + 0.03 * to_lamp, to_lamp, lamp))
    along = (tangent * to_lamp).sum(axis=1)
    diffuse = np.sqrt(np.clip(1.0 - along**2, 0.0, 1.0))
    half = unit(to_lamp + toward_eye)
    slant = (tangent * half).sum(axis=1)
    shine = np.clip(1.0 - slant**2, 0.0, 1.0) ** 18
    light_in = 0.35 + 0.65 * depth
    return light_in * (tone * (0.8 * light.key * seen * diffuse + light.ambient) + 0.055 * light.key * seen * shine)


def _wall(scene: Scene, light: Light, lamp: np.ndarray, directions: np.ndarray) -> np.ndarray:
    distance = (_WALL_DEPTH - scene.camera[2]) / directions[:, 2]
    points = scene.camera + directions * distance[:, None]
    normal = np.tile([0.0, 0.0, 1.0], (len(points), 1))
    seen = scene.solid.light_share(points, normal, lamp) * scene.fur.light_share(points, normal, lamp)
    to_lamp = lamp.mean(axis=0) - points
    squared = (to_lamp**2).sum(axis=1)
    facing = to_lamp[:, 2] / np.sqrt(squared)
    return _WALL_TONE * (1.6 * light.key * seen * facing * (16.0**2 / squared) + light.ambient + light.wall)


def _openness(scene: Scene, rays: int) -> np.ndarray:
    """Return how much of the surrounding light reaches each vertex of the solid surface, (V,) in [0, 1]."""
    index = np.arange(rays)
    radius = np.sqrt((index + 0.5) / rays)
    angle = index * np.pi * (3.0 - np.sqrt(5.0))
    hemisphere = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1.0 - radius**2)])
    solid = scene.solid.openness(scene.vertices, scene.normals, hemisphere, 0.8)
    fur = scene.fur.openness(scene.vertices + 0.01 * scene.normals, scene.normals, hemisphere, 0.25)
    return solid * (0.45 + 0.55 * fur)


def _tone(radiance: np.ndarray, person: Person) -> np.ndarray:
    """Map radiance to grey in [0, 1]: exposure for the skin, a soft shoulder, and the contrast of a video camera."""
    exposure = 1.15 * (0.5 / person.skin) ** 0.30
    value = np.clip(radiance * exposure, 0.0, None)
    value = value * (1.0 + value / 2.2) / (1.0 + value)
    return np.clip(1.18 * value, 0.0, 1.0) ** (1.0 / 1.75)
