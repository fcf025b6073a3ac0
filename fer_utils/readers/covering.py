"""Parts of a face replaced by what an average face has there: what a model answers then.

A patch of grey is no natural fill: over an eye it looks like a closed one, so it makes the very expression that is measured.
The fill here is the mean of the training people's faces at that place, each expression weighing as much as any other, brought to
the mean and spread of the face's greys and blended at the border. It stands for no expression in particular. The mean of neutral
faces would not do: it takes every expression away and puts "neutral" in its place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from fer_utils.common import progress
from fer_utils.readers.reader import Placing, Reader

MEAN, GREY = "the mean face", "grey"
BORDER = 0.06  # fraction of a face's side over which a fill is blended in
Boxes = Callable[[int], Sequence[tuple[float, ...]]]  # of an image's position


def weights(side: int, box: Sequence[float], *, border: float = BORDER) -> np.ndarray:
    """How much of a fill each pixel gets, (side, side) float64 in [0, 1]: 1 within a box, 0 outside, one half on its edge.

    Args:
        side: of the picture, pixels.
        box: left, top, right and bottom as fractions of the side.
        border: over which it falls from 1 to 0, likewise.
    """
    middles = (np.arange(side) + 0.5) / side
    left, top, right, bottom = box

    def along(low: float, high: float) -> np.ndarray:
        return np.clip(0.5 + np.minimum(middles - low, high - middles) / border, 0, 1)

    return along(top, bottom)[:, None] * along(left, right)


def mean_faces(reader: Reader, train: np.ndarray) -> dict[str, np.ndarray]:
    """View to the mean of the faces in it, (side, side) float64; every expression weighs as much.

    Args:
        train: (N,) int, positions of the images.
    """
    labels = reader.experiment.dataset.labels[train]
    pictures = reader.pictures(train)
    return {
        view: np.mean([each[labels == label].mean(axis=0, dtype=np.float64) for label in np.unique(labels)], axis=0)
        for view, each in pictures.items()
    }


def filled(image: np.ndarray, fill: np.ndarray | None, part: np.ndarray) -> np.ndarray:
    """A picture with a part of it replaced, (side, side) uint8.

    Args:
        image: (side, side) uint8.
        fill: (side, side), brought to the mean and spread of the picture; None for the picture's mean grey.
        part: (side, side) in [0, 1], how much of the fill each pixel gets.
    """
    picture = image.astype(np.float64)
    if fill is None:
        natural = np.full_like(picture, picture.mean())
    else:
        spread = fill.std()
        natural = (fill - fill.mean()) * (picture.std() / spread if spread > 0 else 0) + picture.mean()
    return np.clip(np.round(picture + part * (natural - picture)), 0, 255).astype(np.uint8)


def covered(
    pictures: Mapping[str, np.ndarray],
    fills: Mapping[str, np.ndarray | None],
    box: Sequence[float],
    placings: Mapping[str, Placing | None],
    *,
    outside: bool = False,
) -> dict[str, np.ndarray]:
    """Pictures with a box covered in every view, the same part of the face in all.

    Args:
        pictures: view to (M, side, side) uint8.
        fills: view to what is put there, see `filled`.
        box: fractions of the usual aligned face, or of the view itself where nothing is said of the eyes in it.
        placings: view to where the eyes lie.
        outside: cover all but the box.
    """
    found = {}
    for view, images in pictures.items():
        place = placings[view]
        scale = 1.0 if place is None else place.box((0, 0, 1, 1))[2] - place.box((0, 0, 1, 1))[0]
        part = weights(images.shape[1], box if place is None else place.box(box), border=BORDER * scale)
        part = 1 - part if outside else part
        found[view] = np.stack([filled(image, fills[view], part) for image in images])
    return found


def answers(
    reader: Reader, boxes: Boxes, *, fill: str = MEAN, outside: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers to all tested images, as they are and with each of some boxes covered, each by what left the person out.

    Args:
        boxes: position in the data set to boxes, of every image as many.
        fill: `MEAN` or `GREY`.
        outside: cover all but the box.

    Returns:
        Positions (N,) int; probabilities (N, classes) as they are and (boxes, N, classes) covered, float64.
    """
    positions, plain, found = [], [], []
    for fold, train, test in _shown(reader):
        fills = mean_faces(reader, train) if fill == MEAN else dict.fromkeys(reader.placings)
        pictures = reader.pictures(test)
        versions = [pictures]
        for number in range(len(boxes(int(test[0])))):
            each = [
                covered(
                    {view: images[[place]] for view, images in pictures.items()},
                    fills,
                    boxes(int(position))[number],
                    reader.placings,
                    outside=outside,
                )
                for place, position in enumerate(test)
            ]
            versions.append({view: np.concatenate([one[view] for one in each]) for view in pictures})
        together = {view: np.concatenate([version[view] for version in versions]) for view in pictures}
        said = reader.answers(fold, together).reshape(len(versions), len(test), -1)
        positions.append(test)
        plain.append(said[0])
        found.append(said[1:])
    return np.concatenate(positions), np.concatenate(plain), np.concatenate(found, axis=1)


def _shown(reader: Reader) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Folds with the positions of those images in which the model sees something."""
    shows, folds = reader.shows, reader.folds
    shown = progress.bar(
        folds.items(), f"covering parts of faces, {reader.model}", total=len(folds), unit="fold", delay=5
    )
    for fold, (train, test) in shown:
        if shows[test].any():
            yield fold, train[shows[train]], test[shows[test]]
