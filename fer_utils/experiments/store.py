"""The archive of published results: records without weights, in one file that is committed with the tables and figures.

A published record is a result, not a cache: it serves for its recipe, random seed, data, training code and backend, whatever
versions and processor made it, and names them. So whoever clones the project redraws every figure in minutes. `fer run --fresh`
(the environment variable FER_FRESH) leaves the archive aside and trains here.
"""

import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fer_utils.common import arrays, cache, files, locks, paths, progress
from fer_utils.common.errors import OutputError
from fer_utils.engine.record import Record
from fer_utils.experiments import identity, recipes

NAME = "records.zip"
_WHAT = ("recipe", "seed", "data", "code", "backend")  # decides whether a record serves; the rest says what made it


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
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except OSError as error:
            raise OutputError(
                f"cannot read {path}: {error.strerror or error}. Make it readable, or remove it."
            ) from error
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            arrays.require_all_members(content, len(members))
            return cls(members, path)
        except Exception as error:  # zipfile and its decoders raise nearly anything at damaged bytes
            progress.say(f"{path} is damaged ({error}): its runs are trained again. git checkout brings it back.")
            return cls()

    @classmethod
    def serving(cls, dataset: str) -> "Archive":
        """The archive that runs are served from: empty where FER_FRESH is set."""
        return cls() if os.environ.get(cache.FRESH) else cls.read(dataset)

    def get(self, stem: str, made_by: dict) -> Record | None:
        """The published record of a run.

        Args:
            stem: of the run (`run.Run.stem`).
            made_by: what determines the run, as in `Record.made_by`.
        """
        name = member_name(stem, made_by)
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


def is_published(dataset: str) -> bool:
    """Whether the results of the full experiment are published with a data set: its records, and what else takes long.

    Args:
        dataset: as given to `fer run`.
    """
    folder = paths.outputs(dataset)
    if not ((folder / NAME).is_file() and (folder / cache.PUBLISHED).is_file()):
        return False
    last = recipes.seeds_for("updated", protocol="loso", budget="standard")[-1]  # budget quick has fewer
    return any("-updated-face-" in name and f"-seed{last}-" in name for name in Archive.read(dataset).members)


def present(records: Mapping[str, Record]) -> dict[str, Record]:
    """Those records that the present training code and backend made, with whatever versions and processor."""
    here = {name: value for name, value in identity.here().items() if name in _WHAT}
    return {name: record for name, record in records.items() if record.made_by | here == record.made_by}


def in_one_line(served: Iterable[Record]) -> str:
    """How many published records served, what made them, and where this installation differs."""
    made = {}
    for record in served:
        made.setdefault(identity.words(record.made_by), []).append(record)
    parts = [f"{len(records)} published records, made with {words}" for words, records in made.items()]
    here = identity.words(identity.here())
    return "; ".join(parts) + ("" if set(made) == {here} else f"; here: {here} (fer run --fresh trains here)")


def write(dataset: str) -> tuple[Path, int, int]:
    """Pack the kept runs of a data set that the present training code made, beside such as are packed already.

    Returns:
        The archive, how many records it holds, and how many of them are new.

    Raises:
        OutputError: there are no such runs.
    """
    folder = paths.outputs(dataset)
    with locks.held(folder):
        return _write(dataset, folder)


def _write(dataset: str, folder: Path) -> tuple[Path, int, int]:
    packed = Archive.read(dataset)
    before = {name: packed.members[name] for name in present(packed.records())}
    if len(before) < len(packed.members):
        progress.say(f"{packed.path}: {len(packed.members) - len(before)} records of other training code are dropped")
    kept = {}
    for path in progress.bar(
        sorted((folder / "runs").glob("[!.]*-seed[0-9]*-*.npz")), "packing records", unit="record"
    ):
        try:
            kept[path.stem] = replace(Record.from_bytes(path.read_bytes()), weights=())
        except OutputError as error:
            progress.say(f"{path.name} is left out: {error}")
    members = {
        member_name(stem.rpartition("-")[0], record.made_by): record.to_bytes()
        for stem, record in present(kept).items()
    } | before
    if not members:
        raise OutputError(
            f"{folder / 'runs'} contains no run of the present code: nothing to pack. Train first (fer run)."
        )
    files.write(folder / NAME, arrays.packed(members))
    return folder / NAME, len(members), len(members.keys() - before.keys())


def member_name(stem: str, made_by: dict) -> str:
    """Name of a record in the archive: its run, and a hash of what decides whether it serves."""
    key = {name: made_by[name] for name in _WHAT if name in made_by}
    return f"{stem}-{files.sha256(json.dumps(key, sort_keys=True).encode())[:16]}"


class Store:
    """Where the records of a data set's runs come from and go to: the published archive, and the folder `runs/`.

    Args:
        dataset: its short name.
        any_processor: take kept records that another kind of processor made too, as the workers of a cluster may have.
    """

    def __init__(self, dataset: str, *, any_processor: bool) -> None:
        self._dataset, self._any_processor = dataset, any_processor
        self._archive = Archive.serving(dataset)
        self._published: list[Record] = []
        self._said = False

    def get(self, stem: str, made_by: dict, *, weights: bool) -> Record | None:
        """The record of a run, or None where it must be trained. A damaged one is named.

        Args:
            stem: of the run.
            made_by: what determines it, on this installation.
            weights: it must have its weights, which published records have not.

        Raises:
            OutputError: a kept record cannot be read, which says nothing of its content.
        """
        if not weights and (record := self._archive.get(stem, made_by)) is not None:
            self._published.append(record)
            return record
        path = self.path(stem, made_by)
        others = sorted(self._folder.glob(f"{stem}-*.npz")) if self._any_processor else []
        for each in dict.fromkeys([path, *others]):
            record = _read(each)
            if record is None or (weights and not record.weights):
                continue
            if each == path or record.made_by | made_by == record.made_by | {"processor": made_by["processor"]}:
                return record
        return None

    def put(self, stem: str, made_by: dict, record: Record) -> None:
        """Keep a record.

        Raises:
            OutputError: the folder cannot be written.
        """
        files.write(self.path(stem, made_by), record.to_bytes())

    def path(self, stem: str, made_by: dict) -> Path:
        """The file in `runs/` that keeps the record of a run."""
        key = files.sha256(json.dumps(made_by, sort_keys=True).encode())[:16]
        return self._folder / f"{stem}-{key}.npz"

    def require_writable(self) -> None:
        """Call before long work whose records go to `runs/`; OutputError where they cannot."""
        files.require_writable(self._folder)

    def say_what_was_published(self) -> None:
        """One line, once, where published records served."""
        if self._published and not self._said:
            progress.say(f"{self._dataset}: {in_one_line(self._published)}")
            self._said = True

    @property
    def _folder(self) -> Path:
        return paths.outputs(self._dataset) / "runs"


def _read(path: Path) -> Record | None:
    try:
        return Record.from_bytes(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}. Make it readable, or remove it.") from error
    except OutputError as error:
        progress.say(f"{path.name}: {error}; training this run again")
        return None
