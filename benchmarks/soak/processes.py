"""Child processes that are started to be killed, and what they leave."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fer_utils.common import paths
from fer_utils.engine.record import Record

TESTS = paths.PROJECT / "tests"
EXPERIMENT = TESTS / "small_experiment.py"
NOISE = "noise"  # its data set
PATIENCE = 300  # seconds after which a process counts as hanging


def start(
    command: Sequence[object], *, outputs: Path, largest_file: int | None = None, **environment: str
) -> subprocess.Popen:
    """Start Python in a process group of its own, as a terminal would.

    Args:
        command: arguments of Python.
        outputs: FER_OUTPUT_DIR.
        largest_file: bytes that no file of the process can outgrow.
        environment: further variables.
    """

    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    ours = {"FER_OUTPUT_DIR": str(outputs), "PYTHONPATH": str(paths.PROJECT), "DASK_SCHEDULER_ADDRESS": ""}
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        cwd=paths.PROJECT,
        env=os.environ | ours | environment,
        preexec_fn=limit if largest_file else None,
    )


def forked(target: Callable[..., None], *arguments: object) -> multiprocessing.Process:
    """Start a function of a module in a process that has the module's imports already: a kill then meets its work.

    It is forked from a server that has done nothing but import, never from the hunt, whose threads it would lack.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([target.__module__])
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """The exit status and what was said on standard error; a process that hangs is killed, with a status of its own."""
    try:
        said = process.communicate(timeout=PATIENCE)[1]
    except subprocess.TimeoutExpired:
        kill(process)
        return -1, "it hung"
    return process.returncode, said


def kill(process: subprocess.Popen) -> None:
    """SIGKILL a process with its children, as a machine that loses its power does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def kill_after(process: subprocess.Popen, seconds: float) -> None:
    """Kill it after a while, or as soon as it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        time.sleep(min(0.005, max(0, until - time.monotonic())))
    kill(process)


def training(*, imagined: bool) -> list[object]:
    """The arguments of a small `loso` run on noise: 24 records without TensorFlow, or 6 with it."""
    return [EXPERIMENT, *(["--imagined"] if imagined else ["--subjects", "2", "--epochs", "1"])]


def results(folder: Path, *, without: Sequence[str] = ("executed.json",)) -> dict[str, bytes]:
    """All files below a folder by name; what begins with a dot was never finished, and counts as nothing."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.name not in without
    }


def records(outputs: Path) -> dict[str, bytes]:
    """The records of the small experiment.

    Raises:
        OutputError: one of them is not whole.
    """
    found = results(outputs / NOISE / "runs")
    for content in found.values():
        Record.from_bytes(content)
    return found


def differences(found: Mapping[str, bytes], wanted: Mapping[str, bytes], *, all_there: bool = True) -> list[str]:
    """What of `found` is not as wanted, in words; with `all_there` what is missing too."""
    said = [f"{name} is not expected" for name in found.keys() - wanted.keys()]
    said += [f"{name} differs" for name in found.keys() & wanted.keys() if found[name] != wanted[name]]
    return sorted(said + [f"{name} is missing" for name in wanted.keys() - found.keys() if all_there])
