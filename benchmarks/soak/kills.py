"""SIGKILL at random moments of trainings, of a notebook, and of writing; then the call is made again."""

import random
import time
from pathlib import Path

from benchmarks.soak import processes, undisturbed, writing
from benchmarks.soak.hunt import Hunt
from benchmarks.soak.undisturbed import Call

# Of ten kills, how many are of which call; imports of TensorFlow and of notebooks' packages make the others slow.
MIXTURE = (
    "imagined",
    "imagined",
    "imagined",
    "imagined",
    "writing",
    "writing",
    "writing",
    "writing",
    "notebook",
    "real",
)
QUICK = ("imagined", "writing")  # for a hunt of few seconds
WRITING = 3.0  # seconds within which a process that does nothing but write is killed; it writes all in about one
AGAIN = 4  # after so many kills of a call at the latest, it is left alone


def run(hunt: Hunt) -> None:
    """Kill, compare what lies there, and now and then let the next call come to its end and compare everything."""
    hunt.expect("wrong", "lost_records")
    kinds = MIXTURE if hunt.most > len(MIXTURE) else QUICK
    victims: dict[str, _Victim] = {}
    for number, chance in enumerate(hunt.trials()):
        kind = kinds[number % len(kinds)]
        if kind not in victims:
            victims[kind] = _Victim(kind, hunt.folder / kind)
        victims[kind].kill(hunt, chance)
    for victim in victims.values():
        victim.complete(hunt)


class _Victim:
    """A call that is killed again and again on one outputs folder."""

    def __init__(self, kind: str, outputs: Path) -> None:
        self._kind, self._call = kind, _call(kind)
        self._outputs = self._call.fresh(outputs)
        self._kills = 0

    def kill(self, hunt: Hunt, chance: random.Random) -> None:
        before = self._records()
        if self._kind == "writing":
            process = processes.forked(writing.forever, self._outputs)
            time.sleep(chance.uniform(0, WRITING))
            process.kill()
            process.join()
        else:
            process = processes.start(self._call.command, outputs=self._outputs)
            processes.kill_after(process, chance.uniform(0, self._call.seconds))
        self._kills += 1
        found = processes.results(self._outputs)
        for words in processes.differences(found, self._call.results, all_there=False):
            hunt.found("wrong", f"{self._kind}: {words}")
        after = self._records()
        for name, content in before.items():
            if after.get(name) != content:
                hunt.found("lost_records", f"{self._kind}: {name}")
        if self._kills == AGAIN or chance.random() < 0.2:
            self.complete(hunt)

    def complete(self, hunt: Hunt) -> None:
        """Call again, compare, and begin with a folder as it was."""
        if self._kills:
            for words in self._call.again(self._outputs):
                hunt.found("wrong", f"{self._kind}: {words}")
            self._call.fresh(self._outputs)
            self._kills = 0

    def _records(self) -> dict[str, bytes]:
        return {name: content for name, content in processes.results(self._outputs).items() if name.endswith(".npz")}


def _call(kind: str) -> Call:
    if kind in ("imagined", "real"):
        return undisturbed.training(imagined=kind == "imagined")
    return undisturbed.notebook() if kind == "notebook" else undisturbed.writing()
