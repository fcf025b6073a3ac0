"""Results damaged at random, then read by what reads them: the undamaged result, a clear message, or made again."""

import contextlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak.damage import damaged
from benchmarks.soak.hunt import Hunt
from benchmarks.soak.stored_results import Stored
from fer_utils.common import cache, files
from fer_utils.common.errors import FerError
from fer_utils.data import detection
from fer_utils.experiments import tables
from fer_utils.experiments.store import Archive, Store
from fer_utils.publishing import report, staleness
from fer_utils.transfer import face_units, pretrained


@dataclass(frozen=True)
class Target:
    """A file, and who reads it.

    Attributes:
        path: of the file.
        read: gives something to compare.
        may_be: whether what was read from the damaged file may be served, given that and what the sound file gives.
        weight: how often it is chosen.
    """

    path: Path
    read: Callable[[], object]
    may_be: Callable[[object, object], bool]
    weight: int


def run(hunt: Hunt) -> None:
    """Damage a file, read it, and put it back."""
    hunt.expect("tracebacks", "wrong")
    with _environment(hunt.folder), contextlib.ExitStack() as open_until_done:
        stored = Stored(hunt.folder)
        open_until_done.callback(stored.close)
        targets = _targets(stored)
        sound = [each.path.read_bytes() for each in targets]
        wanted: dict[object, object] = {}  # by reader, since the same one reads many files
        for chance in hunt.trials():
            (place,) = chance.choices(range(len(targets)), weights=[each.weight for each in targets])
            target = targets[place]
            if target.read not in wanted:
                wanted[target.read] = target.read()
            made, kind = damaged(sound[place], chance, others=sound)
            target.path.write_bytes(made)
            _try(hunt, target, sound[place], wanted[target.read], f"{kind} in {target.path.name}")
            stored.restore(target.path, sound[place])


def _try(hunt: Hunt, target: Target, sound: bytes, wanted: object, words: str) -> None:
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            found = target.read()
    except FerError as error:
        if not str(error).strip():
            hunt.found("wrong", f"{words}: an empty message")
        return
    except Exception as error:
        hunt.found("tracebacks", f"{words}: {error!r}")
        return
    if not target.may_be(found, wanted) and not _means_the_same(target.path, sound):
        hunt.found("wrong", f"{words}: served, though it is not what was written")


def _means_the_same(path: Path, sound: bytes) -> bool:
    """Whether a damaged JSON file says what the sound one said: a line that stands there twice changes nothing."""
    if path.suffix != ".json":
        return False
    with contextlib.suppress(OSError, ValueError):
        return files.read_json(path) == json.loads(sound)
    return False


def _targets(stored: Stored) -> list[Target]:
    """Every kind of file, with each of its readers."""
    equal = _equal
    every = [
        Target(stored.record, lambda: _record(stored), _same_or_none, 18),
        Target(stored.archive, lambda: _archive(stored), _part_of, 15),
        Target(stored.cache, lambda: _cache(stored), equal, 15),
        Target(stored.faces, lambda: detection.detect(stored.dataset), equal, 9),
    ]

    def check() -> list[str]:
        return staleness.problems(str(stored.faces_folder))

    def built() -> bool:
        return report.build(stored.name)["folder"].is_dir()

    for name in ("ferplus.keras", "ferplus.json"):
        every.append(Target(stored.weights / name, lambda: pretrained.metadata(stored.weights), equal, 6))
    for name in ("units.npz", "units.json"):
        every.append(Target(stored.weights / name, lambda: repr(face_units.load()), equal, 6))
    for name in ("predictions", "scores", "comparisons"):
        path = stored.folder / f"{name}.csv"
        every.append(Target(path, lambda name=name: tables.read(stored.name, name).to_csv(), equal, 6))
    checked = [*stored.folder.glob("*.csv"), *stored.folder.glob("*.json"), *(stored.folder / "figures").iterdir()]
    for path in sorted(checked):
        every.append(Target(path, check, _reported, 1))
        every.append(Target(path, built, equal, 1))
    for path in sorted((stored.folder / "notebooks").iterdir()):
        every.append(Target(path, built, equal, 3))
    return every


def _equal(found: object, wanted: object) -> bool:
    return found == wanted


def _same_or_none(found: bytes | None, wanted: bytes) -> bool:
    return found is None or found == wanted


def _part_of(found: dict, wanted: dict) -> bool:
    return found.items() <= wanted.items()


def _reported(found: list[str], wanted: list[str]) -> bool:
    return bool(set(found) - set(wanted))


def _record(stored: Stored) -> bytes | None:
    record = Store(stored.name, any_processor=False).get(stored.stem, stored.made_by, weights=True)
    return record and record.to_bytes()


def _archive(stored: Stored) -> dict[str, bytes]:
    return {name: record.to_bytes() for name, record in Archive.read(stored.name).records().items()}


def _cache(stored: Stored) -> dict[str, bytes]:
    found = cache.arrays(stored.name, "soak", stored.arrays, code=(), inputs=("soak",))
    return {name: values.tobytes() for name, values in sorted(found.items())}


@contextlib.contextmanager
def _environment(folder: Path):
    ours = {"FER_OUTPUT_DIR": str(folder / "outputs"), "FER_WEIGHTS_DIR": str(folder / "weights")}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
