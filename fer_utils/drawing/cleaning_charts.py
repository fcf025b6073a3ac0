"""The figures of notebook 01: what is there, copies, detected faces, what became of every file."""

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
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import RIGHT

_CONDITIONS = 11  # columns of a sheet at most
_PEOPLE = 15  # rows of a sheet at most
_ACROSS = 6  # conditions in a row
_LONGEST_SIDE = 640  # of an image on a sheet, pixels
_SIDE = 96  # of an aligned face on the sheet, pixels


def conditions(data: FaceDataset) -> Chart:
    """Up to twelve images of the first person, each with its condition."""
    first = data.subjects[0]
    chosen = np.flatnonzero(data.subjects == first)[:12]
    lines = [chosen[start : start + _ACROSS] for start in range(0, len(chosen), _ACROSS)]
    pictures = [[_small(data.images[index]) for index in line] for line in lines]
    sheet = galleries.Sheet(pictures, cell=(1.7, 1.5), above=1)
    for number, index in enumerate(chosen):
        color = "black" if data.labels[index] >= 0 else "0.45"
        sheet.write(*divmod(number, _ACROSS), data.conditions[index], color=color)
    return Chart(
        sheet.figure,
        caption=f"The conditions of subject {first}. Grey titles: not an expression.",
        alt=f"Up to twelve frames of one person: {', '.join(data.conditions[chosen])}.",
    )


def identical_pairs(data: FaceDataset, pairs: Sequence[tuple[str, str]]) -> Chart:
    """The first ten pairs of files with the same bytes, side by side; of people who may be shown.

    Args:
        data: with the files of the pairs.
        pairs: file names from `cleaning.identical_pairs`, at least one pair.
    """
    shown = [pair for pair in pairs if _may_show(data, pair)][:10]
    lines = [[name for pair in shown[start::2] for name in pair] for start in range(min(2, len(shown)))]
    return Chart(
        _named_images(data, lines, cell=(1.25, 1.08)),
        caption=f"{len(pairs)} pairs of files hold the same bytes.{people.of_whom(data)}",
        alt="Frames side by side in pairs; the two of a pair look the same: "
        + "; ".join(" and ".join(pair) for pair in shown),
    )


def near_duplicates(data: FaceDataset, candidates: pd.DataFrame, *, largest_distance: int) -> Chart:
    """The eight nearest pairs of images that look alike, one above the other; of people who may be shown.

    Args:
        data: with the files of the pairs.
        candidates: from `cleaning.near_duplicates`, at least one row; columns `first, second`.
        largest_distance: differing bits, of 256, up to which a pair is a candidate.
    """
    may = [_may_show(data, pair) for pair in zip(candidates["first"], candidates["second"], strict=True)]
    shown = candidates[may].head(8)
    return Chart(
        _named_images(data, [list(shown[column]) for column in ("first", "second")], cell=(1.35, 1.15)),
        caption=f"The nearest of {len(candidates)} pairs that differ in at most {largest_distance} of 256 bits."
        + people.of_whom(data),
        alt="Two rows of frames; each column is a pair that a perceptual hash holds for alike, mostly one person holding still.",
    )


def detections(data: FaceDataset, faces: Sequence[Sequence[Face]]) -> Chart:
    """Every detected face and its eyes, a row per person and a column per condition.

    Args:
        data: the images.
        faces: those of each image, in pixels.
    """
    names, columns = _shown(data, data.subjects), sorted(set(data.conditions))[:_CONDITIONS]
    chosen = _positions(data.subjects, data.conditions, rows=names, columns=columns)
    pictures = _images(data, chosen)
    sheet = galleries.Sheet(pictures, rows=names, columns=columns, cell=(1.0, 0.76))
    for row, line in enumerate(chosen):
        for column, index in enumerate(line):
            for face in faces[index] if index is not None else ():
                factor = pictures[row][column].shape[1] / data.shape(index)[1]
                sheet.mark_face(row, column, face if factor == 1 else face.enlarged(factor))
    single = sum(len(each) == 1 for each in faces)
    return Chart(
        sheet.figure,
        caption=f"Faces and eyes found by MTCNN. Exactly one face in {single} of {len(data)} images.{people.of_whom(data)}",
        alt=f"{len(names)} rows of frames, one per person, with a box around each face and a cross on each eye.",
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
    ax.invert_yaxis()
    ax.set(xlabel="image files")
    ax.grid(axis="y", visible=False)
    reasons = manifest["reason"].value_counts()
    return Chart(
        figure,
        caption="What became of every file.",
        alt="; ".join(f"{count} files: {reason or 'kept'}" for reason, count in reasons.items()),
    )


def aligned(data: FaceDataset, usable: np.ndarray) -> Chart:
    """The aligned faces, a row per person and a column per expression.

    Args:
        data: with `eyes` and labels.
        usable: (N,) int, positions of the images that are kept.
    """
    names = _shown(data, data.subjects[usable])
    chosen = _positions(data.subjects[usable], data.labels[usable], rows=names, columns=range(len(data.class_names)))
    faces = [[None if each is None else _upright(data, usable[each]) for each in row] for row in chosen]
    sheet = galleries.Sheet(faces, rows=names, columns=data.class_names, cell=(0.95, 0.95))
    return Chart(
        sheet.figure,
        caption=f"Kept faces, aligned by the eyes: subjects by expressions.{people.of_whom(data)}",
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


def _images(data: FaceDataset, positions: Sequence[Sequence[int | None]]) -> list[list[np.ndarray | None]]:
    return [[None if index is None else _small(data.images[index]) for index in row] for row in positions]


def _small(image: np.ndarray) -> np.ndarray:
    """An image, shrunk where it is much larger than it is shown: a sheet of photographs would not fit into memory."""
    factor = _LONGEST_SIDE / max(image.shape)
    if factor >= 1:
        return image
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def _upright(data: FaceDataset, index: int) -> np.ndarray:
    return alignment.aligned(data.images[index], *data.eyes[index], side=_SIDE)


def _named_images(data: FaceDataset, lines: Sequence[Sequence[str]], *, cell: tuple[float, float]) -> Figure:
    """Rows of images with the names of their files."""
    positions = [[data.position(name) for name in line] for line in lines]
    sheet = galleries.Sheet(_images(data, positions), cell=cell, above=1)
    for row, line in enumerate(lines):
        for column, name in enumerate(line):
            sheet.write(row, column, name.removeprefix("subject"), size=7)
    return sheet.figure
