"""Images of a data set that are in FER+ too: whoever is tested on them was seen in pretraining.

A copy in FER+ is a crop, shrunk to 48x48 pixels and perhaps mirrored. So crops of many sizes and places of every image are
compared with every image of FER+ at 16x16 pixels by Pearson's correlation, as they are and mirrored, and the nearest pairs again
at 48x48, the crop being moved and scaled in small steps. Crops lie upright: a copy that was turned, or that reaches
beyond the image, may be missed. Time grows with the images, memory only with FER+.

What was found is kept in `weights/overlap.csv`: it says what these weights have seen, and `fer pretrain` leaves it out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.common import csv_files, files, paths, progress
from fer_utils.common.errors import WeightsError
from fer_utils.data import detection, ferplus
from fer_utils.data.alignment import Face
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.ferplus import VoteDataset

# Correlation at 48x48 pixels from which two images are one: what Yale and CK+ share with FER+ lies above, all other pairs below,
# with a gap on either side (`read` keeps the nearest of the others).
SAME = 0.95
_SMALL = 16  # pixels
_SIDES = np.geomspace(1.8, 3.6, 11)  # of the crops, in distances between the eyes
_ROWS = np.linspace(0.22, 0.5, 9)  # where in the crop the eyes lie, as a fraction of its side
_COLUMNS = np.linspace(0.44, 0.56, 3)
_PARTS = np.linspace(0.6, 1, len(_SIDES))  # of an image's shorter edge, where no face was found
_BLOCK = 8192  # images of FER+ compared at once
_NEAREST = 3  # images of FER+ looked at again, for each image
_STEPS = (0.06, 0.03, 0.015, 0.0075)  # of the second look, as fractions of the crop's side
_TEXT = ("dataset", "data", "image", "subject", "ferplus_image", "part")
_COLUMN_NAMES = (*_TEXT[:4], "ferplus", *_TEXT[4:], "correlation", "mirrored", "same")
_SCHEMA = csv_files.schema(_COLUMN_NAMES, text=(*_TEXT, "ferplus"), flags=("mirrored", "same"))


@dataclass(frozen=True)
class _Crop:
    """A square of an image: its left and upper edge and its side, in pixels."""

    left: float
    top: float
    side: float

    def within(self, shape: tuple[int, int]) -> "_Crop":
        """Made no larger than the image and moved into it."""
        height, width = shape
        side = min(self.side, height, width)
        return _Crop(min(max(self.left, 0), width - side), min(max(self.top, 0), height - side), side)

    def seen(self, image: Image.Image, side: int, how: Image.Resampling) -> np.ndarray:
        """The crop at so many pixels, (side, side) uint8."""
        box = (self.left, self.top, self.left + self.side, self.top + self.side)
        return np.asarray(image.resize((side, side), how, box=box))

    def about(self, step: float) -> Iterator["_Crop"]:
        """Crops a step larger, smaller and beside it."""
        for scale in (1 - step, 1, 1 + step):
            side = self.side * scale
            middle = (self.side - side) / 2
            for across in (-step, 0, step):
                for down in (-step, 0, step):
                    yield _Crop(self.left + middle + across * side, self.top + middle + down * side, side)


def search(dataset: FaceDataset, data: VoteDataset) -> pd.DataFrame:
    """Look for every image of a data set in FER+.

    Args:
        dataset: its faces are detected; where there is none, crops of the whole image are looked at.
        data: FER+.

    Returns:
        A row for every pair found to be the same image, and one for the nearest other pair: `dataset, data, image, subject, ferplus,
        ferplus_image, part, correlation, mirrored, same`. `data` and `ferplus` are the hashes of what was compared.
    """
    small = _standardized(
        np.stack([np.asarray(Image.fromarray(each).reduce(ferplus.SIDE // _SMALL)) for each in data.images])
    )
    found, rows = detection.detect(dataset), []
    for index in progress.bar(range(len(dataset)), f"looking for {dataset.name} in FER+"):
        image = dataset.images[index]
        picture = Image.fromarray(image)
        crops = _crops(found[index], image.shape)
        for place, crop, mirrored in _nearest(picture, crops, small):
            correlation = _refined(picture, crop, data.images[place][:, ::-1] if mirrored else data.images[place])
            rows.append((index, place, correlation, mirrored))
    return _table(dataset, data, rows)


def _table(dataset: FaceDataset, data: VoteDataset, rows: list[tuple]) -> pd.DataFrame:
    index, place, correlation, mirrored = (np.array(column) for column in zip(*rows, strict=True))
    found = pd.DataFrame(
        {
            "dataset": dataset.name,
            "data": dataset.data_hash,
            "image": dataset.file_names[index],
            "subject": dataset.subjects[index],
            "ferplus": data.data_hash,
            "ferplus_image": data.file_names[place],
            "part": data.parts[place],
            "correlation": correlation,
            "mirrored": mirrored,
            "same": correlation >= SAME,
        }
    ).sort_values(["correlation", "image", "ferplus_image"], ascending=[False, True, True], ignore_index=True)
    return pd.concat([found[found["same"]], found[~found["same"]].head(1)], ignore_index=True)


def _crops(faces: Sequence[Face], shape: tuple[int, int]) -> list[_Crop]:
    """Squares about every face; where none was found, squares of the whole image."""
    height, width = shape
    if faces:
        places = [
            (x - column * side, y - row * side, side)
            for x, y, distance in map(_eyes, faces)
            for side in _SIDES * distance
            for column in _COLUMNS
            for row in _ROWS
        ]
    else:
        places = [
            ((width - side) * across, (height - side) * down, side)
            for side in _PARTS * min(shape)
            for across in np.linspace(0, 1, len(_COLUMNS))
            for down in np.linspace(0, 1, len(_ROWS))
        ]
    return list(dict.fromkeys(_Crop(*map(float, place)).within(shape) for place in places))


def _eyes(face: Face) -> tuple[float, float, float]:
    """The middle between the eyes, pixels being counted from their edges, and the distance of the eyes, at least a pixel."""
    x, y = (np.array(face.left_eye) + face.right_eye) / 2 + 0.5
    return x, y, max(face.eye_distance, 1)


def _nearest(picture: Image.Image, crops: list[_Crop], small: np.ndarray) -> list[tuple[int, _Crop, bool]]:
    """The images of FER+ that some crop is most like: their positions, that crop, and whether it is so mirrored."""
    seen = np.stack([crop.seen(picture, _SMALL, Image.Resampling.BOX) for crop in crops])
    templates = _standardized(np.concatenate([seen, seen[:, :, ::-1]]))
    best, which = np.empty(len(small), dtype=np.float32), np.empty(len(small), dtype=np.int64)
    for start in range(0, len(small), _BLOCK):
        block = slice(start, start + _BLOCK)
        likeness = small[block] @ templates.T
        which[block] = likeness.argmax(axis=1)
        best[block] = np.take_along_axis(likeness, which[block, None], axis=1)[:, 0]
    order = np.argsort(-best, kind="stable")[:_NEAREST]
    return [(int(place), crops[which[place] % len(crops)], bool(which[place] >= len(crops))) for place in order]


def _refined(picture: Image.Image, crop: _Crop, target: np.ndarray) -> float:
    """Highest correlation of a crop with an image of FER+ at its own size, when it is moved and scaled a little."""
    shape, side = picture.size[::-1], ferplus.SIDE
    wanted = _standardized(target[np.newaxis])[0]

    def likeness(each: _Crop) -> float:
        return float(_standardized(each.seen(picture, side, Image.Resampling.BICUBIC)[np.newaxis])[0] @ wanted)

    found = likeness(crop)
    for step in _STEPS:
        better = True
        while better:
            tried = {each: likeness(each) for each in {each.within(shape): None for each in crop.about(step)}}
            best = max(tried, key=tried.get)
            better = tried[best] > found + 1e-6
            if better:
                crop, found = best, tried[best]
    return found


def _standardized(images: np.ndarray) -> np.ndarray:
    """(N, side, side) to (N, side * side) float32 of mean 0 and length 1, so that products are correlations; 0 where all is one grey."""
    values = images.reshape(len(images), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(length > 0, length, 1)


def read() -> pd.DataFrame:
    """What all searches found; no rows where there was none yet.

    Raises:
        WeightsError: the table is damaged.
    """
    path = paths.weights() / "overlap.csv"
    try:
        return csv_files.read(path, _SCHEMA)
    except FileNotFoundError:
        return pd.DataFrame(columns=list(_COLUMN_NAMES))
    except (OSError, csv_files.DamagedError) as error:
        raise WeightsError(
            f"{path} is damaged ({error}). Restore it with git checkout -- weights, or remove it and run fer overlap."
        ) from error


def write(table: pd.DataFrame) -> None:
    """Keep what `search` found, instead of what was found for the same data set before."""
    path = paths.weights() / "overlap.csv"
    before = read()
    others = before[~before["dataset"].isin(table["dataset"])]
    every = pd.concat([each for each in (others, table) if len(each)], ignore_index=True)
    every = every.sort_values("dataset", kind="stable", ignore_index=True)
    files.write(path, csv_files.text(every, _SCHEMA, decimals=4))


def names(table: pd.DataFrame) -> list[str]:
    """The images of FER+ that some data set holds too, from rows of `read`."""
    return sorted(set(table.loc[table["same"].astype(bool), "ferplus_image"]))


def in_words(table: pd.DataFrame, about: dict) -> str:
    """Which images of data sets to be tested on are in FER+, in sentences.

    Args:
        table: from `read`.
        about: what `ferplus.json` says.
    """
    if table.empty:
        return "No data set has been looked for in FER+ yet (`fer overlap`)."
    parts = ["`fer overlap` looks for the images of data sets in FER+."]
    for name, rows in table.groupby("dataset", sort=True):
        same, nearest = rows[rows["same"]], rows.loc[~rows["same"], "correlation"].max()
        found = ", ".join(
            f"`{row.image}` is `{row.ferplus_image}` of its part {row.part} (correlation {row.correlation:.2f})"
            for row in same.itertuples()
        )
        parts.append(f"Of {name}, {found or 'none is there'}; the nearest of all other pairs have {nearest:.2f}.")
    if found := names(table):
        left_out = set(found) <= set(about.get("overlaps_left_out", ()))
        parts.append("They were left out of training." if left_out else "Those of the part train have been learned.")
    return " ".join(parts)


def seen_in_training(dataset: str, *, data: str, about: dict) -> pd.DataFrame | None:
    """The rows of a data set's images that the pretrained network has learned from; None where nobody has searched for these images.

    Args:
        dataset: its short name.
        data: hash of its images, `FaceDataset.data_hash`.
        about: what `ferplus.json` says.
    """
    rows = read()
    rows = rows[(rows["dataset"] == dataset) & (rows["data"] == data)]
    if rows.empty:
        return None
    learned = ~rows["ferplus_image"].isin(about.get("overlaps_left_out", ()))
    return rows[rows["same"].astype(bool) & (rows["part"] == "train") & learned]
