import zipfile

import numpy as np
import pytest
from click.testing import CliRunner
from small_experiment import NAME, make

from fer_utils.cli import main
from fer_utils.common import arrays, cache, files, paths
from fer_utils.common.errors import OutputError, ParameterError
from fer_utils.engine.record import CURVES, Record
from fer_utils.experiments import experiment as experiments
from fer_utils.experiments import identity, recipes, store
from fer_utils.publishing import staleness


def answer(tasks, *, jobs, on_record):
    """Instead of training: noise that depends on the seed alone, with weights."""
    for index, task in enumerate(tasks):
        random = np.random.default_rng(task.seed)
        shape = (len(task.fold.test_labels), task.fold.classes)
        curves = {CURVES[0]: random.random(task.recipe.epochs, dtype=np.float32)}
        on_record(index, Record(random.random(shape, dtype=np.float32), curves, (np.ones(9),), {"device": "cpu"}))


def refuse(tasks, **_):
    assert not tasks, "trained again"


@pytest.fixture
def packed(outputs, monkeypatch):
    """An archive of all runs of `baseline` on noise, nothing else kept; the runs and their records."""
    monkeypatch.setattr(recipes, "EPOCHS", {key: {"baseline": 2, "updated": 1} for key in recipes.EPOCHS})
    monkeypatch.setattr(experiments.workers, "run", answer)
    experiment = make()
    runs = experiment.plan("loso", ["baseline"])
    records = experiment.records(runs)
    found = CliRunner().invoke(main, ["archive", "--dataset", str(outputs.parent / "faces" / NAME)])
    assert found.exit_code == 0, found.output
    assert f"{NAME}/records.zip: {len(runs)} records, {len(runs)} of them new" in found.output
    for path in (outputs / NAME / "runs").iterdir():
        path.unlink()
    return runs, records


def test_published_records_serve_whatever_versions_and_processor_and_say_so_once(packed, monkeypatch, capsys):
    runs, records = packed
    made_with = identity.words(records[0].made_by)
    monkeypatch.setattr(experiments.workers, "run", refuse)
    monkeypatch.setattr(identity, "_processor", lambda: "another one")
    monkeypatch.setattr(identity, "_version", lambda package: "9.9")
    experiment = make()
    again = experiment.records(runs)
    experiment.records(runs[:1])
    lines = [line for line in capsys.readouterr().err.splitlines() if "published" in line]
    here = "keras 9.9, numpy 9.9, tensorflow 9.9 on another one"
    assert lines == [
        f"{NAME}: {len(runs)} published records, made with {made_with}; here: {here} (fer run --fresh trains here)"
    ]
    for old, new in zip(records, again, strict=True):
        assert new.probabilities.tobytes() == old.probabilities.tobytes()
        assert new.made_by == old.made_by
        assert new.weights == ()


def test_fresh_trains_here_what_is_published_and_keeps_it(packed, monkeypatch):
    runs, records = packed
    monkeypatch.setenv(cache.FRESH, "1")
    again = make().records(runs)
    assert [each.probabilities.tobytes() for each in again] == [each.probabilities.tobytes() for each in records]
    assert len(list((paths.outputs(NAME) / "runs").glob("*.npz"))) == len(runs)
    monkeypatch.setattr(experiments.workers, "run", refuse)
    make().records(runs)


def test_runs_whose_weights_are_needed_are_trained(packed):
    runs, _ = packed
    again = make().records(runs, weights=True)
    kept = [bool(record.weights) for run, record in zip(runs, again, strict=True) if run.keep_weights]
    assert kept and all(kept)


def test_other_code_or_another_recipe_is_not_served(packed, monkeypatch):
    runs, _ = packed
    monkeypatch.setattr(experiments.workers, "run", refuse)
    other = experiments.replace(runs[0], recipe=experiments.replace(runs[0].recipe, learning_rate=0.01))
    with pytest.raises(AssertionError, match="trained again"):
        make().records([other])
    monkeypatch.setattr(identity.code_hash, "of_folder", lambda folder: "other code")
    with pytest.raises(AssertionError, match="trained again"):
        make().records(runs)


def test_a_damaged_archive_is_named_and_not_used(packed, capsys):
    runs, records = packed
    path = paths.outputs(NAME) / store.NAME
    whole = path.read_bytes()
    middle = len(whole) // (2 * len(records))  # within the first member's compressed bytes
    for damaged in (whole[:200], whole[:middle] + bytes(40) + whole[middle + 40 :]):
        path.write_bytes(damaged)
        assert len(make().records(runs)) == len(records)
        assert "records.zip is damaged" in capsys.readouterr().err


def test_a_member_that_is_no_record_is_named_and_not_used(packed, capsys):
    runs, records = packed
    path = paths.outputs(NAME) / store.NAME
    with zipfile.ZipFile(path) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    spoiled = next(iter(members))
    with zipfile.ZipFile(path, "w") as changed:
        for name, content in members.items():
            changed.writestr(name, b"no record" if name == spoiled else content)
    assert len(make().records(runs)) == len(records)
    assert f"{spoiled} is not a whole record" in capsys.readouterr().err
    assert staleness._archive(NAME) == ["records.zip: 1 records are damaged: git checkout brings them back"]


def test_packing_again_keeps_what_is_packed(packed, outputs, monkeypatch):
    runs, _ = packed
    more = [experiments.replace(runs[0], seed=9)]
    make().records(more)
    (outputs / NAME / "runs" / "boxes-seed-0123.npz").write_bytes(b"no record, and none of a run")
    assert store.write(NAME)[1:] == (len(runs) + 1, 1)
    for path in (outputs / NAME / "runs").glob("*seed*"):
        path.unlink()
    assert store.write(NAME)[1:] == (len(runs) + 1, 0)
    monkeypatch.setattr(experiments.workers, "run", refuse)
    assert len(make().records([*runs, *more])) == len(runs) + 1


def test_equal_records_give_equal_bytes(packed, outputs):
    path = outputs / NAME / store.NAME
    before = path.read_bytes()
    path.unlink()
    make().records(packed[0])
    assert store.write(NAME) == (path, len(packed[0]), len(packed[0]))
    assert path.read_bytes() == before


def test_records_of_other_code_are_stale(packed, monkeypatch):
    assert staleness._archive(NAME) == []
    monkeypatch.setattr(identity, "_version", lambda package: "0.0.1")
    assert staleness._archive(NAME) == []
    monkeypatch.setattr(identity.code_hash, "of_folder", lambda folder: "other code")
    (found,) = staleness._archive(NAME)
    assert found.startswith(f"records.zip: {len(packed[0])} records are of other training code")


def test_nothing_to_pack(outputs):
    found = CliRunner().invoke(main, ["archive", "--dataset", "sample"])
    assert found.exit_code == 1
    assert "nothing to pack" in found.output


def test_half_written_files_of_killed_processes_are_not_packed(packed, monkeypatch):
    runs, _ = packed
    monkeypatch.setattr(experiments.workers, "run", answer)
    experiment = make()
    experiment.records(runs, weights=True)
    folder = paths.outputs(NAME) / "runs"
    for path in list(folder.glob("*.npz")):
        path.rename(folder / f".{path.name}.abcd1234.npz")
    (paths.outputs(NAME) / store.NAME).unlink()
    with pytest.raises(OutputError, match="no run of the present code"):
        store.write(NAME)


def test_no_damaged_bit_of_an_archive_drops_or_changes_a_record_unsaid(packed, capsys):
    path = paths.outputs(NAME) / store.NAME
    members = store.Archive.read(NAME).members
    path.write_bytes(arrays.packed(dict(list(members.items())[:2])))
    sound, whole = path.read_bytes(), store.Archive.read(NAME).records()
    capsys.readouterr()
    for place in range(len(sound) - 250, len(sound)):  # the directory; each member has a checksum of its content
        for bit in (0, 3, 6):
            path.write_bytes(sound[:place] + bytes([sound[place] ^ (1 << bit)]) + sound[place + 1 :])
            found = store.Archive.read(NAME).records()
            told = capsys.readouterr().err
            assert told or {name: each.to_bytes() for name, each in found.items()} == {
                name: each.to_bytes() for name, each in whole.items()
            }


def test_a_budget_left_open_is_the_full_experiment_where_its_results_are_published(outputs):
    assert not store.is_published("sample")
    files.write(outputs / "sample" / cache.PUBLISHED, b"")
    for seed, full in ((1, False), (3, True)):
        members = {f"loso-updated-face-01-seed{seed}-0123456789abcdef": b"a record"}
        files.write(outputs / "sample" / store.NAME, arrays.packed(members))
        assert store.is_published("sample") == full
    assert recipes.resolved_budget("auto", published=True) == "standard"
    assert (
        recipes.resolved_budget("auto", published=False) == recipes.resolved_budget("quick", published=True) == "quick"
    )
    with pytest.raises(ParameterError, match="no budget named 'large'"):
        recipes.resolved_budget("large", published=True)
