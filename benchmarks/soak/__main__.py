"""The command: `python -m benchmarks.soak`, or `make soak`."""

import contextlib
import importlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import util
from pathlib import Path

import click

from benchmarks.soak import hunt as hunts
from benchmarks.soak.hunt import Hunt
from fer_utils.common import paths, progress

TABLE = paths.PROJECT / "benchmarks" / "reliability.csv"
MODULES = {  # part: its module, trials in a full hunt, share of the time
    "damaged_images": ("damaged_images", 2500, 4),
    "damaged_results": ("damaged_results", 600, 6),
    "hostile_names": ("hostile_names", 110, 3),
    "full_disk": ("surroundings", 12, 3),
    "concurrent_runs": ("surroundings", 12, 4),
    "kernel_killed": ("lost_processes", 12, 8),
    "worker_killed": ("lost_processes", 12, 8),
    "kills": ("kills", 120, 14),
}


def part(name: str, *, random_seed: int, most: int, seconds: float) -> dict[str, int]:
    """Hunt for one kind of trouble.

    Args:
        name: in `MODULES`.
        most: trials at most.
        seconds: after which no further trial begins.

    Returns:
        Counts by name. A part that cannot run here says so, and gives none.
    """
    module = importlib.import_module(f"benchmarks.soak.{MODULES[name][0]}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        hunt = Hunt(name, random_seed=random_seed, most=most, seconds=seconds, folder=Path(folder))
        try:
            getattr(module, "run" if module.__name__.endswith(name) else name)(hunt)
        except KeyboardInterrupt:
            progress.say(f"{name} was stopped")
            if hunt.counts[name]:
                hunts.keep(TABLE, hunt.counts)
            raise
        return hunt.counts if hunt.counts[name] else {}


@contextlib.contextmanager
def thrown_away() -> Iterator[None]:
    """Temporary files of this process and its children in a folder of their own: what killed ones leave behind goes with it."""
    util.get_temp_dir()  # that of multiprocessing, which removes it itself in the end, after ours is gone
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="fer-soak-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"], tempfile.tempdir = folder, None
        try:
            yield
        finally:
            tempfile.tempdir = None
            os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--minutes", default=40.0, show_default=True, type=click.FloatRange(min=0.1), help="Time for all parts.")
@click.option("--only", "chosen", multiple=True, type=click.Choice(list(MODULES)), help="A part; several may be given.")
@click.option(
    "--seed", "random_seed", type=int, show_default="drawn, and printed", help="Random seed, to repeat a hunt."
)
def main(minutes: float, chosen: tuple[str, ...], random_seed: int | None) -> None:
    r"""Hunt for results that are lost or silently wrong, and write the counts to benchmarks/reliability.csv.

    \b
    kills            SIGKILL at random moments of a training, a notebook, and writing; then the call is made again
    damaged_images   image files of every format, damaged at random, read as own faces and as photos
    damaged_results  records, archive, tables, figures, caches and weights, damaged at random, then read
    full_disk        trainings and tables on a disk that runs full
    concurrent_runs  two calls at once on one outputs folder
    worker_killed    one of two Dask workers is killed
    kernel_killed    the kernel of `fer run` is killed
    hostile_names    names of files, classes and data sets that try to run scripts, in the report in Chromium

    Each finding is one line with the number of its trial; counts that end in _wrong, _tracebacks, _lost_records and scripts_run
    should be 0, and the exit status says so. The table is written after every part: a stopped hunt keeps what is done.
    Time that a part does not need goes to those after it.

    \b
    Examples:
      python -m benchmarks.soak --minutes 40
      python -m benchmarks.soak --only damaged_images --minutes 5 --seed 7
    """
    random_seed = random.SystemRandom().randrange(10**6) if random_seed is None else random_seed
    names = [name for name in MODULES if not chosen or name in chosen]
    progress.say(
        f"random seed {random_seed} (repeat with --seed {random_seed}); {minutes:g} minutes for {len(names)} parts"
    )
    until = time.monotonic() + 60 * minutes
    total: dict[str, int] = {}
    with thrown_away():
        for number, name in enumerate(names):
            shares = [MODULES[each][2] for each in names[number:]]
            seconds = max(0.0, until - time.monotonic()) * shares[0] / sum(shares)
            counts = part(name, random_seed=random_seed, most=MODULES[name][1], seconds=seconds)
            hunts.keep(TABLE, counts)
            total |= counts
    progress.result("\n".join(f"{name:<32}{value:>6}" for name, value in total.items()))
    sys.exit(any(value for name, value in total.items() if name not in MODULES))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.soak")
