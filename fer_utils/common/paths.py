"""Where things are: anchored on the project, never on the working folder."""

import functools
import os
import re
from collections.abc import Sequence
from pathlib import Path

from fer_utils.common import progress
from fer_utils.common.errors import InstallationError, ParameterError

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
CHECKSUMS = PROJECT / "data" / "checksums"
SAMPLE = PROJECT / "data" / "sample"
RAW = PROJECT / "data" / "raw"
WEIGHTS = PROJECT / "weights"
VARIABLES = ("FER_DATA_DIR", "FER_OUTPUT_DIR", "FER_WEIGHTS_DIR")  # of the environment, naming folders
# Names in outputs/ that folders of one's own cannot have: data sets with a name, photos, and the index over all reports.
_TAKEN = frozenset({"ferplus", "index.html", "photos", "predictions", "sample", "yale"})


def shared_data() -> Path | None:
    """Folder named by the environment variable FER_DATA_DIR, or None where it is not set; whether it is there is not asked."""
    return _named("FER_DATA_DIR")


def in_shared_data(*names: str) -> Path | None:
    """The first of these files and folders that FER_DATA_DIR holds, or None; a line says so where that is set and holds none.

    Raises:
        ParameterError: it names no folder.
    """
    folder = shared_data()
    if folder is None:
        return None
    if not folder.is_dir():
        raise ParameterError(f"FER_DATA_DIR is {folder}, and no such folder is there: set it right, or unset it.")
    found = next((folder / name for name in names if (folder / name).exists()), None)
    if found is None:
        _say_once(f"FER_DATA_DIR is {folder}, and contains no {' or '.join(names)}: data/raw is asked instead")
    return found


def weights() -> Path:
    """Folder of the pretrained weights: the project's own, or the one that FER_WEIGHTS_DIR names."""
    return _named("FER_WEIGHTS_DIR") or WEIGHTS


def outputs(dataset: str) -> Path:
    """Results folder of a data set: `outputs/<dataset>/`, or below FER_OUTPUT_DIR where that is set.

    Raises:
        ParameterError: FER_OUTPUT_DIR is in the project's data/, which is for what is read.
    """
    root = _named("FER_OUTPUT_DIR") or PROJECT / "outputs"
    if root.is_relative_to(PROJECT / "data"):
        raise ParameterError(f"FER_OUTPUT_DIR is {root}, but data/ is for what is read: set it to another folder.")
    return root / dataset_name(dataset)


def apart(folder: str | Path) -> Path:
    """A folder of faces as an absolute path, once it is sure that the results do not go into it.

    Raises:
        ParameterError: they would, and the next call would take them for a class; or see `given`.
    """
    whole = given(folder)
    if outputs(str(whole)).resolve().is_relative_to(whole.resolve()):
        raise ParameterError(
            f"{whole}: the results would go into the faces' own folder. Set FER_OUTPUT_DIR to another folder."
        )
    return whole


def address(text: str | Path) -> str:
    """The address on the web that a text is, such as "https://host/photo.jpg"; empty where it is none, or names a file."""
    found = re.match(r"([A-Za-z][\w+.-]+):/+(.+)", str(text))
    return f"{found[1]}://{found[2]}" if found and not os.path.exists(text) else ""


def given(text: str | Path, *, name: str = "") -> Path:
    """A file or folder that the user names, absolute, seen from the working folder; `~` is the home folder.

    Args:
        name: what the text was given as, for the message.

    Raises:
        ParameterError: it is an address on the web; there is no such home folder, or the working folder has been removed.
    """
    of = f"{name} is {text}" if name else text
    if address(text):
        raise ParameterError(f"{of}: an address is no file or folder. Download what is there, then give that.")
    try:
        path = Path(text).expanduser().absolute()
        return path.resolve() if ".." in path.parts else path
    except (RuntimeError, OSError) as error:
        raise ParameterError(f"{of}: cannot be found ({error}). Give the whole path.") from error


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return given(value, name=variable).resolve() if value else None


@functools.cache
def _say_once(words: str) -> None:
    progress.say(words)


def require_clone() -> None:
    """Refuse to continue in an installed copy of the package: notebooks, data and weights are in the repository alone.

    Raises:
        InstallationError: it is such a copy; says how to install the repository.
    """
    if not (PROJECT / "pyproject.toml").is_file():
        raise InstallationError(
            f"the notebooks, data and weights are not beside this copy of fer_utils (in {PROJECT}): clone the repository "
            "and run `make setup` there, or install the clone with `pip install --editable .`, then call its fer."
        )


def dataset_name(dataset: str) -> str:
    """Short name of a data set: its own, or for a folder the folder's, kept apart from the names of ours."""
    name = slug(dataset)
    return f"{name}-folder" if name.lower() in _TAKEN and dataset != name else name


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
