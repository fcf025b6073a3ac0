"""Reading ordinary photos: any size, colour and orientation flag, with a clear message for what cannot be used."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_utils.common import files, progress
from fer_utils.common.errors import ParameterError, PhotoError
from fer_utils.data.datasets import IMAGE_SUFFIXES, FaceDataset
from fer_utils.data.images import LARGEST_PIXELS, require_smallest_side

# Files of these names are meant as photos, so one that cannot be read is told; others are photos if they open as such.
PHOTO_SUFFIXES = IMAGE_SUFFIXES | {".avif", ".heic", ".heif", ".jfif", ".mpo"}
PICTURE_SIDES = (640, 1600)  # shortest and longest that the longer side of the copy to draw on may be, pixels
_MULTIPLE_SHOTS = "MPO"  # a phone's JPEG with a second shot or a depth map in it; the first is the photo
_DRAFTED = ("JPEG", _MULTIPLE_SHOTS)  # can be shrunk while they are decoded
_LARGEST_16_BIT = 65535


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo, upright.

    Attributes:
        name: as the user gave it.
        grey: (height, width) uint8 in [0, 255].
        picture: (height', width', 3) uint8, a copy to draw on, its longer side within `PICTURE_SIDES`.
        scale: pixels of the whole photo to a pixel of `grey`; above 1 where it was shrunk while it was decoded.
        notes: what the user should know, such as that only the first frame was taken.
    """

    name: str
    grey: np.ndarray
    picture: np.ndarray
    scale: float = 1.0
    notes: tuple[str, ...] = field(default=())


def find(arguments: Iterable[str | Path]) -> list[Path]:
    """The photos meant by files and folders: a folder's own photos in order of their names, without its subfolders.

    Each is listed once. A file is taken as it is, even where it is missing: `read` tells what is wrong with it.

    Raises:
        ParameterError: a folder without a photo.
    """
    found = []
    for argument in map(Path, arguments):
        if not argument.is_dir():
            found.append(argument)
            continue
        inside = [path for path in sorted(argument.iterdir()) if path.is_file() and _is_photo(path)]
        if not inside:
            raise ParameterError(f"{argument}: no photo in this folder (its subfolders are not looked into).")
        found += inside
    return list({path.resolve(): path for path in reversed(found)}.values())[::-1]


def read(path: Path) -> Photo:
    """Read a photo.

    Turned upright as its EXIF flag says; colours of any kind; what is transparent becomes white; 16-bit greys are scaled;
    of an animation the first frame is taken. A JPEG over 50 megapixels is shrunk while it is decoded.

    Raises:
        PhotoError: missing, truncated, not an image, under 32 pixels on a side, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return _decode(image, name=str(path))
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoError(f"{path}: too large to decode. Scale it down to at most 50 megapixels.") from error
    except UnidentifiedImageError as error:
        raise PhotoError(
            f"{path}: not an image of a known format. Export it as JPEG or PNG (HEIC files of phones too)."
        ) from error
    except Exception as error:  # Pillow's decoders raise nearly anything at damaged bytes
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"{path}: cannot be read ({reason}). Replace it with a whole image file.") from error


def read_all(arguments: Iterable[str | Path], *, unreadable: str = "stop") -> list[Photo]:
    """Read every photo that `find` finds.

    Args:
        unreadable: at a photo that cannot be read, "stop", or "skip" it and say so.

    Raises:
        PhotoError: a photo cannot be read, or none can.
        ParameterError: a folder without a photo.
    """
    chosen = []
    for path in find(arguments):
        try:
            chosen.append(read(path))
        except PhotoError as error:
            if unreadable != "skip":
                raise
            progress.say(f"skipped: {error}")
    if not chosen:
        raise PhotoError("none of the photos can be read.")
    return chosen


def from_greys(grey: np.ndarray, *, name: str) -> Photo:
    """A photo made of greys in memory, (height, width) uint8."""
    return Photo(name=name, grey=grey, picture=_picture(Image.fromarray(grey)))


def as_dataset(chosen: Sequence[Photo]) -> FaceDataset:
    """Photos as a data set without labels and subjects named "photos", so that figures can tell what they show."""
    unknown = np.full(len(chosen), "")
    return FaceDataset(
        name="photos",
        title="Own photos",
        rendered=False,
        images=tuple(photo.grey for photo in chosen),
        labels=np.full(len(chosen), -1, dtype=np.int64),
        subjects=unknown,
        conditions=unknown,
        file_names=np.array([Path(photo.name).name for photo in chosen]),
        hashes=np.array([files.sha256(photo.grey.tobytes()) for photo in chosen]),
        class_names=(),
    )


def contact_sheet(images: Sequence[np.ndarray], *, columns: int, height: int = 240) -> np.ndarray:
    """Images side by side in rows, each scaled to the same height; rows that are shorter end in white.

    Args:
        images: (height, width) uint8 each.

    Returns:
        (height, width) uint8.
    """
    small = [
        np.asarray(Image.fromarray(image).resize((round(image.shape[1] * height / image.shape[0]), height)))
        for image in images
    ]
    rows = [np.hstack(small[start : start + columns]) for start in range(0, len(small), columns)]
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=255) for row in rows])


def _is_photo(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    if path.suffix.lower() in PHOTO_SUFFIXES:
        return True
    try:
        with Image.open(path):
            return True
    except Exception:  # Pillow's decoders raise nearly anything at bytes that are no image
        return False


def _decode(image: Image.Image, *, name: str) -> Photo:
    notes = []
    width = image.width
    _shrink_while_decoding(image, name=name)
    scale = width / image.width
    if scale > 1:
        notes.append(f"read at {image.width}x{image.height} pixels, since it is over 50 megapixels")
    if getattr(image, "is_animated", False) and image.format != _MULTIPLE_SHOTS:
        notes.append(f"the first of {image.n_frames} frames")
    plain = _plain(ImageOps.exif_transpose(image))
    return Photo(name, np.asarray(plain.convert("L")), _picture(plain), scale, tuple(notes))


def _shrink_while_decoding(image: Image.Image, *, name: str) -> None:
    require_smallest_side(image, name=name, error=PhotoError)
    width, height = image.size
    if width * height > LARGEST_PIXELS and image.format in _DRAFTED:
        image.draft(None, (width // 2, height // 2))
    if image.width * image.height > LARGEST_PIXELS:
        raise PhotoError(
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


def _picture(plain: Image.Image) -> np.ndarray:
    shortest, longest = PICTURE_SIDES
    side = max(plain.size)
    factor = min(max(side, shortest), longest) / side
    size = (max(1, round(plain.width * factor)), max(1, round(plain.height * factor)))
    colours = plain.convert("RGB")
    return np.asarray(colours.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0) if factor != 1 else colours)
