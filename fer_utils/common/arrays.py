"""Arrays by name as a NumPy .npz archive: written whole, read without ever running what a file holds."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_DATE = (2026, 1, 1, 0, 0, 0)  # of every member of an archive, so that equal ones give equal bytes
_END_BYTES = 22  # of a ZIP archive's last record, which counts the members


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


def packed(members: Mapping[str, bytes]) -> bytes:
    """Files by name as a compressed ZIP archive; equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name, date_time=_DATE), content, zipfile.ZIP_DEFLATED)
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
            require_all_members(content, len(archive.files))
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile, its decoders and NumPy raise nearly anything at damaged bytes
        raise DamagedError(f"not a whole archive of arrays: {error}") from error


def require_all_members(content: bytes, found: int) -> None:
    """Check that no member of a ZIP archive is overlooked, as `zipfile` does where a length in its directory is damaged.

    Args:
        content: of the archive, without a comment at its end.
        found: how many members were found.

    Raises:
        DamagedError: the archive counts others.
    """
    end = content[-_END_BYTES:]
    if not end.startswith(b"PK\5\6") or int.from_bytes(end[10:12], "little") != found:
        raise DamagedError(f"{found} members were found, which is not what its directory counts")
