import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from small_report import make, picture, predictions

from fer_utils.cli import main
from fer_utils.common import code_hash, files, paths
from fer_utils.data import datasets, manifests
from fer_utils.drawing import saving
from fer_utils.engine.record import Record
from fer_utils.experiments import tables
from fer_utils.publishing import staleness

NOTEBOOK = paths.NOTEBOOKS / "03_model_comparison.ipynb"


def notebook(folder, *cells):
    path = folder / "09_test.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "code", "id": f"c{i}", "source": c} for i, c in enumerate(cells)]})
    )
    return path


def test_cells_are_found_by_their_code(tmp_path):
    path = notebook(tmp_path, "x = 1\n", "x = 2", "x = 2")
    assert saving.cell_of(path, "x = 1") == "c0"
    assert saving.cell_of(path, "x = 2") is None
    assert saving.cell_of(tmp_path / "none.ipynb", "x = 1") is None


@pytest.fixture
def fresh(three_people, outputs):
    """Results of three people that are up to date: one figure, all tables, one kept run."""
    data = datasets.load(three_people)
    folder = outputs / "three-people"
    origin = {"notebook": NOTEBOOK.stem, "data": data.data_hash, "code": code_hash.of_notebook(NOTEBOOK)}
    origin |= {"parameters": {"budget": "quick"}}
    tables.write("three-people", predictions(), origin=origin)
    rows = [f"{name},{digest}\n" for name, digest in zip(data.file_names, data.hashes, strict=True)]
    manifests.write("three-people", "image,sha256\n" + "".join(rows), data=data.data_hash)
    files.write(folder / "figures" / "03-x.png", picture())
    files.write(folder / "figures" / "03-x.json", json.dumps(origin))
    record = Record(probabilities=np.full((2, 2), 0.5, dtype=np.float32), curves={})
    files.write(folder / "runs" / "loso-baseline-00-seed1-abc.npz", record.to_bytes())
    return folder


def test_fresh_results_are_fresh(fresh, three_people):
    assert staleness.problems(str(three_people)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("figures/03-x.json", '"code": "', '"code": "0', "03-x.png: code changed since: run notebook 03"),
        ("figures/03-x.json", '"data": "', '"data": "0', "03-x.png: data changed since"),
        ("figures/03-x.json", "{", "", "03-x.json, is damaged"),
        ("figures/03-x.json", "03_model", "09_model", "no longer there"),
        ("scores.csv", "0.5", "0.6", "scores.csv: is not what predictions.csv comes to"),
        ("comparisons.csv", "model,", "modell,", "comparisons.csv"),
        ("predictions.csv", "0.500000,0.500000", "0.400000,0.600000", "baseline, loso 00, seed 1 is not what the kept"),
        ("comparisons.json", '"sha256": "', '"sha256": "0', "comparisons.csv: is not what notebook 03 wrote"),
        ("scores.json", '"code": "', '"code": "0', "scores.csv: code changed since: run notebook 03"),
        ("manifest.csv", "subject01.happy", "subject09.happy", "is damaged (it is not what a notebook wrote)"),
        ("manifest.json", '"code": "', '"code": "0', "manifest.csv: code changed since: run notebook 01"),
        ("manifest.json", '"sha256": "', '"sha256": "0', "is damaged (it is not what a notebook wrote)"),
        ("manifest.json", "{", "", "manifest.json is damaged"),
        ("manifest.json", '"data"', '"date"', "manifest.json is damaged"),
    ],
)
def test_stale_results_are_named(fresh, three_people, file, old, new, message):
    path = fresh / file
    assert old in path.read_text()
    text = path.read_text().replace(old, new)
    path.write_text(re.sub(r',\s*"checksum": "\w+"', "", text))  # what was made of other data or code is whole
    found = staleness.problems(str(three_people))
    assert any(message in line for line in found)
    # Log-loss and Brier score are of the probabilities, so that scores.csv no longer fits other predictions either.
    stems = {file.partition(".")[0], *(["scores"] if file == "predictions.csv" else [])}
    assert {
        line.removeprefix("outputs/three-people/").partition(".")[0] for line in found if "three-people" in line
    } == stems
    assert len(found) == sum("three-people" in line for line in found)


def test_a_manifest_without_its_origin_is_named(fresh, three_people):
    (fresh / "manifest.json").unlink()
    assert staleness.problems(str(three_people)) == [
        "outputs/three-people/manifest.csv: its origin, manifest.json, is missing: run notebook 01"
    ]


def test_rows_of_each_model_are_judged_by_the_notebook_that_wrote_them(fresh, three_people):
    later = paths.NOTEBOOKS / "05_transfer_learning.ipynb"
    origin = json.loads((fresh / "figures" / "03-x.json").read_text()) | {"notebook": later.stem}
    rows = predictions(seed=1).query("model == 'baseline'").assign(model="transfer")
    tables.add("three-people", rows, origin=origin | {"code": code_hash.of_notebook(later)})
    assert staleness.problems(str(three_people)) == []
    tables.add("three-people", rows, origin=origin | {"code": "old"})
    assert staleness.problems(str(three_people)) == [
        f"outputs/three-people/{name}.csv: code changed since: run notebook 05 again (rows of transfer)"
        for name in ("comparisons", "predictions", "scores")
    ]


def test_people_and_classes_of_the_manifest_stay_text(fresh, three_people):
    path = fresh / "manifest.csv"
    path.write_text(path.read_text().replace("subject01.happy,", "NA,"))
    path.with_suffix(".json").unlink()  # older ones have none
    assert "NA" in set(manifests.read("three-people")["image"])
    assert any("lists other files" in line for line in staleness.problems(str(three_people)))


def test_code_that_cannot_be_followed_counts_as_changed(fresh, three_people, monkeypatch):
    monkeypatch.setattr(code_hash, "unknown_imports", lambda notebook: ("the notebook calls exec",))
    (found,) = staleness.problems(str(three_people))
    assert found == "outputs/three-people/notebook 03: the notebook calls exec: counts as changed"


def test_missing_results_are_named(fresh, three_people):
    (fresh / "figures" / "03-x.png").unlink()
    (fresh / "scores.csv").unlink()
    (fresh / "manifest.csv").unlink()
    found = " ".join(staleness.problems(str(three_people)))
    for words in ("its picture is missing", "scores.csv", "manifest.csv: missing"):
        assert words in found


def test_the_command_exits_with_1_where_something_is_stale(fresh, three_people):
    arguments = ["check", "--dataset", str(three_people)]
    found = CliRunner().invoke(main, arguments)
    assert (found.exit_code, found.output) == (0, "everything is up to date\n")
    (fresh / "figures" / "03-x.json").unlink()
    found = CliRunner().invoke(main, arguments)
    assert found.exit_code == 1
    assert "03-x.json, is missing" in found.output
    assert "1 result is stale" in found.output


def test_nothing_to_check():
    found = CliRunner().invoke(main, ["check", "--dataset", "sample"])
    assert found.exit_code == 1
    assert "nothing to check" in found.output


def test_checksums_give_the_data_hash_of_the_loaded_data():
    assert manifests.data_hash(datasets.checksums("sample")) == datasets.load("sample").data_hash


def test_the_readme_is_checked(outputs):
    assert "is missing" in staleness.text_problems()[0]
    make("yale")
    assert "run notebook 05 first" in staleness.text_problems()[0]


def test_a_picture_that_is_not_what_its_notebook_drew_is_named(fresh, three_people):
    path = fresh / "figures" / "03-x.json"
    origin = json.loads(path.read_text()) | {"sha256": files.sha256(picture())}
    files.write_checked_json(path, origin)
    assert staleness.problems(str(three_people)) == []
    (fresh / "figures" / "03-x.png").write_bytes(picture(seed=1))
    assert staleness.problems(str(three_people)) == [
        "outputs/three-people/figures/03-x.png: is not what notebook 03 wrote: run it again"
    ]
    (fresh / "figures" / "03-x.png").write_bytes(picture())
    path.write_text(path.read_text().replace("quick", "quack"))
    assert staleness.problems(str(three_people)) == [
        "outputs/three-people/figures/03-x.png: its origin, 03-x.json, is damaged"
    ]


def test_what_a_killed_process_left_is_no_result(fresh, three_people):
    for name in ("figures/.03-x.png.abcd1234.png", "figures/.03-x.json.abcd1234.json"):
        (fresh / name).write_text("half")
    assert staleness.problems(str(three_people)) == []


def test_a_folder_is_read_as_the_notebooks_read_it(tmp_path, outputs):
    faces = tmp_path / "faces"
    for label in ("joy", "sorrow"):
        (faces / label).mkdir(parents=True)
        for number in (1, 2, 3):
            (faces / label / f"2024 p{number}.png").write_bytes(picture(seed=number + 3 * (label == "joy")))
    (faces / "joy" / "p9.png").write_bytes(b"no image")
    words = {"subject_pattern": r"(p\d)", "unreadable": "skip"}
    data = datasets.load(faces, **words)
    rows = [f"{name},{digest}\n" for name, digest in zip(data.file_names, data.hashes, strict=True)]
    manifests.write("faces", "image,sha256\n" + "".join(rows), data=data.data_hash)
    origin = {"notebook": NOTEBOOK.stem, "data": data.data_hash, "code": code_hash.of_notebook(NOTEBOOK)}
    files.write(outputs / "faces" / "figures" / "03-x.png", picture())
    files.write(outputs / "faces" / "figures" / "03-x.json", json.dumps(origin | {"parameters": words}))
    (found,) = staleness.problems(str(faces))
    assert "predictions.csv is missing" in found
