"""HEIC, the format of many phones: Pillow reads it where the package `pillow-heif` is installed."""

import functools
import importlib.util
from pathlib import Path

from fer_utils.common.errors import PhotoError, printable

# After "ftyp" stands the brand (ISO/IEC 14496-12, 23008-12); AVIF has others, and Pillow reads it by itself.
_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_SUFFIXES = frozenset({".heic", ".heif", ".hif"})


def require(path: Path) -> None:
    """Make Pillow able to read a file if it is HEIC, by its contents or, where it cannot be opened, not at all.

    Raises:
        PhotoError: it is, and `pillow-heif` is not installed.
    """
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError:  # whoever reads it says why
        return
    if start[4:8] != b"ftyp" or start[8:12] not in _BRANDS:
        return
    if start[8:12] in (b"mif1", b"msf1") and path.suffix.lower() not in _SUFFIXES:
        return  # AVIF files may begin so too
    if not _registered():
        raise PhotoError(
            f"{printable(str(path), but='')}: HEIC needs the package pillow-heif, which is not installed. Install it "
            "(.venv/bin/pip install pillow-heif, or pip install '.[heic]'), or export the photo as JPEG."
        )


@functools.cache
def _registered() -> bool:
    if importlib.util.find_spec("pillow_heif") is None:
        return False
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return True
