"""Writing `manifest.csv` with where it comes from beside it, reading it back, and the hash of the images that it lists."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fer_utils.common import code_hash, csv_files, files, locks, paths
from fer_utils.common.errors import OutputError

# Who only asks which images there are needs no more than these columns.
_NEEDED = ("image", "sha256")
_NUMBERS = frozenset({"width", "height", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"})
_NOTED = {"data", "code", "sha256"}  # of the origin beside it
_AGAIN = "run notebook 01 again (fer run 01)."


def write(dataset: str, table: str, *, data: str) -> bool:
    """Write `outputs/<dataset>/manifest.csv`, and `manifest.json` beside it, where they are not the same already.

    Args:
        table: the content.
        data: `FaceDataset.data_hash`.

    Returns:
        Whether the table is another one than before.

    Raises:
        OutputError: the folder cannot be written.
    """
    path = _path(dataset)
    noted = {"data": data, "code": code(), "sha256": files.sha256(table.encode())}
    with locks.held(path.parent):
        changed = not path.is_file() or path.read_bytes() != table.encode()
        if changed:
            files.write(path, table)
        try:
            same = files.read_checked_json(path.with_suffix(".json")) == noted
        except (OSError, ValueError):
            same = False
        if not same:
            files.write_checked_json(path.with_suffix(".json"), noted)
    return changed


def code() -> str:
    """Hash of the code that decides on a manifest's content: of this room, since every notebook writes it."""
    return code_hash.of_folder(Path(__file__).parent)


def read(dataset: str) -> pd.DataFrame:
    """`outputs/<dataset>/manifest.csv`, columns `cleaning.COLUMNS` and those of a `faces.csv`.

    Sizes and eyes are numbers, `kept` is bool, all else text as str (empty where nothing is known).

    Args:
        dataset: as given to `fer run`: a name, or the path of a folder.

    Raises:
        OutputError: it is missing, damaged, or not what a notebook wrote.
    """
    path = _path(dataset)
    try:
        with locks.still(path.parent):
            table, noted = csv_files.read(path, schema(path)), origin(dataset)
            whole = noted is None or noted["sha256"] == files.sha256(path.read_bytes())
    except FileNotFoundError as error:
        raise OutputError(f"{path} is missing: run notebook 01 on this data set first (fer run 01).") from error
    except (OSError, csv_files.DamagedError) as error:
        raise OutputError(f"{path} is damaged ({error}): remove it and {_AGAIN}") from error
    if not whole:
        raise OutputError(f"{path} is damaged (it is not what a notebook wrote): {_AGAIN}")
    return table


def origin(dataset: str) -> dict | None:
    """What stands beside the manifest; None where nothing does, as with older ones.

    Raises:
        OutputError: it is damaged.
    """
    path = _path(dataset).with_suffix(".json")
    try:
        found = files.read_checked_json(path)
        if set(found) != _NOTED:
            raise ValueError("its entries are not those that were written")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} is damaged ({error}): {_AGAIN}") from error
    return found


def schema(path: Path) -> csv_files.Schema:
    """What the columns of a manifest hold, with those of a `faces.csv`, which are text.

    Raises:
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            header = next(csv.reader(file), [])
        except csv.Error:  # told by who reads on
            header = []
    return csv_files.schema(_NEEDED, text={*_NEEDED, *header} - _NUMBERS - {"kept"}, flags=("kept",))


def hashes(table: pd.DataFrame) -> dict[str, str]:
    """File name to SHA-256 of every image that could be read."""
    return {name: digest for name, digest in zip(table["image"], table["sha256"], strict=True) if digest}


def data_hash(digests: Mapping[str, str]) -> str:
    """As `FaceDataset.data_hash` computes it.

    Args:
        digests: file name to SHA-256.
    """
    return files.sha256("".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode())


def listed(dataset: str) -> str:
    """`data_hash` of the images that a data set's manifest lists; empty where it has no manifest yet.

    Raises:
        OutputError: the manifest is damaged.
    """
    return data_hash(hashes(read(dataset))) if _path(dataset).is_file() else ""


def _path(dataset: str) -> Path:
    return paths.outputs(dataset) / "manifest.csv"
