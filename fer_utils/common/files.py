"""Writing whole files or none, and hashing their bytes."""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from fer_utils.common.errors import OutputError

_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}(\.\w+)?")  # as `replacing` names them
_FORGOTTEN_SECONDS = 24 * 3600
_DIGITS = 16  # of the checksum that a line of `append_checked_lines` begins with


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` when the block ends well.

    A crash, a full disk or an exception leaves what stood at `path` as it was.

    Raises:
        OutputError: the folder cannot be made or written to.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
        os.chmod(name, 0o644)
        temporary = Path(name)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def require_writable(folder: Path) -> None:
    """Make the folder; call before long work whose results go there.

    What killed processes left there half-written is removed once it is a day old.

    Raises:
        OutputError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name) and time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def cannot_write(path: Path, error: OSError) -> OutputError:
    """What the user reads where something cannot be written."""
    return OutputError(
        f"cannot write {path}: {error.strerror or error}. Free some space, make the folder writable, "
        "or set FER_OUTPUT_DIR to another folder. Earlier results are untouched."
    )


def write(path: Path, content: bytes | str) -> None:
    """Write a whole file atomically; text is stored as UTF-8.

    Raises:
        OutputError: the folder cannot be written, or the text holds what UTF-8 cannot, such as a file name of another encoding.
    """
    try:
        whole = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        word = content[max(0, error.start - 20) : error.end + 20]
        raise OutputError(
            f"cannot write {path}: {word!a} is not UTF-8. Rename the file or folder of that name."
        ) from error
    with replacing(path) as temporary:
        temporary.write_bytes(whole)


def write_json(path: Path, content: object) -> None:
    """Write a JSON file atomically, for people to read too."""
    write(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> object:
    """Read a JSON file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not whole JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def write_checked_json(path: Path, content: dict) -> None:
    """Write a JSON object with a checksum of the rest of it as its last entry, so that no damage goes unseen."""
    write_json(path, content | {"checksum": _checksum(content)})


def read_checked_json(path: Path) -> dict:
    """Read what `write_checked_json` wrote, without the checksum; an older file without one is read all the same.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a whole JSON object, or not the one that was written.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    noted = content.pop("checksum", None)
    if noted not in (None, _checksum(content)):
        raise ValueError("its checksum is not that of its content")
    return content


def append_checked_lines(path: Path, rows: Iterable[object]) -> None:
    """Append a JSON line for each row, with its checksum, in one go: a killed process leaves whole lines and at most one torn.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(_checked_lines(rows))
    except OSError as error:
        raise cannot_write(path, error) from error


def write_checked_lines(path: Path, rows: Iterable[object]) -> None:
    """Write atomically what `append_checked_lines` would have, row by row."""
    write(path, _checked_lines(rows))


def read_checked_lines(path: Path) -> tuple[list[object], bool]:
    """Rows that were appended, and whether all lines are as they were written; damaged ones are left out.

    Raises:
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    *lines, rest = content.split(b"\n")
    rows = [json.loads(line[_DIGITS:]) for line in lines if _is_whole(line)]
    return rows, len(rows) == len(lines) and not rest


def _checked_lines(rows: Iterable[object]) -> bytes:
    lines = (json.dumps(row).encode() for row in rows)
    return b"".join(sha256(line)[:_DIGITS].encode() + line + b"\n" for line in lines)


def _is_whole(line: bytes) -> bool:
    return sha256(line[_DIGITS:])[:_DIGITS].encode() == line[:_DIGITS]


def _checksum(content: dict) -> str:
    # What JSON makes of it, not what was given: a tuple is read back as a list.
    return sha256(json.dumps(json.loads(json.dumps(content)), sort_keys=True).encode())


def cells(notebook: Path) -> list[dict]:
    """Cells of a stored notebook, each with its source as one text."""
    return [cell | {"source": "".join(cell["source"])} for cell in read_json(notebook)["cells"]]


@contextlib.contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """An environment for other processes whose temporary files go away when the block ends.

    TensorFlow writes code that it has generated into files, and a process that is killed leaves them behind.
    """
    with tempfile.TemporaryDirectory(prefix="fer-", ignore_cleanup_errors=True) as folder:
        yield {"TMPDIR": folder}


def sha256(content: bytes) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
