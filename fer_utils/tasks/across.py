"""Across data sets: a model learns the people of one set and is asked about those of another, on the expressions that both show.

Another camera, other people, another idea of what a sad face is: what is left of an accuracy there says more about use than a
fold of the same set. Everything is fitted on the set that is learned from; of the other one only the answers are scored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import cleaning
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.folders import words
from fer_utils.transfer import ridge, small_set
from fer_utils.transfer.features import symmetric_features

PROTOCOL = "across"


@dataclass(frozen=True, eq=False)
class Faces:
    """A data set as it is learned from, or asked about.

    Attributes:
        dataset: with `eyes`.
        manifest: of `cleaning.manifest`.
    """

    dataset: FaceDataset
    manifest: pd.DataFrame

    @property
    def usable(self) -> np.ndarray:
        """(N,) int, positions of the images that the manifest keeps."""
        return cleaning.kept_indices(self.dataset, self.manifest)


@dataclass(frozen=True)
class Learner:
    """A model of heads on fixed features.

    Attributes:
        name: of the model.
        seen: what the heads see of a data set's images at some positions, (N, values) float32 each, by so many processes.
        candidates: what is chosen from on people left out: places in what `seen` gives, whose heads are averaged.
    """

    name: str
    seen: Callable[[Faces, np.ndarray, int], list[np.ndarray]]
    candidates: tuple[tuple[int, ...], ...]


def _features(faces: Faces, positions: np.ndarray, jobs: int) -> list[np.ndarray]:
    # Of all kept images, so that what is kept on disk serves.
    found = symmetric_features(faces.dataset, faces.manifest, faces.usable)
    chosen = np.isin(faces.usable, positions)
    return [found[key][chosen] for key in small_set.VARIANTS[small_set.MODEL]]


TRANSFER = Learner("transfer", _features, (tuple(range(len(small_set.VARIANTS[small_set.MODEL]))),))


def shared(
    source: Sequence[str], target: Sequence[str], *, same: Mapping[str, str] | None = None
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The expressions that two data sets share: FER+'s word for each to the words of the one set, and of the other.

    Args:
        source, target: the sets' class names.
        same: further words of either set, each with the word that it stands for, such as "tired" with "sleepy".

    Raises:
        ParameterError: a word of `same` is a class of neither set.
        DatasetError: fewer than two are shared.
    """
    same = dict(same or {})
    for word in same:
        if word not in {*source, *target}:
            raise ParameterError(f"no expression named {word!r} in either data set: {', '.join({*source, *target})}.")

    def by_usual(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(words.usual(same.get(name, name)), []).append(name)
        return {usual: tuple(each) for usual, each in found.items()}

    one, other = by_usual(source), by_usual(target)
    both = {usual: (one[usual], other[usual]) for usual in sorted(set(one) & set(other))}
    if len(both) < 2:
        raise DatasetError(
            f"fewer than two expressions are in both data sets ({', '.join(both) or 'none'}): {', '.join(source)}; and "
            f"{', '.join(target)}. Say which words mean the same: --same WORD WORD."
        )
    return both


def run(
    source: Faces,
    target: Faces,
    *,
    learner: Learner = TRANSFER,
    same: Mapping[str, str] | None = None,
    jobs: int = 1,
) -> pd.DataFrame:
    """Learn the shared expressions of one data set, and answer for every image of another that shows one of them.

    Strength, temperature and descriptor are chosen on people left out of the set that is learned from.

    Args:
        learner: what learns.
        same: see `shared`.
        jobs: processes.

    Returns:
        Rows as in `predictions.csv`, the expressions by FER+'s words; `protocol` is `PROTOCOL`, and `fold` the name of the set
        that was learned from.

    Raises:
        ParameterError, DatasetError: see `shared`; or fewer than three people to learn from.
        WeightsError: the pretrained weights are missing or damaged.
    """
    found = shared(source.dataset.class_names, target.dataset.class_names, same=same)
    names = list(found)
    sides = [
        _Side.of(faces, {name: of[place] for name, of in found.items()}) for place, faces in enumerate((source, target))
    ]
    people = np.concatenate([each.subjects for each in sides])
    labels = np.concatenate([each.labels for each in sides])
    learned = np.arange(len(labels)) < len(sides[0].labels)
    if len(set(people[learned])) < 3:
        raise DatasetError(
            f"{source.dataset.name}: choosing on inner people needs at least three who show {' or '.join(names)}."
        )
    parts = [learner.seen(side.faces, side.positions, jobs) for side in sides]
    seen = [np.concatenate(each) for each in zip(*parts, strict=True)]
    every = [
        small_set.mean_answers([seen[place] for place in places], labels, people, learned, ~learned, len(names))
        for places in learner.candidates
    ]
    together = ridge.Answers(*(np.concatenate([getattr(each, part) for each in every]) for part in ("inner", "outer")))
    best, temperature = small_set.chosen(together, labels[learned])
    shares = small_set.probabilities(together.outer[best], temperature).astype(np.float32)
    return _rows(sides[1], names, shares, model=learner.name, fold=source.dataset.name)


@dataclass(frozen=True, eq=False)
class _Side:
    """The images of a data set that show a shared expression: their positions, labels and people."""

    faces: Faces
    positions: np.ndarray
    labels: np.ndarray
    subjects: np.ndarray

    @classmethod
    def of(cls, faces: Faces, own: Mapping[str, Sequence[str]]) -> "_Side":
        places = {word: place for place, each in enumerate(own.values()) for word in each}
        usable = faces.usable
        shown = np.array(faces.dataset.class_names)[faces.dataset.labels[usable]]
        chosen = np.isin(shown, list(places))
        positions = usable[chosen]
        labels = np.array([places[str(word)] for word in shown[chosen]], dtype=np.int64)
        return cls(faces, positions, labels, faces.dataset.subjects[positions].astype(str))


def _rows(side: _Side, names: Sequence[str], shares: np.ndarray, *, model: str, fold: str) -> pd.DataFrame:
    words_of = np.array(names)
    columns = {
        "model": model,
        "protocol": PROTOCOL,
        "seed": 1,
        "fold": fold,
        "subject": side.subjects,
        "image": side.faces.dataset.file_names[side.positions],
        "truth": words_of[side.labels],
        "predicted": words_of[shares.argmax(axis=1)],
        "training_accuracy": np.nan,
    }
    return pd.DataFrame(columns | {f"p_{name}": shares[:, place] for place, name in enumerate(names)})
