import shutil

import pytest
from click.testing import CliRunner
from conftest import copy_faces

from fer_utils import notebook
from fer_utils.cli import main
from fer_utils.common import paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import datasets, own_folders


def page(folder) -> notebook.Page:
    return notebook.Page("01_data_cleaning", {"dataset": str(folder)})


@pytest.fixture
def two(tmp_path):
    return [copy_faces(tmp_path / name / "faces", subjects=2) for name in ("a", "b")]


def test_results_of_two_folders_of_one_name_do_not_meet(two, outputs):
    first, second = two
    assert len(page(first).raw)
    assert len(page(first).raw)
    with pytest.raises(ParameterError, match="Rename one of the two, set FER_OUTPUT_DIR") as raised:
        page(second).raw  # noqa: B018
    assert str(first) in str(raised.value)
    assert str(second) in str(raised.value)
    for command in ("run", "report", "check", "archive"):
        found = CliRunner().invoke(main, [command, "--dataset", str(second)])
        assert found.exit_code == 1
        assert "contains the results of another folder of this name" in found.output


def test_a_folder_by_another_path_is_the_same(two, outputs, tmp_path, monkeypatch):
    first, _ = two
    own_folders.claim(str(first))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "faces").symlink_to(first)
    monkeypatch.chdir(first.parent)
    for same in ("faces", "./faces/", str(tmp_path / "c" / "faces")):
        assert datasets.resolved([same])


def test_a_folder_that_was_moved_keeps_its_results(two, outputs):
    first, second = two
    own_folders.claim(str(first))
    shutil.rmtree(second)
    shutil.move(first, second)
    own_folders.claim(str(second))
    assert (outputs / "faces" / own_folders.NOTE).read_text() == str(second)


def test_named_data_sets_leave_no_path_of_this_machine(outputs):
    assert len(page("sample").raw)
    assert not (outputs / "sample" / own_folders.NOTE).exists()


@pytest.mark.parametrize("name", ["photos", "predictions"])
def test_folders_do_not_meet_the_results_of_photos(tmp_path, name):
    assert paths.dataset_name(str(tmp_path / name)) == f"{name}-folder"


def test_a_pattern_that_finds_no_name_finds_no_person(three_people, tmp_path):
    for path in sorted(three_people.iterdir()):
        (tmp_path / "own" / path.suffix[1:]).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "own" / path.suffix[1:] / f"{path.stem}.png")
    with pytest.raises(DatasetError, match="no subject in the file name"):
        datasets.load(tmp_path / "own", subject_pattern="(x)?")
