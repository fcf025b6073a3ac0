"""Reading `manifest.csv` back, and the hash of the images that it lists."""

from collections.abc import Mapping

import pandas as pd

from fer_utils.common import csv_files, files, paths
from fer_utils.common.errors import OutputError

# Sizes and eyes are numbers. Who only asks which images there are needs no more than the first two columns.
SCHEMA = csv_files.schema(
    ("image", "sha256"), text=("image", "subject", "condition", "label", "sha256", "reason"), flags=("kept",)
)


def read(dataset: str) -> pd.DataFrame:
    """`outputs/<dataset>/manifest.csv`, columns `cleaning.COLUMNS`: text as str (empty where nothing is known), `kept` bool.

    Args:
        dataset: as given to `fer run`: a name, or the path of a folder.

    Raises:
        OutputError: it is missing or damaged.
    """
    path = paths.outputs(dataset) / "manifest.csv"
    try:
        return csv_files.read(path, SCHEMA)
    except FileNotFoundError as error:
        raise OutputError(f"{path} is missing: run notebook 01 on this data set first (fer run 01).") from error
    except (OSError, csv_files.DamagedError) as error:
        raise OutputError(f"{path} is damaged ({error}): remove it and run notebook 01 again (fer run 01).") from error


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
