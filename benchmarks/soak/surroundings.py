"""Disks that run full, and two calls at once on one outputs folder."""

import contextlib
import itertools
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.soak import processes, undisturbed
from benchmarks.soak.hunt import Hunt
from benchmarks.soak.undisturbed import Call

_LARGE = 64_000_000  # bytes, more than any of the calls leaves
_RECORD = 200_000  # bytes of an imagined record


def full_disk(hunt: Hunt) -> None:
    """A training, or writing, on a disk too small: one clear message, nothing spoilt; with more room it is completed."""
    hunt.expect("tracebacks", "wrong")
    calls = itertools.cycle((_training, undisturbed.writing, _training))
    for chance in hunt.trials():
        call = next(calls)()
        size = sum(map(len, call.results.values()))
        room = chance.randrange(16_384, max(32_768, int(size * 0.9)))
        with _small_disk(hunt.folder / "disk", room) as (outputs, limits):
            status, said = processes.finish(processes.start(call.command, outputs=outputs, **limits))
            if "Traceback" in said:
                hunt.found("tracebacks", said[-500:])
            if status != 1 or "cannot write" not in said or "Free some space" not in said:
                hunt.found("wrong", f"with {room} bytes it ended with {status}: {said[-300:]}")
            _compare(hunt, call, outputs)
            _enlarge(outputs, limits)
            for words in call.again(outputs):
                hunt.found("wrong", words)


def concurrent_runs(hunt: Hunt) -> None:
    """Two calls at once, the second some time after the first: both end well, and leave what one alone leaves."""
    hunt.expect("wrong")
    calls = itertools.cycle((_training, undisturbed.writing, undisturbed.notebook) if hunt.most > 2 else (_training,))
    for chance in hunt.trials():
        call = next(calls)()
        outputs = call.fresh(hunt.folder / "shared")
        both = []
        for _ in range(2):
            both.append(processes.start(call.command, outputs=outputs))
            time.sleep(chance.uniform(0, call.seconds / 2))
        for status, said in _finished(both):
            if status:
                hunt.found("wrong", f"one of two calls ended with {status}: {said[-500:]}")
        for words in processes.differences(processes.results(outputs), call.results):
            hunt.found("wrong", f"after two calls at once {words}")


def _training() -> Call:
    return undisturbed.training(imagined=True)


def _finished(both: list[subprocess.Popen]) -> list[tuple[int, str]]:
    return [processes.finish(each) for each in both]


def _compare(hunt: Hunt, call: Call, outputs: Path) -> None:
    for words in processes.differences(processes.results(outputs), call.results, all_there=False):
        hunt.found("wrong", f"on a full disk {words}")


@contextlib.contextmanager
def _small_disk(place: Path, room: int) -> Iterator[tuple[Path, dict]]:
    """A folder with so much room, and words for `processes.start`.

    A file system of its own where this process may mount one; else the process gets a limit on the size of a file, which a full
    disk's message comes of as well.
    """
    place.mkdir(exist_ok=True)
    if _mounted(place, f"size={room}"):
        try:
            yield place, {}
        finally:
            subprocess.run(["umount", str(place)], check=True)
    else:
        folder = place / f"{random.getrandbits(64):x}"
        folder.mkdir()
        yield folder, {"largest_file": min(room, _RECORD // 2)}


def _mounted(place: Path, options: str) -> bool:
    if os.name != "posix" or os.geteuid() != 0:
        return False
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False
    )
    return done.returncode == 0


def _enlarge(outputs: Path, limits: dict) -> None:
    if not limits:
        subprocess.run(["mount", "-o", f"remount,size={_LARGE}", str(outputs)], check=True, capture_output=True)
