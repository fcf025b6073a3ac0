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


def test_checked_json_says_when_it_is_not_what_was_written(tmp_path):
    path = tmp_path / "origin.json"
    content = {"model": "a", "places": (1, 2.5), "é": None}
    files.write_checked_json(path, content)
    assert files.read_checked_json(path) == {"model": "a", "places": [1, 2.5], "é": None}
    path.write_text(path.read_text().replace("2.5", "2.6"))
    with pytest.raises(ValueError, match="checksum"):
        files.read_checked_json(path)
    for damaged in ("[1]", "{", ""):
        path.write_text(damaged)
        with pytest.raises(ValueError):
            files.read_checked_json(path)
    path.write_text('{"model": "old"}')
    assert files.read_checked_json(path) == {"model": "old"}


def test_what_killed_processes_left_is_removed_after_a_day(tmp_path):
    with files.replacing(tmp_path / "a.npz") as temporary:
        (tmp_path / temporary.name.replace("a.npz", "old.npz")).write_text("half")
        names = {path.name for path in tmp_path.iterdir()}
    (tmp_path / ".hidden by the user").write_text("")
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    with files.replacing(tmp_path / "b.npz") as at_work:
        files.require_writable(tmp_path)
        assert at_work.exists()
        assert len(names) == 2
        assert {path.name for path in tmp_path.iterdir()} == {"a.npz", ".hidden by the user", at_work.name}


def test_a_name_that_is_no_utf8_is_told(tmp_path):
    name = os.fsdecode("caf\u00e9".encode("latin-1"))
    for write in (files.write, files.write_json):
        with pytest.raises(OutputError, match=r"cannot write .*scores\.csv: .*caf\\udce9.* Rename the file"):
            write(tmp_path / "scores.csv", f"image {name}")
    assert list(tmp_path.iterdir()) == []


def test_lines_with_checksums_tell_torn_and_changed_ones(tmp_path):
    path = tmp_path / "new" / "lines.jsonl"
    files.append_checked_lines(path, [[1, "é"]])
    files.append_checked_lines(path, [{"a": 2.5}, None])
    assert files.read_checked_lines(path) == ([[1, "é"], {"a": 2.5}, None], True)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert files.read_checked_lines(path) == ([[1, "é"], {"a": 2.5}], False)
    path.write_bytes(content.replace(b"2.5", b"2.6"))
    assert files.read_checked_lines(path) == ([[1, "é"], None], False)
    files.write_checked_lines(path, [[1, "é"], {"a": 2.5}, None])
    assert path.read_bytes() == content
