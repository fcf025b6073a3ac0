"""Processes on this machine to compute in: one thread to each."""

import contextlib
import itertools
import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

import psutil

from fer_utils.common import files, keras_setup

Item, Result = TypeVar("Item"), TypeVar("Result")
_WORTH_STARTING = 3.0  # seconds of work on one core; with less, starting processes takes about as long as they save
_CHUNK = 0.1  # seconds of work that a process is given in one go


@contextlib.contextmanager
def running(count: int) -> Iterator[Executor]:
    """Processes to compute in, one thread to each; they end with the block, and with this process even by SIGKILL."""
    from loky import get_reusable_executor

    # That a worker is renewed when it has grown (each network traced leaves some memory behind) is meant, and no leak.
    warnings.filterwarnings("ignore", "A worker was restarted", category=UserWarning)
    with files.scratch() as scratch:
        executor = get_reusable_executor(
            max_workers=count,
            env=keras_setup.worker_environment() | scratch,
            timeout=60,
            reuse=False,
            initializer=obey,
            initargs=(os.getpid(),),
        )
        try:
            yield executor
        finally:
            executor.shutdown(wait=True, kill_workers=True)


def obey(parent: int) -> None:
    """Called in a new process: leave Ctrl-C to its parent, and end when that has ended, even by SIGKILL."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent and psutil.pid_exists(parent):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def mapped(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    seconds: Callable[[Item], float],
    jobs: int | None = None,
) -> Iterator[Result]:
    """A function's results for some items, in their order; much work is done in processes, which begin at once.

    Items are taken as they are needed, a few ahead, so that they need not all lie in memory.

    Args:
        function: importable by its name, or a `functools.partial` of such; the result must not depend on where it runs.
        seconds: about how long an item takes on one core.
        jobs: processes; as many as cores unless given, and none where starting them would take longer than the work.
    """
    items, ahead = iter(items), []
    if jobs is None:
        jobs, known = os.cpu_count() or 1, 0.0
        while jobs > 1 and known < _WORTH_STARTING:
            fresh = list(itertools.islice(items, 1))
            ahead += fresh
            known += seconds(fresh[0]) if fresh else 0
            jobs = jobs if fresh else 1
    chosen = itertools.chain(ahead, items)
    if jobs == 1:
        return map(function, chosen)
    results = _in_processes(function, _chunks(chosen, seconds), jobs)
    next(results)
    return results


def _in_processes(function: Callable, chunks: Iterator[list], jobs: int) -> Iterator:
    """None once the processes have work, then the results."""
    with running(jobs) as executor:
        first = [executor.submit(_each, function, chunk) for chunk in itertools.islice(chunks, 2 * jobs)]
        waiting: deque[Future] = deque(first)
        yield None
        while waiting:
            found = waiting.popleft().result()
            waiting.extend(executor.submit(_each, function, chunk) for chunk in itertools.islice(chunks, 1))
            yield from found


def _chunks(items: Iterable, seconds: Callable) -> Iterator[list]:
    chunk, known = [], 0.0
    for item in items:
        chunk.append(item)
        known += seconds(item)
        if known >= _CHUNK:
            yield chunk
            chunk, known = [], 0.0
    if chunk:
        yield chunk


def _each(function: Callable, items: list) -> list:
    return [function(item) for item in items]
