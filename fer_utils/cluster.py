"""Independent runs on the workers of a Dask cluster: the counterpart of `workers` for more than one machine."""

import contextlib
import json
import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from fer_utils import cluster_worker, identity, workers
from fer_utils.common import files, keras_setup, progress
from fer_utils.common.errors import ClusterError
from fer_utils.engine.record import Record
from fer_utils.workers import Task

CONNECT_SECONDS = 8
_RETRIES = 2  # of a run whose process ended; runs of a worker that is lost are sent to another one by Dask itself


def run(tasks: Sequence[Task], *, scheduler: str, on_record: Callable[[int, Record], None]) -> None:
    """Train every task on the workers of a cluster and hand over each record as soon as it is there.

    Equal tasks are trained once, also those that several callers want at the same time. The caller's recipe, backend and
    number of threads hold, whatever the workers' settings are.

    Args:
        scheduler: address, such as "tcp://host:8786".
        on_record: called in this process with a task's position and its record, whose `made_by` names the kind of
            processor that trained it.

    Raises:
        ClusterError: the scheduler cannot be reached or is lost, a worker has other code or versions, or a run ended
            several workers; records handed over so far are complete, and all else is stopped on the workers.
        KeyboardInterrupt: on Ctrl-C, likewise.
    """
    if not tasks:
        return
    from distributed import as_completed

    ours = identity.here()
    settings = keras_setup.worker_environment() | {"KERAS_BACKEND": keras_setup.name()}
    positions: dict[str, list[int]] = {}
    for index, task in enumerate(tasks):
        positions.setdefault(_key(task, ours), []).append(index)
    reports = queue.SimpleQueue()
    with _connected(scheduler) as client, workers.Bar(tasks, reports) as bar:
        _check(client, ours)
        client.subscribe_topic(cluster_worker.PROGRESS, _Epochs(tasks, positions, reports))
        futures = []
        for key, (index, *_) in positions.items():
            task = tasks[index]
            # Dear runs first. The images travel with the task: scattered data would be lost with the worker that has it.
            how = {"key": key, "priority": task.cost * task.recipe.epochs, "retries": _RETRIES}
            futures.append(client.submit(cluster_worker.train, task, ours, settings, **how))
        done = 0
        for future in as_completed(futures, loop=client.loop):
            record = future.result()
            for index in positions[future.key]:
                on_record(index, record)
                done += 1
            bar.runs_done(done)
            future.release()


def _key(task: Task, ours: dict) -> str:
    """Name of a task's result on the cluster: a hash of all that determines it, but for the kind of processor."""
    content = {
        "data": task.fold.hash(),
        "recipe": asdict(task.recipe),
        "seed": task.seed,
        "keep_weights": task.keep_weights,
        "code": ours["code"],
        "versions": ours["versions"],
    }
    return f"fer-{files.sha256(json.dumps(content, sort_keys=True).encode())[:32]}"


@contextlib.contextmanager
def _connected(scheduler: str) -> Iterator:
    """A client of the scheduler; when it closes, the scheduler drops all that nobody else waits for."""
    from concurrent.futures import CancelledError

    from distributed import Client, KilledWorker
    from distributed.comm import get_address_host

    try:
        get_address_host(scheduler)  # a misspelt address is told at once
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {scheduler} ({error}). Start one there with `dask scheduler`, or train on "
            "this machine: leave out --scheduler and unset DASK_SCHEDULER_ADDRESS."
        ) from error
    try:
        with client:
            yield client
    except KilledWorker as error:
        raise ClusterError(
            f"a run was lost with each worker that tried it ({error}). The workers may have too little memory; finished "
            "runs are kept, the next call goes on from here."
        ) from error
    except CancelledError as error:
        raise ClusterError(
            f"the Dask scheduler at {scheduler} is lost ({error}). Finished runs are kept, the next call goes on from here."
        ) from error


def _check(client, ours: dict) -> None:
    """Refuse workers with other code or versions before anything trains; each run checks again for late comers."""
    answers = client.run(identity.here, ours["backend"], on_error="return")
    if not answers:
        progress.say("the cluster has no workers yet: waiting for the first (see `On a cluster` in the README)")
    different = {}
    for address, theirs in answers.items():
        if isinstance(theirs, OSError):  # lost just now
            continue
        words = str(theirs) if isinstance(theirs, Exception) else identity.differences(ours, theirs)
        if words:
            different[address] = words
    if different:
        raise ClusterError(cluster_worker.refusal(different))


class _Epochs:
    """Passes the workers' progress on to the bar, each epoch once, though a lost run starts again."""

    def __init__(self, tasks: Sequence[Task], positions: dict[str, list[int]], reports: queue.SimpleQueue) -> None:
        self._cost = {key: sum(tasks[index].cost for index in indices) for key, indices in positions.items()}
        self._done = dict.fromkeys(positions, 0)
        self._reports = reports

    def __call__(self, event: tuple[float, dict]) -> None:
        key, epochs = event[1]["run"], event[1]["epochs"]
        if epochs > self._done.get(key, epochs):
            self._reports.put((epochs - self._done[key]) * self._cost[key])
            self._done[key] = epochs
