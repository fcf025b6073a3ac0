"""Shared pieces of the tests: a small set of faces, an outputs folder that is thrown away."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_utils.common import paths
from fer_utils.engine.record import Fold

EXPRESSIONS = ("happy", "normal", "sad", "sleepy", "surprised", "wink")


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch) -> Path:
    """Results of each test go to a folder of its own, and nothing to a cluster that happens to be there."""
    folder = tmp_path / "outputs with space"
    monkeypatch.setenv("FER_OUTPUT_DIR", str(folder))
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    return folder


def copy_faces(folder: Path, *, subjects: int) -> Path:
    """A folder of one's own: expressions of the first rendered people."""
    folder.mkdir(parents=True)
    for number in range(1, subjects + 1):
        for expression in EXPRESSIONS:
            shutil.copy(paths.SAMPLE / f"subject{number:02}.{expression}", folder)
    return folder


@pytest.fixture
def three_people(tmp_path) -> Path:
    return copy_faces(tmp_path / "three people", subjects=3)


@pytest.fixture
def tiny_fold() -> Fold:
    """Twelve training and three test images of noise, three classes."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, size=(15, 48, 48, 1), dtype=np.uint8)
    labels = np.arange(15) % 3
    return Fold(images[:12], labels[:12], images[12:], labels[12:], classes=3)


@pytest.fixture
def yale(monkeypatch):
    """The real faces, where they are."""
    folder = os.environ.get("FER_DATA_DIR")
    if not folder or not (Path(folder) / "yalefaces").is_dir():
        pytest.skip("the Yale faces are not here: set FER_DATA_DIR to the folder that holds yalefaces/")
    from fer_utils.data import datasets

    return datasets.load("yale")
