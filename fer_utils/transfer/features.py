"""What the pretrained network makes of the faces of a small data set, kept on disk with what follows from it."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.common import cache as kept_on_disk
from fer_utils.common import progress
from fer_utils.data import alignment, cleaning, stored_images
from fer_utils.data.datasets import FaceDataset
from fer_utils.experiments import identity
from fer_utils.transfer import face_units, pretrained

# Side in pixels, distance of the eyes and their row as fractions of the side: as the other models see faces, nearer, finer.
CROPS = {
    "face": (48, alignment.EYE_DISTANCE, alignment.EYE_ROW),
    "near": (48, 0.42, 0.36),
    "fine": (80, alignment.EYE_DISTANCE, alignment.EYE_ROW),
}
_WHOLE = (0.0, 0.0, 1.0, 1.0)
# Left, top, right and bottom as fractions of the crops "face" and "fine"; the eyes are each other's mirror image.
_LEFT_EYE, _RIGHT_EYE, _MOUTH = (0.17, 0.20, 0.47, 0.45), (0.53, 0.20, 0.83, 0.45), (0.25, 0.57, 0.75, 0.90)
_BATCH = 64


@dataclass(frozen=True)
class Part:
    """A layer's output within a region of the crop, averaged to a grid.

    Attributes:
        layer: of the backbone.
        columns, rows: of the grid.
        region: left, top, right, bottom, as fractions of the crop.
    """

    layer: str
    columns: int
    rows: int
    region: tuple[float, float, float, float] = _WHOLE


_STAGES_2_3 = (Part("stage2", 6, 6), Part("stage3", 3, 3))
EYES_AND_MOUTH = tuple(
    Part(layer, columns, 2, region)
    for layer in ("stage1", "stage2")
    for columns, region in ((3, _LEFT_EYE), (3, _RIGHT_EYE), (4, _MOUTH))
)
# By crop and name, what is read from the backbone.
FEATURES = {
    ("face", "embedding"): (Part("embedding", 1, 1),),
    ("face", "stage2 + stage3"): _STAGES_2_3,
    ("near", "stage2 + stage3"): _STAGES_2_3,
    ("near", "stage2 coarse"): (Part("stage2", 4, 4),),
    ("fine", "stage2 + stage3"): _STAGES_2_3,
    ("fine", "eyes + mouth"): EYES_AND_MOUTH,
}
# What is computed from these for a face and its mirror image together, so that both get the same.
PAIRED = ("fine", "eyes + mouth, paired")
UNITS = ("fine", "units")
_CODE = (
    "data.alignment",
    "data.detection",
    "transfer.backbone",
    "transfer.face_units",
    "transfer.features",
    "transfer.fine_tuning",
    "transfer.heads",
    "transfer.pretrained",
    "transfer.ridge",
    "transfer.small_set",
)


def crops(dataset: FaceDataset, positions: np.ndarray, crop: str) -> np.ndarray:
    """Aligned faces, (N, side, side) uint8, in one of `CROPS`."""
    return _crops(dataset, positions, (crop,))[crop]


def _crops(dataset: FaceDataset, positions: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The same for several crops, for which each image is decoded once."""

    def cut(index: int, image: np.ndarray) -> dict[str, np.ndarray]:
        return {name: aligned(image, *dataset.eyes[index], name) for name in names}

    every = stored_images.each(dataset.images, cut, "cutting faces out", positions=positions)
    return {name: np.stack([each[name] for each in every]) for name in names}


def aligned(image: np.ndarray, left_eye: np.ndarray, right_eye: np.ndarray, crop: str) -> np.ndarray:
    """One aligned face, (side, side) uint8, in one of `CROPS`; the eyes are (x, y) in pixels of the image."""
    side, distance, row = CROPS[crop]
    words = {"side": side, "eye_distance": distance, "eye_row": row, "compressed": False}
    return alignment.face_input(image, tuple(left_eye), tuple(right_eye), **words)


def features(
    dataset: FaceDataset, manifest: pd.DataFrame, positions: np.ndarray
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """What the pretrained network makes of faces and of their mirror images, kept on disk.

    Returns:
        (crop, name) to two arrays, (N, values) float32 each: the faces', and the mirrored faces'. For `PAIRED` and
        `UNITS` the two are the same.
    """

    def compute() -> dict[str, np.ndarray]:
        model = pretrained.load().model
        found = {}
        for crop, images in _crops(dataset, positions, tuple(CROPS)).items():
            for view, seen in (("plain", images), ("mirrored", images[:, :, ::-1])):
                read = outputs(model, seen, {key: parts for key, parts in FEATURES.items() if key[0] == crop})
                found |= {f"{place}, {name}, {view}": values for (place, name), values in read.items()}
        return found

    arrays = cached(dataset, manifest, "features", compute)
    found = {key: tuple(arrays[f"{key[0]}, {key[1]}, {view}"] for view in ("plain", "mirrored")) for key in FEATURES}
    plain, mirrored = found["fine", "eyes + mouth"]
    paired = symmetric(plain, mirrored)
    read = face_units.both_ways(face_units.load(), plain, mirrored)
    return found | {PAIRED: (paired, paired), UNITS: (read, read)}


def symmetric_features(
    dataset: FaceDataset, manifest: pd.DataFrame, positions: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """Features that are the same for a face and for its mirror image: (crop, name) to (N, values) float32."""
    return {
        key: plain if key in (PAIRED, UNITS) else symmetric(plain, mirrored)
        for key, (plain, mirrored) in features(dataset, manifest, positions).items()
    }


def symmetric(plain: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Half the sum and the absolute difference of features of faces and of their mirror images: (N, values) to (N, 2 values)."""
    return np.concatenate([(plain + mirrored) / 2, np.abs(plain - mirrored)], axis=1)


def outputs(model, images: np.ndarray, wanted: dict[tuple[str, str], tuple[Part, ...]]) -> dict:
    """Read features from the backbone.

    Args:
        model: of `pretrained.load`.
        images: (N, side, side) uint8.
        wanted: name to parts.

    Returns:
        The same names to (N, values) float32.
    """
    import keras

    from fer_utils.engine.scaling import scaled

    layers = sorted({part.layer for parts in wanted.values() for part in parts})
    network = keras.Model(model.input, {layer: model.get_layer(layer).output for layer in layers})
    batches = []
    starts = range(0, len(images), _BATCH)
    for start in progress.bar(starts, f"reading faces of {images.shape[1]} pixels", unit="batch", delay=5):
        batch = network(scaled(images[start : start + _BATCH, ..., np.newaxis]), training=False)
        by_layer = {layer: keras.ops.convert_to_numpy(values) for layer, values in batch.items()}
        batches.append(
            {
                name: np.concatenate([pooled(by_layer[part.layer], part) for part in parts], axis=1)
                for name, parts in wanted.items()
            }
        )
    return {name: np.concatenate([batch[name] for batch in batches]) for name in wanted}


def by_itself(dataset: FaceDataset, manifest: pd.DataFrame, positions: np.ndarray) -> np.ndarray:
    """(N, classes) float32, what the pretrained network itself says of faces, kept on disk."""

    def compute() -> dict[str, np.ndarray]:
        return {"probabilities": pretrained.load().probabilities(crops(dataset, positions, "face"))}

    return cached(dataset, manifest, "by-itself", compute)["probabilities"]


def plane(dataset: FaceDataset, manifest: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The embedding of every kept face in its two directions of largest variance, for drawing alone.

    Returns:
        (N, 2) float64; (2,) float64, the share of the variance of each direction.
    """
    from sklearn.decomposition import PCA

    positions = cleaning.kept_indices(dataset, manifest)
    embedding = features(dataset, manifest, positions)["face", "embedding"][0].astype(np.float64)
    analysis = PCA(n_components=2, svd_solver="full").fit(embedding)
    return analysis.transform(embedding), analysis.explained_variance_ratio_


def cached(
    dataset: FaceDataset,
    manifest: pd.DataFrame,
    name: str,
    fit: Callable[[], dict[str, np.ndarray]],
    *,
    more: tuple = (),
) -> dict[str, np.ndarray]:
    """Arrays kept on disk (`cache.arrays`), or made now.

    They serve the same faces, subjects, labels, alignment, weights, code, versions and processor.

    Args:
        more: what else decides whether they serve, such as the folds.
    """
    used = manifest[["image", "kept", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"]].to_csv(index=False)
    here = identity.here()
    weights = pretrained.metadata()["sha256"], face_units.metadata()["sha256"]
    who = (dataset.file_names.tolist(), dataset.subjects.tolist(), dataset.labels, dataset.class_names)
    inputs = (dataset.data_hash, *who, *weights, used, here["versions"], here["processor"], *more)
    return kept_on_disk.arrays(dataset.name, name, fit, code=_CODE, inputs=inputs)


def pooled(values: np.ndarray, part: Part) -> np.ndarray:
    """(N, height, width, channels) averaged to a part's grid and flattened; vectors stay as they are."""
    if values.ndim == 2:
        return values
    left, top, right, bottom = part.region
    rows = _edges(values.shape[1], top, bottom, part.rows)
    columns = _edges(values.shape[2], left, right, part.columns)
    cells = [
        values[:, above:below, before:after].mean(axis=(1, 2))
        for above, below in itertools.pairwise(rows)
        for before, after in itertools.pairwise(columns)
    ]
    return np.concatenate(cells, axis=1)


def _edges(side: int, start: float, stop: float, cells: int) -> np.ndarray:
    return np.linspace(round(start * side), round(stop * side), cells + 1).round().astype(int)
