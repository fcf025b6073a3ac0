"""Face data sets by name or by folder: images, labels, subjects, conditions.

Class order is alphabetical everywhere. In Yale and its rendered twin, six of the eleven conditions are expressions;
the others (light and glasses) have the label -1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import ferplus, layouts, own_folders
from fer_utils.data.ferplus import VoteDataset
from fer_utils.data.images import decode_grey
from fer_utils.data.layouts import SUBJECT_PATTERN, YALE_EXPRESSIONS, YALE_OTHER_CONDITIONS, Entry, LeftOut, readable

if TYPE_CHECKING:
    import pandas as pd

NAMED = {"sample": "Sample faces", "yale": "Yale Face Database"}
RENDERED = frozenset({"sample"})
_NAMED_AT_MOST = 10  # files in a message


@dataclass(frozen=True, eq=False)
class FaceDataset:
    """Grey face images with what is known about each.

    Attributes:
        name: short name; names the folder below `outputs/`.
        title: for captions.
        rendered: True where the faces are computer graphics and no figure says anything about real faces.
        images: (N, height, width) uint8 in [0, 255]; a tuple of (height, width) arrays where sizes differ.
        labels: (N,) int64, index into `class_names`; -1 where the condition is not an expression, and after cleaning where the
            person or the class is left out.
        subjects: (N,) str, one identifier per person.
        conditions: (N,) str, the data set's own word for what is shown.
        file_names: (N,) str, file names relative to the data set's folder, sorted; what is no text in them as escapes.
        hashes: (N,) str, SHA-256 of each file.
        class_names: expressions, alphabetical.
        left_out: by name, files that could not be read or are no images, and folders that hold none.
        eyes: (N, 2, 2) float64, x and y in pixels of the eye on the image's left, then of the other; not a number where not
            exactly one face was found. None before cleaning (`cleaning.load_clean`).
    """

    name: str
    title: str
    rendered: bool
    images: np.ndarray | tuple[np.ndarray, ...]
    labels: np.ndarray
    subjects: np.ndarray
    conditions: np.ndarray
    file_names: np.ndarray
    hashes: np.ndarray
    class_names: tuple[str, ...]
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    eyes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.file_names)

    @property
    def data_hash(self) -> str:
        """SHA-256 over the names and contents of all files."""
        listing = "".join(f"{digest}  {name}\n" for digest, name in zip(self.hashes, self.file_names, strict=True))
        return files.sha256(listing.encode())

    def position(self, file_name: str) -> int:
        """At which position a file stands in all arrays.

        Raises:
            KeyError: the data set has no such file.
        """
        return self._positions[file_name]

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {str(name): index for index, name in enumerate(self.file_names)}

    def with_eyes(self, manifest: "pd.DataFrame") -> "FaceDataset":
        """The same with `eyes`, as a manifest has them.

        Args:
            manifest: with the columns `image, left_eye_x, left_eye_y, right_eye_x, right_eye_y`.
        """
        table = manifest.set_index("image").loc[list(self.file_names)]
        eyes = table[["left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"]].to_numpy(dtype=np.float64)
        return replace(self, eyes=eyes.reshape(-1, 2, 2))


def load(
    name: str | Path, *, subject_pattern: str = SUBJECT_PATTERN, unreadable: str = "stop"
) -> FaceDataset | VoteDataset:
    """Load a data set.

    Args:
        name: "sample", "yale", "ferplus" (votes in place of labels, and no subjects), or a folder of one's own: class
            subfolders with the subject in the file name, or files named `subjectNN.expression` (an image suffix may follow).
        subject_pattern: regular expression with one group, the subject, searched in the file names of class subfolders;
            the default knows `S010_004_00000017.png` (CK+), `KA.AN1.39.tiff` (JAFFE) and `subject01...`.
        unreadable: "stop" raises on the first look at a bad file; "skip" leaves bad files out. What is left out, files that
            are no images too, is listed in `FaceDataset.left_out`, so that the manifest says why.

    Raises:
        DatasetError: nothing there, files that cannot be read, a wrong checksum, an unknown expression, fewer than two
            classes or subjects, or folders that are people and not expressions.
        ParameterError: a name that is neither known nor a folder, or another value of `unreadable`.
    """
    if unreadable not in ("stop", "skip"):
        raise ParameterError(f"unreadable must be 'stop' or 'skip', not {unreadable!r}.")
    if name == "ferplus":
        return ferplus.load()
    if name in NAMED:
        entries, _ = layouts.flat(paths.SAMPLE if name == "sample" else yale_folder())
        return _read(name, entries, unreadable, checksums(name))
    folder = paths.given(name)
    if folder.is_file():
        raise ParameterError(f"{readable(str(name))}: this is a file, and a data set is a folder of images.")
    if not folder.is_dir():
        raise ParameterError(
            f"no data set named {readable(str(name))!r}: use one of {', '.join(sorted(NAMED))}, or the path of a folder."
        )
    of_classes = layouts.has_class_folders(folder)
    entries, left_out = (
        layouts.class_folders(folder, subject_pattern, unreadable=unreadable) if of_classes else layouts.flat(folder)
    )
    dataset = _read(str(folder), entries, unreadable, {})
    dataset = replace(dataset, left_out=left_out | dataset.left_out)
    _check_own(dataset, readable(folder.name), of_classes=of_classes)
    return dataset


def resolved(given: Sequence[str]) -> list[str]:
    """Names of data sets as they are, folders as absolute paths, so that they are found from another working folder.

    Raises:
        ParameterError: the results of two of them would go to one folder, those of one into its own folder, or those of another
            folder lie there.
    """
    every = [each if each in NAMED else str(paths.apart(each)) for each in given]
    names = [paths.dataset_name(each) for each in every]
    for each, name, place in zip(given, names, every, strict=True):
        if names.count(name) > 1:
            raise ParameterError(f"{each}: two of the data sets would go to outputs/{name}. Rename one of the folders.")
        own_folders.check(place)
    return every


def checksums(name: str) -> dict[str, str]:
    """Committed table of a data set's images: file name to SHA-256 of its content."""
    lines = (paths.CHECKSUMS / f"{name}.sha256").read_text(encoding="utf-8").splitlines()
    table = {file_name: digest for digest, file_name in (line.split(maxsplit=1) for line in lines)}
    return {file_name: digest for file_name, digest in table.items() if file_name.startswith("subject")}


def yale_folder() -> Path:
    """Folder of the Yale faces: $FER_DATA_DIR/yalefaces, else data/raw/yalefaces, else downloaded there."""
    from fer_utils.data import download

    shared = paths.shared_data()
    if shared is not None and (shared / "yalefaces").is_dir():
        return shared / "yalefaces"
    folder = paths.RAW / "yalefaces"
    if not folder.is_dir():
        download.yale(folder, checksums("yale"))
    return folder


def _read(name: str, entries: list[Entry], unreadable: str, expected: dict[str, str]) -> FaceDataset:
    missing = sorted(set(expected) - {entry.file_name for entry in entries})
    if missing:
        raise DatasetError(
            f"{missing[0]}: missing from the {NAMED[name]} ({len(missing)} files in all). {_remedy(name)}"
        )
    if expected:
        entries = [entry for entry in entries if entry.file_name in expected]
    images, hashes, kept, bad = [], [], [], {}
    for entry in entries:
        try:
            content = _content(entry)
            images.append(decode_grey(content, name=entry.file_name))
        except DatasetError as error:
            bad[entry.file_name] = LeftOut(
                str(error).removeprefix(f"{entry.file_name}: "), entry.subject, entry.condition
            )
            continue
        digest = files.sha256(content)
        if expected and digest != expected[entry.file_name]:
            raise DatasetError(
                f"{entry.file_name}: wrong checksum, this is not the file of the {NAMED[name]}. {_remedy(name)}"
            )
        hashes.append(digest)
        kept.append(entry)
    if bad and (unreadable == "stop" or not kept):
        raise DatasetError(_bad_files(bad))
    conditions = [entry.condition for entry in kept]
    classes = YALE_EXPRESSIONS if expected else tuple(sorted(set(conditions) - set(YALE_OTHER_CONDITIONS)))
    return FaceDataset(
        name=paths.dataset_name(name),
        title=NAMED.get(name, readable(Path(name).name)),
        rendered=name in RENDERED,
        images=np.stack(images) if len({image.shape for image in images}) == 1 else tuple(images),
        labels=np.array([classes.index(each) if each in classes else -1 for each in conditions], dtype=np.int64),
        subjects=np.array([entry.subject for entry in kept]),
        conditions=np.array(conditions),
        file_names=np.array([entry.file_name for entry in kept]),
        hashes=np.array(hashes),
        class_names=classes,
        left_out=bad,
    )


def _content(entry: Entry) -> bytes:
    try:
        return entry.path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{entry.file_name}: cannot be read ({error.strerror}). Put the file back, or check its rights."
        ) from error


def _bad_files(bad: dict[str, LeftOut]) -> str:
    """The first file that cannot be read, and in brief the others."""
    first, *others = bad
    words = f"{first}: {bad[first].reason}"
    if others:
        words += f" So it is with {len(others)} more: {', '.join(others[:_NAMED_AT_MOST])}"
        words += ", ..." if len(others) > _NAMED_AT_MOST else "."
    return f"{words} Or pass unreadable='skip' (on the command line: -p unreadable skip) to go on without."


def _remedy(name: str) -> str:
    if name == "yale":
        return "Remove the folder to download it again, or point FER_DATA_DIR at a folder with a whole yalefaces/."
    return "Restore it with: git checkout -- data/sample"


def _check_own(dataset: FaceDataset, name: str, *, of_classes: bool) -> None:
    lost = {each.condition: each.reason for each in dataset.left_out.values() if each.condition}
    without = [f"{each!r} ({why})" for each, why in lost.items() if each not in dataset.class_names]
    because = f"; nothing is usable of {', '.join(without)}" if without else ""
    if len(dataset.class_names) < 2:
        raise DatasetError(
            f"{name}: at least two classes are needed, found {', '.join(dataset.class_names) or 'none'}{because}."
        )
    subjects = dataset.subjects[dataset.labels >= 0]
    if len(set(subjects)) < 2:
        raise DatasetError(f"{name}: all images are of one subject. Leaving a subject out needs at least two.")
    people = {
        each: sorted(set(dataset.subjects[dataset.labels == index])) for index, each in enumerate(dataset.class_names)
    }
    if set(people) == set(subjects) or max(map(len, people.values())) == 1:
        examples = ", ".join(f"{each!r} of {people[each][0]}" for each in list(people)[:3])
        remedy = "Folders must be expressions, with several people in each, and the person in each file name"
        raise DatasetError(
            f"{name}: each class shows one person alone ({examples}{', ...' if len(people) > 3 else ''}), so nobody's "
            f"expression can be learned from others. {remedy if of_classes else 'Add images of other people'}."
        )
