"""Published records trained again, to see whether they come out the same."""

from dataclasses import dataclass

import numpy as np

from fer_utils.common import paths, progress
from fer_utils.common.errors import OutputError
from fer_utils.data import cleaning
from fer_utils.data.alignment import SIDE
from fer_utils.engine.recipe import Recipe, Variant
from fer_utils.engine.record import Record
from fer_utils.experiments import identity, origins, workers
from fer_utils.experiments.experiment import Experiment
from fer_utils.experiments.recipes import MODELS, PROTOCOLS
from fer_utils.experiments.run import Run
from fer_utils.experiments.store import Archive, present


@dataclass(frozen=True)
class Comparison:
    """A published record beside the one trained now.

    Attributes:
        stem: of the run.
        equal: to the last bit, answers and learning curves.
        difference: largest between two probabilities.
        answers: test images whose predicted class differs.
        images: test images.
        same_kind: versions and kind of processor are those that made the published record.
    """

    stem: str
    equal: bool
    difference: float
    answers: int
    images: int
    same_kind: bool

    @property
    def as_promised(self) -> bool:
        """Equal, or made by another kind of installation, of which no equality is promised."""
        return self.equal or not self.same_kind

    @property
    def words(self) -> str:
        """One line."""
        if self.equal:
            return f"{self.stem}: equal to the last bit"
        where = "" if self.same_kind else " (made by other versions or another kind of processor)"
        return f"{self.stem}: probabilities differ by up to {self.difference:.2g}, {self.answers} of {self.images} answers{where}"


def compare(dataset: str, count: int, *, jobs: int = 0) -> list[Comparison]:
    """Train some published records of a data set again, without keeping what comes out.

    Args:
        dataset: as given to `fer run`.
        count: how many. The first ones are one of each architecture, augmentation policy and protocol, the quickest first;
            then one of every other recipe and input, then the rest.
        jobs: processes; 0 means as many as cores.

    Raises:
        OutputError: nothing is published, or it is of other data or training code.
    """
    data, manifest = cleaning.load_clean(dataset, **origins.reading(dataset))
    experiment = Experiment(data, manifest, budget="standard", jobs=jobs)
    records = present(Archive.read(data.name).records())
    runs = {name: _run(experiment, name.rpartition("-")[0], record) for name, record in sorted(records.items())}
    chosen = _spread({name: run for name, run in runs.items() if run is not None}, experiment)[:count]
    if not chosen:
        raise OutputError(f"{paths.outputs(data.name)} publishes no record of these images and this training code.")
    tasks = [workers.Task(experiment.fold(runs[name]), runs[name].recipe, runs[name].seed, False) for name in chosen]
    epochs = sum(task.recipe.epochs for task in tasks)
    progress.say(f"training {len(chosen)} of {len(records)} published records again, {epochs} epochs in all")
    found: dict[int, Record] = {}
    workers.run(tasks, jobs=jobs, on_record=found.__setitem__)
    return [_comparison(runs[name].stem, records[name], found[number]) for number, name in enumerate(chosen)]


def _run(experiment: Experiment, stem: str, record: Record) -> Run | None:
    """The run that left a record; None where this data set has no such fold, or other images in it."""
    rest, _, seed = stem.rpartition("-seed")
    protocol = next((name for name in PROTOCOLS if rest.startswith(f"{name}-")), None)
    if protocol is None:
        return None
    for fold in experiment.folds(protocol):
        if rest.endswith(f"-{paths.slug(fold)}"):
            model = rest.removeprefix(f"{protocol}-").removesuffix(f"-{paths.slug(fold)}")
            kind, side = (MODELS[model].input, SIDE) if model in MODELS else model.split("-")[1:]
            settings = record.made_by["recipe"]
            recipe = Recipe(**settings | {"variant": Variant(**settings["variant"])})
            run = Run(model, protocol, fold, int(seed), recipe, keep_weights=False, input=kind, side=int(side))
            return run if experiment.fold(run).hash() == record.made_by["data"] else None
    return None


def _spread(runs: dict[str, Run], experiment: Experiment) -> list[str]:
    """Names of runs, so ordered that the first ones differ as much as can be."""
    names = sorted(runs, key=lambda name: (_work(runs[name], experiment), name))
    order: list[str] = []
    for alike in (
        lambda run: (run.recipe.architecture, run.recipe.policy, run.protocol),
        lambda run: (run.recipe, run.protocol, run.input, run.side),
        lambda run: run,
    ):
        seen = {alike(runs[name]) for name in order}
        for name in names:
            if alike(runs[name]) not in seen:
                seen.add(alike(runs[name]))
                order.append(name)
    return order


def _work(run: Run, experiment: Experiment) -> float:
    task = workers.Task(experiment.fold(run), run.recipe, run.seed, False)
    return task.cost * run.recipe.epochs


def _comparison(stem: str, old: Record, new: Record) -> Comparison:
    here = identity.here()
    arrays = [
        (old.probabilities, new.probabilities),
        *((old.curves[name], new.curves.get(name)) for name in old.curves),
    ]
    return Comparison(
        stem=stem,
        equal=set(old.curves) == set(new.curves) and all(np.array_equal(a, b) for a, b in arrays),
        difference=float(np.abs(old.probabilities - new.probabilities).max()),
        answers=int((old.probabilities.argmax(axis=1) != new.probabilities.argmax(axis=1)).sum()),
        images=len(old.probabilities),
        same_kind=all(old.made_by.get(name) == here[name] for name in ("versions", "processor", "threads")),
    )
