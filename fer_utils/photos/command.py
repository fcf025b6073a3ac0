"""What `fer predict` prints and writes."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from fer_utils.common import files, keras_setup, paths, progress
from fer_utils.common.errors import PhotoError, printable
from fer_utils.export.card import Card
from fer_utils.photos import annotated_copies, expressions, reading
from fer_utils.photos import network as networks
from fer_utils.photos.network import Asked

FORMATS = ("table", "json", "csv")
_NAME_WIDTHS = (5, 40)  # fewest and most characters of the table's first column
_PATIENCE = 5  # seconds without a progress bar


def run(
    arguments: Sequence[str],
    *,
    form: str,
    out: Path | None,
    pictures: bool,
    asked: Asked,
    recursive: bool = False,
) -> bool:
    """Predict the expressions in photos and folders, printing as it goes.

    Args:
        arguments: photos and folders.
        form: of what is printed, one of `FORMATS`.
        out: folder of the annotated pictures; `outputs/predictions/` unless given.
        pictures: write annotated pictures.
        asked: which model, and how.
        recursive: look into subfolders too.

    Returns:
        Whether all photos could be used.

    Raises:
        ParameterError: Keras' backend is not there.
        WeightsError: the model cannot be used.
        OutputError: the pictures cannot be written.
    """
    keras_setup.name()
    card, _ = networks.describe(asked)  # before any work, and before TensorFlow's long import
    target = paths.given(out) if out else paths.outputs("predictions")
    found = reading.find(arguments, recursive=recursive, but=target.resolve())
    folder = annotated_copies.Folder(target, inputs=found)
    if pictures:
        files.require_writable(folder.path)
    width = min(max(_NAME_WIDTHS[0], *(len(printable(str(path), but="")) for path in found)), _NAME_WIDTHS[1])
    for line in _heading(card, form, width):
        progress.result(line)
    counts = dict.fromkeys(("faces", "pictures", "without", "failed"), 0)
    for each in progress.bar(
        expressions.run(found, asked), "looking at photos", total=len(found), unit="photo", delay=_PATIENCE
    ):
        progress.result("\n".join(_lines(each, card, form, width)))
        for note in each.notes:
            progress.say(f"{printable(each.name, but='')}: {note}")
        error = each.error
        if each.found and pictures:
            try:
                folder.keep(each)
                counts["pictures"] += 1
            except PhotoError as gone:  # its answer is printed already
                error = str(gone)
        if error:
            progress.say(f"fer: {error}")
        counts["faces"] += len(each.found)
        counts["failed"] += bool(error)
        counts["without"] += not each.found and not error
    progress.say(_summary(counts, photos=len(found), folder=folder.path))
    return not counts["failed"]


def _heading(card: Card, form: str, width: int) -> list[str]:
    if form == "json":
        return []
    if form == "csv":
        return [_csv(expressions.csv_columns(card.classes))]
    return [*card.lines(), expressions.header(width=width)]


def _lines(each: expressions.Prediction, card: Card, form: str, width: int) -> list[str]:
    if form == "json":
        return expressions.json_lines(each, model=card.name)
    if form == "csv":
        return [_csv(row) for row in expressions.csv_rows(each, model=card.name, classes=card.classes)]
    return expressions.rows(each, width=width)


def _csv(cells: Sequence[object]) -> str:
    """A row of a CSV table (RFC 4180), without the end of its line."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([printable(str(cell), but="") for cell in cells])
    return buffer.getvalue()


def _summary(counts: dict[str, int], *, photos: int, folder: Path) -> str:
    parts = [f"{counted(counts['faces'], 'face')} in {counted(photos, 'photo')}"]
    if counts["without"]:
        parts.append(f"{counts['without']} without a face")
    if counts["failed"]:
        parts.append(f"{counts['failed']} could not be used")
    if counts["pictures"]:
        parts.append(f"annotated: {folder}")
    return "; ".join(parts)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 face", "2 faces"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
