"""`transfer` and `classical` as readers: the heads of every fold, fitted as they were measured, on pictures of any kind."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.common import code_hash, progress
from fer_utils.common.errors import ParameterError
from fer_utils.data import alignment, stored_images
from fer_utils.experiments.recipes import MODELS, WITHOUT_NETWORKS, readable, require_readable
from fer_utils.readers.reader import NetworkReader, Placing, Reader
from fer_utils.studies.answers import AnswerStudy
from fer_utils.studies.errors import ErrorStudy
from fer_utils.transfer import classical, descriptors, features, pretrained, ridge, small_set

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

FEWEST = 3  # people: when one is tested and one left out within, one remains to learn from
_BATCH = 256  # pictures whose features are held at once
_CODE = ("readers.heads", "readers.reader", "transfer.classical", "transfer.descriptors")  # besides that of features


@dataclass(frozen=True, eq=False)
class _Head:
    """What a fold learned: of each kind of features a layer, the mean of whose scores goes over a temperature."""

    layers: Mapping[tuple, tuple[np.ndarray, np.ndarray]]
    temperature: float


class HeadReader(Reader):
    """Heads on features, blind to the side of a face; nothing in their training is random."""

    seeds, trained = 2, True

    def __init__(self, experiment: "Experiment") -> None:
        self.experiment = experiment

    @abstractmethod
    def _cut(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """`pictures`, from the images."""

    @abstractmethod
    def _features(self, pictures: Mapping[str, np.ndarray], keys: Sequence[tuple]) -> dict[tuple, np.ndarray]:
        """Kind to (M, values) float32."""

    @abstractmethod
    def _learned(self) -> tuple[dict[tuple, np.ndarray], list[tuple[tuple, float, float]]]:
        """Features of all usable images; and for each fold, sorted by name, the kinds, the strength and the temperature."""

    def pictures(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """See `Reader.pictures`."""
        usable = self.experiment.usable
        if np.isin(positions, usable).all():
            places = np.searchsorted(usable, positions)
            return {view: each[places] for view, each in self._usable_pictures.items()}
        return self._cut(positions)

    @cached_property
    def _usable_pictures(self) -> dict[str, np.ndarray]:
        return self._cut(self.experiment.usable)

    def answers(self, fold: str, pictures: Mapping[str, np.ndarray]) -> np.ndarray:
        """See `Reader.answers`."""
        head, parts = self._heads[fold], []
        for start in range(0, len(next(iter(pictures.values()))), _BATCH):
            batch = {view: each[start : start + _BATCH] for view, each in pictures.items()}
            seen = self._features(batch, list(head.layers))
            scores = [seen[key] @ kernel + bias for key, (kernel, bias) in head.layers.items()]
            parts.append(small_set.probabilities(np.mean(scores, axis=0), head.temperature))
        return np.concatenate(parts)

    @property
    def shows(self) -> np.ndarray:
        """See `Reader.shows`."""
        return ~np.isnan(self.experiment.dataset.eyes).any(axis=(1, 2))

    def kept(
        self, name: str, fit: Callable[[], dict[str, np.ndarray]], *, code: Sequence[str], inputs: Sequence[object] = ()
    ) -> dict[str, np.ndarray]:
        """See `Reader.kept`."""
        paths = [code_hash.PACKAGE.joinpath(*each.split(".")).with_suffix(".py") for each in (*_CODE, *code)]
        more = (code_hash.of_files(paths), f"scikit-image {version('scikit-image')}", self.experiment.fold_of_images())
        words = {"more": (*more, *inputs)}
        return features.cached(self.experiment.dataset, self.experiment.manifest, f"{name}-{self.model}", fit, **words)

    @cached_property
    def _heads(self) -> dict[str, _Head]:
        tested, classes = self.experiment.fold_of_images(), len(self.classes)
        labels = self.experiment.dataset.labels[self.experiment.usable]
        seen, chosen = self._learned()
        found = {}
        for fold, (keys, strength, temperature) in zip(np.unique(tested), chosen, strict=True):
            train = tested != fold
            layers = {key: ridge.weights(seen[key][train], labels[train], classes, strength=strength) for key in keys}
            found[str(fold)] = _Head(layers, float(temperature))
        return found


class TransferReader(HeadReader):
    """Heads on what the pretrained network makes of three crops."""

    model = "transfer"
    placings = {name: Placing(distance, row) for name, (_, distance, row) in features.CROPS.items()}  # noqa: RUF012

    def _cut(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        return {name: features.crops(self.experiment.dataset, positions, name) for name in features.CROPS}

    @cached_property
    def _backbone(self):
        return pretrained.load().model

    def _features(self, pictures: Mapping[str, np.ndarray], keys: Sequence[tuple]) -> dict[tuple, np.ndarray]:
        found = {}
        for key in keys:
            wanted, images = {key: features.FEATURES[key]}, pictures[key[0]]
            both = np.concatenate([images, images[:, :, ::-1]])
            plain, mirrored = np.split(features.outputs(self._backbone, both, wanted)[key], 2)
            found[key] = features.symmetric(plain, mirrored)
        return found

    def _learned(self) -> tuple[dict[tuple, np.ndarray], list[tuple[tuple, float, float]]]:
        experiment = self.experiment
        reading = small_set.run(experiment).readings[small_set.MODEL]
        keys = small_set.VARIANTS[small_set.MODEL]
        seen = features.symmetric_features(experiment.dataset, experiment.manifest, experiment.usable)
        chosen = zip(reading.strengths, reading.temperatures, strict=True)
        return seen, [(keys, ridge.STRENGTHS[strength], temperature) for strength, temperature in chosen]


class ClassicalReader(HeadReader):
    """Heads on descriptors of the aligned face in several sizes."""

    model = classical.MODEL
    _sides = sorted({side for keys in classical.CANDIDATES.values() for _, side in keys})
    placings = {f"{side} px": Placing() for side in _sides}  # noqa: RUF012

    def _cut(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        data = self.experiment.dataset

        def cut(index: int, image: np.ndarray) -> list[np.ndarray]:
            eyes = [tuple(eye) for eye in data.eyes[index]]
            return [alignment.face_input(image, *eyes, side=side, compressed=False) for side in self._sides]

        faces = stored_images.each(data.images, cut, "cutting faces out", positions=positions)
        return {f"{side} px": np.stack(each) for side, each in zip(self._sides, zip(*faces, strict=True), strict=True)}

    def _features(self, pictures: Mapping[str, np.ndarray], keys: Sequence[tuple]) -> dict[tuple, np.ndarray]:
        columns = [pictures[f"{side} px"] for side in self._sides]
        faces = [dict(zip(self._sides, each, strict=True)) for each in zip(*columns, strict=True)]
        return descriptors.described(faces, keys)

    def _learned(self) -> tuple[dict[tuple, np.ndarray], list[tuple[tuple, float, float]]]:
        found = classical.run(self.experiment)
        candidates = list(classical.CANDIDATES.values())
        taken = [(candidates[place], ridge.STRENGTHS[strength]) for place, strength in found.chosen]
        wanted = list(dict.fromkeys(key for keys, _ in taken for key in keys))
        seen = self._features(self._usable_pictures, wanted)
        return seen, [(*each, degree) for each, degree in zip(taken, found.temperatures, strict=True)]


def study(experiment: "Experiment", model: str) -> AnswerStudy:
    """The errors of any model on people left out: with its networks where it has some, else from its answers, fitted now.

    Raises:
        ParameterError: no model of this name can be looked into.
    """
    require_readable(model)
    if model in MODELS:
        return ErrorStudy(experiment, model)
    found = small_set.run(experiment) if model == "transfer" else classical.run(experiment)
    return AnswerStudy(experiment, model, found.predictions(experiment.dataset))


def reader(of: AnswerStudy) -> Reader:
    """What reads pictures as a model does, from `study`."""
    if isinstance(of, ErrorStudy):
        return NetworkReader(of)
    return {"transfer": TransferReader, "classical": ClassicalReader}[of.model](of.experiment)


def beside(experiment: "Experiment", text: str) -> tuple[str, ...]:
    """The models that a parameter names; without heads, and a line says so, where people are too few to choose theirs on.

    Args:
        text: such as "transfer, classical", see `recipes.readable`.

    Raises:
        ParameterError: one of them cannot be looked into.
    """
    names = readable(text)
    people = len(set(experiment.dataset.subjects[experiment.usable]))
    left_out = [each for each in names if each in WITHOUT_NETWORKS and people < FEWEST]
    if left_out:
        progress.say(
            f"{' and '.join(left_out)} are chosen on inner people, which takes {FEWEST}; there are {people}: left out"
        )
    return tuple(each for each in names if each not in left_out)


def aligned(readers: Iterable[Reader]) -> list[Reader]:
    """Those that see aligned faces.

    Raises:
        ParameterError: there is none.
    """
    readers = list(readers)
    found = [each for each in readers if each.aligned]
    if not found:
        names = ", ".join(each.model for each in readers)
        raise ParameterError(f"of {names} no model sees the aligned face: name one that does, such as baseline-face.")
    return found
