import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from fer_utils.cli import main
from fer_utils.common import paths
from fer_utils.common.errors import ParameterError
from fer_utils.publishing import executed_copies, run_notebooks


def fer(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "fer_utils", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
    )


def test_help_teaches_and_needs_no_tensorflow(tmp_path):
    code = (
        "import sys, fer_utils.cli; from click.testing import CliRunner; "
        "print(CliRunner().invoke(fer_utils.cli.main, ['run', '--help']).output); print('tensorflow' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "--budget" in found.stdout
    assert found.stdout.strip().endswith("False")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--dataset", "yail"], "no data set named"),
        (["run", "07_dreams"], "no notebook '07_dreams'"),
        (["run", "-p", "bugdet", "quick"], "no notebook has a parameter 'bugdet'"),
        (["run", "-p", "unreadable", "maybe"], "unreadable must be"),
        (
            ["run", "--dataset", "anna/faces", "--dataset", "ben/faces"],
            "two of the data sets would go to outputs/faces",
        ),
    ],
)
def test_bad_words_are_refused_before_anything_runs(arguments, message, outputs, tmp_path):
    found = fer(*arguments, cwd=tmp_path)
    assert found.returncode == 1
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert not outputs.exists()


def test_bad_file_stops_before_anything_runs(three_people, outputs):
    (three_people / "subject01.wink").write_bytes(b"broken")
    found = fer("run", "01", "--dataset", str(three_people))
    assert found.returncode == 1
    assert "subject01.wink" in found.stderr
    assert "Traceback" not in found.stderr
    assert not outputs.exists()


def test_outputs_that_cannot_be_written(three_people, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FER_OUTPUT_DIR", str(tmp_path / "file"))
    found = fer("run", "01", "--dataset", str(three_people))
    assert found.returncode == 1
    assert "cannot write" in found.stderr
    assert "Traceback" not in found.stderr


def test_list_shows_parameters():
    found = CliRunner().invoke(main, ["list"])
    assert found.exit_code == 0
    assert "01_data_cleaning" in found.output
    assert "quick, standard, or auto" in found.output


def test_failing_notebook_names_its_cell_and_keeps_its_copy(three_people, outputs, tmp_path, monkeypatch):
    import nbformat

    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    parameters = nbformat.v4.new_code_cell('dataset: str = "sample"  # the data', metadata={"tags": ["parameters"]})
    broken = nbformat.v4.new_code_cell("print('before')\n1 / 0")
    notebook.cells = [parameters, broken, nbformat.v4.new_code_cell("print('after')")]
    nbformat.write(notebook, tmp_path / "09_broken.ipynb")
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    with pytest.raises(run_notebooks.NotebookError, match=r"(?s)09_broken: cell 2 failed.*1 / 0.*ZeroDivisionError"):
        run_notebooks.run(paths.notebooks(), dataset=str(three_people), settings={}, demanded={})
    copy = (outputs / "three-people" / "notebooks" / "09_broken.ipynb").read_text()
    assert "before" in copy
    assert "ZeroDivisionError" in copy
    assert str(paths.PROJECT) not in copy
    noted = json.loads((outputs / "three-people" / "notebooks" / "executed.json").read_text())["09_broken"]
    assert "ZeroDivisionError" in noted["failure"]
    assert [page.failure for page in executed_copies.read(str(three_people))] == [noted["failure"]]


def test_notebooks_by_number_and_name():
    assert [path.stem for path in paths.notebooks(["03", "01_data_cleaning.ipynb"])] == [
        "01_data_cleaning",
        "03_model_comparison",
    ]
    with pytest.raises(ParameterError, match="no notebook"):
        paths.notebooks(["1"])
