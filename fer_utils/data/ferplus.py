"""FER+: the FER2013 faces with the votes of ten people for each (Barsoum et al. 2016, arXiv:1608.01041).

Read from the layout of the FERPlus repository, a folder or `ferplus.tar`, and packed once for quick loading.
"""

import csv
import io
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_utils.common import arrays, files, paths, progress
from fer_utils.common.errors import DatasetError
from fer_utils.data.images import decode_grey

EXPRESSIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
# Words of other data sets for the same.
_SAME = {
    "normal": "neutral", "happy": "happiness", "joy": "happiness", "surprised": "surprise", "sad": "sadness", "angry": "anger",
    "disgusted": "disgust", "afraid": "fear", "fearful": "fear", "contemptuous": "contempt",
}  # fmt: skip
FOLDERS = {"FER2013Train": "train", "FER2013Valid": "validation", "FER2013Test": "test"}
SIDE = 48  # pixels, as FER2013 was published
_PACKED = ("images", "votes", "parts", "file_names")
_COLUMNS = len(EXPRESSIONS) + 2  # votes for "unknown" and "not a face" follow the expressions


@dataclass(frozen=True, eq=False)
class VoteDataset:
    """Grey faces with the votes for each; no subjects are known.

    Attributes:
        images: (N, 48, 48) uint8 in [0, 255].
        votes: (N, 10) int64, people who voted for each of `EXPRESSIONS`, then "unknown", then "not a face".
        parts: (N,) str, "train", "validation" or "test".
        file_names: (N,) str.
    """

    images: np.ndarray
    votes: np.ndarray
    parts: np.ndarray
    file_names: np.ndarray

    def __len__(self) -> int:
        return len(self.file_names)

    @property
    def data_hash(self) -> str:
        """SHA-256 over names, parts, votes and images."""
        names = "\n".join(f"{part} {name}" for part, name in zip(self.parts, self.file_names, strict=True))
        return files.sha256(names.encode() + self.votes.tobytes() + self.images.tobytes())

    def part(self, name: str) -> "VoteDataset":
        """The images of one part."""
        return self.where(self.parts == name)

    def where(self, chosen: np.ndarray) -> "VoteDataset":
        """Some of the images, chosen by (N,) bool."""
        return VoteDataset(self.images[chosen], self.votes[chosen], self.parts[chosen], self.file_names[chosen])


def load() -> VoteDataset:
    """Read FER+ from `$FER_DATA_DIR/ferplus`, `$FER_DATA_DIR/ferplus.tar`, `data/raw/ferplus` or `data/raw/ferplus.tar`.

    The first reading packs images and votes in `data/raw/ferplus.npz`, which later ones take.

    Raises:
        DatasetError: none of these is there, or a file in it is missing or damaged.
    """
    packed, source = paths.RAW / "ferplus.npz", _source()
    if packed.is_file():
        dataset = _unpack(packed, source)
        if dataset is not None:
            return dataset
    if source is None:
        raise DatasetError(
            "FER+ is not here. Put ferplus.tar, or a folder ferplus with FER2013Train, FER2013Valid and "
            "fer2013new.csv in it, into data/raw or into the folder that FER_DATA_DIR names (see data/README.md)."
        )
    dataset = _read(source)
    parts = {name: getattr(dataset, name) for name in _PACKED} | {"source": _stamp(source)}
    files.write(packed, arrays.to_bytes(parts))
    return dataset


def distributions(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The paper's "probability" rule: what the network learns.

    Single votes count for nothing. The expressions with most votes are taken, all of equal count together, until they
    hold three quarters of the votes or are three; "unknown" and "not a face" end this. An image is left out where
    these hold half of the votes or less, where more than three tie, or where "unknown" or "not a face" is on top.

    Args:
        votes: (N, 10) int.

    Returns:
        (N, 8) float32 shares of the votes, zeros for images that are left out; (N,) bool, the images that remain.
    """
    shares = np.zeros((len(votes), len(EXPRESSIONS)), dtype=np.float32)
    kept = np.zeros(len(votes), dtype=bool)
    for row, raw in enumerate(np.where(votes > 1, votes, 0)):
        left, taken, total = raw.copy(), np.zeros(_COLUMNS), raw.sum()
        while taken.sum() < 0.75 * total and np.count_nonzero(taken) < 3:
            tied = np.flatnonzero(left == left.max())
            if tied[-1] >= len(EXPRESSIONS):
                tied = tied[tied < len(EXPRESSIONS)]
                taken[tied] = raw[tied]
                break
            taken[tied] = raw[tied]
            left[tied] = 0
        count = np.count_nonzero(taken)
        kept[row] = 0 < count <= 3 and taken.sum() > 0.5 * total
        if kept[row]:
            shares[row] = taken[: len(EXPRESSIONS)] / taken.sum()
    return shares, kept


def majority(votes: np.ndarray) -> np.ndarray:
    """The paper's "majority" rule: what the network is scored against.

    Args:
        votes: (N, 10) int.

    Returns:
        (N,) int64, the expression that more than half of the votes name, single votes not counted; -1 where there is
        none, or where "unknown" or "not a face" has it.
    """
    counted = np.where(votes > 1, votes, 0)
    top = counted.argmax(axis=1)
    clear = (counted.max(axis=1) > 0.5 * counted.sum(axis=1)) & (top < len(EXPRESSIONS))
    return np.where(clear, top, -1)


def copied(images: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Which images, (N, 48, 48) uint8, are equal to one of others, to the last pixel: (N,) bool."""
    there = {each.tobytes() for each in of}
    return np.array([each.tobytes() in there for each in images], dtype=bool)


def repeated(images: np.ndarray) -> np.ndarray:
    """Which images, (N, 48, 48) uint8, are equal to an earlier one among them, to the last pixel: (N,) bool."""
    first: dict[bytes, int] = {}
    places = [first.setdefault(each.tobytes(), place) for place, each in enumerate(images)]
    return np.array(places, dtype=np.int64) != np.arange(len(images))


def to_learn(data: VoteDataset, *, without: Collection[str] = ()) -> np.ndarray:
    """Which images a network may learn from, (N,) bool: each picture of the part "train" once, if it is in no other part.

    Those whose votes leave no distribution (`distributions`) are not among them.

    Args:
        without: file names of images that lie in a data set to be tested on; these go with all their copies.
    """
    barred = (data.parts != "train") | np.isin(data.file_names, sorted(without))
    chosen = distributions(data.votes)[1] & ~barred & ~copied(data.images, data.images[barred])
    chosen[chosen] = ~repeated(data.images[chosen])
    return chosen


def _source() -> Path | None:
    names = ("ferplus", "ferplus.tar")
    inside = (paths.RAW / name for name in names)
    return paths.in_shared_data(*names) or next((path for path in inside if path.exists()), None)


def _stamp(source: Path) -> str:
    """What distinguishes sources without reading them whole."""
    if source.is_file():
        return f"{source.name} {source.stat().st_size}"
    tables = sorted([*source.glob("*.csv"), *source.glob("*/label.csv")])
    return " ".join([source.name, *(f"{path.parent.name}/{path.name} {path.stat().st_size}" for path in tables)])


def _unpack(packed: Path, source: Path | None) -> VoteDataset | None:
    try:
        read = arrays.read(packed)
        if source is not None and str(read["source"]) != _stamp(source):
            return None
        return VoteDataset(*(read[name] for name in _PACKED))
    except (OSError, arrays.DamagedError, KeyError) as error:
        progress.say(f"data/raw/{packed.name} is damaged ({error}): reading FER+ again")
        return None


def _read(source: Path) -> VoteDataset:
    contents = dict(progress.bar(_members(source), "reading FER+", unit="file"))
    votes = _votes(contents, source)
    images, rows, parts, names = [], [], [], []
    for (folder, name), row in sorted(votes.items()):
        if (folder, name) not in contents:
            raise DatasetError(f"{source.name}: {folder}/{name} is missing. Fetch FER+ again.")
        image = decode_grey(contents[folder, name], name=f"{folder}/{name}")
        if image.shape != (SIDE, SIDE):
            raise DatasetError(
                f"{folder}/{name}: {image.shape[1]}x{image.shape[0]} pixels, not 48x48. Fetch FER+ again."
            )
        images.append(image)
        rows.append(row)
        parts.append(FOLDERS[folder])
        names.append(name)
    return VoteDataset(np.stack(images), np.array(rows, dtype=np.int64), np.array(parts), np.array(names))


def _members(source: Path) -> Iterator[tuple[tuple[str, str], bytes]]:
    """((folder, file name), content) of every PNG and CSV."""
    if source.is_dir():
        for path in sorted([*source.glob("*.csv"), *source.glob("FER2013*/*")]):
            yield (path.parent.name if path.parent != source else "", path.name), path.read_bytes()
        return
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                if member.isfile():
                    *_, folder, name = ("", *Path(member.name).parts)
                    yield (folder if folder in FOLDERS else "", name), archive.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DatasetError(f"{source.name}: not a whole archive ({error}). Fetch FER+ again.") from error


def _votes(contents: dict[tuple[str, str], bytes], source: Path) -> dict[tuple[str, str], list[int]]:
    """Votes by (folder, file name): from each folder's label.csv, else from fer2013new.csv."""
    found: dict[tuple[str, str], list[int]] = {}
    try:
        for folder in FOLDERS:
            if (folder, "label.csv") in contents:
                for row in _rows(contents[folder, "label.csv"]):
                    found[folder, row[0]] = [int(value) for value in row[-_COLUMNS:]]
        if not found and ("", "fer2013new.csv") in contents:
            usages = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
            present = {folder for folder, _ in contents}
            for row in _rows(contents["", "fer2013new.csv"]):
                folder = usages.get(row[0])
                if folder in present and row[1]:  # images that are not faces have no name there
                    found[folder, row[1]] = [int(value) for value in row[-_COLUMNS:]]
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise DatasetError(f"{source.name}: a table of votes is damaged ({error}). Fetch FER+ again.") from error
    if not found:
        raise DatasetError(f"{source.name}: neither label.csv nor fer2013new.csv in it. Fetch FER+ again.")
    return found


def _rows(content: bytes) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(content.decode("utf-8"))) if row]


def named(expression: str) -> str:
    """FER+'s own word for an expression of a data set; empty where FER+ has none, as for a wink."""
    word = expression.lower()
    return word if word in EXPRESSIONS else _SAME.get(word, "")
