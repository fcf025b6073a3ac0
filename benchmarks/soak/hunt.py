"""What all parts of the hunt share: trials bounded in number and time, counts, and findings that can be repeated."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from fer_utils.common import files, progress

HEADER = "name,value,unit"


class Hunt:
    """The trials of one part.

    Args:
        name: of the part; its counts begin with it.
        random_seed: of all draws; each trial has its own stream, so that one can be repeated without those before it.
        most: how many trials.
        seconds: after these no further trial begins.
        folder: to work in; thrown away by the caller.
    """

    def __init__(self, name: str, *, random_seed: int, most: int, seconds: float, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.most = most
        self.counts: dict[str, int] = {name: 0}
        self._seed, self._until = random_seed, time.monotonic() + seconds
        self._trial = 0

    def expect(self, *kinds: str) -> None:
        """Name the kinds of findings, so that a hunt that finds none says 0."""
        self.counts |= {kind: self.counts.get(kind, 0) for kind in (f"{self.name}_{kind}" for kind in kinds)}

    def trials(self) -> Iterator[random.Random]:
        """The random numbers of each trial; a bar shows the remaining time, of trials and of the part."""
        with progress.bar(range(self.most), self.name, unit="trial") as bar:
            for self._trial in bar:
                if time.monotonic() >= self._until:
                    break
                yield random.Random(f"{self._seed} {self.name} {self._trial}")
                self.counts[self.name] += 1
                bar.set_postfix_str(f"at most {max(0, self._until - time.monotonic()):.0f} s")

    def found(self, kind: str, words: str) -> None:
        """Count a finding, and say which trial made it."""
        name = f"{self.name}_{kind}"
        self.counts[name] = self.counts.get(name, 0) + 1
        progress.say(f"{name}, trial {self._trial}: {words}")

    def count(self, name: str, amount: int) -> None:
        """Add to a count that does not begin with the part's name."""
        self.counts[name] = self.counts.get(name, 0) + amount


def merged(path: Path, counts: dict[str, int]) -> str:
    """The table at `path` as text, with these counts instead of earlier ones of their names."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:] if path.is_file() else []
    rows = {line.partition(",")[0]: line for line in lines}
    rows |= {name: f"{name},{value},{_unit(name)}" for name, value in counts.items()}
    return "\n".join([HEADER, *rows.values()]) + "\n"


def keep(path: Path, counts: dict[str, int]) -> None:
    """Put counts into the table at `path`, atomically."""
    files.write(path, merged(path, counts))


def _unit(name: str) -> str:
    for ending, unit in (
        ("_lost_records", "records"),
        ("_run", "scripts"),
        ("_wrong", "results"),
        ("_tracebacks", "tracebacks"),
    ):
        if name.endswith(ending):
            return unit
    return "trials"
