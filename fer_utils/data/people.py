"""What is known of the people in a data set beside their expressions: facial hair, glasses, glare on the skin."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from fer_utils.common import csv_files, paths
from fer_utils.common.errors import DatasetError
from fer_utils.data import alignment, cleaning, stored_images
from fer_utils.data.alignment import REGIONS
from fer_utils.data.datasets import FaceDataset

FOLDER = paths.PROJECT / "data" / "subjects"
GLARE = 240  # greys from here to 255 count as glare
HIDING = ("moustache", "goatee", "full")  # facial hair that covers the lip or the chin
PICTURED = {"yale": 4}  # how many people of a data set figures may show whose images may not be redistributed
VALUES = 4  # of a column that are asked about, the most frequent ones
_COLUMNS = ("subject", "facial_hair", "glasses", "lenses", "glasses_under_lights", "not_neutral")
_FLAGS = ("glasses", "glasses_under_lights")
_SCHEMA = csv_files.schema(_COLUMNS, text=set(_COLUMNS) - set(_FLAGS), flags=_FLAGS)
_SIDE = 192  # of the aligned face that glare is looked for in, pixels


def read(dataset: str) -> pd.DataFrame | None:
    """What was noted of each person, or None for a data set of which nothing was; `data/README.md` says how.

    Args:
        dataset: its short name.

    Returns:
        Columns `subject, facial_hair, glasses, lenses, glasses_under_lights, not_neutral`: str, bool, str, bool, str.

    Raises:
        DatasetError: the table is damaged.
    """
    path = FOLDER / f"{dataset}.csv"
    if not path.is_file():
        return None
    try:
        return csv_files.read(path, _SCHEMA)
    except (OSError, csv_files.DamagedError) as error:
        raise DatasetError(f"{path} is damaged ({error}): git checkout brings it back.") from error


def pictured(dataset: FaceDataset, subjects: Iterable[str]) -> np.ndarray:
    """Whose images a figure may show, (N,) bool: everybody's, or of a data set in `PICTURED` the first few people's by name.

    Args:
        subjects: (N,) names.
    """
    given = np.asarray(list(subjects), dtype=str)
    allowed = np.unique(dataset.subjects)[: PICTURED.get(dataset.name)]
    return np.isin(given, allowed)


def of_whom(dataset: FaceDataset) -> str:
    """Words for a caption where pictures are missing for that reason; empty where none is."""
    count = PICTURED.get(dataset.name)
    return f" Only pictures of {count} people are shown: the data set may not be redistributed." if count else ""


def glare(dataset: FaceDataset, manifest: pd.DataFrame) -> pd.Series:
    """How much of a person's skin is nearly white: by subject, the mean share over the kept images, in [0, 1].

    Looked at are brows, eyes and nose of the aligned face: no background is there, and no teeth.
    """
    skin = np.zeros((_SIDE, _SIDE), dtype=bool)
    for name in ("brows", "eyes", "nose"):
        left, top, right, bottom = (round(_SIDE * place) for place in REGIONS[name])
        skin[top:bottom, max(left, 0) : right] = True
    kept = cleaning.kept_indices(dataset, manifest)

    def share(index: int, image: np.ndarray) -> float:
        face = alignment.aligned(image, *dataset.eyes[index], side=_SIDE)
        return float(np.mean(face[skin] >= GLARE))

    shares = stored_images.each(dataset.images, share, "looking for glare", positions=kept)
    return pd.Series(shares).groupby(dataset.subjects[kept]).mean()


def traits(people: pd.DataFrame, glares: pd.Series) -> pd.DataFrame:
    """By subject, whether a person has each trait: bool columns, those left out that everybody or nobody has.

    Args:
        people: from `read`.
        glares: from `glare`; a person with more than the median has much.
    """
    table = people.set_index("subject")
    found = pd.DataFrame(
        {
            "beard or moustache": table["facial_hair"].isin(HIDING),
            "glasses by habit": table["glasses"],
            "much glare on the skin": glares.reindex(table.index) > glares.median(),
        }
    )
    return found.loc[:, found.any() & ~found.all()]


def columns(dataset: FaceDataset, usable: np.ndarray) -> pd.DataFrame:
    """The same for what a `faces.csv` says of people in its further columns.

    A column of numbers divides people at its median; of any other column each value is a trait, the rarer one of two, at most
    `VALUES` of them. A column that differs between images of one person says nothing of people and is left out.

    Args:
        usable: (N,) int, positions of the images that are kept.
    """
    found = {}
    for name, values in dataset.further.items():
        by_subject = pd.Series(values[usable]).groupby(dataset.subjects[usable])
        if (by_subject.nunique() > 1).any():
            continue
        of_people = by_subject.first()
        numbers = pd.to_numeric(of_people, errors="coerce")
        if numbers.notna().all() and numbers.nunique() > 2:
            found[f"{name} above {numbers.median():g}"] = numbers > numbers.median()
            continue
        rarest_first = of_people.value_counts().index[::-1]
        shown = rarest_first[:1] if len(rarest_first) == 2 else rarest_first[::-1][:VALUES]
        found |= {f"{name}: {value or 'empty'}": of_people == value for value in shown}
    table = pd.DataFrame(found, dtype=bool)
    return table.loc[:, table.any() & ~table.all()]
