"""`fer inspect`: what would be read of a folder, before anything trains."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fer_utils.cli import main
from fer_utils.common import paths


def inspect(*arguments: object) -> list[str]:
    found = CliRunner().invoke(main, ["inspect", *map(str, arguments)])
    assert found.exit_code == 0, found.output
    return found.output.splitlines()


@pytest.fixture
def faces(tmp_path) -> Path:
    """Two expressions of two people, in a folder for each expression, named by numbers."""
    for person in (1, 2):
        for expression in ("happy", "sad"):
            target = tmp_path / "own" / expression / f"{person}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(paths.SAMPLE / f"subject{person:02}.{expression}", target)
    return tmp_path / "own"


def test_the_sample_is_told_and_nothing_is_written(outputs):
    lines = inspect("sample")
    assert lines[0] == (
        "Layout: yale, because 165 of its 165 images are named subjectNN.expression, such as subject01.centerlight."
    )
    assert lines[1] == (
        "Read: 90 images, 15 people, 6 expressions; 75 more images show a light or glasses, and no expression."
    )
    assert "Sizes: 320x243 (165)." in lines
    assert any("under two classes" in line and "subject11.normal = subject11.sad" in line for line in lines)
    assert lines[-1] == "Next: fer run --dataset sample"
    assert not outputs.exists()


def test_people_by_expressions_what_is_left_out_and_copies(faces):
    for path in list(faces.glob("*/*.png")):
        path.rename(path.with_name(f"subject0{path.name}"))
    shutil.copy(faces / "happy" / "subject01.png", faces / "sad" / "subject01.png")
    (faces / "note.txt").write_text("text")
    lines = inspect(faces)
    assert lines[1] == "Read: 4 images, 2 people, 2 expressions."
    cells = [line.split() for line in lines]
    assert ["person", "happy", "sad"] in cells
    assert ["subject01", "1", "1"] in cells
    assert ["all", "2", "2"] in cells
    assert "  not an image (.txt): note.txt" in lines
    assert (
        "  1 picture stands there several times under two classes, so that one of them is wrong: "
        "happy/subject01.png = sad/subject01.png."
    ) in lines
    assert lines[-1] == f"Next: fer run --dataset {faces}"


def test_the_command_to_run_goes_on_where_a_run_would_stop(faces):
    """A name without a person is left out here, and stops a run that is not told to skip it."""
    for path in list(faces.glob("*/*.png")):
        path.rename(path.with_name(f"subject0{path.name}"))
    shutil.copy(faces / "happy" / "subject01.png", faces / "happy" / "unknown.png")
    lines = inspect(faces)
    assert "  no subject in the file name: happy/unknown.png" in lines
    assert lines[-1] == f"Next: fer run --dataset {faces} -p unreadable skip"


def test_nobody_known_and_a_pattern_that_tells_who(faces):
    lines = inspect(faces)
    assert lines[1] == "Read: 4 images, nobody knows who is shown, 2 expressions."
    assert f"Next: fer run --dataset {faces} -p random_split True" in lines
    assert "every figure is marked as leaking" in lines[-1]
    lines = inspect(faces, "--subject-pattern", r"(\d)", "--layout", "class-folders")
    assert lines[0].startswith("Layout: class-folders, because you said so; ")
    assert lines[1] == "Read: 4 images, 2 people, 2 expressions."
    assert lines[-1] == rf"Next: fer run --dataset {faces} --layout class-folders -p subject_pattern '(\d)'"


def test_one_person_in_each_class_is_doubtful(faces):
    (faces / "happy" / "2.png").unlink()
    (faces / "sad" / "1.png").unlink()
    lines = inspect(faces, "--subject-pattern", r"(\d)")
    assert "  Each class shows one person alone: are the folders people, and not expressions?" in lines
    assert "  2 of 2 people show one class alone: 1 and 2." in lines


def test_further_columns_of_a_table_are_shown(faces):
    rows = [f"{word}/{person}.png,anna{person},{word},{20 + person}" for person in (1, 2) for word in ("happy", "sad")]
    (faces / "faces.csv").write_text("\n".join(["file,subject,expression,age", *rows]) + "\n")
    lines = inspect(faces)
    assert lines[0].startswith(
        "Layout: faces.csv, because the table faces.csv lies in it (4 rows; further columns: age"
    )
    assert "Further columns: age." in lines
    assert "happy/1.png anna1 happy age 21" in [" ".join(line.split()) for line in lines]


def test_what_cannot_be_inspected_is_named(faces):
    for arguments, message in (
        ([str(faces), "--layout", "kdeff"], "no layout named 'kdeff'"),
        ([str(faces / "none")], "no data set named"),
        ([str(faces), "--last-frames", "0"], "--last-frames"),
    ):
        found = CliRunner().invoke(main, ["inspect", *arguments])
        assert found.exit_code != 0
        assert message in found.output
        assert "Traceback" not in found.output


def test_it_needs_no_tensorflow(faces):
    code = (
        "import sys, fer_utils.cli; from click.testing import CliRunner; "
        f"print(CliRunner().invoke(fer_utils.cli.main, ['inspect', {str(faces)!r}]).output); "
        "print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Read: 4 images" in found.stdout
    assert found.stdout.strip().endswith("False")


def test_ck_plus_48_is_told():
    shared = os.environ.get("FER_DATA_DIR")
    if not shared or not (Path(shared) / "ck48").is_dir():
        pytest.skip("CK+ is not here: set FER_DATA_DIR to the folder that holds ck48/")
    lines = inspect(Path(shared) / "ck48")
    assert lines[1] == "Read: 981 images, 118 people, 7 expressions."
    assert "Sizes: 48x48 (981)." in lines
