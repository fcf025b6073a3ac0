"""Calls that nothing happens to: what they leave is what every other call must come to."""

import functools
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak import processes
from fer_utils.common import paths

PEOPLE = 3
EXPRESSIONS = ("happy", "normal", "sad", "sleepy", "surprised", "wink")


@dataclass(frozen=True)
class Call:
    """A command, what it leaves below its outputs folder, and how long it takes.

    Attributes:
        command: arguments of Python.
        results: file name to bytes, below the outputs folder.
        prepared: a folder to copy to the outputs folder before the call; None for an empty one.
        seconds: of the undisturbed call.
    """

    command: list[object]
    results: dict[str, bytes]
    prepared: Path | None
    seconds: float

    def fresh(self, outputs: Path) -> Path:
        """The outputs folder as it is before the call."""
        shutil.rmtree(outputs, ignore_errors=True)
        if self.prepared is None:
            outputs.mkdir(parents=True)
        else:
            shutil.copytree(self.prepared, outputs)
        return outputs

    def again(self, outputs: Path) -> list[str]:
        """Make the call; what it leaves other than an undisturbed one, in words."""
        status, said = processes.finish(processes.start(self.command, outputs=outputs))
        if status:
            return [f"the next call ended with {status}: {said[-500:]}"]
        return processes.differences(processes.results(outputs), self.results)


@functools.cache
def training(*, imagined: bool) -> Call:
    """A small `loso` run."""
    return made(processes.training(imagined=imagined))


@functools.cache
def notebook() -> Call:
    """Notebook 01 on three rendered people, faces found before."""
    faces = Path(tempfile.mkdtemp(prefix="fer-soak-")) / "three"
    faces.mkdir()
    for number in range(1, PEOPLE + 1):
        for expression in EXPRESSIONS:
            shutil.copy(paths.SAMPLE / f"subject{number:02}.{expression}", faces)
    command = ["-m", "fer_utils", "run", "01", "--dataset", faces]
    return made(command, prepared=True)


@functools.cache
def writing() -> Call:
    """Tables and a figure, written once."""
    return made(["-m", "benchmarks.soak.writing"])


def made(command: list[object], *, prepared: bool = False) -> Call:
    """A command made once without disturbance."""
    outputs = Path(tempfile.mkdtemp(prefix="fer-soak-"))
    if prepared:
        _run(command, outputs)
    started = time.monotonic()
    _run(command, outputs)
    seconds = time.monotonic() - started
    found = processes.results(outputs)
    for path in outputs.glob("*/*"):  # all but what is kept from run to run
        if path.name != "runs":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Call(command, found, outputs if prepared else None, seconds)


def _run(command: list[object], outputs: Path) -> None:
    status, said = processes.finish(processes.start(command, outputs=outputs))
    if status:
        raise SystemExit(f"the undisturbed call {command} failed ({status}):\n{said[-2000:]}")
