"""Training on all people, with exactly the recipe that the experiment measured on people left out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_utils.common import keras_setup, progress
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import alignment, cleaning
from fer_utils.data.datasets import FaceDataset
from fer_utils.engine.recipe import Recipe
from fer_utils.engine.record import Fold, Record
from fer_utils.evaluation import protocols
from fer_utils.experiments import identity, inputs, recipes, workers
from fer_utils.export import card, measured
from fer_utils.export.card import Card, Crop
from fer_utils.export.reader import Reader
from fer_utils.transfer import pretrained, ridge, small_set
from fer_utils.transfer.features import CROPS, symmetric_features

if TYPE_CHECKING:
    from fer_utils.export.assembly import Head

TRANSFER = "transfer"
MODELS = (TRANSFER, *recipes.MODELS)
_FEATURES_A_SECOND = 12  # images whose features are read on one core, roughly
FEWEST_PEOPLE = 2  # of whom each in turn is left out to choose strength and temperature


@dataclass(frozen=True, eq=False)
class Job:
    """What is to be trained.

    Attributes:
        model: a name in `MODELS`.
        data: with `eyes`.
        manifest: of the data.
        budget, precision, seed: of a network's recipe; `transfer` has none of them.
        reading: how the data set was read, see `datasets.load`.
    """

    model: str
    data: FaceDataset
    manifest: pd.DataFrame
    budget: str = "quick"
    precision: str = "float32"
    seed: int = 1
    reading: Mapping[str, object] | None = None

    @cached_property
    def usable(self) -> np.ndarray:
        """(N,) int, positions in the data set of the images that are learned."""
        return cleaning.kept_indices(self.data, self.manifest)

    @property
    def people(self) -> int:
        """How many are learned from."""
        return len(set(self.data.subjects[self.usable]))

    @cached_property
    def recipe(self) -> Recipe | None:
        """That of a network; None for `transfer`."""
        if self.model == TRANSFER:
            return None
        words = {"budget": self.budget, "precision": self.precision, "images": len(self.usable)}
        return recipes.recipe_for(self.model, protocol=protocols.of_people(self.people), **words)

    @cached_property
    def task(self) -> workers.Task:
        """The training of a network."""
        used, data = self.usable, self.data
        seen = inputs.make(data, recipes.MODELS[self.model].input, side=alignment.SIDE)[used]
        labels = data.labels[used]
        # Nobody is left to test on. The engine wants an image to score, which changes nothing: the first will do.
        fold = Fold(seen, labels, seen[:1], labels[:1], classes=len(data.class_names))
        return workers.Task(fold, self.recipe, self.seed, keep_weights=True)

    def plan(self) -> str:
        """What will be trained on whom, and about how long it takes, in a line."""
        data, count = self.data, len(self.usable)
        whom = f"{self.people} people, " if data.people_known else ""
        faces = f"{whom}{count} images, {len(data.class_names)} expressions ({', '.join(data.class_names)})"
        recipe = self.recipe
        if recipe is None:
            minutes = count / _FEATURES_A_SECOND / 60
            how = f"{len(small_set.VARIANTS[small_set.MODEL])} ridge heads on the pretrained network"
        else:
            minutes = workers.minutes(self.task.cost * recipe.epochs, jobs=1)
            how = f"{recipe.epochs} epochs ({self.budget}), {self.precision}, seed {self.seed}"
        long = "less than a minute" if minutes < 1 else f"about {minutes:.0f} min"
        return f"{self.model} on {data.title}: {faces}; {how}; {long}"


def train(job: Job) -> Reader:
    """Train on all people.

    Raises:
        ParameterError: no such model.
        DatasetError: fewer than two people, for `transfer`.
        WeightsError: the pretrained weights are missing or damaged.
    """
    require(job.model)
    return _of_heads(job) if job.model == TRANSFER else _of_network(job)


def require(model: str) -> None:
    """Check the name of a model.

    Raises:
        ParameterError: it is none in `MODELS`.
    """
    if model not in MODELS:
        raise ParameterError(f"no model named {model!r}: use one of {', '.join(MODELS)}.")


def write(path: Path, trained: Reader) -> None:
    """Write a trained model with its card as one file, whole or not at all.

    Raises:
        OutputError: the folder cannot be written.
    """
    from fer_utils.export import assembly

    card.write(path, assembly.archived(trained.network), trained.card, trained.learned)


def of_others(data: FaceDataset, manifest: pd.DataFrame, people: Sequence[str]) -> Reader | None:
    """Model `transfer`, trained on all people of a data set but some, to whom it may be shown.

    Args:
        data: with `eyes`.
        people: who is left out, as in `data.subjects`.

    Returns:
        None where fewer than two people remain to learn from.
    """
    job = Job(TRANSFER, data, manifest)
    others = ~np.isin(data.subjects[job.usable], list(people))
    if len(set(data.subjects[job.usable][others])) < FEWEST_PEOPLE:
        return None
    return _of_heads(job, others)


def _of_heads(job: Job, mine: np.ndarray | None = None) -> Reader:
    """Trained on all usable images, or those of them that `mine`, (N,) bool, says."""
    data, used = job.data, job.usable
    found = symmetric_features(data, job.manifest, used)
    mine = np.full(len(used), True) if mine is None else mine
    seen = {key: found[key][mine] for key in small_set.VARIANTS[small_set.MODEL]}
    used = used[mine]
    labels, subjects, classes = data.labels[used], data.subjects[used], len(data.class_names)
    if len(set(subjects)) < FEWEST_PEOPLE:
        raise DatasetError(f"{data.name}: transfer learns from at least {FEWEST_PEOPLE} people. Add people.")
    heads, strength, temperature = fitted(seen, labels, subjects, classes)
    keras_setup.import_keras()
    from fer_utils.export import assembly

    model = assembly.of_heads(pretrained.load().model, heads, temperature=temperature)
    about = Card(
        crops=tuple(Crop(name, *CROPS[name]) for name, _ in heads),
        temperature=temperature,
        calibrated_on=f"its answers for each of the {len(set(subjects))} people, by heads that had left them out",
        recipe={
            "heads": [f"{crop}: {name}" for crop, name in heads],
            "penalty": strength,
            "pretrained": pretrained.metadata()["sha256"],
            "precision": "float32",
        },
        **_facts(job, used, measured.look(data, TRANSFER, dict(job.reading or {}))),
    )
    return Reader(about, model, _learned(data, used))


def fitted(
    seen: Mapping[tuple[str, str], np.ndarray], labels: np.ndarray, subjects: np.ndarray, classes: int
) -> tuple[dict[tuple[str, str], "Head"], float, float]:
    """The heads of `transfer` on some faces, with strength and temperature chosen on these people alone, each left out in turn.

    Args:
        seen: symmetric features (N, values) float32 by crop and name, a head for each.
        labels, subjects: (N,).
        classes: number of expressions.

    Returns:
        The heads by the same names, the strength of the penalty, and the temperature.
    """
    from threadpoolctl import threadpool_limits

    from fer_utils.export.assembly import Head

    every = np.full(len(labels), True)
    with threadpool_limits(1):  # so that the number of cores changes no bit
        answers = small_set.mean_answers(list(seen.values()), labels, subjects, every, ~every, classes)
        place, temperature = small_set.chosen(answers, labels)
        strength = ridge.STRENGTHS[place]
        heads = {}
        for key in progress.bar(seen, "linear heads", unit="head", delay=5):
            kernel, bias = ridge.weights(seen[key], labels, classes, strength=strength)
            mean = seen[key].mean(axis=0, dtype=np.float64)
            heads[key] = Head(mean, kernel, bias + mean @ kernel)
    return heads, strength, temperature


def _of_network(job: Job) -> Reader:
    data, recipe = job.data, job.recipe
    done: list[Record] = []
    workers.run([job.task], jobs=1, on_record=lambda _, record: done.append(record))
    wanted = dict(job.reading or {}) | {"budget": job.budget, "precision": job.precision}
    known = measured.look(data, job.model, wanted)
    kind = recipes.MODELS[job.model].input
    crop = (
        Crop(kind, eye_distance=0.0, eye_row=0.0, compressed=True) if kind == "frame" else Crop(kind, compressed=True)
    )
    keras_setup.import_keras()
    from fer_utils.engine import train as engine
    from fer_utils.export import assembly

    network = engine.restore(recipe, done[0], input_shape=(crop.side, crop.side, 1), classes=len(data.class_names))
    words = {"name": job.model, "crop": crop.name, "side": crop.side, "temperature": known.temperature}
    about = Card(
        crops=(crop,),
        temperature=known.temperature,
        calibrated_on=known.calibrated_on,
        recipe=asdict(recipe) | {"budget": job.budget, "seed": job.seed},
        **_facts(job, job.usable, known),
    )
    return Reader(about, assembly.of_network(network, **words), _learned(data, job.usable))


def _facts(job: Job, used: np.ndarray, known: measured.Measured) -> dict:
    data, here = job.data, identity.here()
    return {
        "model": job.model,
        "dataset": data.title,
        "classes": tuple(data.class_names),
        "people": len(set(data.subjects[used])),
        "images": len(used),
        "accuracy": known.accuracy,
        "accuracy_note": known.note,
        "people_known": data.people_known,
        "rendered": data.rendered,
        "data": data.data_hash,
        "versions": here["versions"] | {"training code": here["code"]},
    }


def _learned(data: FaceDataset, used: np.ndarray) -> frozenset[str]:
    return card.marks(data.hashes[used].tolist())
