"""One process at a time among results that belong together: a table, its origin, and what is computed from it.

The lock is the kernel's, on a file in the results' folder: of a process that is killed nothing remains locked.
"""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import filelock

from fer_utils.common import files, progress
from fer_utils.common.errors import OutputError

NAME = ".lock"  # in the folder; it stays there, empty
PATIENCE = 300.0  # seconds: writing tables takes a few, packing an archive up to a minute
_SILENCE = 3.0  # seconds of waiting before a line says so
# What file systems that know no locks answer, such as some of networks and of cloud drives.
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes from changing the results in a folder, which is made; within itself it may be called again.

    Where the file system knows no locks, a line says so, and the block runs without one.

    Raises:
        OutputError: the folder cannot be made or written to, or another process has held it for `PATIENCE` seconds.
    """
    lock, locked = _lock(folder), True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _acquire(lock, folder)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise files.cannot_write(folder, error) from error
        progress.say(
            f"{folder}: this file system has no locks ({error.strerror}): let one notebook at a time write here."
        )
        locked = False
    try:
        yield
    finally:
        if locked:
            lock.release()


@contextlib.contextmanager
def still(folder: Path) -> Iterator[None]:
    """For reading: wait until nobody writes, and keep others from it. Nothing is made; what cannot be locked is read all the same.

    Raises:
        OutputError: another process has held the folder for `PATIENCE` seconds.
    """
    lock = _lock(folder)
    try:
        found = (folder / NAME).is_file()
        if found:
            _acquire(lock, folder)
    except OSError:  # such as one that is for reading alone
        found = False
    try:
        yield
    finally:
        if found:
            lock.release()


def _lock(folder: Path) -> filelock.FileLock:
    # One for each file in a process, so that a call within another waits for nobody. A file whose existence is the lock, which
    # would be the way out where the kernel has none, would outlive a process that is killed.
    return filelock.FileLock(folder / NAME, is_singleton=True, fallback_to_soft=False)


def _acquire(lock: filelock.FileLock, folder: Path) -> None:
    try:
        lock.acquire(timeout=_SILENCE)
    except filelock.Timeout:
        progress.say(f"{folder}: waiting for another process that writes here")
        try:
            lock.acquire(timeout=PATIENCE - _SILENCE)
        except filelock.Timeout as error:
            raise OutputError(
                f"{folder}: another process has held {NAME} there for {PATIENCE:.0f} seconds. Stop it, or wait for it, and call again."
            ) from error
