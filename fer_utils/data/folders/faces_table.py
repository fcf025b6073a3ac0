"""`faces.csv`: a table in the folder that says of each image who it shows and what, and whatever else is known."""

import csv
from pathlib import PurePosixPath

from fer_utils.common.errors import DatasetError
from fer_utils.data.folders.listing import Entry, File, LeftOut, Listing, Options, Reading, some
from fer_utils.data.folders.names import is_blank

NAME = "faces.csv"
COLUMNS = ("file", "subject", "expression")
# Columns of the manifest, beside which further columns stand there.
_TAKEN = frozenset(
    {"image", "condition", "label", "sha256", "width", "height", "kept", "reason",
     "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"}
)  # fmt: skip


def seen(listing: Listing) -> str:
    """Why a folder is read by its table; empty where it has none."""
    return f"the table {NAME} lies in it" if listing.found(NAME) else ""


def read(listing: Listing, options: Options) -> Reading:
    """The images that the table names, with all that it says of them as text.

    Raises:
        DatasetError: there is no such table, it is damaged or lacks a column, names a file twice, or one outside the folder;
            or with `unreadable` "stop" a row without a subject or an expression, or a file that is not there.
    """
    table = listing.found(NAME)
    if table is None:
        raise DatasetError(f"{listing.title}: no {NAME} in it. Write one with the columns {', '.join(COLUMNS)}.")
    rows, columns = _rows(table)
    there = {each.file_name: each for each in listing.files}
    entries, left_out, named = [], {}, set()
    for number, row in enumerate(rows, start=2):
        name = str(PurePosixPath(row["file"].replace("\\", "/")))
        if name in named:
            raise DatasetError(f"{NAME}: {name} stands in two rows, the second is row {number}. Take one of them out.")
        named.add(name)
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DatasetError(
                f"{NAME}: row {number}: {name} is not in the folder of the table. Give file names relative to that folder."
            )
        lacking = next((column for column in COLUMNS if is_blank(row[column])), "")
        if lacking or name not in there:
            reason = f"row {number} of {NAME} has no {lacking}" if lacking else f"named in {NAME}, but not there"
            if options.unreadable == "stop":
                what = "fill it in" if lacking else "put the file there"
                raise DatasetError(f"{name}: {reason}. Take the row out, or {what}; or pass -p unreadable skip.")
            left_out[name] = LeftOut(reason, row["subject"], row["expression"])
            continue
        further = tuple(row[column] for column in columns)
        entries.append(Entry(there[name].path, name, row["subject"], row["expression"], further))
    if not entries:
        raise DatasetError(f"{NAME}: it names no image. Write a row for each: {', '.join(COLUMNS)}.")
    for file in listing.files:
        if file.file_name not in named and file is not table:
            left_out[file.file_name] = LeftOut(f"not in {NAME}") if file.is_picture else file.no_image
    because = f"{seen(listing)} ({len(rows)} rows"
    because += f"; further columns: {some(list(columns))})" if columns else ")"
    return Reading(because, entries, left_out, columns=columns)


def _rows(table: File) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """The rows, each by column, and the names of further columns."""
    from fer_utils.common import csv_files  # imports pandas, which whoever reads no table can do without

    try:
        found = csv_files.read(table.path, csv_files.schema(COLUMNS, text=_header(table)))
    except OSError as error:
        raise DatasetError(
            f"{NAME}: cannot be read ({error.strerror}). Put the file back, or check its rights."
        ) from error
    except csv_files.DamagedError as error:
        raise DatasetError(
            f"{NAME}: {error}. It needs the columns {', '.join(COLUMNS)}, and commas between them."
        ) from error
    columns = tuple(str(name) for name in found.columns if name not in COLUMNS)
    if taken := [name for name in columns if name in _TAKEN]:
        raise DatasetError(f"{NAME}: the column {taken[0]} has a name that the manifest uses. Give it another name.")
    for name in found:
        found[name] = found[name].str.strip()
    return found.to_dict("records"), columns


def _header(table: File) -> list[str]:
    try:
        with table.path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except UnicodeDecodeError:
        return []  # told by the reader
