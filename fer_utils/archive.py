"""The archive of published results: records without weights, in one file that is committed with the tables and figures.

Whoever clones the project redraws every figure from it in minutes, in place of training for hours; to train anew, remove
the file or set FER_OUTPUT_DIR. A record serves only for the recipe, data, training code and versions that made it; the
processor alone may be another one, and the record names it.
"""

import io
import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from fer_utils import files, identity, paths, progress
from fer_utils.errors import OutputError
from fer_utils.records import Record

NAME = "records.zip"
_ANY_PROCESSOR = ("processor", "device")
_DATE = (2026, 1, 1, 0, 0, 0)  # of every member, so that equal records give equal bytes


@dataclass(frozen=True)
class Archive:
    """Records by name, as bytes."""

    members: dict[str, bytes]

    @classmethod
    def read(cls, dataset: str) -> "Archive":
        """The archive of a data set; empty where there is none. A damaged one is named, and not used."""
        path = paths.outputs(dataset) / NAME
        try:
            with zipfile.ZipFile(path) as archive:
                return cls({name: archive.read(name) for name in archive.namelist()})
        except (FileNotFoundError, NotADirectoryError):
            return cls({})
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            progress.say(f"{path} is damaged ({error}): its runs are trained again. git checkout brings it back.")
            return cls({})

    def get(self, stem: str, made_by: dict) -> Record | None:
        """The record of a run, whatever processor made it.

        Args:
            stem: of the run (`experiments.Run.stem`).
            made_by: what determines the run, as in `Record.made_by`.
        """
        content = self.members.get(_name(stem, made_by))
        return None if content is None else Record.from_bytes(content)

    def records(self) -> list[Record]:
        """All of them."""
        return [Record.from_bytes(content) for content in self.members.values()]

    def of(self, stem: str) -> list[Record]:
        """Every record of a run, whatever recipe, data and code made it."""
        return [Record.from_bytes(content) for name, content in self.members.items() if name.rpartition("-")[0] == stem]


def write(dataset: str) -> tuple[Path, int]:
    """Pack the kept runs of a data set that the present training code and versions made.

    Returns:
        The archive, and how many records it holds.

    Raises:
        OutputError: there are no such runs.
    """
    folder = paths.outputs(dataset)
    here = {name: value for name, value in identity.here().items() if name not in _ANY_PROCESSOR}
    members = {}
    for path in progress.bar(sorted((folder / "runs").glob("*-seed*-*.npz")), "packing records", unit="record"):
        try:
            record = Record.from_bytes(path.read_bytes())
        except OutputError as error:
            progress.say(f"{path.name} is left out: {error}")
            continue
        if record.made_by | here == record.made_by:
            name = _name(path.stem.rpartition("-")[0], record.made_by)
            members[name] = replace(record, weights=()).to_bytes()
    if not members:
        raise OutputError(
            f"{folder / 'runs'} holds no run of the present code: nothing to pack. Train first (fer run)."
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name, date_time=_DATE), content, zipfile.ZIP_DEFLATED)
    files.write(folder / NAME, buffer.getvalue())
    return folder / NAME, len(members)


def _name(stem: str, made_by: dict) -> str:
    key = {name: value for name, value in made_by.items() if name not in _ANY_PROCESSOR}
    return f"{stem}-{files.sha256(json.dumps(key, sort_keys=True).encode())[:16]}"
