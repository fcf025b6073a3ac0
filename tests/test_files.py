import os
import stat

import pytest

from fer_utils.common import files
from fer_utils.common.errors import OutputError


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "scores.csv"
    files.write(path, "old")
    with pytest.raises(ZeroDivisionError), files.replacing(path) as temporary:
        temporary.write_text("half")
        1 / 0  # noqa: B018
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["scores.csv"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "outputs").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match=r"cannot write .*outputs"):
        files.write(tmp_path / "outputs" / "scores.csv", "new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="FER_OUTPUT_DIR"):
        files.write(tmp_path / "scores.csv", "new")
