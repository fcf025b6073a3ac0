"""Face data sets by name or by folder: images, labels, subjects, conditions.

Class order is alphabetical everywhere. In Yale and its rendered twin, six of the eleven conditions are expressions;
the others (light and glasses) have the label -1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.common import cache, files, paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import ferplus, layouts, own_folders, stored_images
from fer_utils.data.ferplus import VoteDataset
from fer_utils.data.folders.listing import LeftOut, Options, Reading, readable
from fer_utils.data.folders.words import YALE_EXPRESSIONS, YALE_OTHER_CONDITIONS
from fer_utils.data.stored_images import StoredImages

if TYPE_CHECKING:
    import pandas as pd

NAMED = {"sample": "Sample faces", "yale": "Yale Face Database"}
RENDERED = frozenset({"sample"})
READING = ("subject_pattern", "unreadable", "layout", "last_frames", "random_split")  # what `load` takes besides a name
_NAMED_AT_MOST = 10  # files in a message


@dataclass(frozen=True, eq=False)
class FaceDataset:
    """Grey face images with what is known about each.

    Attributes:
        name: short name; names the folder below `outputs/`.
        title: for captions.
        rendered: True where the faces are computer graphics and no figure says anything about real faces.
        images: (N, height, width) uint8 in [0, 255]; a tuple of (height, width) arrays where sizes differ; where they are too many
            or too large to be held in memory, a sequence that decodes each when it is looked at.
        labels: (N,) int64, index into `class_names`; -1 where the condition is not an expression, and after cleaning where the
            person or the class is left out.
        subjects: (N,) str, one identifier per person.
        conditions: (N,) str, the data set's own word for what is shown.
        file_names: (N,) str, file names relative to the data set's folder; what is no text in them as escapes. The images of a
            folder of one's own are sorted by subject, condition and name.
        hashes: (N,) str, SHA-256 of each file.
        class_names: expressions, alphabetical.
        left_out: by name, files that could not be read or are no images, and folders that hold none.
        eyes: (N, 2, 2) float64, x and y in pixels of the eye on the image's left, then of the other; not a number where not
            exactly one face was found. None before cleaning (`cleaning.load_clean`).
        further: by name, columns of `faces.csv` that say more of each image, (N,) str each.
        read_as: the layout of a folder of one's own and why it was taken, in a line; empty for a data set with a name.
        people_known: whether anything says who is shown. Where nothing does, each image is a subject of its own, so that images of
            one person are trained on and tested.
    """

    name: str
    title: str
    rendered: bool
    images: np.ndarray | tuple[np.ndarray, ...] | StoredImages
    labels: np.ndarray
    subjects: np.ndarray
    conditions: np.ndarray
    file_names: np.ndarray
    hashes: np.ndarray
    class_names: tuple[str, ...]
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    eyes: np.ndarray | None = None
    further: dict[str, np.ndarray] = field(default_factory=dict)
    read_as: str = ""
    people_known: bool = True

    def __len__(self) -> int:
        return len(self.file_names)

    @property
    def data_hash(self) -> str:
        """SHA-256 over the names and contents of all files."""
        table = sorted(zip(self.file_names.tolist(), self.hashes.tolist(), strict=True))
        return files.sha256("".join(f"{digest}  {name}\n" for name, digest in table).encode())

    def made_of_images(
        self, name: str, fit: Callable[[], dict[str, np.ndarray]], *, code: Sequence[str], inputs: Sequence[object]
    ) -> dict[str, np.ndarray]:
        """Arrays that are made of all images: kept on disk where the images are, else made each time.

        Args:
            name, fit, code: see `cache.arrays`.
            inputs: what determines them besides the images.
        """
        if not isinstance(self.images, StoredImages):
            return fit()
        ordered = (self.data_hash, self.file_names.tolist(), *inputs)  # their order depends on how the folder is read
        return cache.arrays(self.name, name, fit, code=code, inputs=ordered)

    def shape(self, index: int) -> tuple[int, int]:
        """(height, width) of an image; none is decoded for it."""
        return self.images.shapes[index] if isinstance(self.images, StoredImages) else self.images[index].shape

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
    name: str | Path,
    *,
    subject_pattern: str = "",
    unreadable: str = "stop",
    layout: str = "",
    last_frames: int = 3,
    random_split: bool = False,
) -> FaceDataset | VoteDataset:
    """Load a data set.

    Args:
        name: "sample", "yale", "ferplus" (votes instead of labels, and no subjects), or a folder of one's own, of one of
            `layouts.LAYOUTS`.
        subject_pattern: for own folders, regular expression with one group, the subject, searched in the file names; the default,
            an empty text, knows the names of CK+, JAFFE, KDEF and RaFD, and `subject01...`.
        unreadable: "stop" raises on the first look at a bad file; "skip" leaves bad files out. What is left out, files that
            are no images too, is listed in `FaceDataset.left_out`, so that the manifest says why.
        layout: of an own folder; empty to find it by looking.
        last_frames: of CK+ as delivered, how many of each sequence show its emotion.
        random_split: where nobody knows who is shown, take each image for a person of its own.

    Raises:
        DatasetError: nothing there, files that cannot be read, a wrong checksum, an unknown expression, fewer than two
            classes or subjects, folders that are people and not expressions, or a data set that does not say who is shown.
        ParameterError: a name that is neither known nor a folder, another value of `unreadable`, no such layout, or a random
            split of people who are known.
    """
    options = Options(subject_pattern, unreadable, layout, last_frames, random_split)
    if unreadable not in ("stop", "skip"):
        raise ParameterError(f"unreadable must be 'stop' or 'skip', not {unreadable!r}.")
    if name == "ferplus":
        return ferplus.load()
    if name in NAMED:
        _, reading = layouts.read(folder_of(name), Options(layout="yale"))
        return _read(name, reading, unreadable, checksums(name))
    folder = folder_of(name)
    read_as, reading = layouts.read(folder, options)
    title = readable(folder.name)
    reading = layouts.with_people(read_as, reading, title=title, options=options)
    dataset = _read(str(folder), reading, unreadable, {})
    words = f"{title}: read as {read_as}, because {reading.because}"
    dataset = replace(dataset, left_out=reading.left_out | dataset.left_out, read_as=words)
    _check_own(dataset, title, of_classes=read_as == "class-folders")
    return dataset


def folder_of(name: str | Path) -> Path:
    """The folder of a data set with a name, or of one's own.

    Raises:
        ParameterError: a name that is neither known nor a folder.
        DatasetError: the Yale faces are not here and cannot be downloaded.
    """
    if name in NAMED:
        return paths.SAMPLE if name == "sample" else yale_folder()
    folder = paths.given(name)
    if folder.is_file():
        raise ParameterError(f"{readable(str(name))}: this is a file, and a data set is a folder of images.")
    if not folder.is_dir():
        raise ParameterError(
            f"no data set named {readable(str(name))!r}: use one of {', '.join(sorted(NAMED))}, or the path of a folder."
        )
    return folder


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
    """Folder of the Yale faces: $FER_DATA_DIR/yalefaces, else data/raw/yalefaces, else downloaded there.

    Raises:
        ParameterError: FER_DATA_DIR names no folder.
        DatasetError: see `download.yale`.
    """
    from fer_utils.data import download

    shared = paths.in_shared_data("yalefaces")
    if shared is not None:
        return shared
    folder = paths.RAW / "yalefaces"
    if not folder.is_dir():
        download.yale(folder, checksums("yale"))
    return folder


def _read(name: str, reading: Reading, unreadable: str, expected: dict[str, str]) -> FaceDataset:
    entries = reading.entries
    missing = sorted(set(expected) - {entry.file_name for entry in entries})
    if missing:
        raise DatasetError(
            f"{missing[0]}: missing from the {NAMED[name]} ({len(missing)} files in all). {_remedy(name)}"
        )
    if expected:  # in the order in which all results of theirs were made
        entries = sorted((each for each in entries if each.file_name in expected), key=lambda each: each.file_name)
    read = stored_images.read(entries, dataset=paths.dataset_name(name))
    for entry, digest in zip(read.entries, read.hashes, strict=True) if expected else ():
        if digest != expected[entry.file_name]:
            raise DatasetError(
                f"{entry.file_name}: wrong checksum, this is not the file of the {NAMED[name]}. {_remedy(name)}"
            )
    if read.bad and (unreadable == "stop" or not read.entries):
        raise DatasetError(_bad_files(read.bad))
    kept = read.entries
    conditions = [entry.condition for entry in kept]
    classes = YALE_EXPRESSIONS if expected else tuple(sorted(set(conditions) - set(YALE_OTHER_CONDITIONS)))
    places = {each: place for place, each in enumerate(classes)}
    return FaceDataset(
        name=paths.dataset_name(name),
        title=NAMED.get(name, readable(Path(name).name)),
        rendered=name in RENDERED,
        images=read.images,
        labels=np.array([places.get(each, -1) for each in conditions], dtype=np.int64),
        subjects=np.array([entry.subject for entry in kept]),
        conditions=np.array(conditions),
        file_names=np.array([entry.file_name for entry in kept]),
        hashes=np.array(read.hashes),
        class_names=classes,
        left_out=read.bad,
        further={
            column: np.array([each.further[place] for each in kept]) for place, column in enumerate(reading.columns)
        },
        people_known=reading.people_known,
    )


def _bad_files(bad: dict[str, LeftOut]) -> str:
    """The first file that cannot be read, and in brief the others."""
    first, *others = bad
    words = f"{first}: {bad[first].reason}"
    if others:
        words += f" So it is with {len(others)} more: {', '.join(others[:_NAMED_AT_MOST])}"
        words += ", ..." if len(others) > _NAMED_AT_MOST else "."
    return f"{words} Or pass unreadable='skip' (on the command line: -p unreadable skip) to do without."


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
    if not dataset.people_known:
        return
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
