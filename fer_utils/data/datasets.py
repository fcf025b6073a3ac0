"""Face data sets by name or by folder: images, labels, subjects, conditions.

Class order is alphabetical everywhere. In Yale and its rendered twin, six of the eleven conditions are expressions;
the others (light and glasses) have the label -1.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import ferplus, own_folders
from fer_utils.data.ferplus import VoteDataset
from fer_utils.data.images import read_grey

if TYPE_CHECKING:
    import pandas as pd

YALE_EXPRESSIONS = ("happy", "normal", "sad", "sleepy", "surprised", "wink")
YALE_OTHER_CONDITIONS = ("centerlight", "glasses", "leftlight", "noglasses", "rightlight")
KNOWN_EXPRESSIONS = frozenset(YALE_EXPRESSIONS) | {
    "anger", "angry", "contempt", "disgust", "disgusted", "fear", "fearful",
    "happiness", "neutral", "sadness", "surprise",
}  # fmt: skip
SUBJECT_PATTERN = r"^(?P<subject>S\d+(?=_)|[A-Z]{2}(?=\.)|subject\d+)"
IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff", ".webp"})
NAMED = {"sample": "Sample faces", "yale": "Yale Face Database"}
RENDERED = frozenset({"sample"})


@dataclass(frozen=True, eq=False)
class FaceDataset:
    """Grey face images with what is known about each.

    Attributes:
        name: short name; names the folder below `outputs/`.
        title: for captions.
        rendered: True where the faces are computer graphics and no figure says anything about real faces.
        images: (N, height, width) uint8 in [0, 255]; a tuple of (height, width) arrays where sizes differ.
        labels: (N,) int64, index into `class_names`; -1 where the condition is not an expression.
        subjects: (N,) str, one identifier per person.
        conditions: (N,) str, the data set's own word for what is shown.
        file_names: (N,) str, file names relative to the data set's folder, sorted.
        hashes: (N,) str, SHA-256 of each file.
        class_names: expressions, alphabetical.
        unreadable: file name to reason, for files that were skipped.
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
    unreadable: dict[str, str] = field(default_factory=dict)
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


@dataclass(frozen=True)
class _Entry:
    path: Path
    file_name: str
    subject: str
    condition: str


def load(
    name: str | Path, *, subject_pattern: str = SUBJECT_PATTERN, unreadable: str = "stop"
) -> FaceDataset | VoteDataset:
    """Load a data set.

    Args:
        name: "sample", "yale", "ferplus" (votes in place of labels, and no subjects), or a folder of one's own: class subfolders with the subject in the file name, or files
            named `subjectNN.expression` (an image suffix may follow).
        subject_pattern: regular expression with one group, the subject, searched in the file names of class subfolders;
            the default knows `S010_004_00000017.png` (CK+), `KA.AN1.39.tiff` (JAFFE) and `subject01...`.
        unreadable: "stop" raises on the first look at a bad file; "skip" leaves bad files out and lists them in
            `FaceDataset.unreadable`, so that the manifest tells why they are missing.

    Raises:
        DatasetError: nothing there, files that cannot be read, a wrong checksum, an unknown expression, a class with a
            single image, or a single subject.
        ParameterError: a name that is neither known nor a folder, or another value of `unreadable`.
    """
    if unreadable not in ("stop", "skip"):
        raise ParameterError(f"unreadable must be 'stop' or 'skip', not {unreadable!r}.")
    if name == "ferplus":
        return ferplus.load()
    if name == "sample":
        return _read("sample", _flat_entries(paths.SAMPLE), YALE_EXPRESSIONS, unreadable, checksums("sample"))
    if name == "yale":
        return _read("yale", _flat_entries(yale_folder()), YALE_EXPRESSIONS, unreadable, checksums("yale"))
    folder = paths.given(name)
    if not folder.is_dir():
        raise ParameterError(
            f"no data set named {str(name)!r}: use one of {', '.join(sorted(NAMED))}, or the path of a folder."
        )
    entries = _class_folder_entries(folder, subject_pattern) if _has_class_folders(folder) else _flat_entries(folder)
    classes = {entry.condition for entry in entries} - set(YALE_OTHER_CONDITIONS)
    dataset = _read(str(folder), entries, tuple(sorted(classes)), unreadable, {})
    _check_own(dataset, folder)
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


def _has_class_folders(folder: Path) -> bool:
    return any(child.is_dir() and not child.name.startswith(".") for child in folder.iterdir())


def _flat_entries(folder: Path) -> list[_Entry]:
    """Entries of `subjectNN.condition` files; `subject01.gif` is Yale's centerlight of subject 01."""
    entries = []
    for path in sorted(folder.glob("subject*")):
        stem = path.name[: -len(path.suffix)] if path.suffix.lower() in IMAGE_SUFFIXES else path.name
        subject, _, condition = stem.removeprefix("subject").partition(".")
        condition = condition or "centerlight"
        if condition not in KNOWN_EXPRESSIONS and condition not in YALE_OTHER_CONDITIONS:
            raise DatasetError(
                f"{path.name}: unknown expression {condition!r}. Known are {', '.join(sorted(KNOWN_EXPRESSIONS))}; "
                "rename the file, or put each class in a subfolder of its own to use other words."
            )
        entries.append(_Entry(path=path, file_name=path.name, subject=subject, condition=condition))
    if not entries:
        raise DatasetError(
            f"{folder}: no images named subjectNN.expression and no class subfolders. "
            "See 'Your own faces' in the README."
        )
    return entries


def _class_folder_entries(folder: Path, subject_pattern: str) -> list[_Entry]:
    """Entries of `<class>/<file with the subject in its name>`."""
    try:
        pattern = re.compile(subject_pattern)
    except re.error as error:
        raise ParameterError(f"subject_pattern {subject_pattern!r} is not a regular expression: {error}.") from error
    if pattern.groups != 1:
        raise ParameterError(
            f"subject_pattern {subject_pattern!r} needs exactly one group in parentheses: the subject."
        )
    entries = []
    for class_folder in sorted(
        child for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")
    ):
        found = [path for path in sorted(class_folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
        if not found:
            raise DatasetError(f"{class_folder.name}: this class folder holds no images. Fill it, or remove it.")
        for path in found:
            match = pattern.search(path.name)
            if match is None or not match.group(1):
                raise DatasetError(
                    f"{class_folder.name}/{path.name}: no subject in the file name. "
                    "Give subject_pattern, a regular expression whose group is the subject."
                )
            entries.append(_Entry(path, f"{class_folder.name}/{path.name}", match.group(1), class_folder.name))
    return sorted(entries, key=lambda entry: entry.file_name)


def _read(
    name: str, entries: list[_Entry], classes: tuple[str, ...], unreadable: str, expected: dict[str, str]
) -> FaceDataset:
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
            images.append(read_grey(entry.path))
        except DatasetError as error:
            bad[entry.file_name] = str(error)
            continue
        digest = files.sha256(entry.path.read_bytes())
        if expected and digest != expected[entry.file_name]:
            raise DatasetError(
                f"{entry.file_name}: wrong checksum, this is not the file of the {NAMED[name]}. {_remedy(name)}"
            )
        hashes.append(digest)
        kept.append(entry)
    if bad and (unreadable == "stop" or not kept):
        raise DatasetError(
            "\n".join(bad.values())
            + "\nOr pass unreadable='skip' (on the command line: -p unreadable skip) to go on without."
        )
    return FaceDataset(
        name=paths.dataset_name(name),
        title=NAMED.get(name, Path(name).name),
        rendered=name in RENDERED,
        images=np.stack(images) if len({image.shape for image in images}) == 1 else tuple(images),
        labels=np.array([classes.index(e.condition) if e.condition in classes else -1 for e in kept], dtype=np.int64),
        subjects=np.array([entry.subject for entry in kept]),
        conditions=np.array([entry.condition for entry in kept]),
        file_names=np.array([entry.file_name for entry in kept]),
        hashes=np.array(hashes),
        class_names=classes,
        unreadable=bad,
    )


def _remedy(name: str) -> str:
    if name == "yale":
        return "Remove the folder to download it again, or point FER_DATA_DIR at a folder with a whole yalefaces/."
    return "Restore it with: git checkout -- data/sample"


def _check_own(dataset: FaceDataset, folder: Path) -> None:
    for index, class_name in enumerate(dataset.class_names):
        count = int(np.sum(dataset.labels == index))
        if count < 2:
            raise DatasetError(
                f"{folder.name}: class {class_name!r} has {count} image. "
                "Each class needs images of at least two subjects; add some, or remove the class."
            )
    if len(dataset.class_names) < 2:
        raise DatasetError(
            f"{folder.name}: at least two classes are needed, found {', '.join(dataset.class_names) or 'none'}."
        )
    if len(set(dataset.subjects[dataset.labels >= 0])) < 2:
        raise DatasetError(f"{folder.name}: all images are of one subject. Leaving a subject out needs at least two.")
