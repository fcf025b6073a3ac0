"""Data sets of the web with lists of labels, which know no people: FER2013's csv, RAF-DB, AffectNet."""

import csv
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from fer_utils.common.errors import DatasetError
from fer_utils.data.folders import words
from fer_utils.data.folders.listing import Entry, File, LeftOut, Listing, Options, Reading

_RAF_DB_LIST = re.compile(r"list_par?tition_label\.txt", re.IGNORECASE)
_EXPRESSION_ARRAY = re.compile(r"(.+)_exp\.npy")
_AFFECTNET_COLUMNS = ("subDirectory_filePath", "expression")


@dataclass(frozen=True)
class PixelRow(Entry):
    """An image that is a row of a table: its greys, line by line.

    Attributes:
        start, length: of the row in the file, bytes.
        column: which of its cells holds the greys.
    """

    start: int = 0
    length: int = 0
    column: int = 1

    def content(self) -> bytes:
        """The image as the bytes of a PGM file.

        Raises:
            DatasetError: the table cannot be read, or the row holds no square image.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                row = next(csv.reader([file.read(self.length).decode("ascii")]))
            greys = np.array(row[self.column].split(), dtype=np.uint8)
        except OSError as error:
            raise DatasetError(f"{self.file_name}: cannot be read ({error.strerror}). Put the table back.") from error
        except (ValueError, OverflowError, IndexError, StopIteration) as error:
            raise DatasetError(f"{self.file_name}: not a row of greys ({error}). Fetch the table again.") from error
        side = math.isqrt(len(greys))
        if not side or side**2 != len(greys):
            raise DatasetError(f"{self.file_name}: {len(greys)} greys are no square image. Fetch the table again.")
        return b"P5 %d %d 255\n" % (side, side) + greys.tobytes()


def fer2013_seen(listing: Listing) -> str:
    """Why a folder seems to hold FER2013's table; empty where it does not."""
    table = _pixel_table(listing)
    return f"{table.file_name} has the columns emotion and pixels" if table else ""


def fer2013(listing: Listing, options: Options) -> Reading:
    """Read `fer2013.csv`, with the columns `emotion, pixels, Usage` in any order (Goodfellow et al. 2013).

    Raises:
        DatasetError: there is no such table, or it cannot be read.
    """
    table = _pixel_table(listing)
    if table is None:
        raise DatasetError(f"{listing.title}: no table with the columns emotion, pixels and Usage in it.")
    columns = _header(table)
    emotion, pixels, usage = (
        columns.index(each) if each in columns else None for each in ("emotion", "pixels", "usage")
    )
    entries, left_out, place = [], {}, 0
    with table.path.open("rb") as file:
        for number, line in enumerate(file):
            start, place = place, place + len(line)
            if not number or not line.strip():
                continue
            # The other cells are short words without commas, so that the long one need not be parsed here.
            cells = line.decode("ascii", errors="replace").strip().split(",")
            part = cells[usage].strip() if usage is not None and len(cells) > usage else "row"
            name = f"{part}/{number:05}"
            try:
                word = words.FER2013[int(cells[emotion])]
            except (ValueError, IndexError):
                left_out[name] = LeftOut(f"row {number + 1} of {table.file_name} has no emotion from 0 to 6")
                continue
            entries.append(PixelRow(table.path, name, "", word, (), start, len(line), pixels))
    left_out |= {each.file_name: LeftOut("beside the table") for each in listing.pictures}
    return _unknown(fer2013_seen(listing), entries, left_out, listing)


def raf_db_seen(listing: Listing) -> str:
    """Why a folder seems to be RAF-DB; empty where it does not."""
    found = _raf_db_list(listing)
    return f"RAF-DB's list {found.file_name} lies in it" if found else ""


def raf_db(listing: Listing, options: Options) -> Reading:
    """Read RAF-DB's single labels, lines such as `train_00001.jpg 5`; of aligned and original images, the aligned ones.

    Raises:
        DatasetError: there is no list, or with `unreadable` "stop" a line without an image.
    """
    table = _raf_db_list(listing)
    if table is None:
        raise DatasetError(f"{listing.title}: no list_patition_label.txt in it.")
    by_stem: dict[str, File] = {}
    for file in listing.pictures:
        stem = PurePosixPath(file.name).stem
        if stem.endswith("_aligned") or stem not in by_stem:
            by_stem[stem.removesuffix("_aligned")] = file
    entries, left_out, used = [], {}, set()
    for number, line in enumerate(table.path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        name, _, label = line.strip().rpartition(" ")
        word = words.RAF_DB.get(int(label), "") if label.isdecimal() else ""
        file = by_stem.get(PurePosixPath(name.strip()).stem)
        if word and file:
            entries.append(Entry(file.path, file.file_name, "", word))
            used.add(file.file_name)
            continue
        reason = "named in the list, but not there" if word else f"line {number} of the list has no number from 1 to 7"
        if options.unreadable == "stop":
            raise DatasetError(
                f"{name or line.strip()}: {reason} ({table.name}). Fetch it again, or pass -p unreadable skip."
            )
        left_out[name or line.strip()] = LeftOut(reason, condition=word)
    if rest := [each.file_name for each in listing.pictures if each.file_name not in used]:
        left_out["other images"] = LeftOut(
            f"{len(rest)} images are not in the list, or are the originals of aligned ones"
        )
    return _unknown(raf_db_seen(listing), entries, left_out, listing)


def affectnet_seen(listing: Listing) -> str:
    """Why a folder seems to be AffectNet; empty where it does not."""
    if array := next((each for each in listing.files if _EXPRESSION_ARRAY.fullmatch(each.name)), None):
        return f"AffectNet's annotations lie in it, such as {array.file_name}"
    tables = [each.file_name for each in _affectnet_tables(listing)]
    return f"{' and '.join(tables)} has AffectNet's columns" if tables else ""


def affectnet(listing: Listing, options: Options, *, numbered_folders: Callable[..., Reading]) -> Reading:
    """Read AffectNet: `annotations/1_exp.npy` beside `images/1.jpg`, its csv lists, or else class folders of its numbers.

    Images without an expression (8 to 10: none, uncertain, no face) are left out.

    Args:
        numbered_folders: reads class folders that are named by the `numbering` that it gets.

    Raises:
        DatasetError: nothing of it is there, or a list is damaged.
    """
    numbering = dict(enumerate(words.AFFECTNET))
    labels = dict(_affectnet_labels(listing))
    if not labels:
        return numbered_folders(listing, options, numbering=numbering)
    entries, left_out, missing = [], {}, 0
    pictures = {_affectnet_key(each.file_name): each for each in listing.pictures}
    for key, number in sorted(labels.items()):
        file = pictures.get(key)
        if file is None:
            missing += 1
        elif word := numbering.get(number, ""):
            entries.append(Entry(file.path, file.file_name, "", word))
        else:
            left_out[file.file_name] = LeftOut(f"its number, {number}, is no expression")
    if missing:
        left_out["missing images"] = LeftOut(f"{missing} images have a label, but are not there")
    if rest := sum(key not in labels for key in pictures):
        left_out["other images"] = LeftOut(f"{rest} images have no label")
    return _unknown(affectnet_seen(listing), entries, left_out, listing)


def _unknown(because: str, entries: list[Entry], left_out: dict[str, LeftOut], listing: Listing) -> Reading:
    if not entries:
        raise DatasetError(f"{listing.title}: {because}, but none of its images is there. Seen: {listing.seen()}.")
    return Reading(because, entries, left_out, people_known=False)


def _header(file: File) -> list[str]:
    """The columns of a table, without the spaces around them, in lower case; none where it cannot be read as text."""
    try:
        with file.path.open(encoding="utf-8-sig", newline="") as opened:
            return [cell.strip().lower() for cell in next(csv.reader(opened), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _tables(listing: Listing) -> Iterator[File]:
    return (each for each in listing.files if each.path.suffix.lower() == ".csv")


def _pixel_table(listing: Listing) -> File | None:
    return next((each for each in _tables(listing) if {"emotion", "pixels"} <= set(_header(each))), None)


def _raf_db_list(listing: Listing) -> File | None:
    return next((each for each in listing.files if _RAF_DB_LIST.fullmatch(each.name)), None)


def _affectnet_tables(listing: Listing) -> list[File]:
    wanted = {each.lower() for each in _AFFECTNET_COLUMNS}
    return [each for each in _tables(listing) if wanted <= set(_header(each))]


def _affectnet_labels(listing: Listing) -> Iterator[tuple[str, int]]:
    """(key, number) of every label, the key as `_affectnet_key` makes it of an image's name."""
    for file in listing.files:
        if found := _EXPRESSION_ARRAY.fullmatch(file.name):
            try:
                yield _affectnet_key("/".join((*file.folders, found[1]))), int(np.load(file.path).item())
            except (OSError, ValueError, EOFError) as error:
                raise DatasetError(
                    f"{file.file_name}: not an expression's number ({error}). Fetch it again."
                ) from error
    for file in _affectnet_tables(listing):
        columns = _header(file)
        name, expression = (columns.index(each.lower()) for each in _AFFECTNET_COLUMNS)
        with file.path.open(encoding="utf-8-sig", newline="") as opened:
            for number, row in enumerate(csv.reader(opened), start=1):
                if number > 1 and row:
                    try:
                        yield _affectnet_key(row[name]), int(row[expression])
                    except (IndexError, ValueError) as error:
                        raise DatasetError(
                            f"{file.file_name}: row {number} is damaged ({error}). Fetch it again."
                        ) from error


def _affectnet_key(name: str) -> str:
    """What an image and its label have in common: the last folder (except for `images` and `annotations`) and the name."""
    path = PurePosixPath(name)
    folders = [
        each for each in path.parts[:-1] if each.lower() not in ("images", "annotations", "manually_annotated_images")
    ]
    stem = path.name.partition(".")[0]
    return f"{folders[-1]}/{stem}" if folders else stem
