"""What the pretrained network makes of the faces of a small data set, kept on disk with what follows from it."""

import io
import itertools
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils import cleaning, faces, files, paths, pretrained, progress, syntax
from fer_utils.datasets import FaceDataset

# Side in pixels, distance of the eyes and their row as fractions of the side: as the other models see faces, nearer, finer.
CROPS = {
    "face": (48, faces.EYE_DISTANCE, faces.EYE_ROW),
    "near": (48, 0.42, 0.36),
    "fine": (80, faces.EYE_DISTANCE, faces.EYE_ROW),
}
# Layers of the backbone and the side of the grid that each is averaged to.
FEATURES = {
    "embedding": (("embedding", 1),),
    "stage3": (("stage3", 3),),
    "stage2": (("stage2", 6),),
    "stage2 coarse": (("stage2", 4),),
    "stage1": (("stage1", 6),),
    "stage2 + stage3": (("stage2", 6), ("stage3", 3)),
}
_CODE = ("backbone.py", "faces.py", "pretrained.py", "transfer.py", "transfer_features.py")


def crops(dataset: FaceDataset, manifest: pd.DataFrame, positions: np.ndarray, crop: str) -> np.ndarray:
    """Aligned faces, (N, side, side) uint8, in one of `CROPS`."""
    side, distance, row = CROPS[crop]
    eyes = _eyes(dataset, manifest)
    words = {"side": side, "eye_distance": distance, "eye_row": row, "compressed": False}
    return np.stack(
        [faces.face_input(dataset.images[i], tuple(eyes[i, :2]), tuple(eyes[i, 2:]), **words) for i in positions]
    )


def features(
    dataset: FaceDataset, manifest: pd.DataFrame, positions: np.ndarray
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """What the pretrained network makes of faces and of their mirror images, kept on disk.

    Returns:
        (crop, features) to two arrays, (N, values) float32 each: the faces', and the mirrored faces'.
    """
    arrays = kept(dataset, manifest, "features", lambda: _computed_features(dataset, manifest, positions))
    return {
        (crop, name): tuple(arrays[f"{crop}, {name}, {view}"] for view in ("plain", "mirrored"))
        for crop in CROPS
        for name in FEATURES
    }


def _computed_features(dataset: FaceDataset, manifest: pd.DataFrame, positions: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays by the name of crop, features and view, "plain" or "mirrored"."""
    import keras

    from fer_utils.images import scaled

    model = pretrained.load().model
    layers = sorted({layer for parts in FEATURES.values() for layer, _ in parts})
    network = keras.Model(model.input, [model.get_layer(layer).output for layer in layers])
    found = {}
    for crop in CROPS:
        images = crops(dataset, manifest, positions, crop)
        for view, seen in (("plain", images), ("mirrored", images[:, :, ::-1])):
            outputs = [keras.ops.convert_to_numpy(each) for each in network(scaled(seen[..., np.newaxis]))]
            by_layer = dict(zip(layers, outputs, strict=True))
            for name, parts in FEATURES.items():
                pooled = [_pooled(by_layer[layer], grid) for layer, grid in parts]
                found[f"{crop}, {name}, {view}"] = np.concatenate(pooled, axis=1)
    return found


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


def kept(
    dataset: FaceDataset, manifest: pd.DataFrame, name: str, fit: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Arrays kept on disk under a key of all that determines them, or made now."""
    code = syntax.code_hash(Path(__file__).with_name(module) for module in _CODE)
    used = manifest[["image", "kept", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"]].to_csv(index=False)
    key = files.sha256(" ".join((dataset.data_hash, pretrained.check()["sha256"], code, used)).encode())[:16]
    path = paths.outputs(dataset.name) / "runs" / f"{name}-{key}.npz"
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as archive:
                return {part: archive[part] for part in archive.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            progress.say(f"{path.name} is damaged ({error}): fitting the heads again")
    arrays = fit()
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    files.write(path, buffer.getvalue())
    return arrays


def _pooled(values: np.ndarray, grid: int) -> np.ndarray:
    """(N, height, width, channels) averaged to a grid and flattened; vectors stay as they are."""
    if values.ndim == 2:
        return values
    edges = [np.linspace(0, side, grid + 1).round().astype(int) for side in values.shape[1:3]]
    cells = [
        values[:, top:bottom, left:right].mean(axis=(1, 2))
        for top, bottom in itertools.pairwise(edges[0])
        for left, right in itertools.pairwise(edges[1])
    ]
    return np.concatenate(cells, axis=1)


def _eyes(dataset: FaceDataset, manifest: pd.DataFrame) -> np.ndarray:
    table = manifest.set_index("image").loc[list(dataset.file_names)]
    return table[["left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"]].to_numpy(dtype=np.float64)
