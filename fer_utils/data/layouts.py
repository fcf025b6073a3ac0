"""What a folder of faces holds: which files are images, of whom, showing what; and what is left out, with its reason."""

import os
import re
import unicodedata
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from fer_utils.common.errors import DatasetError, ParameterError

YALE_EXPRESSIONS = ("happy", "normal", "sad", "sleepy", "surprised", "wink")
YALE_OTHER_CONDITIONS = ("centerlight", "glasses", "leftlight", "noglasses", "rightlight")
KNOWN_EXPRESSIONS = frozenset(YALE_EXPRESSIONS) | {
    "anger", "angry", "contempt", "disgust", "disgusted", "fear", "fearful",
    "happiness", "neutral", "sadness", "surprise",
}  # fmt: skip
SUBJECT_PATTERN = r"^(?P<subject>S\d+(?=_)|[A-Z]{2}(?=\.)|subject\d+)"
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
# What systems and programs leave behind in folders, besides all that begins with a dot.
_LITTER = frozenset(
    {"$recycle.bin", "@eadir", "__macosx", "desktop.ini", "ehthumbs.db", "icon\r", "lost+found", "system volume information",
     "thumbs.db"}
)  # fmt: skip
_EXPECTED = (
    "Expected is a folder for each expression, with the images right in it and the person in each file name, "
    "or files named subjectNN.expression (see 'Your own faces' in the README)."
)
_SHOWN = 3  # examples in a message


@dataclass(frozen=True)
class Entry:
    """An image file of a data set: where it is, its name relative to the data set's folder, who it shows, and what."""

    path: Path
    file_name: str
    subject: str
    condition: str


@dataclass(frozen=True)
class LeftOut:
    """Why a file or folder is no image of the data set; whom and what it shows, as far as its name tells."""

    reason: str
    subject: str = ""
    condition: str = ""


def readable(name: str) -> str:
    """A file's name as text for tables and messages: bytes that are no UTF-8, and control characters, as escapes."""
    text = os.fsencode(name).decode("utf-8", errors="backslashreplace")
    control = {"Cc", "Zl", "Zp"}
    return "".join(
        each.encode("unicode_escape").decode() if unicodedata.category(each) in control else each for each in text
    )


def has_class_folders(folder: Path) -> bool:
    """Whether a data set's folder holds folders, which are taken for expressions.

    Raises:
        DatasetError: the folder cannot be read.
    """
    return any(_is_folder(child) for child in _children(folder))


def flat(folder: Path) -> tuple[list[Entry], dict[str, LeftOut]]:
    """The files of a folder without folders in it: `subjectNN.condition`, an image suffix may follow.

    `subject01.gif` is Yale's centerlight of subject 01.

    Returns:
        The images, sorted by file name; and by name, what else there is.

    Raises:
        DatasetError: the folder cannot be read or holds no such image, or an image's condition is not known.
    """
    entries, left_out = [], {}
    for path in _children(folder):
        name = readable(path.name)
        subject, condition = _named(name)
        if not _is_picture(path):
            known = condition in KNOWN_EXPRESSIONS or condition in YALE_OTHER_CONDITIONS
            if not (subject and known and Path(name).suffix == f".{condition}"):
                left_out[name] = _no_image(path)
                continue
        if not subject:
            left_out[name] = LeftOut("its name is not of the form subjectNN.expression")
            continue
        condition = condition or "centerlight"
        if condition not in KNOWN_EXPRESSIONS and condition not in YALE_OTHER_CONDITIONS:
            raise DatasetError(
                f"{name}: unknown expression {condition!r}. Known are {', '.join(sorted(KNOWN_EXPRESSIONS))}; "
                "rename the file, or put each class in a subfolder of its own to use other words."
            )
        entries.append(Entry(path=path, file_name=name, subject=subject, condition=condition))
    if not entries:
        seen = _such_as(left_out, "file") if left_out else "nothing"
        raise DatasetError(
            f"{readable(folder.name)}: no images named subjectNN.expression and no class subfolders. {_EXPECTED} "
            f"Seen: {seen}."
        )
    return entries, left_out


def class_folders(folder: Path, subject_pattern: str, *, unreadable: str) -> tuple[list[Entry], dict[str, LeftOut]]:
    """The files of `<class>/<file with the subject in its name>`.

    Args:
        subject_pattern: regular expression with one group, the subject, searched in the name of each file.
        unreadable: at a name without a subject, "stop", or "skip" the file.

    Returns:
        The images, sorted by file name; and by name, what else there is: empty class folders too.

    Raises:
        DatasetError: a folder cannot be read, there are no images right in the class folders, or no subject is in a name.
        ParameterError: the pattern is no regular expression with one group.
    """
    pattern = _compiled(subject_pattern)
    entries, left_out, nameless = [], {}, {}
    for child in _children(folder):
        condition = readable(child.name)
        if not _is_folder(child):
            left_out[condition] = LeftOut("beside the class folders") if _is_picture(child) else _no_image(child)
            continue
        inside = _children(child)
        for path in inside:
            name = f"{condition}/{readable(path.name)}"
            if _is_folder(path):
                left_out[f"{name}/"] = LeftOut("a folder in a class folder, not read", condition=condition)
            elif not _is_picture(path):
                left_out[name] = LeftOut(_no_image(path).reason, condition=condition)
            elif (found := pattern.search(readable(path.name))) is None or not found.group(1):
                nameless[name] = LeftOut("no subject in the file name", condition=condition)
            else:
                entries.append(Entry(path, name, found.group(1), condition))
        if not inside:
            left_out[f"{condition}/"] = LeftOut("this class folder holds no images", condition=condition)
    if nameless and (unreadable == "stop" or not entries):
        folders = _some([f"{name}/" for name in dict.fromkeys(each.condition for each in nameless.values())])
        raise DatasetError(
            f"{next(iter(nameless))}: no subject in the file name ({len(nameless)} such files). "
            "Give subject_pattern, a regular expression whose group is the subject (on the command line: -p subject_pattern "
            f"REGEX). Folders are taken for expressions: {folders}."
        )
    if not entries:
        raise DatasetError(f"{readable(folder.name)}: no images found. {_EXPECTED} Seen: {_seen(folder)}.")
    return sorted(entries, key=lambda entry: entry.file_name), left_out | nameless


def _children(folder: Path) -> list[Path]:
    """What a folder holds except litter, sorted."""
    try:
        return sorted(child for child in folder.iterdir() if not _is_litter(child.name))
    except OSError as error:
        raise DatasetError(
            f"{readable(folder.name)}: this folder cannot be read ({error.strerror}). Check its rights, or move it away."
        ) from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # nothing can be known of it
        return False


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _is_picture(path: Path) -> bool:
    """Whether a file is meant as an image, by its suffix or else by what it holds; a pipe or device is not looked into."""
    try:
        if path.exists() and not path.is_file():
            return False
        if path.suffix.lower() in IMAGE_SUFFIXES | UNREAD_SUFFIXES:
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


def _no_image(path: Path) -> LeftOut:
    suffix = readable(path.suffix)
    return LeftOut(f"not an image ({suffix})" if suffix else "not an image")


def _named(name: str) -> tuple[str, str]:
    """Subject and condition by a name of the form `subjectNN.condition`; two empty texts where it is of another."""
    if not name.startswith("subject"):
        return "", ""
    suffix = Path(name).suffix
    stem = name[: -len(suffix)] if suffix.lower() in IMAGE_SUFFIXES | UNREAD_SUFFIXES else name
    subject, _, condition = stem.removeprefix("subject").partition(".")
    return subject, condition


def _compiled(subject_pattern: str) -> re.Pattern:
    try:
        pattern = re.compile(subject_pattern)
    except re.error as error:
        raise ParameterError(f"subject_pattern {subject_pattern!r} is not a regular expression: {error}.") from error
    if pattern.groups != 1:
        raise ParameterError(
            f"subject_pattern {subject_pattern!r} needs exactly one group in parentheses: the subject."
        )
    return pattern


def _seen(folder: Path) -> str:
    """What the folders of a data set hold, in words, where it is not what is expected."""
    deeper, without = [], []
    for child in _children(folder):
        if _is_folder(child):
            folders = [f"{readable(each.name)}/" for each in _children(child) if _is_folder(each)]
            (deeper if folders else without).append((f"{readable(child.name)}/", folders))
    words = []
    if deeper:
        verb = "holds folders of its own" if len(deeper) == 1 else "hold folders of their own"
        words.append(f"{_some([name for name, _ in deeper])} {verb} ({_some(deeper[0][1])})")
    if without:
        verb = "holds no images" if len(without) == 1 else "hold no images"
        words.append(f"{_some([name for name, _ in without])} {verb}")
    return "; ".join(words)


def _such_as(names: dict[str, LeftOut], word: str) -> str:
    return f"{len(names)} {word}{'s' * (len(names) > 1)} such as {next(iter(names))}"


def _some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _SHOWN
    if more > 0:
        return f"{', '.join(names[:_SHOWN])} and {more} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
