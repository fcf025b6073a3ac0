"""What a folder of faces contains: its files, which of them are images, and how a reader says what it made of them."""

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from PIL import Image

from fer_utils.common.errors import DatasetError, printable

IMAGE_SUFFIXES = frozenset(
    {
        ".avif", ".avifs", ".bmp", ".gif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo",
        ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
    }
)  # fmt: skip
# Pictures that nobody here can decode: meant as images, so refused by name and never taken for text.
UNREAD_SUFFIXES = frozenset(
    {".arw", ".cr2", ".cr3", ".dng", ".heic", ".heif", ".hif", ".jxl", ".nef", ".orf", ".psd", ".raf", ".rw2", ".svg"}
)
# Not looked into: data sets bring thousands of them.
_TEXT_SUFFIXES = frozenset(
    {".csv", ".htm", ".html", ".json", ".md", ".npy", ".npz", ".pdf", ".tsv", ".txt", ".xml", ".zip"}
)
# What systems and programs leave behind in folders, besides all that begins with a dot.
_LITTER = frozenset(
    {"$recycle.bin", "@eadir", "__macosx", "desktop.ini", "ehthumbs.db", "icon\r", "lost+found", "system volume information",
     "thumbs.db"}
)  # fmt: skip
_SHOWN = 3  # examples in a message


@dataclass(frozen=True)
class Entry:
    """An image of a data set: where it is, its name relative to the data set's folder, who it shows, and what.

    Attributes:
        path: the file that holds it.
        subject: empty where nobody knows who it is.
        further: what else a table says of it, a text for each of `Reading.columns`.
    """

    path: Path
    file_name: str
    subject: str
    condition: str
    further: tuple[str, ...] = ()

    def content(self) -> bytes:
        """The bytes of an image file.

        Raises:
            DatasetError: they cannot be read.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise DatasetError(
                f"{self.file_name}: cannot be read ({error.strerror}). Put the file back, or check its rights."
            ) from error


@dataclass(frozen=True)
class LeftOut:
    """Why a file or folder is no image of the data set; whom and what it shows, as far as its name says."""

    reason: str
    subject: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Options:
    """What a user says about a folder, see `datasets.load`."""

    subject_pattern: str = ""
    unreadable: str = "stop"
    layout: str = ""
    last_frames: int = 3
    random_split: bool = False


@dataclass(frozen=True)
class Reading:
    """What a reader made of a folder.

    Attributes:
        because: why it was read so, to continue after "because".
        left_out: by name, what else there is.
        people_known: whether anything says who is shown.
        columns: further columns of a table, see `Entry.further`.
    """

    because: str
    entries: list[Entry]
    left_out: dict[str, LeftOut]
    people_known: bool = True
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A file below a data set's folder.

    Attributes:
        path: where it is.
        folders: names of the folders on the way to it, as text.
        name: its own name, as text.
    """

    path: Path
    folders: tuple[str, ...]
    name: str

    @property
    def file_name(self) -> str:
        """Its name relative to the data set's folder."""
        return "/".join((*self.folders, self.name))

    @cached_property
    def is_picture(self) -> bool:
        """Whether it is meant as an image, by its suffix or else by what it holds; a pipe or device is not looked into."""
        return _is_picture(self.path)

    @property
    def no_image(self) -> LeftOut:
        """The reason to leave out a file that is no image."""
        suffix = readable(self.path.suffix)
        return LeftOut(f"not an image ({suffix})" if suffix else "not an image")


@dataclass(frozen=True)
class Listing:
    """All files below a folder, except for litter.

    Attributes:
        folder: looked into.
        files: sorted by folder, then by name.
        folders: the names on the way to each folder below, sorted.
    """

    folder: Path
    files: list[File]
    folders: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The folder's own name, for messages."""
        return readable(self.folder.name)

    @cached_property
    def pictures(self) -> list[File]:
        """The files that are meant as images."""
        return [each for each in self.files if each.is_picture]

    def no_images(self) -> dict[str, LeftOut]:
        """By name, the files that are no images."""
        return {each.file_name: each.no_image for each in self.files if not each.is_picture}

    def found(self, name: str) -> File | None:
        """A file right in the folder, by its name in any case."""
        return next((each for each in self.files if not each.folders and each.name.lower() == name), None)

    def seen(self) -> str:
        """What is there, in words, for a message about what is not."""
        top = [each[0] for each in self.folders if len(each) == 1]
        deep = [name for name in top if any(each[0] == name for each in self.folders if len(each) > 1)]
        full = {each.folders[0] for each in self.pictures if each.folders}
        empty = [f"{name}/" for name in top if name not in full and name not in deep]
        words = []
        if deep:
            below = [f"{each[1]}/" for each in self.folders if len(each) == 2 and each[0] == deep[0]]
            verb = "contains folders of its own" if len(deep) == 1 else "contain folders of their own"
            words.append(f"{some([f'{name}/' for name in deep])} {verb} ({some(below)})")
        if empty:
            words.append(f"{some(empty)} {'contains' if len(empty) == 1 else 'contain'} no images")
        if self.files:
            words.append(such_as([each.file_name for each in self.files], "file"))
        return "; ".join(words) or "nothing"


def look(folder: Path) -> Listing:
    """List a folder and all folders in it; links are followed, but not in a circle.

    Raises:
        DatasetError: a folder cannot be read.
    """
    files: list[File] = []
    folders: list[tuple[str, ...]] = []
    waiting: list[tuple[Path, tuple[str, ...], frozenset[str]]] = [(folder, (), frozenset())]
    while waiting:
        here, names, above = waiting.pop()
        place = os.path.realpath(here)
        if place in above:
            continue
        inside = []
        for child in children(here):
            if _is_folder(child):
                inside.append((child, (*names, readable(child.name)), above | {place}))
            else:
                files.append(File(child, names, readable(child.name)))
        folders += [each for _, each, _ in inside]
        waiting += reversed(inside)
    return Listing(folder, sorted(files, key=lambda each: (each.folders, each.name)), sorted(folders))


def readable(name: str) -> str:
    """A file's name as text for tables and messages: bytes that are no UTF-8, and control characters, as escapes."""
    text = os.fsencode(name).decode("utf-8", errors="backslashreplace")
    return printable(text, but="")


def children(folder: Path) -> list[Path]:
    """What a folder holds except litter, sorted.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        return sorted(child for child in folder.iterdir() if not _is_litter(child.name))
    except OSError as error:
        raise DatasetError(
            f"{readable(folder.name)}: this folder cannot be read ({error.strerror}). Check its rights, or move it away."
        ) from error


def such_as(names: Iterable[str] | Mapping[str, object], word: str) -> str:
    """How many names there are, and the first of them."""
    names = list(names)
    return f"{len(names)} {word}{'s' * (len(names) > 1)} such as {names[0]}"


def some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _SHOWN
    if more > 0:
        return f"{', '.join(names[:_SHOWN])} and {more} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # nothing can be known of it
        return False


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _is_picture(path: Path) -> bool:
    suffix = path.suffix.lower()
    try:
        if suffix in _TEXT_SUFFIXES or (path.exists() and not path.is_file()):
            return False
        if suffix in IMAGE_SUFFIXES | UNREAD_SUFFIXES:
            return True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(path).close()
    except Image.DecompressionBombError:
        return True
    except Exception as error:  # Pillow's decoders raise nearly anything at bytes that are no image
        return (
            isinstance(error, OSError) and error.errno is not None
        )  # not even looked into: to be named when it is read
    return True
