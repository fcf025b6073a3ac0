"""One run on a worker of a cluster.

The run trains in a child of the worker, one to each of its threads: TensorFlow reads its settings when it is imported,
and the child's are ours whatever the worker's are. It is a plain subprocess because Dask's workers are daemons, which
multiprocessing and loky refuse children. A child is kept for the next run, and ends with its worker.
"""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import traceback
from dataclasses import replace

from fer_utils import identity
from fer_utils.common import files, keras_setup
from fer_utils.common.errors import ClusterError
from fer_utils.engine.record import Record
from fer_utils.workers import Task

PROGRESS = "fer-progress"  # topic of Dask's events: {"run": key, "epochs": number done}
_IDLE_SECONDS = 120  # after which a child gives its memory back
_mine = threading.local()


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
        "requirements.txt on them (see `On a cluster` in the README) and start them again."
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
            [sys.executable, "-m", "fer_utils.cluster_worker"],
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
