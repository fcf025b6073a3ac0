"""Arrays that took long to compute, kept on disk for the same inputs and code."""

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
        inputs: all else that does, but for packages that do not train: arrays, or what is told apart by its text.

    Raises:
        OutputError: the folder cannot be written.
    """
    parts = [code_hash.of_files(_file(module) for module in sorted({*_CODE, *code}))]
    parts += [f"{package} {version(package)}" for package in _PACKAGES]
    for each in inputs:
        is_array = isinstance(each, np.ndarray)
        parts.append(files.sha256(f"{each.shape}{each.dtype}".encode() + each.tobytes()) if is_array else str(each))
    path = paths.outputs(dataset) / "runs" / f"{name}-{files.sha256(chr(10).join(parts).encode())[:16]}.npz"
    if path.is_file():
        try:
            return npz.read(path)
        except (OSError, npz.DamagedError) as error:
            progress.say(f"{path.name} is damaged ({error}): making it again")
    files.require_writable(path.parent)
    made = fit()
    files.write(path, npz.to_bytes(made))
    return made


def _file(module: str) -> Path:
    return code_hash.PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
