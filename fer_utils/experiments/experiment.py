"""Folds x seeds x models: what to train, what is kept on disk, and the predictions of it all."""

import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.common import files, paths, progress
from fer_utils.common.errors import DatasetError, OutputError, ParameterError
from fer_utils.data import alignment, cleaning, detection
from fer_utils.data.datasets import FaceDataset
from fer_utils.engine.record import Fold, Record
from fer_utils.experiments import cluster, identity, store, workers
from fer_utils.experiments import tables as results
from fer_utils.experiments.recipes import MODELS, PROTOCOL_MODELS, recipe_for, seeds_for
from fer_utils.experiments.run import Run
from fer_utils.experiments.store import Archive

_SHUFFLE_SEED = 7
INPUTS = ("frame", "crop", "face")
ORIGINAL_SPLIT_FRACTION = 0.2  # of the sorted subjects are held out; of Yale's fifteen 01, 02 and 03


class Experiment:
    """A data set with its manifest, and the runs on it.

    Args:
        dataset: all images of the data set.
        manifest: as written by `cleaning.manifest`.
        budget: "quick" or "standard".
        jobs: processes to train with; 0 means as many as cores.
        scheduler: address of a Dask scheduler to train on its workers; empty for that in the environment variable
            DASK_SCHEDULER_ADDRESS, and where there is none for this machine.
    """

    def __init__(
        self, dataset: FaceDataset, manifest: pd.DataFrame, *, budget: str, jobs: int = 0, scheduler: str = ""
    ) -> None:
        self.dataset, self.manifest, self.budget, self.jobs = dataset, manifest, budget, jobs
        self._inputs: dict[tuple[str, int], np.ndarray] = {}
        self._folds: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
        self._hashes: dict[tuple, str] = {}
        self._told = False  # of published records
        self.scheduler = scheduler or os.environ.get("DASK_SCHEDULER_ADDRESS", "")

    def plan(self, protocol: str, models: Sequence[str] | None = None) -> list[Run]:
        """Every run of a protocol: models, then seeds, then folds. Weights are kept for the first seed."""
        runs = []
        for model in PROTOCOL_MODELS[protocol] if models is None else models:
            recipe = recipe_for(model, protocol=protocol, budget=self.budget)
            seeds = seeds_for(model, protocol=protocol, budget=self.budget)
            for seed in seeds:
                for fold in self.folds(protocol):
                    keep = seed == seeds[0]
                    runs.append(Run(model, protocol, fold, seed, recipe, keep_weights=keep, input=MODELS[model].input))
        return runs

    def folds(self, protocol: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Fold name to (training, test) positions in the data set.

        `loso` tests each subject in turn on the manifest's images; `image-wise` the same images in as many folds, but
        shuffled, so that other images of a tested person are trained on: a mistake, to be measured. `original-split` holds
        out the first fifth of the subjects, of all images that show an expression, as the original project came to do.

        Raises:
            DatasetError: too few subjects to hold any out.
        """
        if protocol not in self._folds:
            self._folds[protocol] = self._made_folds(protocol)
        return self._folds[protocol]

    def _made_folds(self, protocol: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        if protocol in ("loso", "image-wise"):
            usable = cleaning.kept_indices(self.dataset, self.manifest)
            groups = [[subject] for subject in sorted(set(self.dataset.subjects[usable]))]
        else:
            usable = np.flatnonzero(self.dataset.labels >= 0)
            subjects = sorted(set(self.dataset.subjects[usable]))
            groups = [subjects[: max(1, int(ORIGINAL_SPLIT_FRACTION * len(subjects)))]]
        if len(set(self.dataset.subjects[usable])) < 2:
            raise DatasetError(
                f"{self.dataset.name}: leaving a subject out needs at least two subjects with usable images."
            )
        if protocol == "image-wise":
            return _shuffled_folds(usable, self.dataset.labels[usable], len(groups))
        tested = {"+".join(group): np.isin(self.dataset.subjects[usable], group) for group in groups}
        return {name: (usable[~test], usable[test]) for name, test in tested.items()}

    @cached_property
    def _archive(self) -> Archive:
        return Archive.serving(self.dataset.name)

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """What the models of the comparison see: "frame" and "face", each (N, 48, 48, 1) uint8."""
        return {name: self.input(name) for name in ("frame", "face")}

    def input(self, name: str, *, side: int = alignment.SIDE) -> np.ndarray:
        """Every image as a model sees it, (N, side, side, 1) uint8; no face found leaves zeros.

        Args:
            name: "frame", "crop" (the detected face's box) or "face" (aligned by the eyes).
            side: pixels.

        Raises:
            ParameterError: the name is not known.
        """
        if name not in INPUTS:
            raise ParameterError(f"no input named {name!r}: use one of {', '.join(INPUTS)}.")
        if (name, side) not in self._inputs:
            self._inputs[name, side] = self._input(name, side)[..., np.newaxis]
        return self._inputs[name, side]

    def _input(self, name: str, side: int) -> np.ndarray:
        images = self.dataset.images
        if name == "frame":
            return np.stack([alignment.frame_input(image, side=side) for image in images])
        seen = np.zeros((len(images), side, side), dtype=np.uint8)
        if name == "crop":
            for index, found in enumerate(detection.detect(self.dataset)):
                if len(found) == 1:
                    seen[index] = alignment.crop_input(images[index], found[0], side=side)
            return seen
        table = self.manifest.set_index("image").loc[list(self.dataset.file_names)]
        eyes = table[["left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"]].to_numpy(dtype=np.float64)
        for index in np.flatnonzero(~np.isnan(eyes).any(axis=1)):
            left, right = tuple(eyes[index, :2]), tuple(eyes[index, 2:])
            seen[index] = alignment.face_input(images[index], left, right, side=side)
        return seen

    def fold(self, run: Run) -> Fold:
        """The images and labels of a run."""
        train, test = self.folds(run.protocol)[run.fold]
        images, labels = self.input(run.input, side=run.side), self.dataset.labels
        return Fold(images[train], labels[train], images[test], labels[test], classes=len(self.dataset.class_names))

    def records(self, runs: Sequence[Run], *, weights: bool = False) -> list[Record]:
        """The record of every run, in order: from the archive, read from disk, or trained now and kept.

        A damaged record is named and made again; a killed call goes on where it stopped. The archive of published results
        (`store.py`) serves whatever made it, which is said once. With a scheduler, records on disk that other kinds of
        processor made count too; on this machine, only those that it would make itself.

        Args:
            weights: the trained weights are needed, of those runs that keep them; no archive has any.

        Raises:
            OutputError: the folder of the records cannot be read or written.
            ClusterError: the cluster cannot be reached, or would train something else.
        """
        found: dict[int, Record] = {}
        published: list[Record] = []
        tasks, missing = [], []
        installation = identity.here()
        for position, run in enumerate(runs):
            made_by = self._made_by(run) | installation
            need_weights = weights and run.keep_weights
            record = None if need_weights else self._archive.get(run.stem, made_by)
            if record is not None:
                published.append(record)
            else:
                record = self._kept(run, made_by, weights=need_weights)
            if record is not None:
                found[position] = record
            else:
                missing.append((position, made_by))
                tasks.append(workers.Task(self.fold(run), run.recipe, run.seed, run.keep_weights))

        def keep(index: int, record: Record) -> None:
            position, made_by = missing[index]
            found[position] = replace(record, made_by=made_by | record.made_by)
            # Named by what was to be made, but for the processor: only the record knows which worker of a cluster made it.
            really = {name: found[position].made_by[name] for name in made_by}
            files.write(self._path(runs[position], really), found[position].to_bytes())

        if published and not self._told:
            progress.say(f"{self.dataset.name}: {store.in_one_line(published)}")
            self._told = True
        if tasks:
            files.require_writable(self._folder)
        if self.scheduler:
            cluster.run(tasks, scheduler=self.scheduler, on_record=keep)
        else:
            workers.run(tasks, jobs=self.jobs, on_record=keep)
        return [found[position] for position in range(len(runs))]

    def record_names(self, runs: Sequence[Run]) -> list[str]:
        """What tells the runs' records apart: model, fold, seed, and a hash of all that determines them on this machine."""
        installation = identity.here()
        return [self._path(run, self._made_by(run) | installation).stem for run in runs]

    def predictions(self, runs: Sequence[Run], records: Sequence[Record]) -> pd.DataFrame:
        """One row per prediction, the columns of `outputs/<dataset>/predictions.csv`."""
        tables = []
        for run, record in zip(runs, records, strict=True):
            test = self.folds(run.protocol)[run.fold][1]
            words = {"model": run.model, "protocol": run.protocol, "seed": run.seed}
            tables.append(results.rows(self.dataset, test, record.probabilities, **words).assign(fold=run.fold))
        return pd.concat(tables, ignore_index=True)

    def _made_by(self, run: Run) -> dict:
        seen = (run.protocol, run.fold, run.input, run.side)
        if seen not in self._hashes:
            self._hashes[seen] = self.fold(run).hash()
        return {"recipe": asdict(run.recipe), "seed": run.seed, "data": self._hashes[seen]}

    def _kept(self, run: Run, made_by: dict, *, weights: bool) -> Record | None:
        path = self._path(run, made_by)
        others = sorted(self._folder.glob(f"{run.stem}-*.npz")) if self.scheduler else []
        for each in dict.fromkeys([path, *others]):
            record = _read(each)
            if record is None or (weights and not record.weights):
                continue
            if each == path or record.made_by | made_by == record.made_by | {"processor": made_by["processor"]}:
                return record
        return None

    def _path(self, run: Run, made_by: dict) -> Path:
        key = files.sha256(json.dumps(made_by, sort_keys=True).encode())[:16]
        return self._folder / f"{run.stem}-{key}.npz"

    @property
    def _folder(self) -> Path:
        return paths.outputs(self.dataset.name) / "runs"


def _shuffled_folds(usable: np.ndarray, labels: np.ndarray, count: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Folds with as equal a share of every class as there can be, as folds by subject have it too."""
    from sklearn.model_selection import StratifiedKFold

    count = min(count, int(np.bincount(labels).max()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer images than folds is no mistake here
        splits = list(StratifiedKFold(count, shuffle=True, random_state=_SHUFFLE_SEED).split(usable, labels))
    return {
        f"images-{number:02}": (usable[train], usable[test]) for number, (train, test) in enumerate(splits, start=1)
    }


def _read(path: Path) -> Record | None:
    try:
        return Record.from_bytes(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}. Make it readable, or remove it.") from error
    except OutputError as error:
        progress.say(f"{path.name}: {error}; training this run again")
        return None
