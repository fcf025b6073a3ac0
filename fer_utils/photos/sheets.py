"""A sheet of labelled images that stands for a photo, and what each face on it shows by its label."""

from dataclasses import dataclass

import numpy as np

from fer_utils.data import people as known_people
from fer_utils.data.alignment import Face
from fer_utils.data.datasets import FaceDataset
from fer_utils.photos import reading
from fer_utils.photos.expressions import Prediction
from fer_utils.photos.reading import Photo

_COLUMNS = 4  # people of whom so many stand in one row, so that faces numbered from the left are in order
_HEIGHT = 240  # pixels of an image on the sheet
_REMAIN = (
    2  # people who are not shown, where there are so many: a model that knows nobody on the sheet learns from them
)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A photo made of one labelled image of each of some people.

    Attributes:
        photo: the images side by side.
        people: who is shown, in order.
        labels: what each image shows, in the data set's words.
        widths: of each image on the sheet, pixels.
        whom: words for a caption where not everybody may be shown; else empty.
    """

    photo: Photo
    people: tuple[str, ...]
    labels: tuple[str, ...]
    widths: tuple[int, ...]
    whom: str = ""

    def label(self, face: Face) -> str:
        """What a face on the sheet shows by its label; empty beside the images."""
        row = int((face.y + face.height / 2) // _HEIGHT)
        ends = np.cumsum(self.widths[row * _COLUMNS : (row + 1) * _COLUMNS])
        column = int(np.searchsorted(ends, face.x + face.width / 2, side="right"))
        return self.labels[row * _COLUMNS + column] if column < len(ends) else ""

    def beside(self, prediction: Prediction) -> list[tuple[float, str]]:
        """Of each face that a model answered for: where its middle lies in pixels of the annotated copy, and its label."""
        faces = [each.face for each in prediction.found]
        return [((face.x + face.width / 2) / prediction.scale, self.label(face)) for face in faces]


def of_people(dataset: FaceDataset, usable: np.ndarray, *, people: int) -> Sheet:
    """One labelled image of each person, expressions in turn.

    Args:
        usable: (N,) int, positions of the images that the manifest keeps: the labels of others may be wrong.
        people: how many at most, the first by name of those whose pictures may be shown; at least one is, and where there are
            three or more people two are not.
    """
    names = np.unique(dataset.subjects[usable])
    most = min(people, len(names) - _REMAIN) if len(names) > _REMAIN else people
    shown = names[known_people.pictured(dataset, names)][:most]
    own = [usable[dataset.subjects[usable] == name] for name in shown]
    picked = [places[number % len(places)] for number, places in enumerate(own)]
    images = [dataset.images[place] for place in picked]
    grey = reading.contact_sheet(images, columns=_COLUMNS, height=_HEIGHT)
    return Sheet(
        photo=reading.from_greys(grey, name="sheet"),
        people=tuple(shown.tolist()),
        labels=tuple(dataset.conditions[picked].tolist()),
        widths=tuple(round(image.shape[1] * _HEIGHT / image.shape[0]) for image in images),
        whom=known_people.of_whom(dataset),
    )
