"""Parts of a face replaced by something else: what a model answers then.

What to put there decides what one finds. A patch of grey over an eye looks like a closed eye, so it makes the very expression that is
measured. The mean of many faces is blurred, and blurred lids look half closed; the mean of neutral faces puts "neutral" in the place of
every other expression. The natural fill here is the same part of *other people's faces*, of people from the training side: one face of
each expression, brought to the mean and spread of this face's greys and blended at the border, and the answers averaged. Each is as
sharp as a face, and together they speak for no expression. So what is removed is what the model knew from that part (the marginal
expectation, Covert, Lundberg and Lee 2021, arXiv:2011.14878).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from fer_utils.common import progress, random_draws
from fer_utils.experiments.recipes import images_for
from fer_utils.readers.reader import Placing, Reader

OTHERS, MEAN, GREY = "other people's faces", "the mean face", "grey"
_SEED = 20_236
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


def other_faces(
    reader: Reader, train: np.ndarray, position: int, *, number: int | None = None
) -> list[dict[str, np.ndarray]]:
    """Faces of other people, each as view to (side, side) float64; always the same for the same image.

    Args:
        train: (N,) int, positions of the images that are drawn from.
        position: of the image that they are for.
        number: of a draw of one face, its expression drawn too; without it one face is drawn of each expression.
    """
    labels = reader.experiment.dataset.labels[train]
    generator = random_draws.generator([_SEED, position, 0 if number is None else 1 + number])
    classes = np.unique(labels)
    wanted = classes if number is None else classes[[generator.randint(len(classes))]]
    chosen = [train[labels == label][generator.randint((labels == label).sum())] for label in wanted]
    pictures = reader.pictures(np.array(chosen))
    return [{view: each[place].astype(np.float64) for view, each in pictures.items()} for place in range(len(chosen))]


def filled(image: np.ndarray, fill: np.ndarray | None, part: np.ndarray) -> np.ndarray:
    """A picture with a part of it replaced, (side, side) uint8.

    Args:
        image: (side, side) uint8.
        fill: (side, side), which is brought to the mean and spread of the picture; None for the picture's mean grey.
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
    reader: Reader, boxes: Boxes, *, fill: str = OTHERS, single: bool = False, outside: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers to tested images (`drawn`), as they are and with each of some boxes covered, each by what left the person out.

    Args:
        boxes: position in the data set to boxes, of every image as many.
        fill: `OTHERS`, `MEAN` or `GREY`.
        single: of `OTHERS`, draw one face for each box and image; else the answers to one of each expression are averaged.
        outside: cover all but the box.

    Returns:
        Positions (N,) int; probabilities (N, classes) as they are and (boxes, N, classes) covered, float64.
    """
    positions, plain, found = [], [], []
    for fold, train, test in _shown(reader):
        mean = mean_faces(reader, train) if fill == MEAN else None
        pictures, versions = reader.pictures(test), []
        for place, position in enumerate(test):
            own = {view: images[[place]] for view, images in pictures.items()}
            every = other_faces(reader, train, int(position)) if fill == OTHERS and not single else None
            for number, box in enumerate(boxes(int(position))):
                if fill == OTHERS:
                    fills = every or other_faces(reader, train, int(position), number=number)
                else:
                    fills = [mean or dict.fromkeys(reader.placings)]
                versions += [covered(own, each, box, reader.placings, outside=outside) for each in fills]
        together = {view: np.concatenate([pictures[view], *(each[view] for each in versions)]) for view in pictures}
        said = reader.answers(fold, together)
        count = len(boxes(int(test[0])))
        by_box = said[len(test) :].reshape(len(test), count, -1, said.shape[1]).mean(axis=2)
        positions.append(test)
        plain.append(said[: len(test)])
        found.append(by_box.transpose(1, 0, 2))
    return np.concatenate(positions), np.concatenate(plain), np.concatenate(found, axis=1)


def drawn(reader: Reader) -> np.ndarray:
    """Positions of the tested images that are covered, (M,) int, sorted: of a large set those that the budget buys.

    They are drawn evenly from all expressions, and from the people who show each.
    """
    shown = np.sort(np.concatenate([test[reader.shows[test]] for _, test in reader.folds.values()]))
    data = reader.experiment.dataset
    order = np.lexsort((data.subjects[shown].astype(str), data.labels[shown]))
    count = images_for(len(shown), budget=reader.experiment.budget)
    return np.sort(shown[order[((np.arange(count) + 0.5) * len(shown) / max(1, count)).astype(int)]])


def _shown(reader: Reader) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Folds with positions of images in which the model sees something: those that are learned from, and those of `drawn`."""
    shows, chosen = reader.shows, drawn(reader)
    tested = {fold: (train[shows[train]], test[np.isin(test, chosen)]) for fold, (train, test) in reader.folds.items()}
    words = f"covering parts of faces, {reader.model}"
    for fold, (train, test) in progress.bar(tested.items(), words, total=len(tested), unit="fold", delay=5):
        if len(test):
            yield fold, train, test
