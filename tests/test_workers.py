"""Interrupted, killed, side by side, out of space: records are whole or absent, and the next call completes them."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import small_experiment

from fer_utils.engine.recipe import Recipe
from fer_utils.engine.record import Record
from fer_utils.experiments import workers

RUNS = 24  # eight subjects, three seeds

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")


def start(*, largest_file: int | None = None) -> subprocess.Popen:
    """Train the small experiment in a process group of its own, as a terminal would."""

    def prepare() -> None:
        small_experiment.heed_interrupts()
        if largest_file:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.Popen(
        [sys.executable, small_experiment.__file__, "--imagined"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=prepare,
    )


def finish(process: subprocess.Popen) -> tuple[int, str]:
    errors = process.communicate()[1]
    return process.returncode, errors


def kept(outputs: Path) -> dict[str, bytes]:
    """Records on disk by name, each proven whole; temporary files of killed processes begin with a dot."""
    found = {path.name: path.read_bytes() for path in (outputs / small_experiment.NAME / "runs").glob("[!.]*")}
    for content in found.values():
        Record.from_bytes(content)
    return found


def wait_for_records(outputs: Path, process: subprocess.Popen, count: int) -> None:
    while len(list((outputs / small_experiment.NAME / "runs").glob("[!.]*"))) < count:
        assert process.poll() is None, "ended before it was interrupted"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, bytes]:
    """The records of a call that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_OUTPUT_DIR", str(folder))
        assert finish(start())[0] == 0
    records = kept(folder)
    assert len(records) == RUNS
    return records


def test_interrupt_stops_all_processes_and_keeps_what_is_finished(outputs, undisturbed, monkeypatch):
    monkeypatch.setenv(small_experiment.LATER_SECONDS, "5")
    process = start()
    wait_for_records(outputs, process, 8)  # those of the first seed: both workers are up by then
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    code, errors = finish(process)
    assert code == 130
    assert "Traceback" not in errors
    assert not psutil.wait_procs(family, timeout=60)[1]
    records = kept(outputs)
    assert 8 <= len(records) < RUNS
    assert records.items() < undisturbed.items()


def test_workers_end_with_a_killed_parent(outputs):
    process = start()
    wait_for_records(outputs, process, 1)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    finish(process)
    assert not psutil.wait_procs(family, timeout=60)[1]


def test_kill_at_any_moment_leaves_whole_records_and_the_next_call_completes_them(outputs, undisturbed):
    moments = random.Random()
    for enough in (1, 8, 15):
        process = start()
        wait_for_records(outputs, process, enough)
        time.sleep(moments.uniform(0, 0.1))
        os.killpg(process.pid, signal.SIGKILL)
        finish(process)
        assert kept(outputs).items() <= undisturbed.items()
    assert finish(start())[0] == 0
    assert kept(outputs) == undisturbed


def test_training_leaves_no_temporary_files(outputs, monkeypatch):
    options = ["--subjects", "2", "--epochs", "1"]
    with tempfile.TemporaryDirectory() as temporary:  # a short path: a socket's is limited to some hundred characters
        monkeypatch.setenv("TMPDIR", temporary)
        done = subprocess.run([sys.executable, small_experiment.__file__, *options], check=False, capture_output=True)
        assert done.returncode == 0, done.stderr
        assert len(kept(outputs)) == 6  # two subjects, three seeds
        assert not os.listdir(temporary)


def test_two_calls_at_once_leave_the_same_bytes(outputs, undisturbed):
    calls = [start(), start()]
    assert [finish(call)[0] for call in calls] == [0, 0]
    assert kept(outputs) == undisturbed


def test_a_full_disk_is_told_and_spoils_nothing(outputs, undisturbed):
    code, errors = finish(start(largest_file=100_000))  # half a record
    assert code == 1
    assert "cannot write" in errors
    assert "Free some space" in errors
    assert "Traceback" not in errors
    assert [path.name for path in (outputs / small_experiment.NAME / "runs").iterdir()] == []
    assert finish(start())[0] == 0
    assert kept(outputs) == undisturbed


def test_a_folder_that_cannot_be_written_is_told(outputs):
    outputs.mkdir()
    (outputs / small_experiment.NAME).write_text("a file where a folder should be")
    code, errors = finish(start())
    assert code == 1
    assert "cannot write" in errors
    assert "FER_OUTPUT_DIR" in errors
    assert "Traceback" not in errors


def test_no_word_of_retracing_when_a_worker_trains_many_networks(tiny_fold, capfd):
    """Each is traced once; TensorFlow took them for one function, and warned from the fifth on."""
    recipes = [Recipe("baseline", epochs=1, learning_rate=rate / 1000) for rate in range(1, 8)]
    records: dict[int, Record] = {}
    tasks = [workers.Task(tiny_fold, recipe, seed=1, keep_weights=False) for recipe in recipes]
    workers.run(tasks, jobs=1, on_record=records.__setitem__)
    assert len(records) == len(recipes)
    said = capfd.readouterr().err
    assert "7 of 7 runs" in said  # what the worker says would be here
    assert "retracing" not in said
