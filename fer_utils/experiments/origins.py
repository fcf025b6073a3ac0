"""The `.json` beside a table: which notebook wrote which models' rows, from which data, by which code.

A table that several notebooks write has `parts`, one for each: the origin that the notebook gave, the `models` whose rows it
wrote, and the hash of these rows. Any other table is of one part, its origin.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from fer_utils.common import code_hash, csv_files, files, paths, progress
from fer_utils.common.csv_files import Schema
from fer_utils.data.datasets import READING

DECIMALS = 6  # of the tables' numbers
KNOWN = {"notebook", "cell", "parameters", "data", "code", "versions"}  # what every origin says
_BESIDE_PARTS = {"data", "parts", "predictions", "sha256"}


def noted(table: Path) -> dict:
    """What stands beside a table; empty where that is missing or damaged.

    Args:
        table: path of the `.csv`.
    """
    try:
        return read(table)
    except (OSError, ValueError):
        return {}


def read(result: Path) -> dict:
    """What stands beside a table or a picture.

    Args:
        result: its path; the suffix does not matter.

    Raises:
        OSError: it cannot be read; FileNotFoundError where it is missing.
        ValueError: it is damaged.
    """
    found = files.read_checked_json(result.with_suffix(".json"))
    if "parts" in found and not set(found) <= _BESIDE_PARTS:
        raise ValueError("an entry that nobody wrote, such as a checksum of another name")
    return found


def parts(found: dict) -> list[dict]:
    """The origins of a table's rows, from what is noted beside it; those of older tables are one part."""
    if "parts" not in found:
        return [found] if found else []
    every = found["parts"]
    return [part for part in every if isinstance(part, dict)] if isinstance(every, list) else []


def reading(dataset: str) -> dict[str, object]:
    """How a folder of faces was read, by the parameters noted beside a figure of it; empty where none is noted.

    Args:
        dataset: as given to `fer run`.

    Returns:
        What `datasets.load` takes besides the name.
    """
    for picture in sorted((paths.outputs(dataset) / "figures").glob("[!.]*.json")):
        for part in parts(noted(picture)):
            if isinstance(parameters := part.get("parameters"), dict):
                return {name: parameters[name] for name in READING if name in parameters}
    return {}


def rows_hash(rows: pd.DataFrame, expected: Schema) -> str:
    """SHA-256 of rows as they are written; rows that were read back have the same."""
    return files.sha256(csv_files.text(rows, expected, decimals=DECIMALS).encode())


def part(origin: dict, rows: pd.DataFrame, expected: Schema) -> dict:
    """A notebook's part of a table.

    Args:
        origin: of the running cell, `notebook.Page.origin`.
        rows: what it writes, with a column `model`.
    """
    return origin | {"models": list(dict.fromkeys(rows["model"])), "rows": rows_hash(rows, expected)}


def number(origin: dict) -> str:
    """The two digits of the notebook; "03" where it is not known."""
    return str(origin.get("notebook", "03"))[:2]


def combined(
    before: pd.DataFrame, found: dict, rows: pd.DataFrame, origin: dict, expected: Schema, *, whole: bool
) -> tuple[pd.DataFrame, list[dict]]:
    """A notebook's rows among those of other models that still fit; what no longer fits is left out, with a line about it.

    Rows stand in the order of the notebooks that wrote them. Those that stay are the same to the last byte when written.

    Args:
        before: the table that lies there; empty where there is none.
        found: what is noted beside it.
        rows: those that the notebook computed; earlier rows of their models go.
        origin: of the notebook.
        whole: the table that lies there is the one that is noted.

    Returns:
        The new table, and its parts.
    """
    new = part(origin, rows, expected)
    kept = [(new, rows)]
    named: set[str] = set(new["models"])
    for old in parts(found):
        models = old.get("models", list(dict.fromkeys(before["model"])) if whole else [])
        stay = before[before["model"].isin(models) & ~before["model"].isin(named)]
        named |= set(models)
        if stay.empty:
            continue
        if why := _misfit(old, before[before["model"].isin(models)], stay, new, rows, expected, whole=whole):
            _say_left_out(stay, old, why)
        else:
            bare = {name: value for name, value in old.items() if name not in ("models", "rows", "sha256")}
            kept.append((part(bare, stay, expected), stay))
    unknown = before[~before["model"].isin(named)]
    if len(unknown):
        _say_left_out(unknown, {}, "which notebook wrote them is not known")
    kept.sort(key=lambda each: (str(each[0].get("notebook", "")), each[0] is new))
    return pd.concat([each for _, each in kept], ignore_index=True), [each for each, _ in kept]


def code_changed(origin: dict) -> bool:
    """Whether a notebook's code, or that of the modules it uses, is another one than an origin says."""
    if "notebook" not in origin:
        return False
    notebook = paths.NOTEBOOKS / f"{origin['notebook']}.ipynb"
    return not notebook.is_file() or code_hash.of_notebook(notebook) != origin.get("code")


def _misfit(
    old: dict, every: pd.DataFrame, stay: pd.DataFrame, new: dict, rows: pd.DataFrame, expected: Schema, *, whole: bool
) -> str:
    """Why rows cannot stand beside new ones, in words; empty where they can."""
    if old.get("data") != new.get("data") or not _same_images(stay, rows):
        return "they are of other images"
    if not whole and old.get("rows") != rows_hash(every, expected):
        return "they are not what it wrote"
    return "its code changed since" if code_changed(old) else ""


def _same_images(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether both are of the same classes and, under each protocol that both have, of the same images, people and labels."""
    if len({frozenset(name for name in each if name.startswith("p_")) for each in (one, other)}) > 1:
        return False
    keys = ["protocol", "image", "subject", "truth"]
    shared = set(one["protocol"]) & set(other["protocol"])
    first, second = (
        set(each.loc[each["protocol"].isin(shared), keys].itertuples(index=False, name=None)) for each in (one, other)
    )
    return first == second


def _say_left_out(rows: pd.DataFrame, origin: dict, why: str) -> None:
    models = ", ".join(_unique(rows["model"]))
    wrote = f" of notebook {number(origin)}" if "notebook" in origin else ""
    again = f": run it again (fer run {number(origin)})" if "notebook" in origin else ""
    progress.say(f"predictions.csv: the rows of {models}{wrote} are left out, {why}{again}")


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(str, names)))
