"""Which folder of faces the results below `outputs/<dataset>/` are of: two folders of one last name must not meet there.

The note lies beside the results, in `folder.txt`. It is a path of this machine, and made for folders of one's own alone, whose
results are never committed.
"""

import os
from pathlib import Path

from fer_utils.common import files, locks, paths
from fer_utils.common.errors import ParameterError

NOTE = "folder.txt"


def check(dataset: str) -> None:
    """Refuse a folder where the results of another one lie. One that is no longer there counts as moved.

    Args:
        dataset: name or path, as given to `fer run`; a name passes.

    Raises:
        ParameterError: the results that lie there are of another folder.
    """
    here, noted = Path(dataset).expanduser(), _noted(dataset)
    if noted is None or not here.is_dir() or not noted.is_dir() or os.path.samefile(here, noted):
        return
    where = paths.outputs(dataset)
    raise ParameterError(
        f"{here}: {where} contains the results of another folder of this name, {noted}. "
        f"Rename one of the two, set FER_OUTPUT_DIR to another folder, or remove {where}."
    )


def claim(dataset: str) -> None:
    """`check`, and note that the results are of this folder from now on.

    Raises:
        ParameterError: see `check`.
        OutputError: the note cannot be written.
    """
    here = Path(dataset).expanduser().absolute()
    # Of two folders at once the first is noted, and the other refused.
    with locks.held(paths.outputs(dataset)):
        check(dataset)
        if here.is_dir() and _noted(dataset) != here:
            files.write(paths.outputs(dataset) / NOTE, os.fsencode(here))


def _noted(dataset: str) -> Path | None:
    try:
        content = (paths.outputs(dataset) / NOTE).read_bytes()
    except OSError:
        return None
    return Path(os.fsdecode(content)) if content else None
