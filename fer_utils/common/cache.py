"""Arrays that took long to compute, kept on disk for the same inputs and code.

What was published with the results (`kept.zip`) serves like what was kept here. The environment variable FER_FRESH leaves it
aside, as it does the records.
"""

import os
import re
import zipfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from fer_utils.common import arrays as npz
from fer_utils.common import code_hash, files, paths, progress

_CODE = (
    "common.keras_setup",
    "common.processes",
    "data.cleaning",
    "data.images",
    "engine.fused",
    "engine.scaling",
    "experiments.workers",
)  # beneath whatever is computed
FRESH = "FER_FRESH"
PUBLISHED = "kept.zip"
_RECORD = re.compile(r"-seed\d+-")  # records lie in the same folder, and have an archive of their own
_LARGEST = 2 * 2**20  # bytes of an array that is published; what is larger is made in seconds
_PACKAGES = ("numpy", "pillow", "scikit-learn", "scipy")


def arrays(
    dataset: str, name: str, fit: Callable[[], dict[str, np.ndarray]], *, code: Sequence[str], inputs: Sequence[object]
) -> dict[str, np.ndarray]:
    """Read arrays back from `outputs/<dataset>/runs/`, or make them now and keep them; a damaged file is named and made again.

    Args:
        dataset: its short name.
        name: what they are, the beginning of the file's name.
        fit: makes them.
        code: modules of `fer_utils`, dotted below it, whose code determines them, besides those beneath all (`_CODE`).
        inputs: all else that does, except for packages that do not train: arrays, or what differs by its text.

    Raises:
        OutputError: the folder cannot be written.
    """
    parts = [code_hash.of_files(_file(module) for module in sorted({*_CODE, *code}))]
    parts += [f"{package} {version(package)}" for package in _PACKAGES]
    for each in inputs:
        is_array = isinstance(each, np.ndarray)
        parts.append(files.sha256(f"{each.shape}{each.dtype}".encode() + each.tobytes()) if is_array else str(each))
    name = f"{name}-{files.sha256(chr(10).join(parts).encode())[:16]}.npz"
    path = paths.outputs(dataset) / "runs" / name
    if path.is_file():
        try:
            return npz.read(path)
        except (OSError, npz.DamagedError) as error:
            progress.say(f"{path.name} is damaged ({error}): making it again")
    files.require_writable(path.parent)
    content = _published(dataset, name) or npz.to_bytes(fit())
    files.write(path, content)
    return npz.read(content)


def publish(dataset: str) -> int:
    """Pack what is kept of a data set into `outputs/<dataset>/kept.zip`, instead of what was packed before.

    Nothing in it is an image. What is larger than 2 MB is left out.

    Returns:
        How many arrays were packed.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = paths.outputs(dataset)
    kept = {
        path.name: path.read_bytes()
        for path in (folder / "runs").glob("[!.]*.npz")
        if not _RECORD.search(path.name) and path.stat().st_size <= _LARGEST
    }
    if kept:
        files.write(folder / PUBLISHED, npz.packed(kept))
    return len(kept)


def _published(dataset: str, name: str) -> bytes | None:
    """The published bytes of an array; None where there are none. Damaged ones are named, and not used."""
    path = paths.outputs(dataset) / PUBLISHED
    if os.environ.get(FRESH) or not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            if name not in archive.namelist():
                return None
            content = archive.read(name)
        npz.read(content)
    except Exception as error:  # zipfile and its decoders raise nearly anything at damaged bytes
        progress.say(f"{path}: {name} is damaged ({error}), and made again. git checkout brings it back.")
        return None
    return content


def _file(module: str) -> Path:
    return code_hash.PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
