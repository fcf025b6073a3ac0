"""From photos to expressions: find the faces, align them as in training, ask the pretrained network."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from fer_utils.common import keras_setup
from fer_utils.common.errors import PhotoError
from fer_utils.data import alignment, detection
from fer_utils.data.alignment import Face
from fer_utils.photos import reading
from fer_utils.photos.reading import Photo
from fer_utils.transfer import pretrained
from fer_utils.transfer.pretrained import Pretrained

DETECTION_SIDE = 1280  # longer side at which faces are looked for; the smallest found there are 20 pixels wide
_SMALLEST_SIDE = 20  # of what is given to the detector: no face fits into less
_GROUP_PHOTOS = 16  # held in memory together, so that the networks get several at once
_GROUP_PIXELS = 60_000_000


@dataclass(frozen=True, eq=False)
class FaceExpression:
    """One face of a photo and what it expresses.

    Attributes:
        face: where it is, in pixels of the whole upright photo.
        crop: (48, 48) uint8, the aligned face as the network sees it.
        probabilities: expression to probability, surest first, adding up to 1.
    """

    face: Face
    crop: np.ndarray
    probabilities: dict[str, float]

    @property
    def expression(self) -> str:
        """The surest one."""
        return next(iter(self.probabilities))


@dataclass(frozen=True, eq=False)
class Prediction:
    """What became of one photo.

    Attributes:
        name: of the photo, as the user gave it.
        found: its faces, from left to right.
        picture: (height, width, 3) uint8, a copy to draw on; None where the photo could not be read.
        scale: pixels of the whole photo to a pixel of `picture`.
        notes: what the user should know of the photo.
        error: why it could not be used; empty where it could.
    """

    name: str
    found: tuple[FaceExpression, ...] = ()
    picture: np.ndarray | None = None
    scale: float = 1.0
    notes: tuple[str, ...] = field(default=())
    error: str = ""


def run(paths: Iterable[Path]) -> Iterator[Prediction]:
    """The expressions in photo files, in order; a bad file gives a `Prediction` with an error, the others go on.

    Raises:
        WeightsError: the pretrained weights cannot be used; told at the first face.
    """
    network: Pretrained | None = None
    for group in _groups(paths):
        whole = [each for each in group if isinstance(each, Photo)]
        if whole:
            keras_setup.import_keras()
        found = find_faces(whole)
        if network is None and any(found):
            network = pretrained.load()
        done = iter(_express(whole, found, network))
        for each in group:
            yield next(done) if isinstance(each, Photo) else each


def in_photos(chosen: Sequence[Photo], network: Pretrained) -> list[Prediction]:
    """The expressions in photos that are already read."""
    return _express(chosen, find_faces(chosen), network)


def find_faces(chosen: Sequence[Photo]) -> list[list[Face]]:
    """The faces of each photo, from left to right, in pixels of its `grey`; large photos are shrunk to look for them."""
    found: list[list[Face]] = [[] for _ in chosen]
    small = {place: _for_detection(photo.grey) for place, photo in enumerate(chosen)}
    small = {place: image for place, image in small.items() if min(image.shape) >= _SMALLEST_SIDE}
    for (place, image), here in zip(
        small.items(), detection.detect_in(list(small.values())) if small else [], strict=True
    ):
        factor = max(chosen[place].grey.shape) / max(image.shape)
        # Both eyes at one place cannot be aligned: whatever that is, it is no face.
        found[place] = sorted(
            (face.enlarged(factor) for face in here if face.eye_distance > 0), key=lambda face: face.x
        )
    return found


def rows(prediction: Prediction, *, width: int) -> list[str]:
    """Lines of a table for people: photo, number of the face, its box, its three surest expressions.

    Args:
        width: characters for the photo's name; longer names lose their beginning.
    """
    name = prediction.name if len(prediction.name) <= width else "…" + prediction.name[1 - width :]
    start = f"{name:<{width}}  "
    if prediction.error:
        return [f"{start}failed: see below"]
    lines = [
        f"{start}{number:>4}  {_box_text(each.face):<22}  "
        + "  ".join(f"{word:<9} {share:>4.0%}" for word, share in list(each.probabilities.items())[:3])
        for number, each in enumerate(prediction.found, start=1)
    ]
    return lines or [f"{start}no face found"]


def header(*, width: int) -> str:
    """The heading of the table that `rows` makes."""
    return f"{'photo':<{width}}  {'face':>4}  {'box: x, y, w x h':<22}  expressions"


def json_lines(prediction: Prediction) -> list[str]:
    """A JSON object for each face; one with an "error" for a photo that failed, one with a "note" where no face is."""
    if prediction.error:
        return [json.dumps({"file": prediction.name, "error": prediction.error}, ensure_ascii=False)]
    lines = [
        {
            "file": prediction.name,
            "face": number,
            "box": _rounded(each.face.x, each.face.y, each.face.width, each.face.height),
            "left_eye": _rounded(*each.face.left_eye),
            "right_eye": _rounded(*each.face.right_eye),
            "confidence": round(each.face.confidence, 4),
            "expression": each.expression,
            "probabilities": {word: round(share, 4) for word, share in each.probabilities.items()},
        }
        for number, each in enumerate(prediction.found, start=1)
    ]
    return [json.dumps(line, ensure_ascii=False) for line in lines or [_without_face(prediction)]]


def _without_face(prediction: Prediction) -> dict:
    return {"file": prediction.name, "note": "no face found"}


def _rounded(*values: float) -> list[float]:
    return [round(value, 1) for value in values]


def _box_text(face: Face) -> str:
    return f"{face.x:.0f}, {face.y:.0f}, {face.width:.0f} x {face.height:.0f}"


def _groups(paths: Iterable[Path]) -> Iterator[list[Photo | Prediction]]:
    """Photos, and failures in their places, few enough at a time for the memory."""
    group: list[Photo | Prediction] = []
    pixels = 0
    for path in paths:
        try:
            photo = reading.read(path)
            group.append(photo)
            pixels += photo.grey.size
        except PhotoError as error:
            group.append(Prediction(name=str(path), error=str(error)))
        if len(group) == _GROUP_PHOTOS or pixels >= _GROUP_PIXELS:
            yield group
            group, pixels = [], 0
    if group:
        yield group


def _for_detection(grey: np.ndarray) -> np.ndarray:
    factor = DETECTION_SIDE / max(grey.shape)
    if factor >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))


def _express(chosen: Sequence[Photo], found: list[list[Face]], network: Pretrained | None) -> list[Prediction]:
    crops = [
        alignment.face_input_from_photo(p.grey, face) for p, here in zip(chosen, found, strict=True) for face in here
    ]
    shares = iter(network.probabilities(np.stack(crops))) if crops else iter(())
    remaining = iter(crops)
    predictions = []
    for photo, here in zip(chosen, found, strict=True):
        expressions = tuple(
            FaceExpression(face.enlarged(photo.scale), next(remaining), _named(next(shares), network.classes))
            for face in here
        )
        predictions.append(
            Prediction(
                name=photo.name,
                found=expressions,
                picture=photo.picture,
                scale=photo.scale * max(photo.grey.shape) / max(photo.picture.shape),
                notes=photo.notes,
            )
        )
    return predictions


def _named(shares: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    return {classes[index]: float(shares[index]) for index in np.argsort(-shares)}
