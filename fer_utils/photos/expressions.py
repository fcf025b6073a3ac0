"""From photos to expressions: find the faces, align them as in training, ask the pretrained network."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fer_utils.common import keras_setup, processes
from fer_utils.common.errors import PhotoError, printable
from fer_utils.data import alignment, detection
from fer_utils.data.alignment import Face
from fer_utils.photos import reading
from fer_utils.photos.reading import Photo
from fer_utils.transfer import pretrained
from fer_utils.transfer.pretrained import Pretrained

_AGAIN_BELOW = 2  # faces: a photo that shows none or one is looked at a second time
_GROUP_PHOTOS = 16  # whose faces the network gets together
_PHOTO_SECONDS = 0.25  # about what one takes to be read and looked at, on one core


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


@dataclass(frozen=True, eq=False)
class _Seen:
    """A photo with its faces, from left to right; without its greys, which may be large.

    Attributes:
        bare: the `Prediction`, without faces.
        faces: in pixels of the whole upright photo.
        crops: (48, 48) uint8 of each.
    """

    bare: Prediction
    faces: tuple[Face, ...] = ()
    crops: tuple[np.ndarray, ...] = ()


def run(paths: Iterable[Path]) -> Iterator[Prediction]:
    """The expressions in photo files, in order; a bad file gives a `Prediction` with an error, the others go on.

    Photos are read and looked at in processes where they are many, while this process imports Keras.

    Raises:
        WeightsError: the pretrained weights cannot be used; told at the first face.
    """
    network: Pretrained | None = None
    looked_at = processes.mapped(_read_and_look, paths, seconds=lambda path: _PHOTO_SECONDS)
    while group := list(itertools.islice(looked_at, _GROUP_PHOTOS)):
        if network is None and any(each.faces for each in group):
            keras_setup.import_keras()
            network = pretrained.load()
        yield from _express(group, network)


def in_photos(chosen: Sequence[Photo], network: Pretrained) -> list[Prediction]:
    """The expressions in photos that are already read."""
    found = find_faces(chosen)
    return _express([_seen(photo, faces) for photo, faces in zip(chosen, found, strict=True)], network)


def find_faces(chosen: Sequence[Photo]) -> list[list[Face]]:
    """The faces of each photo, from left to right, in pixels of its `grey`; see `detection.look`."""
    found = detection.detect_in((photo.grey for photo in chosen), again_below=_AGAIN_BELOW)
    return [sorted(faces, key=lambda face: face.x) for faces in found]


def rows(prediction: Prediction, *, width: int) -> list[str]:
    """Lines of a table for people: photo, number of the face, its box, its three surest expressions.

    Args:
        width: characters for the photo's name; longer names lose their beginning.
    """
    name = printable(prediction.name, but="")
    name = name if len(name) <= width else "…" + name[1 - width :]
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
        return [_json({"file": prediction.name, "error": prediction.error})]
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
    return [_json(line) for line in lines or [_without_face(prediction)]]


def _json(line: dict) -> str:
    """JSON in a line; control characters that JSON lets stand, but terminals obey, are escaped as it escapes the others."""
    text = json.dumps(line, ensure_ascii=False)
    return "".join(each if printable(each, but="") == each else f"\\u{ord(each):04x}" for each in text)


def _without_face(prediction: Prediction) -> dict:
    return {"file": prediction.name, "note": "no face found"}


def _rounded(*values: float) -> list[float]:
    return [round(value, 1) for value in values]


def _box_text(face: Face) -> str:
    return f"{face.x:.0f}, {face.y:.0f}, {face.width:.0f} x {face.height:.0f}"


def _read_and_look(path: Path) -> _Seen:
    try:
        photo = reading.read(path)
    except PhotoError as error:
        return _Seen(Prediction(name=str(path), error=str(error)))
    (found,) = find_faces([photo])
    return _seen(photo, found)


def _seen(photo: Photo, found: Sequence[Face]) -> _Seen:
    scale = photo.scale * max(photo.grey.shape) / max(photo.picture.shape)
    return _Seen(
        Prediction(name=photo.name, picture=photo.picture, scale=scale, notes=photo.notes),
        tuple(face.enlarged(photo.scale) for face in found),
        tuple(alignment.face_input(photo.grey, face.left_eye, face.right_eye, compressed=False) for face in found),
    )


def _express(chosen: Sequence[_Seen], network: Pretrained | None) -> list[Prediction]:
    crops = [crop for each in chosen for crop in each.crops]
    shares = iter(network.probabilities(np.stack(crops))) if crops else iter(())
    return [
        replace(
            each.bare,
            found=tuple(
                FaceExpression(face, crop, _named(next(shares), network.classes))
                for face, crop in zip(each.faces, each.crops, strict=True)
            ),
        )
        for each in chosen
    ]


def _named(shares: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    return {classes[index]: float(shares[index]) for index in np.argsort(-shares)}
