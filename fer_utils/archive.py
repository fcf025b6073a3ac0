"""The archive of published results: records without weights, in one file that is committed with the tables and figures.

Whoever clones the project redraws every figure from it in minutes, in place of training for hours; to train anew, remove
the file or set FER_OUTPUT_DIR. A record serves only for the recipe, data, training code and versions that made it; the
processor alone may be another one, and the record names it. What notebook 05 makes of the pretrained network is not in it:
that takes two minutes.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fer_utils import files, identity, paths, progress
from fer_utils.errors import OutputError
from fer_utils.records import Record

NAME = "records.zip"
_ANY_PROCESSOR = ("processor", "device")
_DATE = (2026, 1, 1, 0, 0, 0)  # of every member, so that equal records give equal bytes


@dataclass(frozen=True)
class Archive:
    """Records by name, as bytes, and the file that they came from."""

    members: dict[str, bytes] = field(default_factory=dict)
    path: Path = Path(NAME)

    @classmethod
    def read(cls, dataset: str) -> "Archive":
        """The archive of a data set; empty where there is none. A damaged one is named, and not used.

        Raises:
            OutputError: it cannot be read, which says nothing of its content.
        """
        path = paths.outputs(dataset) / NAME
        try:
            with zipfile.ZipFile(path) as archive:
                return cls({name: archive.read(name) for name in archive.namelist()}, path)
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except OSError as error:
            raise OutputError(
                f"cannot read {path}: {error.strerror or error}. Make it readable, or remove it."
            ) from error
        except (ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
            progress.say(f"{path} is damaged ({error}): its runs are trained again. git checkout brings it back.")
            return cls()

    def get(self, stem: str, made_by: dict) -> Record | None:
        """The record of a run, whatever processor made it.

        Args:
            stem: of the run (`experiments.Run.stem`).
            made_by: what determines the run, as in `Record.made_by`.
        """
        name = _name(stem, made_by)
        return self._whole([name]).get(name)

    def records(self) -> dict[str, Record]:
        """All of them by name; damaged ones are named, and left out."""
        return self._whole(self.members)

    def of(self, stem: str) -> list[Record]:
        """Every record of a run, whatever recipe, data and code made it."""
        return list(self._whole(name for name in self.members if name.rpartition("-")[0] == stem).values())

    def _whole(self, names: Iterable[str]) -> dict[str, Record]:
        found = {}
        for name in names:
            try:
                if name in self.members:
                    found[name] = Record.from_bytes(self.members[name])
            except OutputError as error:
                progress.say(f"{self.path}: {name} is {error}, and not used. git checkout brings it back.")
        return found


def present(records: Mapping[str, Record]) -> dict[str, Record]:
    """Those records that the present training code and versions made, on whatever processor."""
    here = {name: value for name, value in identity.here().items() if name not in _ANY_PROCESSOR}
    return {name: record for name, record in records.items() if record.made_by | here == record.made_by}


def write(dataset: str) -> tuple[Path, int, int]:
    """Pack the kept runs of a data set that the present training code and versions made, beside such as are packed already.

    Returns:
        The archive, how many records it holds, and how many of them are new.

    Raises:
        OutputError: there are no such runs.
    """
    folder = paths.outputs(dataset)
    packed = Archive.read(dataset)
    before = {name: packed.members[name] for name in present(packed.records())}
    if len(before) < len(packed.members):
        progress.say(
            f"{packed.path}: {len(packed.members) - len(before)} records of other code or versions are dropped"
        )
    kept = {}
    for path in progress.bar(sorted((folder / "runs").glob("*-seed[0-9]*-*.npz")), "packing records", unit="record"):
        try:
            kept[path.stem] = replace(Record.from_bytes(path.read_bytes()), weights=())
        except OutputError as error:
            progress.say(f"{path.name} is left out: {error}")
    members = before | {
        _name(stem.rpartition("-")[0], record.made_by): record.to_bytes() for stem, record in present(kept).items()
    }
    if not members:
        raise OutputError(
            f"{folder / 'runs'} holds no run of the present code: nothing to pack. Train first (fer run)."
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name, date_time=_DATE), content, zipfile.ZIP_DEFLATED)
    files.write(folder / NAME, buffer.getvalue())
    return folder / NAME, len(members), len(members.keys() - before.keys())


def _name(stem: str, made_by: dict) -> str:
    key = {name: value for name, value in made_by.items() if name not in _ANY_PROCESSOR}
    return f"{stem}-{files.sha256(json.dumps(key, sort_keys=True).encode())[:16]}"
