"""Reading one image file, of own folders and photos alike, with a clear message for every way in which it can be bad."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_utils.common.errors import DatasetError, FerError

SMALLEST_SIDE = 32
LARGEST_PIXELS = 50_000_000
_MULTIPLE_SHOTS = "MPO"  # a phone's JPEG with a second shot or a depth map in it; the first is the photo
_SHRUNK_WHILE_DECODED = ("JPEG", _MULTIPLE_SHOTS)
_LARGEST_16_BIT = 65535
_MOVE_IT = "Replace it with a whole file, or move it out of the folder."
# Pillow warns of odd metadata and of large images, which are refused here by name. Not around each decoding: threads would
# disturb each other.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image, upright.

    Attributes:
        plain: in mode "L" (greys) or "RGB", 8 bits each.
        scale: pixels of the file to a pixel of `plain`; above 1 where it was shrunk while it was decoded.
        frames: of an animation, of which the first was taken; else 1.
    """

    plain: Image.Image
    scale: float
    frames: int

    @property
    def grey(self) -> np.ndarray:
        """(height, width) uint8 in [0, 255]."""
        return np.asarray(self.plain.convert("L"))


def read_grey(path: Path) -> np.ndarray:
    """Read an image file as greys, see `decode`.

    Returns:
        (height, width) uint8 in [0, 255].

    Raises:
        DatasetError: missing, truncated, not an image, under 32 pixels on a side, or too large.
    """
    return decode(path, name=path.name, error=DatasetError, remedy=_MOVE_IT).grey


def decode_grey(content: bytes, *, name: str) -> np.ndarray:
    """Decode the bytes of an image file as greys; see `read_grey`."""
    return decode(io.BytesIO(content), name=name, error=DatasetError, remedy=_MOVE_IT).grey


def decode(source: Path | io.BytesIO, *, name: str, error: type[FerError], remedy: str) -> Decoded:
    """Decode an image file.

    It is turned upright as its EXIF flag says. Colours may be of any kind, CMYK too; what is transparent becomes white; greys of
    16 bits are scaled, floats from their smallest to their largest. The size is checked before the pixels are decoded; a JPEG
    over 50 megapixels is shrunk while it is decoded.

    Args:
        source: file, or its bytes.
        name: for messages.
        error: what to raise.
        remedy: what to do about a file that is no whole image, for the message.

    Raises:
        error: missing, truncated, not an image, under 32 pixels on a side, or too large.
    """
    with _clear_errors(name, error, remedy), Image.open(source) as image:
        width = image.width
        _require_size(image, name=name, error=error)
        animated = getattr(image, "is_animated", False) and image.format != _MULTIPLE_SHOTS
        frames = image.n_frames if animated else 1
        plain = _plain(ImageOps.exif_transpose(image))
        plain.load()
        return Decoded(plain, scale=width / image.width, frames=frames)


@contextmanager
def _clear_errors(name: str, error: type[FerError], remedy: str) -> Iterator[None]:
    try:
        yield
    except FerError:
        raise
    except Image.DecompressionBombError as problem:
        raise error(f"{name}: too large to decode. Scale it down to at most 50 megapixels.") from problem
    except UnidentifiedImageError as problem:
        words = "not a readable image (no known format)"
        raise error(f"{name}: {words}. Export it as JPEG or PNG (HEIC files of phones too). {remedy}") from problem
    except Exception as problem:  # Pillow's decoders raise nearly anything at damaged bytes
        if isinstance(problem, OSError) and problem.strerror:  # of the system, not of the content
            words = f"cannot be read ({problem.strerror}). Put the file back, or check its rights."
            raise error(f"{name}: {words}") from problem
        raise error(f"{name}: not a readable image ({problem}). {remedy}") from problem


def _require_size(image: Image.Image, *, name: str, error: type[FerError]) -> None:
    width, height = image.size
    if min(width, height) < SMALLEST_SIDE:
        raise error(
            f"{name}: {width}x{height} pixels is too small for a face. "
            f"Use an image of at least {SMALLEST_SIDE}x{SMALLEST_SIDE}, or move it out of the folder."
        )
    if width * height > LARGEST_PIXELS and image.format in _SHRUNK_WHILE_DECODED:
        image.draft(None, (width // 2, height // 2))
    if image.width * image.height > LARGEST_PIXELS:
        raise error(
            f"{name}: {width}x{height} pixels is too large. Scale it down to at most "
            f"{LARGEST_PIXELS // 10**6} megapixels, or save it as JPEG, which can be shrunk while it is read."
        )


def _plain(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB."""
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image), whole=image.mode != "F"))
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        colours = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), colours).convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(values: np.ndarray, *, whole: bool) -> np.ndarray:
    """Greys of 16 bits (or, where they are not whole numbers, from their smallest to their largest) as uint8."""
    values = values.astype(np.float32)
    low, high = (0, _LARGEST_16_BIT) if whole else (np.nanmin(values), np.nanmax(values))
    scaled = (values - low) / max(float(high - low), 1e-12)
    return np.round(255 * np.clip(np.nan_to_num(scaled), 0, 1)).astype(np.uint8)
