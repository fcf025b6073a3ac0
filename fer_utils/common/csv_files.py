"""CSV files that come back as they were written: text stays text, numbers are numbers, and what is neither is named.

pandas by itself guesses: of a person "NA" it makes a missing value, of "1e5" and "007" numbers, of a class "True" a truth value.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fer_utils.common.errors import OutputError

_NOT_COMMAS = {";": "semicolons", "\t": "tabs"}  # what spreadsheet programs put between columns
_YES_OR_NO = {"true": True, "yes": True, "false": False, "no": False}


class DamagedError(ValueError):
    """The file is not the table that was expected; the message says why."""


@dataclass(frozen=True)
class Schema:
    """What a table's columns hold; a column that is not listed holds numbers.

    Attributes:
        columns: those that must be there, in the order in which they are written.
        text: columns that hold text always; an empty cell is an empty text.
        flags: columns that hold yes or no.
    """

    columns: tuple[str, ...]
    text: frozenset[str]
    flags: frozenset[str] = frozenset()


def schema(columns: Iterable[str], *, text: Iterable[str] = (), flags: Iterable[str] = ()) -> Schema:
    """A `Schema` from names in any container."""
    return Schema(tuple(columns), frozenset(text), frozenset(flags))


def read(path: Path, expected: Schema) -> pd.DataFrame:
    """A table: columns of text as str without missing values, flags as bool, others as numbers (an empty cell is NaN).

    A byte order mark is taken off; other columns than those expected are read too.

    Raises:
        OSError: the file cannot be read; FileNotFoundError where it is missing.
        DamagedError: it is no such table, or a spreadsheet program put something else than commas between its columns.
    """
    content = path.read_bytes()
    try:
        table = _parsed(content.decode("utf-8-sig"), expected)
    except UnicodeDecodeError as error:
        raise DamagedError("it is not UTF-8") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise DamagedError(" ".join(str(error).split())) from error
    return table


def text(table: pd.DataFrame, expected: Schema, *, decimals: int) -> str:
    """A table as `read` gives it back.

    Args:
        decimals: of numbers that are not whole.

    Raises:
        ValueError: a column is missing, or a text.
        OutputError: a text is none that UTF-8 holds.
    """
    table = table.copy()
    for name in expected.columns:
        if name not in table:
            raise ValueError(f"a table without its column {name}")
    words = [name for name in table if name in expected.text]
    for name in words:
        if table[name].isna().any():
            raise ValueError(f"a text is missing in the column {name}")
        table[name] = table[name].astype(str)
    # A lone carriage return would end a row for a reader, and Python quotes it since 3.13 only.
    returns = any(table[name].str.contains("\r", regex=False).any() for name in words)
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    whole = table.to_csv(index=False, float_format=f"%.{decimals}f", lineterminator="\n", quoting=quoting)
    try:
        whole.encode()
    except UnicodeEncodeError as error:
        word = whole[max(0, error.start - 20) : error.end + 20]
        raise OutputError(f"a table cannot contain {word!a}: it is not UTF-8. Rename the file or folder.") from error
    return whole


def _parsed(content: str, expected: Schema) -> pd.DataFrame:
    header = pd.read_csv(io.StringIO(content, newline=""), nrows=0, index_col=False).columns
    missing = [name for name in expected.columns if name not in header]
    if missing:
        first = content.partition("\n")[0]
        for mark, words in _NOT_COMMAS.items():
            if set(expected.columns) <= {cell.strip('"\r') for cell in first.split(mark)}:
                raise DamagedError(f"a spreadsheet program has put {words} between its columns; commas are needed")
        raise DamagedError(f"no column {missing[0]}")
    words = [name for name in header if name in expected.text or name in expected.flags]
    # pandas fills rows that are too short, and cuts those that are too long.
    for number, cells in enumerate(csv.reader(io.StringIO(content, newline=""), strict=True), start=1):
        if cells and len(cells) != len(header):
            raise DamagedError(f"row {number} has {len(cells)} cells, not {len(header)}")
    table = pd.read_csv(
        io.StringIO(content, newline=""),
        dtype=dict.fromkeys(words, str),
        keep_default_na=False,
        na_values={name: [""] for name in header if name not in words},
        index_col=False,
    )
    for name in header:
        if name not in words:
            _require_numbers(table[name])
        elif name in expected.flags:
            table[name] = _as_flags(table[name])
    return table


def _require_numbers(column: pd.Series) -> None:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return
    wrong = column[pd.to_numeric(column.astype(str), errors="coerce").isna() & column.notna()]
    if not column.empty:
        raise DamagedError(
            f"{str((wrong if len(wrong) else column).iloc[0])!r} in its column {column.name} is no number"
        )


def _as_flags(column: pd.Series) -> pd.Series:
    found = column.str.lower().map(_YES_OR_NO)
    if found.isna().any():
        raise DamagedError(f"{column[found.isna()].iloc[0]!r} in its column {column.name} is neither yes nor no")
    return found.astype(bool)
