"""Grow scalp hair, brows and beards on a neutral head.

Strands are grown once on a person's neutral head. Scalp hair then follows the head's pose; brows and beards follow the
skin triangles that they are rooted in, so that they move with an expression.
"""

import numpy as np

from .heads import SKIN, Topology
from .noise import waves
from .people import Hair, Person
from .raytrace import Surface
from .regions import AXIS_DEPTH, beard_mask, brow_mask, scalp_mask
from .strands import Strands
from .vectors import unit

_CROWN = np.array([0.06, 8.3, 0.05])


def grow_all(person: Person, topology: Topology, vertices: np.ndarray, surface: Surface) -> Strands:
    """Return all strands of a person on the neutral head.

    Args:
        topology: the mesh.
        vertices: (R, 3) refined vertices of the neutral head.
        surface: the same head, to keep the strands outside of it.
    """
    random = np.random.default_rng([person.number, 202])
    sets = [
        _scalp(person, topology, vertices, surface, random),
        _brows(person, topology, vertices, random),
    ]
    if person.beard not in ("none", "stubble"):
        sets.append(_beard(person, topology, vertices, random))
    most = max(item.points.shape[1] for item in sets)
    return Strands(
        points=np.concatenate([_resample(item.points, most) for item in sets]),
        width=np.concatenate([item.width for item in sets]),
        tone=np.concatenate([item.tone for item in sets]),
        depth=np.concatenate([_resample(item.depth[..., None], most)[..., 0] for item in sets]),
        root=np.concatenate([item.root for item in sets]),
        on_scalp=np.concatenate([item.on_scalp for item in sets]),
    )


def _roots(
    topology: Topology, vertices: np.ndarray, mask: np.ndarray, count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw roots on the skin with density `mask`; return triangles, positions, normals and base-mesh positions."""
    skin = np.flatnonzero(topology.part == SKIN)
    corners = topology.triangles[skin]
    corner = vertices[corners]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    area = np.linalg.norm(normal, axis=1)
    density = area * mask[corners].mean(axis=1)
    chosen = random.choice(len(skin), size=count, p=density / density.sum())
    first, second = random.random((2, count))
    flip = first + second > 1.0
    first, second = np.where(flip, 1.0 - first, first), np.where(flip, 1.0 - second, second)
    share = np.stack([1.0 - first - second, first, second], axis=1)[..., None]
    corner = corners[chosen]
    keep = (mask[corner] * share[..., 0]).sum(axis=1) > random.random(count) * 0.6
    position = (vertices[corner] * share).sum(axis=1)
    rest = (topology.rest[corner] * share).sum(axis=1)
    return skin[chosen][keep], position[keep], unit(normal[chosen])[keep], rest[keep]


def _scalp(person: Person, topology: Topology, vertices: np.ndarray, surface: Surface,
           random: np.random.Generator) -> Strands:  # fmt: skip
    hair = person.hair
    mask = scalp_mask(topology.rest, hair)
    triangle, root, normal, rest = _roots(topology, vertices, mask, hair.strands, random)
    count = len(root)
    top = np.clip((rest[:, 1] - 7.55) / 0.45, 0.0, 1.0)
    length = hair.length + (hair.top_length - hair.length) * top
    if hair.fringe:
        azimuth = np.degrees(np.arctan2(np.abs(rest[:, 0]), rest[:, 2] - AXIS_DEPTH))
        length = np.where((azimuth < 40.0) & (rest[:, 2] > 0.75), hair.fringe, length)
    length = length * random.uniform(0.75, 1.1, size=count) * (1.0 + 0.08 * waves(rest, 2.5, person.number))
    layer = random.random(count) ** 0.8
    comb = _comb(hair, rest)
    comb = unit(comb + 0.12 * random.normal(size=(count, 3)) + 0.10 * _wave_vectors(rest, 3.0, person.number))
    strands = _walk(hair, surface, root, normal, comb, length, layer, top)
    if hair.curl:
        strands = _curl(strands, hair, random)
    depth = layer[:, None] * np.linspace(0.55, 1.0, strands.shape[1])[None]
    tone = person.hair_tone * np.exp(0.22 * random.normal(size=count) + 0.15 * waves(rest, 5.0, person.number + 50))
    if person.age > 0.6:
        grey = random.random(count) < 1.2 * (person.age - 0.6)
        tone = np.where(grey, np.maximum(tone, 0.45), tone)
    width = np.full(count, 0.017 if hair.falls else 0.015) * random.uniform(0.7, 1.2, size=count)
    return Strands(strands, width, tone, depth, triangle, np.ones(count, dtype=bool))


def _walk(hair: Hair, surface: Surface, root: np.ndarray, normal: np.ndarray, comb: np.ndarray, length: np.ndarray,
          layer: np.ndarray, top: np.ndarray) -> np.ndarray:  # fmt: skip
    """Return scalp strands (N, S, 3), grown step by step along the comb and downwards, outside the head.

    Args:
        root, normal, comb: (N, 3) where a strand starts, the scalp's normal there, the direction it is combed in.
        length: (N,) decimetres.
        layer: (N,) 0 for strands that lie on the scalp, 1 for the outermost.
        top: (N,) 1 for strands from the top of the head, 0 from its sides.
    """
    count = len(root)
    steps = 20 if hair.falls else 10
    lift = 2.5 if hair.comb == "out" else 0.55 + 1.2 * hair.volume * top
    lift = np.broadcast_to(lift, count)[:, None]
    direction = unit(comb * (0.15 if hair.comb == "out" else 1.0) + lift * normal)
    gravity = 0.9 if hair.falls else (0.0 if hair.comb == "out" else 0.22)
    down = np.array([0.0, -1.0, 0.0])
    points = [root - 0.01 * normal]
    position = root + 0.004 * normal
    step = length / (steps - 1)
    for index in range(1, steps):
        along = index / (steps - 1)
        position = position + direction * step[:, None]
        nearest, face_normal, side = surface.nearest(position)
        away = position - nearest
        height = side * np.linalg.norm(away, axis=1)
        ramp = min(1.0, 3.0 * along) if hair.falls else np.sin(np.pi * (0.12 + 0.62 * along))
        profile = hair.volume * (0.35 + 0.65 * top)
        wanted = 0.012 + layer * profile * ramp
        low = height < wanted
        if hair.comb != "out":
            position = np.where(low[:, None], nearest + face_normal * wanted[:, None], position)
            too_high = height > wanted + 0.05
            if hair.falls:
                too_high = too_high & (position[:, 1] > 7.45)
            pulled = nearest + face_normal * (0.6 * height + 0.4 * wanted)[:, None]
            position = np.where(too_high[:, None], pulled, position)
        if hair.falls:
            position = _clear_face(_hang(position, layer, hair.volume))
        points.append(position)
        travelled = unit(points[-1] - points[-2])
        direction = unit(0.75 * travelled + 0.35 * comb * (1.0 - along) + gravity * (0.3 + along) * down)
    return np.stack(points, axis=1)


def _comb(hair: Hair, rest: np.ndarray) -> np.ndarray:
    from_crown = unit(rest - _CROWN)
    side = np.where(rest[:, 0] > hair.parting, 1.0, -1.0)
    front = np.clip((rest[:, 2] - 0.2) / 0.8, 0.0, 1.0)
    if hair.comb == "part":
        across = np.stack([side, -0.15 * np.ones_like(side), -0.35 * front], axis=1)
        high = np.clip((rest[:, 1] - 7.7) / 0.3, 0.0, 1.0)[:, None]
        return unit(high * unit(across) + (1.0 - 0.75 * high) * from_crown)
    if hair.comb == "back":
        return unit(np.stack([0.15 * np.sign(rest[:, 0]), 0.25 * front - 0.3, -np.ones_like(side)], axis=1))
    if hair.comb == "out":
        return unit(rest - np.array([0.0, 7.4, 0.45]))
    return from_crown


def _hang(position: np.ndarray, layer: np.ndarray, volume: float) -> np.ndarray:
    """Keep strands that have passed the widest part of the skull from spreading further."""
    x, y, z = position.T
    free = np.clip((7.75 - y) / 0.35, 0.0, 1.0)
    widest = 0.80 + 0.9 * volume * layer - 0.10 * np.clip((6.9 - y) / 0.8, 0.0, 1.0)
    excess = np.maximum(np.abs(x) - widest, 0.0) * free
    forward = np.maximum(z - 0.62, 0.0) * free
    return np.stack([x - np.sign(x) * 0.7 * excess, y, z - 0.25 * forward], axis=1)


def _clear_face(position: np.ndarray) -> np.ndarray:
    """Push strands that hang in front of the face to its side."""
    x, y, z = position.T
    in_front = (z > 0.75) & (y < 7.42)
    wanted = 0.60 + 0.12 * np.clip((7.3 - y) / 0.8, 0.0, 1.0)
    moved = np.where(in_front & (np.abs(x) < wanted), np.sign(x) * (0.5 * np.abs(x) + 0.5 * wanted), x)
    back = np.where(in_front, z - 0.05, z)
    return np.stack([moved, y, back], axis=1)


def _curl(strands: np.ndarray, hair: Hair, random: np.random.Generator) -> np.ndarray:
    count, steps, _ = strands.shape
    tangent = unit(np.gradient(strands, axis=1))
    helper = np.where(np.abs(tangent[..., :1]) > 0.7, np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    first = unit(np.cross(tangent, helper))
    second = np.cross(tangent, first)
    along = np.linspace(0.0, 1.0, steps)
    phase = 2.0 * np.pi * (hair.waves * along[None] + 0.35 * waves(strands[:, 0], 2.0, 7)[:, None]
                           + 0.12 * random.normal(size=(count, 1)))  # fmt: skip
    radius = hair.curl * np.minimum(1.0, 3.0 * along)[None]
    return strands + (radius * np.cos(phase))[..., None] * first + (radius * np.sin(phase))[..., None] * second


def _brows(person: Person, topology: Topology, vertices: np.ndarray, random: np.random.Generator) -> Strands:
    mask = brow_mask(topology.rest, person.brow_weight)
    triangle, root, normal, rest = _roots(topology, vertices, np.sqrt(mask), int(800 * person.brow_weight), random)
    count = len(root)
    outward = np.clip((np.abs(rest[:, 0]) - 0.12) / 0.25, 0.0, 1.0)
    direction = np.stack([np.sign(rest[:, 0]) * (0.45 + 0.55 * outward), 0.55 - 0.85 * outward, -0.2 * outward], axis=1)
    direction = unit(direction + 0.16 * random.normal(size=(count, 3)))
    length = random.uniform(0.045, 0.075, size=count) * (0.75 + 0.25 * person.brow_weight)
    strands = _lay(root, normal, direction, length, 0.10, 4)
    tone = (0.02 + min(person.hair_tone, 0.16)) * np.exp(0.2 * random.normal(size=count))
    width = random.uniform(0.0035, 0.006, size=count)
    return Strands(strands, width, tone, np.ones((count, 4)), triangle, np.zeros(count, dtype=bool))


def _beard(person: Person, topology: Topology, vertices: np.ndarray, random: np.random.Generator) -> Strands:
    mask = beard_mask(topology.rest, person.beard) * (1.0 - topology.lips)
    number = {"moustache": 1500, "goatee": 2600, "full": 6500}[person.beard]
    triangle, root, normal, rest = _roots(topology, vertices, mask, number, random)
    count = len(root)
    sideways = np.sign(rest[:, 0]) * np.where(rest[:, 1] > 6.7, 0.7, 0.25)
    direction = np.stack([sideways, -np.ones(count), 0.1 * np.ones(count)], axis=1)
    direction = unit(direction + 0.25 * random.normal(size=(count, 3)))
    length = random.uniform(0.06, 0.12, size=count)
    strands = _lay(root, normal, direction, length, 0.35, 4)
    tone = person.hair_tone * np.exp(0.3 * random.normal(size=count))
    width = random.uniform(0.008, 0.013, size=count)
    depth = np.tile(np.linspace(0.6, 1.0, 4), (count, 1))
    return Strands(strands, width, tone, depth, triangle, np.zeros(count, dtype=bool))


def _lay(root: np.ndarray, normal: np.ndarray, direction: np.ndarray, length: np.ndarray, lift: float,
         steps: int) -> np.ndarray:  # fmt: skip
    """Return short strands (N, steps, 3) that leave the skin at a shallow angle."""
    tangent = unit(direction - (direction * normal).sum(axis=1, keepdims=True) * normal)
    along = np.linspace(0.0, 1.0, steps)[None, :, None] * length[:, None, None]
    return root[:, None] + 0.004 * normal[:, None] + along * (tangent + lift * normal)[:, None]


def _resample(values: np.ndarray, steps: int) -> np.ndarray:
    """Return values (N, S, C) interpolated to (N, steps, C)."""
    at = np.linspace(0.0, values.shape[1] - 1.0, steps)
    low = np.minimum(at.astype(int), values.shape[1] - 2)
    share = (at - low)[None, :, None]
    return (1.0 - share) * values[:, low] + share * values[:, low + 1]


def _wave_vectors(points: np.ndarray, frequency: float, seed: int) -> np.ndarray:
    return np.stack([waves(points, frequency, 1000 * (axis + 1) + seed) for axis in range(3)], axis=1)
