"""Reading `manifest.csv` back, and the hash of the images that it lists."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fer_utils.common import csv_files, files, paths
from fer_utils.common.errors import OutputError

# Who only asks which images there are needs no more than these columns.
_NEEDED = ("image", "sha256")
_NUMBERS = frozenset({"width", "height", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"})


def read(dataset: str) -> pd.DataFrame:
    """`outputs/<dataset>/manifest.csv`, columns `cleaning.COLUMNS` and those of a `faces.csv`.

    Sizes and eyes are numbers, `kept` is bool, all else text as str (empty where nothing is known).

    Args:
        dataset: as given to `fer run`: a name, or the path of a folder.

    Raises:
        OutputError: it is missing or damaged.
    """
    path = paths.outputs(dataset) / "manifest.csv"
    try:
        return csv_files.read(path, schema(path))
    except FileNotFoundError as error:
        raise OutputError(f"{path} is missing: run notebook 01 on this data set first (fer run 01).") from error
    except (OSError, csv_files.DamagedError) as error:
        raise OutputError(f"{path} is damaged ({error}): remove it and run notebook 01 again (fer run 01).") from error


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
    if not (paths.outputs(dataset) / "manifest.csv").is_file():
        return ""
    return data_hash(hashes(read(dataset)))
