"""Independent runs on the workers of a Dask cluster: the counterpart of `workers` for more than one machine.

The run trains in a child of the worker, one to each of its threads: TensorFlow reads its settings when it is imported,
and the child's are ours whatever the worker's are. It is a plain subprocess because Dask's workers are daemons, which
multiprocessing and loky refuse children. A child is kept for the next run, and ends with its worker.

Dask's own means were weighed. Its plugin `Environ` restarts every worker of the cluster, with the runs of everybody else on it;
`distributed.nanny.pre-spawn-environ` must be set by whoever starts the workers, before it is known which backend a caller wants.

A worker and its child talk by pickle. Reading one can run any code, so only these two ever do: they are of one user and one
installation, their pipes are anonymous and inherited, and no file and no other process can write into them. What a worker gets
by network is Dask's to read; whoever reaches a scheduler without TLS can run code on its workers, which is warned of.
"""

import contextlib
import json
import os
import pickle
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from fer_utils.common import files, keras_setup, progress
from fer_utils.common.errors import ClusterError
from fer_utils.engine.record import Record
from fer_utils.experiments import connection, identity, workers
from fer_utils.experiments.workers import Task

_RETRIES = 2  # of a run whose process ended; runs of a worker that is lost are sent to another one by Dask itself
PROGRESS = "fer-progress"  # topic of Dask's events: {"run": key, "epochs": number done}
_IDLE_SECONDS = 120  # after which a child gives its memory back
_mine = threading.local()


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
    with connection.connected(scheduler) as client, workers.Bar(tasks, reports) as bar:
        _check(client, ours)
        client.subscribe_topic(PROGRESS, _Epochs(tasks, positions, reports))
        futures = []
        for key, (index, *_) in positions.items():
            task = tasks[index]
            # Dear runs first. The images travel with the task: scattered data would be lost with the worker that has it.
            how = {"key": key, "priority": task.cost * task.recipe.epochs, "retries": _RETRIES}
            futures.append(client.submit(train, task, ours, settings, **how))
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


def _check(client, ours: dict) -> None:
    """Refuse workers with other code or versions before anything trains; each run checks again for late comers."""
    answers = client.run(identity.here, ours["backend"], on_error="return")
    if not answers:
        progress.say("the cluster has no workers yet: waiting for the first (see docs/cluster.md)")
    different = {}
    for address, theirs in answers.items():
        if isinstance(theirs, OSError):  # lost just now
            continue
        words = str(theirs) if isinstance(theirs, Exception) else identity.differences(ours, theirs)
        if words:
            different[address] = words
    if different:
        raise ClusterError(refusal(different))


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


def train(task: Task, expected: dict, environment: dict[str, str]) -> Record:
    """Train one run; called by Dask in a worker's thread.

    Args:
        expected: identity of the installation that asks, see `identity.here`.
        environment: settings of the process that trains, before Keras is imported there.

    Returns:
        The record, with this machine's kind of processor in `made_by`.

    Raises:
        ClusterError: this worker has other code or versions, the training failed, or nobody wants the run any more.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    child = _child(expected, environment)
    if different := identity.differences(expected, child.identity):
        raise ClusterError(refusal({worker.address: different}))
    child.send(task)
    epochs = 0
    while not isinstance(answer := child.receive(), Record):
        if isinstance(answer, str):
            raise ClusterError(f"a run failed on worker {worker.address}:\n{answer}")
        epochs += answer
        worker.log_event(PROGRESS, {"run": key, "epochs": epochs})
        if not _wanted(worker, key):
            child.stop()
            raise ClusterError("stopped: nobody waits for this run any more")
    return replace(answer, made_by=answer.made_by | {"processor": child.identity["processor"]})


def refusal(different: dict[str, str]) -> str:
    """Message for workers whose code or versions are not ours: address to what differs."""
    listing = "\n".join(f"  {address}: {words}" for address, words in different.items())
    return (
        f"these workers would not train the same:\n{listing}\nInstall this version of fer_utils with its "
        "requirements.txt on them (see docs/cluster.md) and start them again."
    )


def _wanted(worker, key: str) -> bool:
    """Dask cannot interrupt a thread, but knows when the last client that waits for a run has gone."""
    state = worker.state.tasks.get(key)
    return state is not None and state.state == "executing"


def _child(expected: dict, environment: dict[str, str]) -> "_Child":
    """The child of this thread; a fresh one where it is gone, busy with a stopped run, or older than the installation."""
    child = getattr(_mine, "child", None)
    if child and (child.environment != environment or identity.differences(expected, child.identity) or child.busy):
        child.stop()
    if child is None or child.ended():
        _mine.child = child = _Child(environment)
    return child


class _Child:
    """A Python process that trains one task after the other, with settings of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment, self.busy = environment, False
        self._open = contextlib.ExitStack()
        scratch = self._open.enter_context(files.scratch())
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fer_utils.experiments.cluster"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | environment | scratch,
            start_new_session=True,  # Ctrl-C at the worker's terminal reaches it through the closed pipe alone
        )
        self.identity = self.receive()

    def send(self, task: Task) -> None:
        self.busy = True
        with contextlib.suppress(BrokenPipeError):  # told by the next `receive`
            pickle.dump(task, self._process.stdin)
            self._process.stdin.flush()

    def receive(self) -> Record | dict | int | str:
        """The next answer: identity at first; then number of further epochs, and at last a record or a traceback."""
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            raise ClusterError(
                f"the process that trained ended with exit status {self._process.wait()}: too little memory, perhaps."
            ) from error
        self.busy = isinstance(answer, int)
        return answer

    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._open.close()


def _serve() -> None:
    """The child's side: tasks come by standard input, answers go by standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a package prints must not run into the answers
    tasks = queue.SimpleQueue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()

    def answer(content: object) -> None:
        pickle.dump(content, answers)
        answers.flush()

    answer(identity.here())
    keras_setup.import_keras()
    from fer_utils.engine import train

    with contextlib.suppress(queue.Empty):
        while True:
            task = tasks.get(timeout=_IDLE_SECONDS)
            try:
                made = train.train(
                    task.fold, task.recipe, seed=task.seed, keep_weights=task.keep_weights, on_epochs=answer
                )
            except Exception:
                made = traceback.format_exc()
            answer(made)
    os._exit(0)  # an orderly exit would wait for the thread that reads


def _read(tasks: queue.SimpleQueue) -> None:
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            tasks.put(pickle.load(sys.stdin.buffer))
    os._exit(0)  # the worker is gone: nobody wants what is being trained


if __name__ == "__main__":
    _serve()
