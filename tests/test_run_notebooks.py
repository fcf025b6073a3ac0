"""What `fer run` checks before anything runs: types of parameters, names, people; and what it takes out of copies."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from conftest import copy_faces

from fer_utils import notebook
from fer_utils.common import parameters, paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import datasets
from fer_utils.publishing import run_notebooks


def demanded(*given, notebooks=()):
    return run_notebooks.demanded(paths.notebooks(notebooks), given)


def test_every_parameter_of_every_notebook_has_a_type_and_a_value_of_it():
    for path in paths.notebooks():
        (cell,) = [
            each for each in nbformat.read(path, as_version=4).cells if "parameters" in each.metadata.get("tags", [])
        ]
        assigned = {node.target.id: ast.literal_eval(node.value) for node in ast.parse(cell.source).body}
        declared = parameters.declared(path)
        assert list(declared) == list(assigned)
        for name, value in assigned.items():
            assert declared[name] in ("bool", "float", "int", "str")
            parameters.require(name, value, declared[name])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jobs", "all"),
        ("jobs", "1.5"),
        ("jobs", "-1"),
        ("jobs", "True"),
        ("jobs", ""),
        ("jobs", "(" * 500),
        ("largest_distance", "sixteen"),
        ("seed", "abc"),
        ("seed", "9" * 30),
        ("draws", "0"),
        ("scorings", "0"),
        ("people", "[6]"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name_type_and_value(name, text):
    with pytest.raises(
        ParameterError, match=rf"^parameter {name} must be a whole number from [01] \(int\), not "
    ) as caught:
        demanded((name, text))
    assert text[:20] in str(caught.value)


def test_values_are_of_the_type_that_the_notebook_says():
    given = [
        ("jobs", " 2 "),
        ("factors", "['depth']"),
        ("subject_pattern", "12"),
        ("answers", "None"),
        ("budget", "standard"),
    ]
    expected = {"jobs": 2, "factors": "['depth']", "subject_pattern": "12", "answers": "None", "budget": "standard"}
    assert demanded(*given) == expected


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("float", ["0.5", "2", "-1"], ["1e999", "nan", "half", "True"]),
        ("bool", ["True", "False"], ["1", "yes", "true"]),
        ("list[str]", ["['a']", "a"], []),  # what has no check is Python's to read
    ],
)
def test_other_types(kind, good, bad):
    for text in good:
        parameters.from_text("x", text, kind)
    for text in bad:
        with pytest.raises(ParameterError, match="parameter x must be"):
            parameters.from_text("x", text, kind)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ("model", "transfer-tuned"),
            "'transfer-tuned' cannot be looked into: use one of baseline, updated, baseline-face",
        ),
        (("beside", "classical, nonsense"), "'nonsense' cannot be looked into"),
        (("reference", "transfer"), "'transfer' has no networks to look into: use one of baseline, updated"),
        (("reference", "nonsense"), "'nonsense' has no networks to look into"),
        (("budget", "huge"), "no budget named 'huge': use one of quick, standard"),
        (("photo", "no/such.jpg"), "no such photo or folder"),
        (("photo", "https://host/x.jpg"), "an address is no file or folder"),
        (("dataset", "yale"), "call fer run --dataset yale"),
        (("bugdet", "quick"), "no notebook has a parameter 'bugdet'"),
    ],
)
def test_bad_values_are_refused_before_anything_runs(given, message):
    with pytest.raises(ParameterError, match=message):
        demanded(given)


@pytest.mark.parametrize("value", [["depth"], None, 3, np.array(["depth"])])
def test_a_notebook_run_by_papermill_alone_refuses_values_of_another_type(value):
    given = {
        "subject_pattern": "",
        "unreadable": "stop",
        "layout": "",
        "last_frames": 3,
        "random_split": False,
        "budget": "quick",
        "jobs": 1,
        "protocol": "",
        "precision": "auto",
        "scheduler": "",
    }
    with pytest.raises(ParameterError, match=r"^parameter factors must be text \(str\), not "):
        notebook.begin("07_tweaks", {"dataset": "sample", "factors": value, **given})


def test_papermill_alone_shows_that_as_one_line(tmp_path):
    import papermill

    source = str(paths.NOTEBOOKS / "07_tweaks.ipynb")
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        papermill.execute_notebook(
            source,
            str(tmp_path / "out.ipynb"),
            parameters={"factors": ["depth"]},
            kernel_name="python3",
            progress_bar=False,
        )
    assert caught.value.traceback == ["ParameterError: parameter factors must be text (str), not ['depth']."]


@pytest.fixture
def two_people(tmp_path):
    return copy_faces(tmp_path / "two", subjects=2)


def test_two_people_leave_out_the_notebooks_that_need_three_and_say_so(two_people, three_people, capsys):
    data, every = datasets.load(two_people), paths.notebooks()
    left = [path.stem[:2] for path in run_notebooks.possible(every, data, {}, named=False)]
    assert left == ["00", "01", "02", "03", "04", "06", "07", "08"]
    *_, line = capsys.readouterr().err.splitlines()
    assert line == "two: 2 people are too few for 05_transfer_learning and 09_deeper_errors (fewest: 3): left out"
    of_a_network = {"answers": "baseline-face"}
    assert run_notebooks.possible(every, data, of_a_network, named=False) == [p for p in every if p.stem[:2] != "05"]
    assert run_notebooks.possible(every, datasets.load(three_people), {}, named=True) == every


def test_asked_for_by_name_they_are_refused_before_anything_runs(two_people, outputs):
    command = [sys.executable, "-m", "fer_utils", "run", "03", "05", "--dataset", str(two_people)]
    found = subprocess.run(command, capture_output=True, text=True, cwd=paths.PROJECT, check=False)
    assert found.returncode == 1
    how, line = found.stderr.splitlines()
    assert how.startswith("two: read as yale, because")
    assert line == "fer: two: 2 people are too few for 05_transfer_learning (fewest: 3). Add people, or leave that out."
    assert not outputs.exists()
    with pytest.raises(DatasetError, match="09_deeper_errors"):
        run_notebooks.possible(paths.notebooks(["09"]), datasets.load(two_people), {}, named=True)


def test_what_cleaning_takes_out_counts_too(three_people, outputs, tmp_path, monkeypatch, capsys):
    """Three people are there, but the first notebook writes a manifest that keeps two: notebook 05 is left out."""
    rows = ["image,subject,label,kept", "a,01,happy,True", "b,02,happy,True", "c,03,happy,False", "d,04,,True"]
    write = (
        "import os, pathlib\nfolder = pathlib.Path(os.environ['FER_OUTPUT_DIR']) / 'three-people'\n"
        f"(folder / 'manifest.csv').write_text({chr(10).join(rows)!r})"
    )
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    for name, cell in (("01_x", write), ("05_transfer_learning", "1 / 0"), ("06_x", "print('after')")):
        store(tmp_path / f"{name}.ipynb", cell)
    run_notebooks.run(paths.notebooks(), dataset=str(three_people), settings={}, demanded={})
    assert (
        "three-people: 2 people are too few for 05_transfer_learning (fewest: 3): left out" in capsys.readouterr().err
    )
    copies = {path.stem for path in (outputs / "three-people" / "notebooks").glob("*.ipynb")}
    assert copies == {"01_x", "06_x"}


def store(path: Path, *cells: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    new = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    new.cells = [nbformat.v4.new_code_cell('dataset: str = "sample"', metadata={"tags": ["parameters"]})]
    new.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(new, path)


@pytest.mark.parametrize("home", ["/", "/houses/me", '/houses/"me" ü'])
def test_copies_name_no_place_of_this_machine_and_keep_all_else(home, three_people, outputs, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    shown = f"1/2 https://host/x {three_people}/a.png {three_people}s {home}/y \\n {home}-old"
    store(tmp_path / "01_x.ipynb", f"print({shown!r})")
    run_notebooks.run(paths.notebooks(), dataset=str(three_people), settings={}, demanded={})
    copy = json.loads((outputs / "three-people" / "notebooks" / "01_x.ipynb").read_text())
    (text,) = ["".join(output["text"]) for cell in copy["cells"] for output in cell["outputs"]]
    place = home if home == "/" else "~"
    assert text == f"1/2 https://host/x three people/a.png {three_people}s {place}/y \\n {home}-old\n"
    assert copy["metadata"]["papermill"]["parameters"] == {"dataset": "three people"}
