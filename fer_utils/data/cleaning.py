"""Which images are kept, why the others are not, and the manifest that says so."""

from itertools import combinations

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError
from fer_utils.data import datasets
from fer_utils.data.alignment import Face
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.detection import detect

COLUMNS = (
    "image", "subject", "condition", "label", "sha256", "width", "height", "kept", "reason",
    "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y",
)  # fmt: skip
# Said by the data set's own documents: yalefaces/Readme.txt, and tools/sample_faces/README.md for the planted twin.
KNOWN_WRONG = {
    "yale": {"subject04.sad": "corrupt, replaced by a copy of subject04.normal (the data set's Readme)"},
    "sample": {"subject11.sad": "a copy of subject11.normal, planted as in Yale"},
}
NOT_EXPRESSIONS = {
    "centerlight": "lighting condition, not an expression",
    "leftlight": "lighting condition, not an expression",
    "rightlight": "lighting condition, not an expression",
    "glasses": "glasses condition, not an expression",
    "noglasses": "glasses condition, not an expression",
}
HASH_SIDE = 16  # a perceptual hash has 256 bits


def manifest(dataset: FaceDataset) -> pd.DataFrame:
    """Decide on every image file and write `outputs/<dataset>/manifest.csv`.

    Rules, the first that applies gives the reason: unreadable; a condition that is not an expression; known to be
    wrong; same bytes as an earlier image of the same label; same bytes under two labels; not exactly one face.

    Returns:
        One row per file, columns `COLUMNS`; eyes in pixels of the frame, empty where not exactly one face was found.

    Raises:
        DatasetError: a class or a subject of which nothing remains.
    """
    found = detect(dataset)
    reasons = exclusion_reasons(dataset, found)
    rows = [
        _row(dataset, index, reason, faces) for index, (reason, faces) in enumerate(zip(reasons, found, strict=True))
    ]
    rows += [
        dict.fromkeys(COLUMNS) | {"image": name, "kept": False, "reason": why}
        for name, why in dataset.unreadable.items()
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("image", ignore_index=True)
    _check_remains(dataset, table)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.2f")
    path = paths.outputs(dataset.name) / "manifest.csv"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        files.write(path, text)
    return table


def exclusion_reasons(dataset: FaceDataset, found: list[list[Face]]) -> list[str]:
    """Why each image must go; an empty string where it stays."""
    known_wrong = KNOWN_WRONG.get(dataset.name, {})
    first_of: dict[str, int] = {}
    reasons = []
    labels_of = {digest: set(dataset.labels[dataset.hashes == digest]) - {-1} for digest in set(dataset.hashes)}
    for index, name in enumerate(dataset.file_names):
        digest = dataset.hashes[index]
        if dataset.labels[index] < 0:
            reasons.append(NOT_EXPRESSIONS[dataset.conditions[index]])
        elif name in known_wrong:
            reasons.append(known_wrong[name])
        elif len(labels_of[digest]) > 1 and not _explained(dataset, digest, known_wrong):
            reasons.append("the same bytes stand under another label: one of the two is wrong")
        elif digest in first_of:
            reasons.append(f"the same bytes as {dataset.file_names[first_of[digest]]}")
        elif len(found[index]) != 1:
            reasons.append(f"{len(found[index]) or 'no'} face{'s' * (len(found[index]) > 1)} found")
        else:
            first_of[digest] = index
            reasons.append("")
    return reasons


def identical_pairs(dataset: FaceDataset) -> list[tuple[str, str]]:
    """Pairs of files with the same bytes, in the order of their names."""
    pairs = combinations(range(len(dataset)), 2)
    return [
        (str(dataset.file_names[a]), str(dataset.file_names[b]))
        for a, b in pairs
        if dataset.hashes[a] == dataset.hashes[b]
    ]


def near_duplicates(dataset: FaceDataset, *, largest_distance: int) -> pd.DataFrame:
    """Pairs of different files that look alike to a perceptual hash: candidates to look at, not findings.

    Args:
        largest_distance: differing bits, of 256, up to which a pair is listed.

    Returns:
        Columns `first, second, distance`, nearest first.
    """
    import imagehash

    bits = np.stack(
        [imagehash.phash(Image.fromarray(image), hash_size=HASH_SIDE).hash.ravel() for image in dataset.images]
    )
    distances = np.sum(bits[:, np.newaxis] != bits[np.newaxis], axis=2)
    rows = [
        (dataset.file_names[a], dataset.file_names[b], int(distances[a, b]))
        for a, b in combinations(range(len(dataset)), 2)
        if distances[a, b] <= largest_distance and dataset.hashes[a] != dataset.hashes[b]
    ]
    table = pd.DataFrame(rows, columns=["first", "second", "distance"])
    return table.sort_values(["distance", "first", "second"], ignore_index=True)


def kept_indices(dataset: FaceDataset, table: pd.DataFrame) -> np.ndarray:
    """Positions in `dataset` of the images that the manifest keeps, in the order of file names."""
    kept = set(table.loc[table["kept"].astype(bool), "image"])
    return np.array([index for index, name in enumerate(dataset.file_names) if name in kept], dtype=np.int64)


def load_clean(
    name: str, *, subject_pattern: str = datasets.SUBJECT_PATTERN, unreadable: str = "stop"
) -> tuple[FaceDataset, pd.DataFrame]:
    """A data set with the eyes found in it, and its manifest: what every notebook after the first starts from."""
    dataset = datasets.load(name, subject_pattern=subject_pattern, unreadable=unreadable)
    table = manifest(dataset)
    return dataset.with_eyes(table), table


def _explained(dataset: FaceDataset, digest: str, known_wrong: dict[str, str]) -> bool:
    """Whether the files known to be wrong account for all but one label of these bytes."""
    same = np.flatnonzero((dataset.hashes == digest) & (dataset.labels >= 0))
    return len({dataset.labels[i] for i in same if dataset.file_names[i] not in known_wrong}) <= 1


def _row(dataset: FaceDataset, index: int, reason: str, faces: list[Face]) -> dict:
    label = dataset.labels[index]
    height, width = dataset.images[index].shape
    eyes = [round(v, 2) for v in (*faces[0].left_eye, *faces[0].right_eye)] if len(faces) == 1 else [None] * 4
    values = (
        dataset.file_names[index], dataset.subjects[index], dataset.conditions[index],
        dataset.class_names[label] if label >= 0 else None, dataset.hashes[index], width, height, not reason, reason,
        *eyes,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _check_remains(dataset: FaceDataset, table: pd.DataFrame) -> None:
    kept = table[table["kept"].astype(bool)]
    for word, column, names in (
        ("class", "label", dataset.class_names),
        ("subject", "subject", sorted(set(dataset.subjects))),
    ):
        for name in names:
            if not (kept[column] == name).any():
                reasons = table.loc[(table[column] == name) & (table["reason"] != ""), "reason"]
                example = f" (the first reason: {reasons.iloc[0]})" if len(reasons) else ""
                raise DatasetError(
                    f"{dataset.name}: no image of {word} {str(name)!r} remains after cleaning{example}. "
                    f"Add images of it, or take it out of the folder."
                )
