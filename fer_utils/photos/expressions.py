"""From photos to expressions: find the faces, cut them out as in training, ask a model."""

import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fer_utils.common import processes
from fer_utils.common.errors import PhotoError, printable
from fer_utils.data import detection
from fer_utils.data.alignment import Face
from fer_utils.export import card as cards
from fer_utils.export.card import Card
from fer_utils.export.reader import Reader
from fer_utils.photos import network as networks
from fer_utils.photos import reading
from fer_utils.photos.network import Asked
from fer_utils.photos.reading import Photo

_AGAIN_BELOW = 2  # faces: a photo that shows none or one is looked at a second time
_GROUP_PHOTOS = 16  # whose faces the network gets together
LEARNED = "the model learned from this very image, so its answer says nothing about how it does on others"
_CSV_COLUMNS = (
    "file", "model", "face", "x", "y", "width", "height", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y",
    "confidence", "expression",
)  # fmt: skip
_PHOTO_SECONDS = 0.25  # about what one takes to be read and looked at, on one core


@dataclass(frozen=True, eq=False)
class FaceExpression:
    """One face of a photo and what it expresses.

    Attributes:
        face: where it is, in pixels of the whole upright photo.
        crop: (side, side) uint8, the aligned face as the model sees it, the first of its crops.
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
        crops: of each face, by name of the model's input, (side, side) uint8.
    """

    bare: Prediction
    faces: tuple[Face, ...] = ()
    crops: tuple[dict[str, np.ndarray], ...] = ()


def run(paths: Iterable[Path], asked: Asked | None = None) -> Iterator[Prediction]:
    """The expressions in photo files, in order; a bad file gives a `Prediction` with an error, the others go on.

    Photos are read and looked at in processes where they are many, while this process imports Keras.

    Args:
        asked: which model, and how; None for the pretrained network as it was trained.

    Raises:
        WeightsError: the model cannot be used; what its card can say is said before anything else.
    """
    asked = asked or Asked()
    card, learned = networks.describe(asked)
    network: Reader | None = None
    look = functools.partial(_read_and_look, card=card, learned=learned)
    looked_at = processes.mapped(look, paths, seconds=lambda path: _PHOTO_SECONDS)
    while group := list(itertools.islice(looked_at, _GROUP_PHOTOS)):
        if network is None and any(each.faces for each in group):
            network = networks.load(asked)
        yield from _express(group, network)


def in_photos(chosen: Sequence[Photo], networks: Sequence[Reader]) -> list[list[Prediction]]:
    """The expressions in photos that are already read, for each model; faces are looked for once.

    A photo whose file a model learned from has a note that says so.
    """
    found = find_faces(chosen)
    return [
        _express(
            [_seen(_noted(photo, each.learned), faces, each.card) for photo, faces in zip(chosen, found, strict=True)],
            each,
        )
        for each in networks
    ]


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


def records(prediction: Prediction, *, model: str) -> list[dict]:
    """A record for each face; one with an "error" for a photo that failed, one with a "note" where no face is.

    Args:
        model: its name.
    """
    if prediction.error:
        return [{"file": prediction.name, "model": model, "error": prediction.error}]
    notes = {"note": "; ".join(prediction.notes)} if prediction.notes else {}
    return [
        {
            "file": prediction.name,
            "model": model,
            "face": number,
            "box": _rounded(each.face.x, each.face.y, each.face.width, each.face.height),
            "left_eye": _rounded(*each.face.left_eye),
            "right_eye": _rounded(*each.face.right_eye),
            "confidence": round(each.face.confidence, 4),
            "expression": each.expression,
            "probabilities": {word: round(share, 4) for word, share in each.probabilities.items()},
        }
        | notes
        for number, each in enumerate(prediction.found, start=1)
    ] or [{"file": prediction.name, "model": model, "note": "; ".join(["no face found", *prediction.notes])}]


def json_lines(prediction: Prediction, *, model: str) -> list[str]:
    """The `records` as JSON objects, a line each."""
    return [_json(each) for each in records(prediction, model=model)]


def csv_columns(classes: Sequence[str]) -> list[str]:
    """The columns of `csv_rows`."""
    return [*_CSV_COLUMNS, *(f"p_{name}" for name in classes), "note", "error"]


def csv_rows(prediction: Prediction, *, model: str, classes: Sequence[str]) -> list[list[object]]:
    """The `records` as rows of a table with the columns of `csv_columns`; what does not apply is empty."""
    rows = []
    for each in records(prediction, model=model):
        places = zip(
            _CSV_COLUMNS[3:11],
            [*each.get("box", ()), *each.get("left_eye", ()), *each.get("right_eye", ())],
            strict=False,
        )
        shares = {f"p_{name}": each["probabilities"][name] for name in classes} if "probabilities" in each else {}
        flat = each | dict(places) | shares
        rows.append([flat.get(name, "") for name in csv_columns(classes)])
    return rows


def _json(line: dict) -> str:
    """JSON in a line; control characters that JSON lets stand, but terminals obey, are escaped as it escapes the others."""
    text = json.dumps(line, ensure_ascii=False)
    return "".join(each if printable(each, but="") == each else f"\\u{ord(each):04x}" for each in text)


def _rounded(*values: float) -> list[float]:
    return [round(value, 1) for value in values]


def _box_text(face: Face) -> str:
    return f"{face.x:.0f}, {face.y:.0f}, {face.width:.0f} x {face.height:.0f}"


def _read_and_look(path: Path, *, card: Card, learned: frozenset[str]) -> _Seen:
    try:
        photo = _noted(reading.read(path), learned)
    except PhotoError as error:
        return _Seen(Prediction(name=str(path), error=str(error)))
    (found,) = find_faces([photo])
    return _seen(photo, found, card)


def _noted(photo: Photo, learned: frozenset[str]) -> Photo:
    """A photo, with a note where a model learned from its file."""
    path = Path(photo.name)
    try:
        known = bool(learned) and path.is_file() and cards.knows(learned, path.read_bytes())
    except OSError as error:
        raise PhotoError(f"{path}: gone while it was read ({error.strerror}).") from error
    return replace(photo, notes=(*photo.notes, LEARNED)) if known else photo


def _seen(photo: Photo, found: Sequence[Face], card: Card) -> _Seen:
    if card.of_frames and len(found) > 1:
        return _Seen(
            Prediction(
                name=photo.name,
                error=f"{photo.name}: {len(found)} faces, but model {card.model} looks at whole pictures of one face. Cut the "
                "faces out, or train a model of faces, such as transfer.",
            )
        )
    scale = photo.scale * max(photo.grey.shape) / max(photo.picture.shape)
    return _Seen(
        Prediction(name=photo.name, picture=photo.picture, scale=scale, notes=photo.notes),
        tuple(face.enlarged(photo.scale) for face in found),
        tuple({crop.name: crop.cut(photo.grey, face) for crop in card.crops} for face in found),
    )


def _express(chosen: Sequence[_Seen], network: Reader | None) -> list[Prediction]:
    cut = [crops for each in chosen for crops in each.crops]
    if not cut:
        return [each.bare for each in chosen]
    names = [crop.name for crop in network.card.crops]
    shares = iter(network.probabilities({name: np.stack([crops[name] for crops in cut]) for name in names}))
    return [
        replace(
            each.bare,
            found=tuple(
                FaceExpression(face, crops[names[0]], _named(next(shares), network.card.classes))
                for face, crops in zip(each.faces, each.crops, strict=True)
            ),
        )
        for each in chosen
    ]


def _named(shares: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    return {classes[index]: float(shares[index]) for index in np.argsort(-shares)}
