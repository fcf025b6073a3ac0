"""Reading one image file, with a clear message for every way in which it can be bad."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from fer_utils.common.errors import DatasetError, FerError

SMALLEST_SIDE = 32
LARGEST_PIXELS = 50_000_000


def read_grey(path: Path) -> np.ndarray:
    """Read an image file as greys.

    Returns:
        (height, width) uint8 in [0, 255].

    Raises:
        DatasetError: missing, truncated, not an image, under 32 pixels on a side, or over 50 megapixels.
            The size is checked before the pixels are decoded.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path.name}: cannot be read ({error.strerror}). Put the file back, or check its rights."
        ) from error
    return decode_grey(content, name=path.name)


def decode_grey(content: bytes, *, name: str) -> np.ndarray:
    """Decode the bytes of an image file; see `read_grey`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
            _check_size(image, name=name)
            return np.asarray(image.convert("L"))
    except Image.DecompressionBombError as error:
        raise DatasetError(f"{name}: too large to decode. Scale it down to at most 50 megapixels.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        why = "no known format" if isinstance(error, UnidentifiedImageError) else error
        raise DatasetError(
            f"{name}: not a readable image ({why}). Replace it with a whole file, or move it out of the folder."
        ) from error


def require_smallest_side(image: Image.Image, *, name: str, error: type[FerError]) -> None:
    """Raise `error` where an image is under 32 pixels on a side."""
    width, height = image.size
    if min(width, height) < SMALLEST_SIDE:
        raise error(
            f"{name}: {width}x{height} pixels is too small for a face. "
            f"Use an image of at least {SMALLEST_SIDE}x{SMALLEST_SIDE}, or move it out of the folder."
        )


def _check_size(image: Image.Image, *, name: str) -> None:
    require_smallest_side(image, name=name, error=DatasetError)
    width, height = image.size
    if width * height > LARGEST_PIXELS:
        raise DatasetError(
            f"{name}: {width}x{height} pixels is too large. "
            f"Scale it down to at most {LARGEST_PIXELS // 10**6} megapixels."
        )
