"""Independent runs in parallel on this machine: one thread to a process, as many processes as cores."""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fer_utils.common import keras_setup, processes, progress
from fer_utils.engine.recipe import Recipe, Variant
from fer_utils.engine.record import Fold, Record

# Multiply-adds of one training image differ; the bar's remaining time counts them (baseline: 1).
_COST = {"baseline": 1.0, "updated": 6.5}
_USUAL_PIXELS = 48**2  # of a training image
_IMAGES_PER_SECOND = 900  # that one core trains `baseline` on, roughly; benchmarks/bench.csv has what was measured


@dataclass(frozen=True, eq=False)
class Task:
    """All that a worker needs for one run."""

    fold: Fold
    recipe: Recipe
    seed: int
    keep_weights: bool

    @property
    def cost(self) -> float:
        """Work of one epoch, see `cost`."""
        return cost(self.recipe, images=len(self.fold.train_labels), pixels=self.fold.train_images[0].size)


def cost(recipe: Recipe, *, images: int, pixels: int) -> float:
    """Work of one epoch, as so many training images of `baseline`.

    Args:
        images: that are trained on.
        pixels: of each.
    """
    filters = recipe.variant.filters / Variant.filters
    return _COST.get(recipe.architecture, 1.0) * pixels / _USUAL_PIXELS * filters * images


def minutes(work: float, *, jobs: int) -> float:
    """About how long so much work takes (sum of `cost` over epochs), as the plan of a long training says it.

    Args:
        jobs: processes; 0 means as many as cores.
    """
    return work / _IMAGES_PER_SECOND / min(jobs or os.cpu_count() or 1, os.cpu_count() or 1) / 60


def run(tasks: Sequence[Task], *, jobs: int, on_record: Callable[[int, Record], None]) -> None:
    """Train every task and hand over each record as soon as it is there.

    Args:
        jobs: number of processes; 0 means as many as cores. Results do not depend on it.
        on_record: called in this process with a task's position and its record.

    Raises:
        KeyboardInterrupt: on Ctrl-C, after stopping the workers; records handed over so far are complete.
    """
    if not tasks:
        return
    from multiprocessing.managers import SyncManager

    from loky import as_completed
    from loky.backend import get_context

    order = sorted(range(len(tasks)), key=lambda index: -tasks[index].cost * tasks[index].recipe.epochs)
    jobs = min(jobs or os.cpu_count() or 1, len(tasks))
    manager = SyncManager(ctx=get_context("loky"))
    manager.start(processes.obey, (os.getpid(),))
    with manager, processes.running(jobs) as executor:
        reports = manager.Queue()
        with Bar(tasks, reports) as bar:
            futures = {executor.submit(_train, index, tasks[index], reports): index for index in order}
            for done, future in enumerate(as_completed(futures), start=1):
                on_record(futures[future], future.result())
                bar.runs_done(done)


def _train(index: int, task: Task, reports) -> Record:
    keras_setup.import_keras()
    from fer_utils.engine import train

    return train.train(
        task.fold,
        task.recipe,
        seed=task.seed,
        keep_weights=task.keep_weights,
        on_epochs=lambda count: reports.put(count * task.cost),
    )


class Bar:
    """One progress bar over all runs, fed by the workers."""

    def __init__(self, tasks: Sequence[Task], reports: queue.Queue) -> None:
        self._reports = reports
        self._bar = progress.share("training", total=sum(task.cost * task.recipe.epochs for task in tasks))
        self._runs = len(tasks)
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Bar":
        self.runs_done(0)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        with _until_stopped():
            self._reports.put(None)
        self._thread.join()
        self._bar.close()

    def runs_done(self, count: int) -> None:
        """Say how many runs are finished."""
        self._bar.set_postfix_str(f"{count} of {self._runs} runs")

    def _listen(self) -> None:
        with _until_stopped():
            while (amount := self._reports.get()) is not None:
                self._bar.update(amount)


def _until_stopped() -> contextlib.AbstractContextManager:
    """Ends quietly where the manager of the reports is gone: a kernel that shuts down stops it before us."""
    return contextlib.suppress(EOFError, OSError)
