"""One of every kind of result, made by the functions that make them, on three rendered people."""

import shutil
import sys
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.soak import processes
from fer_utils.common import cache, code_hash, files, paths
from fer_utils.data import datasets, detection, manifests
from fer_utils.data.alignment import Face
from fer_utils.engine.record import CURVES, Record
from fer_utils.experiments import identity, store, tables

sys.path.append(str(processes.TESTS))
import small_report

NOTEBOOK = "03_model_comparison"


class Stored:
    """Results below FER_OUTPUT_DIR and weights in FER_WEIGHTS_DIR, which the caller has set.

    Attributes:
        name: of the data set.
        faces_folder: its images.
        folder: its results.
        record, archive, cache, faces: a kept run, the archive of one run, a cache of arrays, the faces that were found.
        stem, made_by: of the record.
    """

    name = "three"
    stem = "loso-baseline-01-seed1"

    def __init__(self, folder: Path) -> None:
        self.faces_folder, self.weights = folder / "three", folder / "weights"
        self.faces_folder.mkdir()
        for number in (1, 2, 3):
            for expression in ("happy", "normal", "sad"):
                shutil.copy(paths.SAMPLE / f"subject{number:02}.{expression}", self.faces_folder)
        shutil.copytree(paths.WEIGHTS, self.weights)
        self.dataset = datasets.load(self.faces_folder)
        self.folder = paths.outputs(self.name)
        self._make_report()
        self._make_runs()
        face = Face(1.5, 2.5, 30.0, 40.0, 0.99, (10.25, 12.5), (20.25, 12.5))
        # The detector itself is not on trial, and takes long.
        self._found = mock.patch.object(detection, "detect_in", lambda images, **_: [[face] for _ in images])
        self._found.start()
        detection.detect(self.dataset)
        (self.faces,) = (self.folder / "runs").glob("faces-*.jsonl")
        cache.arrays(self.name, "soak", self.arrays, code=(), inputs=("soak",))
        (self.cache,) = (self.folder / "runs").glob("soak-*.npz")

    def arrays(self) -> dict[str, np.ndarray]:
        """What the cache holds."""
        return {"a": np.arange(3000, dtype=np.float32), "b": np.eye(5)}

    def close(self) -> None:
        """Give the detector back."""
        self._found.stop()

    def restore(self, path: Path, content: bytes) -> None:
        """Put a file back; whoever found it damaged may have made it again."""
        path.write_bytes(content)

    def _make_report(self) -> None:
        small_report.make(self.name)
        origin = {"notebook": NOTEBOOK, "cell": "c", "data": self.dataset.data_hash, "versions": {"numpy": "2.0"}}
        origin |= {
            "code": code_hash.of_notebook(paths.NOTEBOOKS / f"{NOTEBOOK}.ipynb"),
            "parameters": {"budget": "quick"},
        }
        tables.write(self.name, small_report.predictions(), origin=origin)
        for path in (self.folder / "figures").glob("*.png"):
            noted = origin | {"caption": "Noise.", "alt": "Noise", "sha256": files.sha256(path.read_bytes())}
            files.write_checked_json(path.with_suffix(".json"), noted)
        rows = [
            f"{name},{subject},{condition},{condition},{digest},True,"
            for name, subject, condition, digest in zip(
                self.dataset.file_names,
                self.dataset.subjects,
                self.dataset.conditions,
                self.dataset.hashes,
                strict=True,
            )
        ]
        header = "image,subject,condition,label,sha256,kept,reason"
        table = "\n".join([header, *rows]) + "\n"
        manifests.write(self.name, table, data=self.dataset.data_hash)

    def _make_runs(self) -> None:
        chance = np.random.RandomState(0)
        self.made_by = {"recipe": {"epochs": 3}, "seed": 1, "data": "d" * 64} | identity.here()
        record = Record(
            probabilities=chance.random_sample((9, 3)).astype(np.float32),
            curves={name: chance.random_sample(3).astype(np.float32) for name in CURVES},
            weights=(chance.random_sample(500).astype(np.float32),),
            made_by=self.made_by,
        )
        kept = store.Store(self.name, any_processor=False)
        kept.put(self.stem, self.made_by, record)
        self.record = kept.path(self.stem, self.made_by)
        store.write(self.name)
        self.archive = self.folder / store.NAME
