"""The figures of notebook 01: what is there, copies, detected faces, what became of every file."""

import textwrap
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from fer_utils.data import alignment, people
from fer_utils.data.alignment import Face
from fer_utils.data.datasets import FaceDataset
from fer_utils.drawing import galleries
from fer_utils.drawing.chart import WIDTH, Chart
from fer_utils.drawing.charts import RIGHT, WRONG

_PEOPLE = 15  # rows of a sheet at most
_ACROSS = 6  # conditions in a row
_EXAMPLES = 4  # of detected faces, in a row
_FAILURES = 12  # images without exactly one face that are shown
_PAIRS = 10  # of images, on one figure
_NEAREST = 8  # pairs that look alike, likewise
_LONGEST_SIDE = 640  # of an image on a sheet, pixels
_EDGE = 2  # pixels at the sides of an image that are not shown: Yale's have a line there
_LETTERS = 16  # of a line in an empty cell
_SIDE = 96  # of an aligned face on the sheet, pixels


def conditions(data: FaceDataset) -> Chart:
    """Up to twelve images of the first person, each with its condition: expressions first."""
    first = data.subjects[0]
    own = np.flatnonzero(data.subjects == first)[: 2 * _ACROSS]
    kinds = [own[data.labels[own] >= 0], own[data.labels[own] < 0]]
    lines = [kind[start : start + _ACROSS] for kind in kinds for start in range(0, len(kind), _ACROSS)]
    sheet = galleries.Sheet(
        [[_small(data.images[index]) for index in line] for line in lines], cell=(WIDTH / _ACROSS, 1.15), above=1
    )
    for row, line in enumerate(lines):
        for column, index in enumerate(line):
            color = "black" if data.labels[index] >= 0 else "0.45"
            sheet.write(row, column, data.conditions[index], color=color, size=9)
    shown, rest = (", ".join(data.conditions[kind]) for kind in kinds)
    return Chart(
        sheet.figure,
        caption=f"Of {len(own)} pictures of subject {first}, {len(kinds[0])} show an expression (black titles). What differs in the "
        "others is light or glasses (grey)."
        if rest
        else f"All {len(own)} pictures of subject {first} show an expression.",
        alt=f"Frames of one person. Expressions: {shown}." + (f" Other conditions: {rest}." if rest else ""),
    )


def identical_pairs(data: FaceDataset, pairs: Sequence[tuple[str, str]]) -> Chart:
    """The first ten pairs of files with the same bytes, framed together, those of two expressions first; of people who may be shown.

    Args:
        data: with the files of the pairs.
        pairs: file names from `cleaning.identical_pairs`, at least one pair.
    """
    across = [pair for pair in pairs if _across_labels(data, pair)]
    ordered = [*across, *(pair for pair in pairs if pair not in across)]
    shown = [pair for pair in ordered if _may_show(data, pair)][:_PAIRS]
    names = [[name.removeprefix("subject") for name in pair] for pair in shown]
    count = f"{len(pairs)} pair{'s' * (len(pairs) > 1)} of files with the same bytes"
    carry = "carries" if len(across) == 1 else "carry"
    lead = (
        f"Of {count}, {len(across)} {carry} two different expressions (red, dashed): one of the labels is wrong. "
        "All others are harmless, as long as both files of a pair are tested together."
        if across
        else f"Of {count}, none carries two different expressions."
    )
    return Chart(
        _framed_pairs(data, shown, names, dashed=[pair in across for pair in shown]),
        caption=lead + people.of_whom(data),
        alt="Frames side by side in pairs; the two of a pair look the same: "
        + "; ".join(" and ".join(pair) for pair in shown),
    )


def near_duplicates(data: FaceDataset, candidates: pd.DataFrame, *, largest_distance: int) -> Chart:
    """The eight nearest pairs of images that look alike, framed together with their distance; of people who may be shown.

    Of pairs of the same two pictures, which files with the same bytes repeat, one is shown.

    Args:
        data: with the files of the pairs.
        candidates: from `cleaning.near_duplicates`, at least one row; columns `first, second, distance`.
        largest_distance: differing bits, of 256, up to which a pair is a candidate.
    """
    rows = list(candidates[["first", "second", "distance"]].itertuples(index=False))
    pictures: dict[frozenset, tuple] = {}
    for row in rows:
        if _may_show(data, row[:2]):
            pictures.setdefault(frozenset(data.hashes[data.position(name)] for name in row[:2]), row)
    shown = list(pictures.values())[:_NEAREST]
    names = [
        [row.first.removeprefix("subject"), f"{row.second.removeprefix('subject')}: {row.distance} bits"]
        for row in shown
    ]
    return Chart(
        _framed_pairs(data, [row[:2] for row in shown], names, dashed=[False] * len(shown)),
        caption=f"Nearly alike is not a copy: {len(candidates)} pairs of different files differ in at most {largest_distance} of 256 "
        f"bits, the nearest in {candidates['distance'].min()}." + people.of_whom(data),
        alt="Frames side by side in pairs that a perceptual hash finds alike, mostly one person holding still: "
        + "; ".join(f"{row.first} and {row.second}, {row.distance} bits" for row in shown),
    )


def detections(data: FaceDataset, faces: Sequence[Sequence[Face]]) -> Chart:
    """Detected faces and their eyes: an example of each of four people, then every image without exactly one face.

    Args:
        data: the images.
        faces: those of each image, in pixels.
    """
    counts = np.array([len(each) for each in faces])
    may = people.pictured(data, data.subjects)
    examples = [own[number % len(own)] for number, own in enumerate(_of_each(data, may & (counts == 1)))][:_EXAMPLES]
    failed = np.flatnonzero(may & (counts != 1))[:_FAILURES].tolist()
    chosen = [*examples, *failed]
    lines = [chosen[start : start + _EXAMPLES] for start in range(0, len(chosen), _EXAMPLES)]
    pictures = [[_small(data.images[index], edge=0) for index in line] for line in lines]
    sheet = galleries.Sheet(pictures, cell=(WIDTH / _EXAMPLES, 1.65), above=1)
    for row, line in enumerate(lines):
        for column, index in enumerate(line):
            factor = pictures[row][column].shape[1] / data.shape(index)[1]
            name = str(data.file_names[index]).removeprefix("subject")
            text = (
                name
                if counts[index] == 1
                else f"{name}: {counts[index] or 'no'} face{'' if counts[index] == 1 else 's'}"
            )
            sheet.write(row, column, text, size=9, color="black" if counts[index] == 1 else WRONG)
            for face in faces[index]:
                sheet.mark_face(row, column, face if factor == 1 else face.enlarged(factor))
    single, failures = int((counts == 1).sum()), int((counts != 1).sum())
    shown = f" and {len(failed)} of {failures} failures" if failures else ""
    return Chart(
        sheet.figure,
        caption=f"Exactly one face was found in {single} of {len(data)} images. Shown are {len(examples)} examples{shown}."
        + people.of_whom(data),
        alt=f"Frames with a box around each face and a cross on each eye: {', '.join(data.file_names[chosen])}.",
    )


def kept_and_excluded(manifest: pd.DataFrame) -> Chart:
    """Number of files by what became of them.

    Args:
        manifest: with the columns `kept` (bool) and `reason` (text, empty where kept).
    """
    fates = manifest["reason"].where(~manifest["kept"].astype(bool), "kept").str.split(r" \(", regex=True).str[0]
    counts = fates.value_counts()
    figure, ax = plt.subplots(figsize=(8, 2.6))
    ax.barh(counts.index, counts.to_numpy(), color=[RIGHT if name == "kept" else "0.6" for name in counts.index])
    ax.bar_label(ax.containers[0], padding=3)
    ax.margins(x=0.1)
    ax.invert_yaxis()
    ax.set(xlabel="image files")
    ax.grid(axis="y", visible=False)
    reasons = manifest["reason"].value_counts()
    return Chart(
        figure,
        caption=f"{int(manifest['kept'].sum())} of {len(manifest)} files serve to train and test.",
        alt="; ".join(f"{count} file{'s' * (count > 1)}: {reason or 'kept'}" for reason, count in reasons.items()),
    )


def aligned(data: FaceDataset, usable: np.ndarray, manifest: pd.DataFrame) -> Chart:
    """The aligned faces, a row per person and a column per expression; an empty cell says why its image is excluded.

    Args:
        data: with `eyes` and labels.
        usable: (N,) int, positions of the images that are kept.
        manifest: with the columns `subject`, `label`, `kept` and `reason`.
    """
    names = _shown(data, data.subjects[usable])
    chosen = _positions(data.subjects[usable], data.labels[usable], rows=names, columns=range(len(data.class_names)))
    faces = [[None if each is None else _upright(data, usable[each]) for each in row] for row in chosen]
    sheet = galleries.Sheet(faces, rows=names, columns=data.class_names, cell=(1.15, 1.15))
    excluded = manifest[~manifest["kept"].astype(bool)].drop_duplicates(["subject", "label"])
    why = excluded.set_index(["subject", "label"])["reason"].to_dict()
    for row, line in enumerate(chosen):
        for column in (column for column, each in enumerate(line) if each is None):
            reason = why.get((names[row], data.class_names[column]), "no image")
            sheet.note(row, column, textwrap.fill(reason.partition(" (")[0], _LETTERS, break_long_words=False))
    return Chart(
        sheet.figure,
        caption="Turned, scaled and cut so that the eyes lie at the same places, faces differ by person along a column and by "
        f"expression along a row.{people.of_whom(data)}",
        alt=f"{len(names)} rows of upright faces, one per person, columns {', '.join(data.class_names)}.",
    )


def _shown(data: FaceDataset, subjects: np.ndarray) -> list[str]:
    """The people on a sheet, by name."""
    names = np.unique(subjects)
    return names[people.pictured(data, names)][:_PEOPLE].tolist()


def _may_show(data: FaceDataset, files: Iterable[str]) -> bool:
    return bool(people.pictured(data, [data.subjects[data.position(name)] for name in files]).all())


def _positions(
    subjects: np.ndarray, kinds: np.ndarray, *, rows: Sequence[str], columns: Sequence[str | int]
) -> list[list[int | None]]:
    """For each cell of a sheet, where the first image of that person and kind stands; None where there is none."""
    first = {key: index for index, key in reversed(list(enumerate(zip(subjects, kinds, strict=True))))}
    return [[first.get((person, kind)) for kind in columns] for person in rows]


def _of_each(data: FaceDataset, chosen: np.ndarray) -> list[np.ndarray]:
    """The positions of the chosen images of each person, by name."""
    return [np.flatnonzero(chosen & (data.subjects == name)) for name in np.unique(data.subjects[chosen])]


def _across_labels(data: FaceDataset, pair: tuple[str, str]) -> bool:
    first, second = (data.labels[data.position(name)] for name in pair)
    return first != second and min(first, second) >= 0


def _small(image: np.ndarray, edge: int = _EDGE) -> np.ndarray:
    """An image without its edge, shrunk where it is much larger than it is shown: a sheet of photographs would not fit into memory."""
    image = image[edge : image.shape[0] - edge, edge : image.shape[1] - edge] if min(image.shape) > 10 * edge else image
    factor = _LONGEST_SIDE / max(image.shape)
    if factor >= 1:
        return image
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def _upright(data: FaceDataset, index: int) -> np.ndarray:
    return alignment.aligned(data.images[index], *data.eyes[index], side=_SIDE)


def _framed_pairs(
    data: FaceDataset, pairs: Sequence[tuple[str, str]], names: Sequence[Sequence[str]], *, dashed: Sequence[bool]
) -> Figure:
    """Two pairs of images in a row, each pair in one frame, dashed and red for some."""
    lines = [[name for pair in pairs[start : start + 2] for name in pair] for start in range(0, len(pairs), 2)]
    pictures = [[_small(data.images[data.position(name)]) for name in line] for line in lines]
    sheet = galleries.Sheet(pictures or [[None]], cell=(WIDTH / 4, 1.65), above=1)
    for number, (words, wrong) in enumerate(zip(names, dashed, strict=True)):
        row, column = number // 2, 2 * (number % 2)
        for place, word in enumerate(words):
            sheet.write(row, column + place, word, size=9)
        sheet.frame(row, column, columns=2, color=WRONG if wrong else "0.75", dashed=wrong)
    return sheet.figure
