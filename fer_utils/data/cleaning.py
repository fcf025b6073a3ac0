"""Which images are kept, why the others are not, and the manifest that says so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.common import progress
from fer_utils.common.errors import DatasetError
from fer_utils.data import datasets, manifests, stored_images
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
_NAMED_AT_MOST = 10  # files in a notice; people and classes are all named


def manifest(dataset: FaceDataset) -> pd.DataFrame:
    """Decide on every image file and write `outputs/<dataset>/manifest.csv`, with its origin beside it (`manifests.write`).

    Rules, the first that applies gives the reason: no image, or unreadable; a condition that is not an expression; known to be
    wrong; same bytes as an earlier image of the same label; same bytes under two labels; not exactly one face.
    Where the file changes, `notices` go to standard error.

    Returns:
        One row per file, columns `COLUMNS` and the further ones of a `faces.csv`; eyes in pixels of the frame, empty where not
        exactly one face was found.

    Raises:
        DatasetError: fewer than two classes or subjects remain, or none that two subjects show.
    """
    found = detect(dataset)
    reasons = exclusion_reasons(dataset, found)
    rows = [
        _row(dataset, index, reason, faces) for index, (reason, faces) in enumerate(zip(reasons, found, strict=True))
    ]
    rows += [
        dict.fromkeys((*COLUMNS, *dataset.further))
        | {
            "image": name,
            "subject": why.subject or None,
            "condition": why.condition or None,
            "kept": False,
            "reason": why.reason,
        }
        for name, why in dataset.left_out.items()
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *dataset.further]).sort_values("image", ignore_index=True)
    table = table.astype({"width": "Int64", "height": "Int64"})  # whole numbers, also beside files without any
    _check_remains(dataset, table)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.2f")
    if manifests.write(dataset.name, text, data=dataset.data_hash):
        for notice in notices(table):
            progress.say(f"{dataset.name}: {notice}")
    return table


def notices(table: pd.DataFrame) -> list[str]:
    """What a manifest leaves out that a reader should know of, as Markdown, a line for each kind; none for most data sets.

    Files that are no images or cannot be read; people and classes of whom nothing remains; classes that one person shows;
    people with an image each.
    """
    kept = table[table["kept"].astype(bool)]
    lines = []
    # Only of images that were decoded is the size known.
    files_left_out = table[table["width"].isna()]
    if len(files_left_out):
        named = [f"`{row.image}` ({_brief(row.reason)})" for row in files_left_out.head(_NAMED_AT_MOST).itertuples()]
        more = ", ... (all are in manifest.csv)" if len(files_left_out) > _NAMED_AT_MOST else ""
        lines.append(f"No image, or not read, and left out: {', '.join(named)}{more}.")
    for word, column in (("people", "subject"), ("classes", "label")):
        if lost := _lost(table, kept, column):
            named = [f"`{name}` ({_brief(why)})" for name, why in lost.items()]
            lines.append(f"Left out, since no image of these {word} remains: {', '.join(named)}.")
    if lone := shown_by_one(kept.groupby("label")["subject"].nunique()):
        lines.append(lone)
    people = kept["subject"].nunique()
    if people == len(kept) > 2:
        lines.append(f"Each image is taken for a person of its own ({people} people): check subject_pattern.")
    return lines


def shown_by_one(people: Mapping[str, int]) -> str:
    """`unlearned` of the classes that a single person shows.

    Args:
        people: class to the number of people who show it.
    """
    return unlearned([name for name, count in people.items() if count == 1])


def unlearned(classes: Sequence[str], *, by: str = "One person") -> str:
    """The sentence that stands wherever such classes or their scores do, as Markdown; empty without any.

    Args:
        classes: those that no network can learn before it is tested on them.
        by: who alone shows them, and is left out as one.
    """
    lone = [f"`{name}`" for name in classes]
    if not lone:
        return ""
    it, its, takes = ("it", "its", "it takes") if len(lone) == 1 else ("each of them", "their", "they take")
    return (
        f"{by} alone shows {', '.join(lone)}: no other's image teaches {it}, so {its} recall, and what {takes} from "
        "accuracy and macro-F1, say nothing."
    )


def _lost(table: pd.DataFrame, kept: pd.DataFrame, column: str) -> dict[str, str]:
    """Subjects or classes of which no image is kept, each with the first reason."""
    # Of what was never decoded the condition is the class, unless it is no expression.
    classes = table["label"].where(table["width"].notna(), table["condition"])
    asked = table.assign(label=classes)[classes.notna() & ~classes.isin(list(NOT_EXPRESSIONS))]
    lost = asked[asked[column].notna() & ~asked[column].isin(set(kept[column]))]
    return {str(name): why for name, why in lost.groupby(column)["reason"].first().items()}


def _brief(reason: str) -> str:
    """The first clause of a reason, without its brackets and the advice after it."""
    return reason.split(" (")[0].split(". ")[0]


def exclusion_reasons(dataset: FaceDataset, found: list[list[Face]]) -> list[str]:
    """Why each image must go; an empty string where it stays."""
    known_wrong = KNOWN_WRONG.get(dataset.name, {})
    first_of: dict[str, int] = {}
    reasons = []
    same_bytes = _by_bytes(dataset)
    for index, name in enumerate(dataset.file_names):
        digest = dataset.hashes[index]
        same = same_bytes[digest]
        if dataset.labels[index] < 0:
            reasons.append(NOT_EXPRESSIONS[dataset.conditions[index]])
        elif name in known_wrong:
            reasons.append(known_wrong[name])
        elif len(_labels(dataset, same)) > 1 and not _explained(dataset, same, known_wrong):
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
    pairs = sorted(pair for same in _by_bytes(dataset).values() for pair in combinations(same, 2))
    return [(str(dataset.file_names[a]), str(dataset.file_names[b])) for a, b in pairs]


def near_duplicates(dataset: FaceDataset, *, largest_distance: int) -> pd.DataFrame:
    """Pairs of different files that look alike to a perceptual hash: candidates to look at, not findings.

    Args:
        largest_distance: differing bits, of 256, up to which a pair is listed.

    Returns:
        Columns `first, second, distance`, nearest first.
    """

    def fit() -> dict[str, np.ndarray]:
        return {"bits": _perceptual_hashes(dataset)}

    bits = dataset.made_of_images("perceptual-hashes", fit, code=(), inputs=())["bits"]
    first, second, distance = alike(bits, largest_distance=largest_distance)
    other_bytes = dataset.hashes[first] != dataset.hashes[second]
    names = dataset.file_names
    columns = {
        "first": names[first[other_bytes]],
        "second": names[second[other_bytes]],
        "distance": distance[other_bytes],
    }
    return pd.DataFrame(columns).sort_values(["distance", "first", "second"], ignore_index=True)


def _perceptual_hashes(dataset: FaceDataset) -> np.ndarray:
    """(N, 256) bool."""
    import imagehash

    def bits(_: int, image: np.ndarray) -> np.ndarray:
        return imagehash.phash(Image.fromarray(image), hash_size=HASH_SIDE).hash.ravel()

    return np.stack(stored_images.each(dataset.images, bits, "comparing images"))


def alike(bits: np.ndarray, *, largest_distance: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of rows that differ in few bits, in memory that grows with the rows and the pairs found, not with all pairs.

    Args:
        bits: (N, bits) bool.

    Returns:
        (pairs,) int64 each: the row, a later row, and how many bits differ.
    """
    packed = np.packbits(bits, axis=1)
    found = [np.empty((3, 0), dtype=np.int64)]
    for row in range(len(packed) - 1):
        distances = np.bitwise_count(packed[row + 1 :] ^ packed[row]).sum(axis=1, dtype=np.int64)
        near = np.flatnonzero(distances <= largest_distance)
        found.append(np.stack([np.full(len(near), row), near + row + 1, distances[near]]))
    return tuple(np.concatenate(found, axis=1))


def kept_indices(dataset: FaceDataset, table: pd.DataFrame) -> np.ndarray:
    """Positions in `dataset` of the images that the manifest keeps, in the order of file names."""
    kept = set(table.loc[table["kept"].astype(bool), "image"])
    return np.array([index for index, name in enumerate(dataset.file_names) if name in kept], dtype=np.int64)


def load_clean(name: str, **reading: str | int) -> tuple[FaceDataset, pd.DataFrame]:
    """A data set with the eyes found in it, and its manifest: what every notebook after the first starts from.

    Args:
        reading: what `datasets.load` takes.
    """
    dataset = datasets.load(name, **reading)
    table = manifest(dataset)
    return cleaned(dataset, table), table


def cleaned(dataset: FaceDataset, table: pd.DataFrame) -> FaceDataset:
    """The data set with the eyes found in it, and without the classes and people of whom no image is kept.

    All images stay at their positions; those of such people and classes have the label -1.

    Args:
        table: the data set's manifest.
    """
    dataset, kept = dataset.with_eyes(table), kept_indices(dataset, table)
    remain = sorted(set(dataset.labels[kept].tolist()))
    known = np.isin(dataset.labels, remain) & np.isin(dataset.subjects, dataset.subjects[kept])
    labels = np.where(known, np.searchsorted(remain, dataset.labels), -1).astype(np.int64)
    return replace(dataset, labels=labels, class_names=tuple(dataset.class_names[label] for label in remain))


def _by_bytes(dataset: FaceDataset) -> dict[str, list[int]]:
    """Hash of the bytes to the positions of the files that hold them."""
    same: dict[str, list[int]] = {}
    for index, digest in enumerate(dataset.hashes):
        same.setdefault(str(digest), []).append(index)
    return same


def _labels(dataset: FaceDataset, positions: list[int]) -> set[int]:
    return {int(dataset.labels[index]) for index in positions} - {-1}


def _explained(dataset: FaceDataset, same: list[int], known_wrong: dict[str, str]) -> bool:
    """Whether the files known to be wrong account for all but one label of the same bytes."""
    return len(_labels(dataset, [index for index in same if dataset.file_names[index] not in known_wrong])) <= 1


def _row(dataset: FaceDataset, index: int, reason: str, faces: list[Face]) -> dict:
    label = dataset.labels[index]
    height, width = dataset.shape(index)
    eyes = [round(v, 2) for v in (*faces[0].left_eye, *faces[0].right_eye)] if len(faces) == 1 else [None] * 4
    values = (
        dataset.file_names[index], dataset.subjects[index], dataset.conditions[index],
        dataset.class_names[label] if label >= 0 else None, dataset.hashes[index], width, height, not reason, reason,
        *eyes,
    )  # fmt: skip
    further = {column: values[index] for column, values in dataset.further.items()}
    return dict(zip(COLUMNS, values, strict=True)) | further


def _check_remains(dataset: FaceDataset, table: pd.DataFrame) -> None:
    kept = table[table["kept"].astype(bool)]
    for word, column in (("classes", "label"), ("subjects", "subject")):
        remain = sorted(set(kept[column]))
        if len(remain) < 2:
            gone = ", ".join(f"{name!r} ({_brief(why)})" for name, why in _lost(table, kept, column).items())
            raise DatasetError(
                f"{dataset.name}: at least two {word} are needed, and of these {', '.join(remain) or 'none'} remains after "
                f"cleaning; nothing is usable of {gone}. Add images of them."
            )
    if kept.groupby("label")["subject"].nunique().max() < 2:
        raise DatasetError(
            f"{dataset.name}: after cleaning each class shows one person alone, so nobody's expression can be learned from "
            "others. Add images of other people; manifest.csv of an earlier run, or notebook 01, says why images go."
        )
