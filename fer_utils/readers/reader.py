"""What every model is to the studies that change a face and read it again: pictures in, answers out, a fold at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.data.alignment import EYE_DISTANCE, EYE_ROW, SIDE
from fer_utils.engine.scaling import scaled
from fer_utils.experiments.recipes import MODELS

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment
    from fer_utils.studies.errors import ErrorStudy

_BATCH = 256  # pictures that a network is given at once


@dataclass(frozen=True)
class Placing:
    """Where the eyes lie in a view of a face: their distance and their row as fractions of its side."""

    eye_distance: float = EYE_DISTANCE
    eye_row: float = EYE_ROW

    def box(self, box: Sequence[float]) -> np.ndarray:
        """A box of the usual aligned face in this view: left, top, right and bottom as fractions, (4,) float64."""
        left, top, right, bottom = box
        scale = self.eye_distance / EYE_DISTANCE
        across, down = (np.array(pair) for pair in ((left, right), (top, bottom)))
        across, down = 0.5 + scale * (across - 0.5), self.eye_row + scale * (down - EYE_ROW)
        return np.array([across[0], down[0], across[1], down[1]])


class Reader(ABC):
    """A model that answers to pictures, each by what did not learn the person.

    Attributes:
        model: its name.
        experiment: data, people and folds.
        seeds: random seeds that its answers are of, for `significance.verdict`; of a model in whose training nothing is random two.
        trained: it has learned its training images, or has no networks of which that could be asked.
        placings: view to where the eyes lie in it; None where they may lie anywhere.
    """

    model: str
    experiment: "Experiment"
    seeds: int
    trained: bool
    placings: Mapping[str, Placing | None]

    @abstractmethod
    def pictures(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """View to what the model sees of images, (M, side, side) uint8.

        Args:
            positions: (M,) int, in the data set, of images for which `shows` is true.
        """

    @abstractmethod
    def answers(self, fold: str, pictures: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probabilities, (M, classes) float64, by what left out the people that a fold tests.

        Args:
            pictures: as from `pictures`, at least one.
        """

    @property
    @abstractmethod
    def shows(self) -> np.ndarray:
        """Whether the model sees anything of each image of the data set, (N,) bool; nothing where no face was found."""

    @abstractmethod
    def kept(
        self, name: str, fit: Callable[[], dict[str, np.ndarray]], *, code: Sequence[str], inputs: Sequence[object] = ()
    ) -> dict[str, np.ndarray]:
        """What `fit` makes of this model, kept on disk.

        Args:
            name: what it is.
            code: modules of `fer_utils` that compute it.
            inputs: what determines it besides the model and the images.
        """

    @property
    def classes(self) -> list[str]:
        """Names of the expressions, in the order of the answers."""
        return list(self.experiment.dataset.class_names)

    @property
    def aligned(self) -> bool:
        """Whether it sees faces of which it is known where the eyes lie."""
        return None not in self.placings.values()

    @property
    def folds(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Fold to (training, test) positions in the data set."""
        return self.experiment.folds(self.experiment.protocol)

    def of_people(self, positions: np.ndarray) -> np.ndarray:
        """Probabilities of images as they are, (M, classes) float64, each by what left its person out.

        Args:
            positions: (M,) int, also of images that no fold holds, as long as one holds the person.
        """
        subjects = self.experiment.dataset.subjects
        fold_of = {str(name): fold for fold, (_, test) in self.folds.items() for name in subjects[test]}
        folds = np.array([fold_of[str(name)] for name in subjects[positions]])
        found = np.zeros((len(positions), len(self.classes)))
        for fold in np.unique(folds):
            found[folds == fold] = self.answers(str(fold), self.pictures(positions[folds == fold]))
        return found


class NetworkReader(Reader):
    """The networks of one model, first seed."""

    seeds = 1

    def __init__(self, study: "ErrorStudy") -> None:
        self.study, self.model, self.experiment, self.trained = study, study.model, study.experiment, study.trained
        self._view = MODELS[study.model].input
        self.placings = {self._view: Placing() if self._view == "face" else None}

    def pictures(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """See `Reader.pictures`; the one view is "face" or "frame", of 48 pixels."""
        return {self._view: self.study.inputs[positions, ..., 0]}

    def answers(self, fold: str, pictures: Mapping[str, np.ndarray]) -> np.ndarray:
        """See `Reader.answers`."""
        network, seen = self.study.networks[fold], pictures[self._view].reshape(-1, SIDE, SIDE, 1)
        parts = [seen[start : start + _BATCH] for start in range(0, len(seen), _BATCH)]
        return np.concatenate([np.asarray(network(scaled(each), training=False), dtype=np.float64) for each in parts])

    @property
    def shows(self) -> np.ndarray:
        """See `Reader.shows`."""
        return self.study.inputs.any(axis=(1, 2, 3))

    def kept(
        self, name: str, fit: Callable[[], dict[str, np.ndarray]], *, code: Sequence[str], inputs: Sequence[object] = ()
    ) -> dict[str, np.ndarray]:
        """See `Reader.kept`."""
        return self.study.kept(name, fit, code=("readers.reader", *code), inputs=inputs)
