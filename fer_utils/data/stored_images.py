"""Images that stay on disk: too many or too large to be held in memory, each is decoded when it is looked at."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from fer_utils.common import code_hash, files, paths, progress
from fer_utils.common.errors import DatasetError
from fer_utils.data import images as decoding
from fer_utils.data.folders.listing import Entry, LeftOut

HELD_BYTES = 256 * 2**20  # decoded images of a data set that are held in memory; larger sets stay on disk
_REMEMBERED = 4  # images that were looked at last
_THREADS = min(os.cpu_count() or 1, 8)  # each holds an image and its colours
_AHEAD = 2  # images a thread may be ahead of who takes them
_NOTED_AFTER = 500  # images that were decoded, so that a killed call does not begin again from nothing
_Made = TypeVar("_Made")


class StoredImages(Sequence):
    """Grey images by position, decoded from their files each time.

    Args:
        entries: where they are.
        hashes: SHA-256 of each file, which must still be the same.
        shapes: (height, width) of each.
    """

    def __init__(self, entries: Sequence[Entry], hashes: Sequence[str], shapes: Sequence[tuple[int, int]]) -> None:
        self.shapes = tuple(shapes)
        self._entries, self._hashes = tuple(entries), tuple(hashes)
        self._last: OrderedDict[int, np.ndarray] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> np.ndarray:
        """An image, (height, width) uint8 in [0, 255].

        Raises:
            DatasetError: its file is no longer the one that was read first.
        """
        index = range(len(self))[index]  # an IndexError ends an iteration
        if index not in self._last:
            self._last[index] = self._decoded(index)
            while len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)
        return self._last[index]

    def _decoded(self, index: int) -> np.ndarray:
        entry = self._entries[index]
        content = entry.content()
        if files.sha256(content) != self._hashes[index]:
            raise DatasetError(f"{entry.file_name}: it has changed since it was first read. Run again.")
        return decoding.decode_grey(content, name=entry.file_name)

    def each(
        self, make: Callable[[int, np.ndarray], _Made], description: str, *, positions: Sequence[int] | None = None
    ) -> list[_Made]:
        """See the function `each`; images are decoded, and what is made of them made, in threads, with a progress bar."""
        chosen = range(len(self)) if positions is None else [int(each) for each in positions]
        made = in_threads(chosen, lambda index: make(index, self._decoded(index)))
        return list(progress.bar(made, description, total=len(chosen), delay=5))


@dataclass(frozen=True, eq=False)
class Read:
    """What was read of the images of a data set.

    Attributes:
        images: (N, height, width) uint8; a tuple of (height, width) arrays where sizes differ; `StoredImages` where they would
            take more than `HELD_BYTES`.
        entries, hashes: of the images that could be read.
        bad: by name, why the others could not.
    """

    images: np.ndarray | tuple[np.ndarray, ...] | StoredImages
    entries: list[Entry] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    bad: dict[str, LeftOut] = field(default_factory=dict)


def read(entries: Sequence[Entry], *, dataset: str) -> Read:
    """Read and decode every image once, so that what is bad is known before any work.

    Images that were found to be whole are noted by their hash in `outputs/<dataset>/runs/whole-images.json` where the set is too
    large to be held: they are not decoded again to be looked at.

    Args:
        dataset: its short name.
    """
    noted = _Noted(dataset)
    held: list[np.ndarray] | None = []
    size = 0

    def look(entry: Entry) -> tuple[str, tuple[int, int], np.ndarray | None] | LeftOut:
        try:
            content = entry.content()
            digest = files.sha256(content)
            if held is None and digest in noted.shapes:
                return digest, noted.shapes[digest], None
            image = decoding.decode_grey(content, name=entry.file_name)
        except DatasetError as error:
            reason = str(error).removeprefix(f"{entry.file_name}: ")
            return LeftOut(reason, entry.subject, entry.condition)
        return digest, image.shape, image if held is not None else None

    found = Read(np.empty(0))
    shapes: list[tuple[int, int]] = []
    looked = in_threads(entries, look)
    for entry, seen in zip(entries, progress.bar(looked, "reading images", total=len(entries), delay=5), strict=True):
        if isinstance(seen, LeftOut):
            found.bad[entry.file_name] = seen
            continue
        digest, shape, image = seen
        found.entries.append(entry)
        found.hashes.append(digest)
        shapes.append(shape)
        size += shape[0] * shape[1]
        if size > HELD_BYTES:
            held = None
        if held is not None:
            held.append(image)
        else:
            noted.add(found.hashes, shapes)
    if held is None:
        noted.write()
        return replace(found, images=StoredImages(found.entries, found.hashes, shapes))
    return replace(found, images=np.stack(held) if len(set(shapes)) == 1 else tuple(held))


class _Noted:
    """By hash, the (height, width) of images that were decoded before."""

    def __init__(self, dataset: str) -> None:
        self._path = paths.outputs(dataset) / "runs" / "whole-images.json"
        self.shapes: dict[str, tuple[int, int]] = {}
        try:
            kept = files.read_checked_json(self._path)
            if kept.get("code") == self._code:
                self.shapes = {digest: (height, width) for digest, (height, width) in kept["shapes"].items()}
        except (OSError, ValueError, TypeError, KeyError):  # nothing is lost but time
            self.shapes = {}
        self._written = len(self.shapes)

    @cached_property
    def _code(self) -> str:
        return f"{code_hash.of_files([Path(decoding.__file__)])} {version('pillow')}"

    def add(self, hashes: Sequence[str], shapes: Sequence[tuple[int, int]]) -> None:
        """Note what was read so far; on disk now and then."""
        self.shapes[hashes[-1]] = shapes[-1]
        if len(self.shapes) >= self._written + _NOTED_AFTER:
            self.shapes |= dict(zip(hashes, shapes, strict=True))
            self.write()

    def write(self) -> None:
        """Note it on disk, where anything is new."""
        if len(self.shapes) != self._written:
            files.write_checked_json(self._path, {"code": self._code, "shapes": self.shapes})
            self._written = len(self.shapes)


def each(
    images: Sequence[np.ndarray],
    make: Callable[[int, np.ndarray], _Made],
    description: str,
    *,
    positions: Sequence[int] | None = None,
) -> list[_Made]:
    """What a function makes of images, in order, however they are held.

    Args:
        make: takes a position and the image there; what it makes should be small.
        description: of the progress bar.
        positions: which images; all of them unless given.
    """
    if isinstance(images, StoredImages):
        return images.each(make, description, positions=positions)
    return [make(index, images[index]) for index in (range(len(images)) if positions is None else positions)]


def in_threads(items: Sequence, make: Callable[[object], _Made]) -> Iterator[_Made]:
    """What a function makes of every item, in order, a few at a time: Pillow decodes without Python's lock."""
    with ThreadPoolExecutor(_THREADS) as pool:
        ahead: list[Future] = [pool.submit(make, item) for item in islice(items, _THREADS * _AHEAD)]
        rest = iter(items[_THREADS * _AHEAD :])
        try:
            while ahead:
                yield ahead.pop(0).result()
                ahead += [pool.submit(make, item) for item in islice(rest, 1)]
        finally:
            for future in ahead:
                future.cancel()
