"""A real scheduler and real workers on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import small_experiment
from click.testing import CliRunner

from fer_utils.cli import main
from fer_utils.common import files
from fer_utils.common.errors import ClusterError
from fer_utils.engine.record import Record
from fer_utils.experiments import cluster, connection, identity, recipes, workers
from fer_utils.publishing import run_notebooks

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills process groups")


def dask(*arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "dask", *map(str, arguments), "--no-dashboard"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def kill(process: subprocess.Popen) -> None:
    """End a process and its children, as a machine that loses its power does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler."""
    note = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    process = dask("scheduler", "--host", "127.0.0.1", "--port", 0, "--scheduler-file", note)
    try:
        while not note.exists():
            assert process.poll() is None, "the scheduler did not start"
            time.sleep(0.05)
        yield json.loads(note.read_text())["address"]
    finally:
        kill(process)


@pytest.fixture(scope="module")
def two_workers(scheduler, tmp_path_factory):
    """Two workers by address; tests may kill one."""
    from distributed import Client

    folder = tmp_path_factory.mktemp("workers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_NUM_INTRAOP_THREADS", "2")  # must not matter
        options = ("--nthreads", 1, "--local-directory", folder)
        started = [dask("worker", scheduler, "--name", name, *options) for name in ("first", "second")]
    try:
        with Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(2)
            names = {
                information["name"]: address for address, information in client.scheduler_info()["workers"].items()
            }
        yield {names["first"]: started[0], names["second"]: started[1]}
    finally:
        for process in started:
            kill(process)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(recipes, "EPOCHS", {key: {"baseline": 12, "updated": 1} for key in recipes.EPOCHS})


def train(folder: Path, monkeypatch, **how) -> dict[str, bytes]:
    """Nine runs on noise; the records by file name."""
    monkeypatch.setenv("FER_OUTPUT_DIR", str(folder))
    experiment = small_experiment.make(**how)
    experiment.records(experiment.plan("loso", ["baseline"]))
    return {path.name: path.read_bytes() for path in (folder / small_experiment.NAME / "runs").iterdir()}


def task(seed: int = 1) -> workers.Task:
    experiment = small_experiment.make()
    run = experiment.plan("loso", ["baseline"])[0]
    return workers.Task(experiment.fold(run), run.recipe, seed, keep_weights=False)


def test_other_versions_and_other_code_are_refused_before_anything_trains(scheduler, two_workers, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(identity, "_version", lambda package: "0.1")
        with pytest.raises(
            ClusterError, match=r"(?s)tcp://.*keras is 3.* there and 0\.1 here.*tcp://.*requirements\.txt"
        ):
            cluster.run([task()], scheduler=scheduler, on_record=lambda *_: pytest.fail("trained"))
    with monkeypatch.context() as patch:
        patch.setattr(identity.code_hash, "of_folder", lambda folder: "other code")
        with pytest.raises(ClusterError, match=r"the training code of fer_utils is .* there and .* here"):
            cluster.run([task()], scheduler=scheduler, on_record=lambda *_: pytest.fail("trained"))
        patch.setattr(cluster, "_check", lambda *_: None)  # a worker that came late is refused by the run itself
        with pytest.raises(ClusterError, match=r"the training code of fer_utils is .* there and .* here"):
            cluster.run([task()], scheduler=scheduler, on_record=lambda *_: pytest.fail("trained"))


def test_interrupt_keeps_what_is_finished_and_stops_the_workers(scheduler, two_workers, outputs):
    from distributed import Client

    command = [
        sys.executable,
        small_experiment.__file__,
        "--subjects",
        "3",
        "--epochs",
        "100",
        "--scheduler",
        scheduler,
    ]
    how = {"start_new_session": True, "preexec_fn": small_experiment.heed_interrupts}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **how)
    folder = outputs / small_experiment.NAME / "runs"
    while not list(folder.glob("[!.]*")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    errors = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in errors
    records = [Record.from_bytes(path.read_bytes()) for path in folder.glob("[!.]*")]
    assert 1 <= len(records) < 9
    with Client(scheduler, set_as_default=False) as observer:
        while any(observer.processing().values()):
            time.sleep(0.05)


def test_a_worker_killed_in_the_middle_loses_nothing(scheduler, two_workers, tmp_path, monkeypatch, short):
    from distributed import Client

    lost, write = [], files.write
    with Client(scheduler, set_as_default=False) as observer:

        def write_and_kill(path: Path, content: bytes) -> None:
            write(path, content)
            busy = [address for address, runs in observer.processing().items() if runs]
            if not lost and busy:
                process = two_workers[busy[0]]
                lost.extend(psutil.Process(process.pid).children(recursive=True))
                assert any("fer_utils.experiments.cluster" in each.cmdline() for each in lost), (
                    "the worker was not training"
                )
                kill(process)

        with monkeypatch.context() as patch:
            patch.setattr(files, "write", write_and_kill)
            distant = train(tmp_path / "distant", monkeypatch, scheduler=scheduler)
        assert len(observer.scheduler_info()["workers"]) == 1
    assert not psutil.wait_procs(lost, timeout=60)[1], "processes that trained outlive their worker"
    assert distant == train(tmp_path / "here", monkeypatch, jobs=1)
    assert len(distant) == 9


def test_equal_runs_are_trained_once(scheduler, two_workers, short):
    records = {}
    cluster.run([task(), task(), task(seed=2)], scheduler=scheduler, on_record=records.__setitem__)
    assert records[0] is records[1]
    assert not np.array_equal(records[0].probabilities, records[2].probabilities)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere://here", "tcp://127.0.0.1:port"])
def test_a_scheduler_that_does_not_answer(address, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address}.*dask scheduler"):
        cluster.run([task()], scheduler=address, on_record=lambda *_: None)


def test_records_of_another_processor_serve_the_cluster_and_not_this_machine(monkeypatch, outputs):
    trained = []

    def elsewhere(tasks, *, on_record, **_):
        for index, each in enumerate(tasks):
            trained.append(each)
            made = Record(np.ones((3, 3), np.float32), curves={}, made_by={"processor": "Another Processor"})
            on_record(index, made)

    monkeypatch.setattr(cluster, "run", elsewhere)
    monkeypatch.setattr(workers, "run", elsewhere)
    experiment = small_experiment.make(scheduler="tcp://somewhere:8786")
    run = experiment.plan("loso", ["baseline"])[:1]
    first = experiment.records(run)[0]
    assert first.made_by["processor"] == "Another Processor"
    assert len(trained) == 1
    assert experiment.records(run)[0].to_bytes() == first.to_bytes()
    assert len(trained) == 1
    small_experiment.make().records(run)
    assert len(trained) == 2


def test_the_command_tells_the_notebooks_which_scheduler(three_people, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "")
    told = []
    monkeypatch.setattr(run_notebooks, "run", lambda *_, **__: told.append(small_experiment.make().scheduler))
    arguments = ["run", "03", "--dataset", str(three_people)]
    for more in ([], ["--scheduler", "tcp://somewhere:8786"]):
        assert CliRunner().invoke(main, arguments + more).exit_code == 0
    assert told == ["", "tcp://somewhere:8786"]
