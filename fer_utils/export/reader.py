"""What `fer predict` asks about faces: the network that comes with the project, or a model of one's own from its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.common import keras_setup
from fer_utils.common.errors import WeightsError
from fer_utils.export import card as cards
from fer_utils.export.card import Card, Crop
from fer_utils.transfer import pretrained

if TYPE_CHECKING:
    import keras

_BATCH = 64
_DATASET = "FER+"


@dataclass(frozen=True, eq=False)
class Reader:
    """A model that is ready to be asked.

    Attributes:
        card: what is known about it.
        network: the model, or the pretrained network.
        learned: which image files it learned from, see `card.knows`.
    """

    card: Card
    network: "keras.Model | pretrained.Pretrained"
    learned: frozenset[str] = field(default=frozenset())

    def probabilities(self, seen: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probabilities of the expressions.

        Args:
            seen: of each of the card's crops, by name, (N, side, side) uint8.

        Returns:
            (N, classes) float32, each row adding up to 1.
        """
        if isinstance(self.network, pretrained.Pretrained):
            return self.network.probabilities(seen[self.card.crops[0].name])
        count = len(next(iter(seen.values())))
        parts = [np.zeros((0, len(self.card.classes)), dtype=np.float32)]
        for start in range(0, count, _BATCH):
            batch = {name: values[start : start + _BATCH].astype(np.float32) for name, values in seen.items()}
            given = batch if len(batch) > 1 else next(iter(batch.values()))
            # Called, not `predict`ed: that would first trace a graph, which takes longer than a photo's few faces.
            parts.append(np.asarray(self.network(given, training=False)))
        return np.concatenate(parts)


def describe(path: Path | None = None) -> tuple[Card, frozenset[str]]:
    """The card of a model, and what it learned from, without Keras.

    Args:
        path: of a file of `fer train`; None for the pretrained network.

    Raises:
        WeightsError: it cannot be used; the message names the file and says what to do.
    """
    if path is not None:
        return cards.read(path)
    about = pretrained.metadata()
    found = about.get("scores", {}).get("accuracy")
    return (
        Card(
            model="pretrained",
            dataset=_DATASET,
            classes=tuple(about["classes"]),
            crops=(Crop("face"),),
            images=int(about.get("training_images", 0)),
            temperature=float(about["temperature"]),
            calibrated_on=f"{_DATASET}'s validation faces",
            accuracy=found and cards.Accuracy(**found, on="validation faces", source="weights/ferplus.json"),
            people_known=False,
        ),
        frozenset(),
    )


def load(path: Path | None = None) -> Reader:
    """Load a model.

    Args:
        path: of a file of `fer train`; None for the pretrained network.

    Raises:
        WeightsError: see `describe`; or this Keras does not understand it.
    """
    card, learned = describe(path)
    keras_setup.import_keras()
    if path is None:
        return Reader(card, pretrained.load())
    import keras

    from fer_utils.export import layers  # noqa: F401  (known to Keras by being imported)

    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises nearly anything at a file of another version
        first = str(error).strip().splitlines()[:1]
        written = (card.versions or {}).get("keras", "unknown")
        raise WeightsError(
            f"{path}: Keras {keras.__version__} cannot read it (written by Keras {written}): {' '.join(first)}. "
            "Install the locked packages (make setup), or train it again with fer train."
        ) from error
    names = [each.name for each in card.crops]
    if sorted(each.name for each in model.inputs) != sorted(names) or model.output_shape[-1] != len(card.classes):
        raise WeightsError(f"{path}: its card does not fit its network. Train it again with fer train.")
    return Reader(card, model, learned)
