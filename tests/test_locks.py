"""Two processes at once on one results folder: each finds what the other wrote, and nobody waits for the dead."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_report

from fer_utils.common import locks
from fer_utils.common.errors import OutputError
from fer_utils.data import manifests, own_folders
from fer_utils.experiments import store, tables
from fer_utils.publishing import executed_copies

TESTS = Path(__file__).parent

WRITER = """
import sys
import time
from pathlib import Path

sys.path.insert(0, {tests!r})
import small_report
from fer_utils.experiments import tables

model, other = sys.argv[1:]
rows = small_report.predictions().query("model == 'baseline'").assign(model=model)
origin = small_report.origin_of("03_model_comparison") | {{"code": "c"}}
tables.origins.code_changed = lambda origin: False  # which code it is, is not on trial
here = Path({folder!r})
(here / model).touch()
while not (here / other).exists():
    time.sleep(0.001)
for _ in range(8):
    tables.write("x", rows, origin=origin)
    assert model in set(tables.read("x", "predictions")["model"]), "lost"
"""

HOLDER = """
import sys
import time
from pathlib import Path

from fer_utils.common import locks

with locks.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(outputs):
    """Another process that holds the lock of `outputs / "x"`."""
    command = [sys.executable, "-c", HOLDER, str(outputs / "x")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_two_processes_that_write_one_table_lose_no_rows(outputs, tmp_path):
    script = tmp_path / "writer.py"
    script.write_text(WRITER.format(tests=str(TESTS), folder=str(tmp_path)))
    environment = os.environ | {"PYTHONPATH": str(TESTS.parent)}
    both = [
        subprocess.Popen([sys.executable, script, *names], env=environment, stderr=subprocess.PIPE, text=True)
        for names in (("first", "second"), ("second", "first"))
    ]
    for process in both:
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 0, said
        assert "left out" not in said
    for name in ("predictions", "scores"):
        assert set(tables.read("x", name)["model"]) == {"first", "second"}


def test_a_killed_process_leaves_no_lock(outputs, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    started = time.monotonic()
    with locks.held(outputs / "x"), locks.still(outputs / "x"):
        assert time.monotonic() - started < locks.PATIENCE / 10


def test_who_waits_too_long_is_told(outputs, holder, monkeypatch, capsys):
    monkeypatch.setattr(locks, "_SILENCE", 0.05)
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    for lock in (locks.held, locks.still):
        with pytest.raises(OutputError, match=r"x: another process has held \.lock there"), lock(outputs / "x"):
            pass
    assert "waiting for another process that writes here" in capsys.readouterr().err


CHANGES = {
    "predictions": lambda origin: tables.write("x", small_report.predictions(), origin=origin),
    "manifest": lambda origin: manifests.write("x", "image,sha256\n", data=""),
    "records": lambda origin: store.write("x"),
    "notes": lambda origin: executed_copies.note("x", "03_tables", seconds=1, failure=""),
    "folder": lambda origin: own_folders.claim(str(TESTS.parent / "x")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_several_notebooks_change_waits(outputs, holder, monkeypatch, change):
    monkeypatch.setattr(locks, "_SILENCE", 0.05)
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    with pytest.raises(OutputError, match=r"another process has held \.lock there"):
        CHANGES[change](small_report.origin_of("03_tables"))
    assert [path.name for path in (outputs / "x").iterdir()] == [".lock"]


def test_reading_makes_nothing(outputs):
    (outputs / "x").mkdir(parents=True)
    with locks.still(outputs / "x"):
        pass
    assert list((outputs / "x").iterdir()) == []


def test_a_file_system_without_locks_is_said_and_stops_nothing(outputs, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locks.held(outputs / "x"):
        (outputs / "x" / "result").touch()
    assert "has no locks (No locks available): let one notebook at a time" in capsys.readouterr().err
    with locks.still(outputs / "x"):
        assert (outputs / "x" / "result").exists()


def test_a_folder_that_cannot_be_written_is_named(outputs):
    outputs.mkdir()
    (outputs / "x").touch()
    with (
        pytest.raises(OutputError, match=r"cannot write .*x: .*Earlier results are untouched"),
        locks.held(outputs / "x"),
    ):
        pass
