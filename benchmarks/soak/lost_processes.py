"""Kernels of notebooks and workers of a cluster that are killed while others go on."""

import contextlib
import json
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.soak import processes, undisturbed
from benchmarks.soak.hunt import Hunt

_SCHEDULED = [processes.EXPERIMENT, "--subjects", "3", "--epochs", "30"]


def kernel_killed(hunt: Hunt) -> None:
    """The kernel of `fer run` dies: one line says so, and the next call completes all."""
    hunt.expect("tracebacks", "wrong")
    call = undisturbed.notebook()
    for chance in hunt.trials():
        outputs = call.fresh(hunt.folder / "outputs")
        process = processes.start(call.command, outputs=outputs)
        killed = _kill_kernel(process, wait=chance.uniform(0, call.seconds))
        status, said = processes.finish(process)
        if "Traceback" in said:
            hunt.found("tracebacks", said[-800:])
        lines = [line for line in said.splitlines() if line.startswith("fer: ")]
        # Killed as its work was done, it may have given everything already.
        if killed and status == 0:
            for words in processes.differences(processes.results(outputs), call.results):
                hunt.found("wrong", f"ended well after its kernel was killed, and {words}")
        elif killed and (status != 1 or len(lines) != 1 or "kernel died" not in lines[0]):
            hunt.found("wrong", f"ended with {status}: {said[-500:]}")
        for words in call.again(outputs):
            hunt.found("wrong", words)


def _kill_kernel(process: subprocess.Popen, *, wait: float) -> bool:
    """Kill a kernel of a process, some time after it was started; whether there was one."""
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            for each in psutil.Process(process.pid).children(recursive=True):
                if "ipykernel_launcher" in " ".join(each.cmdline()):
                    time.sleep(wait)
                    each.kill()
                    return True
        time.sleep(0.02)
    return False


def worker_killed(hunt: Hunt) -> None:
    """One of two Dask workers dies: its runs are trained by the other, and every byte is the same."""
    hunt.expect("tracebacks", "wrong")
    call = undisturbed.made(_SCHEDULED)
    with _cluster() as (address, workers):
        for chance in hunt.trials():
            outputs = call.fresh(hunt.folder / "outputs")
            process = processes.start([*_SCHEDULED, "--scheduler", address], outputs=outputs)
            time.sleep(chance.uniform(0, call.seconds))
            name = chance.choice(sorted(workers))
            processes.kill(workers[name])
            status, said = processes.finish(process)
            if "Traceback" in said:
                hunt.found("tracebacks", said[-800:])
            if status:
                hunt.found("wrong", f"ended with {status}: {said[-500:]}")
            for words in processes.differences(processes.results(outputs), call.results):
                hunt.found("wrong", words)
            workers[name] = _worker(address, name)


@contextlib.contextmanager
def _cluster() -> Iterator[tuple[str, dict[str, subprocess.Popen]]]:
    """The address of a scheduler on this machine, and its two workers by name."""
    folder = Path(tempfile.mkdtemp())
    note = folder / "scheduler.json"
    scheduler = _dask("scheduler", "--host", "127.0.0.1", "--port", 0, "--scheduler-file", note)
    workers: dict[str, subprocess.Popen] = {}
    try:
        while not note.exists():
            if scheduler.poll() is not None:
                raise SystemExit(f"the Dask scheduler did not start: {processes.finish(scheduler)[1][-500:]}")
            time.sleep(0.05)
        address = json.loads(note.read_text())["address"]
        workers |= {name: _worker(address, name) for name in ("first", "second")}
        yield address, workers
    finally:
        for process in [*workers.values(), scheduler]:
            processes.kill(process)
        shutil.rmtree(folder, ignore_errors=True)


def _worker(address: str, name: str) -> subprocess.Popen:
    folder = Path(tempfile.gettempdir()) / f"workers-{random.getrandbits(32):x}"
    started = _dask("worker", address, "--name", f"{name}-{folder.name}", "--nthreads", 1, "--local-directory", folder)
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(1)  # a call with none at all would be refused
    return started


def _dask(*arguments: object) -> subprocess.Popen:
    command = ["-m", "dask", *arguments, "--no-dashboard"]
    return processes.start(command, outputs=Path(tempfile.gettempdir()), DASK_LOGGING__DISTRIBUTED="critical")
