"""Across data sets: a model learns the people of one set and is asked about those of another, on the expressions that both show.

Another camera, other people, another idea of what a sad face is: what is left of an accuracy there says more about use than a
fold of the same set. Everything is fitted on the set that is learned from; of the other one only the answers are scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import cleaning
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.folders import words
from fer_utils.tasks import recipe
from fer_utils.transfer import classical, ridge, small_set
from fer_utils.transfer.descriptors import symmetric_descriptors
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
    source: Faces, target: Faces, *, model: str, same: Mapping[str, str] | None = None, jobs: int = 1
) -> pd.DataFrame:
    """Learn the shared expressions of one data set, and answer for every image of another that shows one of them.

    Strength, temperature and descriptor are chosen on people left out of the set that is learned from.

    Args:
        model: a name in `recipe.MODULES`.
        same: see `shared`.
        jobs: processes.

    Returns:
        Rows as in `predictions.csv`, the expressions by FER+'s words; `protocol` is `PROTOCOL`, and `fold` the name of the set
        that was learned from.

    Raises:
        ParameterError, DatasetError: see `shared`; or no such model, or fewer than three people to learn from.
        WeightsError: the pretrained weights are missing or damaged.
    """
    if model not in recipe.MODULES:
        raise ParameterError(f"no model named {model!r} to learn from one set: use one of {', '.join(recipe.MODULES)}.")
    found = shared(source.dataset.class_names, target.dataset.class_names, same=same)
    names = list(found)
    sides = [
        _Side.of(faces, {name: of[place] for name, of in found.items()}) for place, faces in enumerate((source, target))
    ]
    people = np.concatenate([each.subjects for each in sides])
    labels = np.concatenate([each.labels for each in sides])
    learned = np.arange(len(labels)) < len(sides[0].labels)
    if len(set(people[learned])) < 3:
        raise DatasetError(f"{source.dataset.name}: choosing on inner people needs at least three who show {names}.")
    seen = [np.concatenate(each) for each in zip(*(side.seen(model, jobs) for side in sides), strict=True)]
    candidates = _candidates(model)
    every = [
        small_set.mean_answers([seen[place] for place in places], labels, people, learned, ~learned, len(names))
        for places in candidates
    ]
    together = ridge.Answers(*(np.concatenate([getattr(each, part) for each in every]) for part in ("inner", "outer")))
    best, temperature = small_set.chosen(together, labels[learned])
    shares = small_set.probabilities(together.outer[best], temperature).astype(np.float32)
    return _rows(sides[1], names, shares, model=model, fold=source.dataset.name)


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

    def seen(self, model: str, jobs: int) -> list[np.ndarray]:
        """What each head sees, (N, values) float32 each."""
        dataset, usable = self.faces.dataset, self.faces.usable
        if model == classical.MODEL:
            found = symmetric_descriptors(dataset, self.positions, _descriptors(), jobs=jobs)
            return [found[key] for key in _descriptors()]
        # Of all kept images, so that what is kept on disk serves.
        found = symmetric_features(dataset, self.faces.manifest, usable)
        chosen = np.isin(usable, self.positions)
        return [found[key][chosen] for key in small_set.VARIANTS[small_set.MODEL]]


def _descriptors() -> list[tuple[str, int]]:
    return list(dict.fromkeys(key for keys in classical.CANDIDATES.values() for key in keys))


def _candidates(model: str) -> list[list[int]]:
    """What is chosen from: places in what `_Side.seen` gives, whose heads are averaged."""
    if model != classical.MODEL:
        return [list(range(len(small_set.VARIANTS[small_set.MODEL])))]
    order = _descriptors()
    return [[order.index(key) for key in keys] for keys in classical.CANDIDATES.values()]


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
