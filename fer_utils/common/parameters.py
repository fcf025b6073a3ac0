"""Parameters of notebooks: their types, as the cell tagged "parameters" writes them, and whether values are of these."""

import ast
from pathlib import Path

from fer_utils.common import files
from fer_utils.common.errors import ParameterError

_WORDS = {"bool": "True or False", "float": "a number", "int": "a whole number from {}", "str": "text"}
_SMALLEST = {"draws": 1, "last_frames": 1, "people": 1, "scorings": 1}  # whole numbers that may not be 0
_LARGEST = 2**31 - 1  # random generators take no larger seed everywhere


def declared(notebook: Path) -> dict[str, str]:
    """Parameters of a stored notebook in order: name to annotation, such as "int"; empty where there is none.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    tagged = [cell for cell in files.cells(notebook) if "parameters" in cell["metadata"].get("tags", [])]
    found = {}
    for node in ast.parse(tagged[0]["source"] if tagged else "").body:
        if isinstance(node, ast.AnnAssign):
            found[ast.unparse(node.target)] = ast.unparse(node.annotation)
        elif isinstance(node, ast.Assign):
            found |= {ast.unparse(target): "" for target in node.targets}
    return found


def from_text(name: str, text: str, kind: str) -> object:
    """The value that a command line means.

    Args:
        name: of the parameter, for the message.
        text: as given.
        kind: its annotation; of one that is none of bool, float, int and str, what Python makes of the text.

    Raises:
        ParameterError: it is no such value.
    """
    if kind == "str":
        return text
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = text
    require(name, value, kind)
    return value


def require(name: str, value: object, kind: str) -> None:
    """Check that a value is of a parameter's type; numbers are finite, whole ones not negative, and counts not 0.

    Args:
        kind: the annotation; one that is none of bool, float, int and str takes everything.

    Raises:
        ParameterError: it is not; names the parameter, its type and the value.
    """
    types = {"bool": bool, "float": int | float, "int": int, "str": str}
    if kind not in types:
        return
    fitting = isinstance(value, types[kind]) and (kind == "bool" or not isinstance(value, bool))
    smallest = _SMALLEST.get(name, 0)
    if kind == "int":
        fitting = fitting and smallest <= value <= _LARGEST
    elif kind == "float":
        fitting = fitting and abs(value) < float("inf")
    if not fitting:
        raise ParameterError(f"parameter {name} must be {_WORDS[kind].format(smallest)} ({kind}), not {value!r}.")


def without_place(value: object) -> object:
    """A parameter's value as results may show it: of a path on this machine its last part only."""
    is_path = isinstance(value, str) and Path(value).expanduser().is_absolute()
    return Path(value).name if is_path else value
