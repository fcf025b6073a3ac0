"""Folds x seeds x models: what to train, what is kept on disk, and the predictions of it all."""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property

import numpy as np
import pandas as pd

from fer_utils.common import progress
from fer_utils.data import alignment, cleaning
from fer_utils.data.datasets import FaceDataset
from fer_utils.engine.recipe import Recipe
from fer_utils.engine.record import Fold, Record
from fer_utils.evaluation import protocols
from fer_utils.experiments import cluster, folds, identity, inputs, tables, workers
from fer_utils.experiments.recipes import MODELS, PROTOCOL_MODELS, overview, recipe_for, resolved_precision, seeds_for
from fer_utils.experiments.run import Run
from fer_utils.experiments.store import Store


class Experiment:
    """A data set with its manifest, and the runs on it.

    Args:
        dataset: all images of the data set, with `eyes`.
        manifest: as written by `cleaning.manifest`.
        budget: "quick" or "standard".
        jobs: processes to train with; 0 means as many as cores.
        protocol: how people are left out, "loso" or "10-fold"; empty for the usual one, see `protocols.of_people`.
        precision: "float32", "bfloat16" or "auto", see `recipes.resolved_precision`; `precision` is what it comes to.
        scheduler: address of a Dask scheduler to train on its workers; empty for that in the environment variable
            DASK_SCHEDULER_ADDRESS, and where there is none for this machine.
    """

    def __init__(
        self,
        dataset: FaceDataset,
        manifest: pd.DataFrame,
        *,
        budget: str,
        jobs: int = 0,
        protocol: str = "",
        precision: str = "auto",
        scheduler: str = "",
    ) -> None:
        self.dataset, self.manifest, self.budget, self.jobs = dataset, manifest, budget, jobs
        self._demanded = protocol
        self.precision = resolved_precision(precision)
        self._inputs: dict[tuple[str, int], np.ndarray] = {}
        self._folds: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
        self._hashes: dict[tuple, str] = {}
        self.scheduler = scheduler or os.environ.get("DASK_SCHEDULER_ADDRESS", "")

    @cached_property
    def usable(self) -> np.ndarray:
        """(N,) int, positions in the data set of the images that the manifest keeps."""
        return cleaning.kept_indices(self.dataset, self.manifest)

    @cached_property
    def protocol(self) -> str:
        """How people are left out of training and tested, a name in `protocols.PEOPLE`.

        Raises:
            ParameterError, DatasetError: see `protocols.of_people`.
        """
        return protocols.of_people(len(set(self.dataset.subjects[self.usable])), demanded=self._demanded)

    @cached_property
    def chance(self) -> float:
        """Share of the largest class among the usable images."""
        return float(np.bincount(self.dataset.labels[self.usable]).max() / len(self.usable))

    def recipe(self, model: str, *, protocol: str = "") -> Recipe:
        """The recipe of a model on this data set.

        Args:
            protocol: empty for that of people left out.

        Raises:
            ParameterError: unknown model or protocol.
        """
        words = {"budget": self.budget, "precision": self.precision, "images": len(self.usable)}
        return recipe_for(model, protocol=protocol or self.protocol, **words)

    def overview(self) -> pd.DataFrame:
        """A row for each model under each protocol, see `recipes.overview`."""
        words = {"budget": self.budget, "precision": self.precision, "images": len(self.usable)}
        return overview(self.dataset.name, protocol=self.protocol, classes=len(self.dataset.class_names), **words)

    def plan(self, protocol: str, models: Sequence[str] | None = None) -> list[Run]:
        """Every run of a protocol: models, then seeds, then folds. Weights are kept for the first seed."""
        runs = []
        for model in PROTOCOL_MODELS[protocol] if models is None else models:
            recipe = self.recipe(model, protocol=protocol)
            seeds = seeds_for(model, protocol=protocol, budget=self.budget)
            for seed in seeds:
                for fold in self.folds(protocol):
                    keep = seed == seeds[0]
                    runs.append(Run(model, protocol, fold, seed, recipe, keep_weights=keep, input=MODELS[model].input))
        return runs

    def folds(self, protocol: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Fold name to (training, test) positions in the data set, see `folds.make`.

        Raises:
            DatasetError: too few subjects to hold any out.
        """
        if protocol not in self._folds:
            self._folds[protocol] = folds.make(self.dataset, self.usable, protocol)
        return self._folds[protocol]

    def fold_of_images(self) -> np.ndarray:
        """(N,) str, the fold that tests each usable image; of people left out."""
        names = np.full(len(self.dataset), "", dtype=object)
        for name, (_, test) in self.folds(self.protocol).items():
            names[test] = name
        return names[self.usable].astype(str)

    @cached_property
    def _store(self) -> Store:
        return Store(self.dataset.name, any_processor=bool(self.scheduler))

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """What the models of the comparison see: "frame" and "face", each (N, 48, 48, 1) uint8."""
        return {name: self.input(name) for name in ("frame", "face")}

    def input(self, name: str, *, side: int = alignment.SIDE) -> np.ndarray:
        """Every image as a model sees it, (N, side, side, 1) uint8, see `inputs.make`.

        Raises:
            ParameterError: the name is not known.
        """
        if (name, side) not in self._inputs:
            self._inputs[name, side] = inputs.make(self.dataset, name, side=side)
        return self._inputs[name, side]

    def fold(self, run: Run) -> Fold:
        """The images and labels of a run."""
        train, test = self.folds(run.protocol)[run.fold]
        images, labels = self.input(run.input, side=run.side), self.dataset.labels
        return Fold(images[train], labels[train], images[test], labels[test], classes=len(self.dataset.class_names))

    def records(self, runs: Sequence[Run], *, weights: bool = False) -> list[Record]:
        """The record of every run, in order: from the archive, read from disk, or trained now and kept.

        A damaged record is named and made again; a killed call resumes where it stopped. The archive of published results
        (`store.py`) serves whatever made it, which is said once. With a scheduler, records on disk that other kinds of
        processor made count too; on this machine, only those that it would make itself.

        Args:
            weights: the trained weights are needed, of those runs that keep them; no archive has any.

        Raises:
            OutputError: the folder of the records cannot be read or written.
            ClusterError: the cluster cannot be reached, or would train something else.
        """
        done: dict[int, Record] = {}
        tasks, missing = [], []
        installation = identity.here()
        for position, run in enumerate(runs):
            made_by = self._made_by(run) | installation
            record = self._store.get(run.stem, made_by, weights=weights and run.keep_weights)
            if record is not None:
                done[position] = record
            else:
                missing.append((position, made_by))
                tasks.append(workers.Task(self.fold(run), run.recipe, run.seed, run.keep_weights))

        def keep(index: int, record: Record) -> None:
            position, made_by = missing[index]
            done[position] = replace(record, made_by=made_by | record.made_by)
            # Named by what was to be made, except for the processor: only the record knows which worker of a cluster made it.
            really = {name: done[position].made_by[name] for name in made_by}
            self._store.put(runs[position].stem, really, done[position])

        self._store.say_what_was_published()
        if tasks:
            self._store.require_writable()
            if not self.scheduler:  # whose workers may be many
                _say_plan(tasks, jobs=self.jobs)
        if self.scheduler:
            cluster.run(tasks, scheduler=self.scheduler, on_record=keep)
        else:
            workers.run(tasks, jobs=self.jobs, on_record=keep)
        return [done[position] for position in range(len(runs))]

    def record_names(self, runs: Sequence[Run]) -> list[str]:
        """What distinguishes the records of runs: model, fold, seed, and a hash of all that determines them except the processor.

        So what is made of them here serves elsewhere too (`cache.publish`).
        """
        installation = identity.here() | {"processor": ""}
        return [self._store.path(run.stem, self._made_by(run) | installation).stem for run in runs]

    def predictions(self, runs: Sequence[Run], records: Sequence[Record]) -> pd.DataFrame:
        """One row per prediction, the columns of `outputs/<dataset>/predictions.csv`."""
        parts = []
        for run, record in zip(runs, records, strict=True):
            test = self.folds(run.protocol)[run.fold][1]
            words = {"model": run.model, "protocol": run.protocol, "seed": run.seed}
            rows = tables.rows(self.dataset, test, record.probabilities, **words)
            parts.append(rows.assign(fold=run.fold, training_accuracy=float(record.curves["accuracy"][-1])))
        return pd.concat(parts, ignore_index=True)

    def _made_by(self, run: Run) -> dict:
        seen = (run.protocol, run.fold, run.input, run.side)
        if seen not in self._hashes:
            self._hashes[seen] = self.fold(run).hash()
        return {"recipe": asdict(run.recipe), "seed": run.seed, "data": self._hashes[seen]}


def _say_plan(tasks: Sequence[workers.Task], *, jobs: int) -> None:
    """One line before a training that takes a minute or more."""
    minutes = workers.minutes(sum(task.cost * task.recipe.epochs for task in tasks), jobs=jobs)
    if minutes >= 1:
        progress.say(f"{len(tasks)} networks to train, about {minutes:.0f} minutes on this machine")
