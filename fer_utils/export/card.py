"""What the file of a model to take home is: Keras' own archive, with a card and the list of learned images beside the weights.

The card is JSON and read without Keras; `unzip -p model.keras card.json` shows it to anybody.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fer_utils.common import files
from fer_utils.common.errors import WeightsError
from fer_utils.data import alignment
from fer_utils.data.alignment import Face

FORMAT = 1  # of the card; raised when the meaning of an entry or of the model's input changes
CARD, LEARNED = "card.json", "learned.txt"
_KERAS = ("metadata.json", "config.json", "model.weights.h5")
_DIGITS = 16  # of the SHA-256 of an image that was learned from
_DATE = (1980, 1, 1, 0, 0, 0)  # of every member, so that the same model gives the same file
_UNKNOWN = "unknown"
_ADDED = ("assumes", "variant")  # to the card's entries, after files without them were written


@dataclass(frozen=True)
class Crop:
    """One of a model's inputs, and how it is cut out of an image: (side, side) uint8 greys in [0, 255].

    Attributes:
        name: of the input.
        side: pixels.
        eye_distance, eye_row: where the eyes lie in an aligned face, as fractions of the side; 0 for the whole frame.
        compressed: kept as JPEG once, as the networks' training images were.
    """

    name: str
    side: int = alignment.SIDE
    eye_distance: float = alignment.EYE_DISTANCE
    eye_row: float = alignment.EYE_ROW
    compressed: bool = False

    @property
    def is_frame(self) -> bool:
        """Whether the model looks at the whole frame, not at a face in it."""
        return not self.eye_distance

    def cut(self, grey: np.ndarray, face: Face) -> np.ndarray:
        """The input, (side, side) uint8, from an image (height, width) uint8 with a face in it."""
        if self.is_frame:
            return alignment.frame_input(grey, side=self.side)
        places = {"eye_distance": self.eye_distance, "eye_row": self.eye_row, "compressed": self.compressed}
        return alignment.face_input(grey, face.left_eye, face.right_eye, side=self.side, **places)


@dataclass(frozen=True)
class Accuracy:
    """What the recipe reached on faces that it had not learned from, with a 95 % interval.

    Attributes:
        value, low, high: shares in [0, 1].
        n: how many faces.
        on: which, in words, such as "images of people left out (loso)".
        source: the table that says so.
    """

    value: float
    low: float
    high: float
    n: int
    on: str
    source: str


@dataclass(frozen=True)
class Card:
    """What is known about a model.

    Attributes:
        model: name of its recipe.
        dataset: title of the faces that it learned from.
        classes: expressions, in the order of the outputs.
        crops: its inputs.
        people, images: that it learned from; 0 where that is not known.
        temperature: of its probabilities.
        calibrated_on: what the temperature was fitted on, in words; empty where nothing was, and the temperature is 1.
        accuracy: None where it is unknown.
        accuracy_note: why it is, or what else is to be known about it.
        people_known: whether it is known who the faces show.
        rendered: whether they are computer graphics.
        data: SHA-256 over the names and contents of all files of the data set.
        recipe: how it was trained, and in which precision.
        versions: of the packages that made it.
        assumes: what its probabilities assume of the faces, in words; empty where nothing is known of that.
        variant: how it is asked, where that is not as it was trained; part of the name.
    """

    model: str
    dataset: str
    classes: tuple[str, ...]
    crops: tuple[Crop, ...]
    people: int = 0
    images: int = 0
    temperature: float = 1.0
    calibrated_on: str = ""
    accuracy: Accuracy | None = None
    accuracy_note: str = ""
    people_known: bool = True
    rendered: bool = False
    data: str = ""
    recipe: Mapping[str, object] | None = None
    versions: Mapping[str, str] | None = None
    assumes: str = ""
    variant: str = ""

    @property
    def name(self) -> str:
        """Short, for tables and JSON."""
        return f"{self.model} on {self.dataset}{f' ({self.variant})' if self.variant else ''}"

    @property
    def whom(self) -> str:
        """What it learned from, in words."""
        of_whom = f" of {self.people} people" if self.people_known else ", nobody knows of whom"
        return f"{self.images:,} images{of_whom}{', computer graphics' if self.rendered else ''}"

    @property
    def of_frames(self) -> bool:
        """Whether it looks at whole frames."""
        return any(each.is_frame for each in self.crops)

    def lines(self) -> list[str]:
        """What a user should know of it, as lines of text."""
        if self.accuracy:
            each = self.accuracy
            reached = f"{each.value:.1%} ({each.low:.1%} to {each.high:.1%}) on {each.n} {each.on}"
        else:
            reached = _UNKNOWN
        if self.accuracy_note:
            reached += f" ({self.accuracy_note})"
        calibrated = f"temperature {self.temperature:.3g}, fitted on {self.calibrated_on}"
        assumed = [f"assumed: {self.assumes}"] if self.assumes else []
        return [
            f"model {self.name}: learned from {self.whom}",
            f"expressions: {', '.join(self.classes)}",
            f"accuracy of its recipe: {reached}",
            f"probabilities: {calibrated if self.calibrated_on else 'as the network gives them, not calibrated'}",
            *assumed,
        ]


def write(path: Path, keras_file: bytes, card: Card, learned: frozenset[str]) -> None:
    """Write a model's file whole, or not at all; the same model gives the same bytes.

    Args:
        path: of the file.
        keras_file: Keras' own archive.
        card: what is known about the model.
        learned: `marks` of the image files that it learned from.

    Raises:
        OutputError: the folder cannot be written.
    """
    with zipfile.ZipFile(io.BytesIO(keras_file)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    members["metadata.json"] = json.dumps(metadata | {"date_saved": ""}).encode()
    members[LEARNED] = "".join(f"{each}\n" for each in sorted(learned)).encode()
    hashes = {name: files.sha256(content) for name, content in sorted(members.items())}
    about = {"format": FORMAT} | asdict(card) | {"greys": "0 to 255, (images, side, side)", "sha256": hashes}
    members[CARD] = (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
    files.write(path, buffer.getvalue())


def read(path: Path) -> tuple[Card, frozenset[str]]:
    """The card of a model's file, once it is found to be whole, and what `knows` looks into; Keras is not needed for it.

    Raises:
        WeightsError: no such file, no model of `fer train`, damaged, or of another version than this code reads.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be read ({error.strerror or error}). Give the file of a model that fer train has written."
        ) from error
    except Exception as error:  # zipfile and its decoders raise nearly anything at what is no whole archive
        raise WeightsError(f"{path}: this is no model of fer train, or a damaged one. {_again()}") from error
    if CARD not in members or not set(_KERAS) <= set(members):
        raise WeightsError(f"{path}: no model of fer train ({_missing(members)}). {_again()}")
    try:
        about = json.loads(members[CARD])
        if about["format"] != FORMAT:
            raise WeightsError(
                f"{path}: of format {about['format']}, and this fer reads format {FORMAT}. "
                "Use the fer that wrote it, or train it again with fer train."
            )
        hashes = about["sha256"]
        if set(hashes) != set(members) - {CARD} or any(files.sha256(members[name]) != hashes[name] for name in hashes):
            raise WeightsError(f"{path}: damaged, its content is not what its card says. {_again()}")
        return _card(about), frozenset(members[LEARNED].decode().split())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path}: its card is damaged ({error!r}). {_again()}") from error


def marks(hashes: Iterable[str]) -> frozenset[str]:
    """What `knows` looks into.

    Args:
        hashes: SHA-256 of each image file that is learned from.
    """
    return frozenset(each[:_DIGITS] for each in hashes)


def knows(learned: frozenset[str], content: bytes) -> bool:
    """Whether a model learned from an image file of just these bytes."""
    return files.sha256(content)[:_DIGITS] in learned


def _card(about: dict) -> Card:
    # Files of before lack what has been added since.
    fields = {name: about[name] for name in Card.__dataclass_fields__ if name not in _ADDED or name in about}
    crops = tuple(Crop(**each) for each in about["crops"])
    accuracy = Accuracy(**about["accuracy"]) if about["accuracy"] else None
    card = Card(**fields | {"classes": tuple(about["classes"]), "crops": crops, "accuracy": accuracy})
    if len(card.classes) < 2 or not crops or not card.temperature > 0:
        raise ValueError("no classes, crops or temperature")
    return card


def _missing(members: Mapping[str, bytes]) -> str:
    return "it has no card" if set(_KERAS) <= set(members) else "it is no archive of Keras"


def _again() -> str:
    return "Make one with: fer train --dataset FOLDER"
