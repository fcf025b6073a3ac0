"""Arrays by name as a NumPy .npz archive: written whole, read without ever running what a file holds."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np


class DamagedError(ValueError):
    """The bytes are not a whole archive of arrays (every array in it carries a checksum)."""


def to_bytes(arrays: Mapping[str, object]) -> bytes:
    """Arrays as an archive; equal arrays give equal bytes.

    Args:
        arrays: name to what NumPy makes an array of, such as a text or a number.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def read(source: Path | bytes) -> dict[str, np.ndarray]:
    """All arrays of an archive.

    Args:
        source: the file, or its bytes.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError: the file cannot be opened, which says nothing of its content.
        DamagedError: it is not a whole archive, or holds what is no array.
    """
    content = source.read_bytes() if isinstance(source, Path) else source
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedError(f"not a whole archive of arrays: {error}") from error
