"""What `fer predict` prints and writes."""

from collections.abc import Sequence
from pathlib import Path

from fer_utils.common import files, keras_setup, paths, progress
from fer_utils.common.errors import printable
from fer_utils.photos import annotated_copies, expressions, reading
from fer_utils.transfer import pretrained

_NAME_WIDTHS = (5, 40)  # fewest and most characters of the table's first column
_PATIENCE = 5  # seconds without a progress bar


def run(arguments: Sequence[str], *, as_json: bool, out: Path | None, pictures: bool) -> bool:
    """Predict the expressions in photos and folders, printing as it goes.

    Args:
        arguments: photos and folders.
        as_json: print JSON lines, not a table.
        out: folder of the annotated pictures; `outputs/predictions/` unless given.
        pictures: write annotated pictures.

    Returns:
        Whether all photos could be used.

    Raises:
        ParameterError: a folder without photos; or Keras' backend is not there.
        WeightsError: the pretrained weights cannot be used.
        OutputError: the pictures cannot be written.
    """
    keras_setup.name()
    found = reading.find(arguments)
    pretrained.metadata()  # before any work, and before TensorFlow's long import
    folder = annotated_copies.Folder(paths.given(out) if out else paths.outputs("predictions"), inputs=found)
    if pictures:
        files.require_writable(folder.path)
    width = min(max(_NAME_WIDTHS[0], *(len(printable(str(path), but="")) for path in found)), _NAME_WIDTHS[1])
    if not as_json:
        progress.result(expressions.header(width=width))
    counts = dict.fromkeys(("faces", "pictures", "without", "failed"), 0)
    for each in progress.bar(
        expressions.run(found), "looking at photos", total=len(found), unit="photo", delay=_PATIENCE
    ):
        lines = expressions.json_lines(each) if as_json else expressions.rows(each, width=width)
        progress.result("\n".join(lines))
        for note in each.notes:
            progress.say(f"{printable(each.name, but='')}: {note}")
        if each.error:
            progress.say(f"fer: {each.error}")
        if each.found and pictures:
            folder.keep(each)
            counts["pictures"] += 1
        counts["faces"] += len(each.found)
        counts["failed"] += bool(each.error)
        counts["without"] += not each.found and not each.error
    progress.say(_summary(counts, photos=len(found), folder=folder.path))
    return not counts["failed"]


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
