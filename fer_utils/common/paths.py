"""Where things are: anchored on the project, never on the working folder."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from fer_utils.common.errors import ParameterError

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
CHECKSUMS = PROJECT / "data" / "checksums"
SAMPLE = PROJECT / "data" / "sample"
RAW = PROJECT / "data" / "raw"
WEIGHTS = PROJECT / "weights"


def shared_data() -> Path | None:
    """Folder named by the environment variable FER_DATA_DIR, or None where it is not set."""
    value = os.environ.get("FER_DATA_DIR")
    return Path(value).expanduser().resolve() if value else None


def weights() -> Path:
    """Folder of the pretrained weights: the project's own, or the one that FER_WEIGHTS_DIR names."""
    value = os.environ.get("FER_WEIGHTS_DIR")
    return Path(value).expanduser().resolve() if value else WEIGHTS


def outputs(dataset: str) -> Path:
    """Results folder of a data set: `outputs/<dataset>/`, or below FER_OUTPUT_DIR where that is set."""
    root = os.environ.get("FER_OUTPUT_DIR")
    return (Path(root).expanduser().resolve() if root else PROJECT / "outputs") / dataset_name(dataset)


def dataset_name(dataset: str) -> str:
    """Short name of a data set: its own, or for a folder the folder's, kept apart from the names of ours."""
    name = slug(dataset)
    return f"{name}-folder" if name in ("sample", "yale", "ferplus") and dataset != name else name


def slug(name: str) -> str:
    """A data set's name or folder as a safe folder name: letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^\w.-]+", "-", Path(name).name).strip("-.") or "dataset"


def notebooks(names: Sequence[str] = ()) -> list[Path]:
    """Notebooks by number or name, or all of them, in order.

    Args:
        names: such as "03", "03_model_comparison" or "03_model_comparison.ipynb".

    Raises:
        ParameterError: a name fits no notebook.
    """
    every = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not names:
        return every
    chosen = set()
    for name in names:
        fitting = [path for path in every if Path(name).stem in (path.stem, path.stem[:2])]
        if not fitting:
            raise ParameterError(f"no notebook {name!r}: there are {', '.join(path.stem for path in every)}.")
        chosen.update(fitting)
    return sorted(chosen)
