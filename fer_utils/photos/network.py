"""What photos are asked by: the pretrained network, with another prior or for one person, or a model of one's own."""

import functools
from dataclasses import dataclass, replace
from pathlib import Path

from fer_utils.common.errors import ParameterError, PhotoError
from fer_utils.data import detection
from fer_utils.data.alignment import Face
from fer_utils.export import reader as readers
from fer_utils.export.card import Card
from fer_utils.export.reader import Reader
from fer_utils.photos import reading
from fer_utils.photos.reading import Photo
from fer_utils.tasks import priors

PRIORS = {
    priors.TRAINING: "expressions as frequent as among FER+'s training faces",
    priors.UNIFORM: "every expression as frequent as any other",
}


@dataclass(frozen=True)
class Asked:
    """Which model is asked, and how.

    Attributes:
        model: a file of `fer train`; None for the pretrained network.
        prior: a name in `PRIORS`, of the pretrained network alone.
        neutral: a photo of the one person whom all photos show, with a neutral face; None for anybody.
    """

    model: Path | None = None
    prior: str = priors.TRAINING
    neutral: Path | None = None

    def __post_init__(self) -> None:
        if self.model is not None and (self.prior != priors.TRAINING or self.neutral is not None):
            raise ParameterError(
                "--prior and --neutral are for the pretrained network: leave them out, or leave out --model."
            )
        if self.prior != priors.TRAINING and self.neutral is not None:
            raise ParameterError("--prior uniform and --neutral were not measured together: choose one.")


def describe(asked: Asked) -> tuple[Card, frozenset[str]]:
    """The card of what is asked, and what it learned from, without Keras.

    Raises:
        WeightsError: it cannot be used; the message names the file and says what to do.
        PhotoError: the neutral photo cannot be used.
    """
    card, learned = readers.describe(asked.model)
    if asked.model is not None:
        return card, learned
    if asked == Asked():
        return replace(card, assumes=PRIORS[asked.prior]), learned
    known, usual = priors.read(), card.accuracy
    note = f"{usual.value:.1%} of {usual.n} {usual.on} as it was trained; asked so, see benchmarks/" if usual else ""
    card = replace(card, accuracy=None)
    if asked.neutral is not None:
        _one_face(asked.neutral)
        words = {"assumes": f"every face is that of the person in {asked.neutral}", "variant": "with a neutral photo"}
        return replace(card, accuracy_note=note and f"{note}neutral_photo.csv", **words), learned
    words = {"assumes": PRIORS[asked.prior], "variant": "uniform prior", "temperature": known.temperature}
    return replace(card, accuracy_note=note and f"{note}priors.csv", **words), learned


def load(asked: Asked) -> Reader:
    """Load what is asked.

    Raises:
        WeightsError, PhotoError: see `describe`; or this Keras does not understand the model.
    """
    found = readers.load(asked.model)
    card, learned = describe(asked)
    network = found.network
    if asked.prior == priors.UNIFORM:
        network = priors.uniform(network, priors.read())
    if asked.neutral is not None:
        photo, face = _one_face(asked.neutral)
        network = priors.of_person(network, priors.read(), card.crops[0].cut(photo.grey, face))
    return Reader(card, network, learned)


@functools.lru_cache(maxsize=1)
def _one_face(path: Path) -> tuple[Photo, Face]:
    photo = reading.read(path)
    (faces,) = detection.detect_in([photo.grey], jobs=1, again_below=2)
    if len(faces) != 1:
        found = "no face was found" if not faces else f"{len(faces)} faces were found"
        raise PhotoError(f"{path}: {found}, and --neutral needs a photo of the one person alone. Give another one.")
    return photo, faces[0]
