"""Reading ordinary photos: any size, colour and orientation flag, with a clear message for what cannot be used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from fer_utils.common import files, paths, progress
from fer_utils.common.errors import PhotoError, printable
from fer_utils.data import images
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.folders.listing import IMAGE_SUFFIXES, readable
from fer_utils.photos import heic

# Files of these names are meant as photos, so one that cannot be read is reported; others are photos if they open as such.
PHOTO_SUFFIXES = IMAGE_SUFFIXES | {".avif", ".heic", ".heif", ".jfif", ".mpo"}
PICTURE_SIDES = (640, 1600)  # shortest and longest that the longer side of the copy to draw on may be, pixels


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


def find(arguments: Iterable[str | Path], *, recursive: bool = False, but: Path | None = None) -> list[Path]:
    """The photos meant by files and folders: a folder's own photos in order of their names.

    Each is listed once. A file is taken as it is, even where it is missing, and so is a folder without a photo: `read` says
    what is wrong with it.

    Args:
        recursive: look into subfolders too; not into hidden ones, nor along links, which may lead in a circle.
        but: a folder that is left out, with all in it: that of the annotated copies.
    """
    found = []
    for argument in map(Path, arguments):
        inside = _inside(argument, recursive=recursive, but=but) if argument.is_dir() else []
        found += inside or [argument]
    return list({path.resolve(): path for path in reversed(found)}.values())[::-1]


def _inside(folder: Path, *, recursive: bool, but: Path | None) -> list[Path]:
    """The photos in a folder; the folder itself where it cannot be opened, so that `read` says so."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return [folder]
    found = [path for path in entries if path.is_file() and _is_photo(path)]
    for path in entries if recursive else ():
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".") and path.resolve() != but:
            found += _inside(path, recursive=True, but=but)
    return found


def read(path: Path) -> Photo:
    """Read a photo.

    Turned upright as its EXIF flag says; colours of any kind; what is transparent becomes white; 16-bit greys are scaled;
    of an animation the first frame is taken. A JPEG over 50 megapixels is shrunk while it is decoded.

    Raises:
        PhotoError: missing, truncated, not an image, under 32 pixels on a side, or too large; a folder without a photo; an
            address on the web; or HEIC where its reader is not installed.
    """
    if address := paths.address(path):
        raise PhotoError(f"{address}: an address is no file. Download the photo, then give its file.")
    if path.is_dir():
        raise PhotoError(_empty(path))
    heic.require(path)
    decoded = images.decode(
        path, name=printable(str(path), but=""), error=PhotoError, remedy="Replace it with a whole image file."
    )
    notes = []
    if decoded.scale > 1:
        width, height = decoded.plain.size
        notes.append(f"read at {width}x{height} pixels, since it is over 50 megapixels")
    if decoded.frames > 1:
        notes.append(f"the first of {decoded.frames} frames")
    return Photo(str(path), decoded.grey, _picture(decoded.plain), decoded.scale, tuple(notes))


def read_all(arguments: Iterable[str | Path], *, unreadable: str = "stop") -> list[Photo]:
    """Read every photo that `find` finds.

    Args:
        unreadable: at a photo that cannot be read, "stop", or "skip" it and say so.

    Raises:
        PhotoError: a photo cannot be read, or none can; or a folder has none.
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
    """Photos as a data set without labels and subjects named "photos", so that figures can say what they show."""
    unknown = np.full(len(chosen), "")
    return FaceDataset(
        name="photos",
        title="Own photos",
        rendered=False,
        images=tuple(photo.grey for photo in chosen),
        labels=np.full(len(chosen), -1, dtype=np.int64),
        subjects=unknown,
        conditions=unknown,
        file_names=np.array([readable(Path(photo.name).name) for photo in chosen]),
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


def _empty(folder: Path) -> str:
    try:
        any(folder.iterdir())
    except OSError as error:
        return f"{folder}: this folder cannot be opened ({error.strerror}). Check its rights."
    return f"{folder}: no photo in this folder. --recursive looks into its subfolders too."


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


def _picture(plain: Image.Image) -> np.ndarray:
    shortest, longest = PICTURE_SIDES
    side = max(plain.size)
    factor = min(max(side, shortest), longest) / side
    size = (max(1, round(plain.width * factor)), max(1, round(plain.height * factor)))
    colours = plain.convert("RGB")
    return np.asarray(colours.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0) if factor != 1 else colours)
