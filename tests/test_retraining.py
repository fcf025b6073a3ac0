from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from fer_utils.cli import main
from fer_utils.common import arrays, files, paths
from fer_utils.data import cleaning
from fer_utils.engine.record import Record
from fer_utils.experiments import identity, recipes, retraining, store
from fer_utils.experiments.experiment import Experiment


@pytest.fixture
def published(three_people, monkeypatch):
    """Records of networks trained for an epoch or two on three people, published; the folder's name for commands."""
    monkeypatch.setattr(recipes, "EPOCHS", {key: {"baseline": 2, "updated": 1} for key in recipes.EPOCHS})
    data, manifest = cleaning.load_clean(str(three_people))
    experiment = Experiment(data, manifest, budget="quick", jobs=2)
    experiment.records([*experiment.plan("original-split"), *experiment.plan("loso", ["baseline-face"])])
    store.write(data.name)
    for path in (paths.outputs(data.name) / "runs").glob("*-seed*"):
        path.unlink()
    return str(three_people)


def spoil(dataset: str) -> str:
    """Change one answer of the record that is trained again first; returns the name of its run."""
    packed = store.Archive.read(dataset)
    name = next(name for name in sorted(packed.members) if name.startswith("original-split-baseline"))
    record = Record.from_bytes(packed.members[name])
    changed = replace(record, probabilities=np.roll(record.probabilities, 1, axis=1))
    members = packed.members | {name: changed.to_bytes()}
    files.write(packed.path, arrays.packed(members))
    return name.rpartition("-")[0]


def test_published_records_are_trained_again_and_compared(published, monkeypatch):
    found = retraining.compare(published, 3, jobs=2)
    kinds = {each.stem.rpartition("-seed")[0] for each in found}
    assert kinds == {"original-split-baseline-01", "original-split-updated-01", "loso-baseline-face-01"}
    assert all(each.equal and each.words.endswith("equal to the last bit") for each in found)
    stem = spoil(published)
    different = {each.stem: each for each in retraining.compare(published, 3, jobs=2) if not each.equal}
    assert list(different) == [stem]
    assert not different[stem].as_promised
    found = CliRunner().invoke(main, ["check", "--dataset", published, "--retrain", "3", "--jobs", "2"])
    assert found.exit_code == 1
    assert f"{stem}: probabilities differ by up to" in found.output
    monkeypatch.setattr(identity, "_processor", lambda: "another one")
    (elsewhere,) = (each for each in retraining.compare(published, 3, jobs=2) if not each.equal)
    assert elsewhere.as_promised
    assert "another kind of processor" in elsewhere.words


def test_nothing_to_train_again(three_people):
    with pytest.raises(retraining.OutputError, match="publishes no record"):
        retraining.compare(str(three_people), 1)
