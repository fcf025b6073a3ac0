"""What would be read of a folder of faces, and what of it is doubtful: from names, headers and bytes, nothing is decoded."""

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from fer_utils.common import files, progress
from fer_utils.common.errors import DatasetError
from fer_utils.data.folders.listing import Entry, LeftOut, Reading, some
from fer_utils.data.folders.words import YALE_OTHER_CONDITIONS
from fer_utils.data.images import LARGEST_PIXELS, SMALLEST_SIDE

_SHOWN = 5  # examples of a kind


@dataclass(frozen=True)
class Survey:
    """What is known of a folder before anything is decoded.

    Attributes:
        reading: its images, and what else there is.
        sizes: (width, height) to the number of images.
        bad: by name, images whose header says that they cannot be used.
        doubts: in words, a line each.
    """

    reading: Reading
    sizes: Counter
    bad: dict[str, LeftOut]
    doubts: list[str]

    @property
    def entries(self) -> list[Entry]:
        """The images that would be read."""
        return [each for each in self.reading.entries if each.file_name not in self.bad]

    @property
    def expressions(self) -> list[Entry]:
        """Those that show an expression, and not a light or glasses."""
        return [each for each in self.entries if each.condition not in YALE_OTHER_CONDITIONS]


def look(reading: Reading) -> Survey:
    """Look at every image's header, and at the bytes of those whose copies may be there."""
    sizes, bad, lengths = Counter(), {}, defaultdict(list)
    for entry in progress.bar(reading.entries, "reading headers", delay=2):
        try:
            size, length = _header(entry)
        except DatasetError as error:
            bad[entry.file_name] = LeftOut(str(error), entry.subject, entry.condition)
            continue
        sizes[size] += 1
        lengths[length].append(entry)
    entries = Survey(reading, sizes, bad, []).expressions
    doubts = _of_people(entries) + _of_words(entries) if reading.people_known else _of_words(entries)
    return Survey(reading, sizes, bad, doubts + _copies(lengths, people_known=reading.people_known))


def _header(entry: Entry) -> tuple[tuple[int, int], int]:
    """(width, height) as the file has it, and the number of bytes.

    Raises:
        DatasetError: in words without the file's name.
    """
    try:
        if type(entry) is Entry:
            length = entry.path.stat().st_size
            with Image.open(entry.path) as image:
                size = image.size
        else:
            content = entry.content()
            length = len(content)
            with Image.open(io.BytesIO(content)) as image:
                size = image.size
    except DatasetError as error:
        raise DatasetError(str(error).removeprefix(f"{entry.file_name}: ")) from error
    except Exception as error:  # Pillow's decoders raise nearly anything at bytes that are no image
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a readable image"
        raise DatasetError(reason) from error
    if min(size) < SMALLEST_SIDE:
        raise DatasetError(f"{size[0]}x{size[1]} pixels is too small for a face")
    if size[0] * size[1] > LARGEST_PIXELS and image.format not in ("JPEG", "MPO"):
        raise DatasetError(f"{size[0]}x{size[1]} pixels is too large")
    return size, length


def _of_people(entries: Sequence[Entry]) -> list[str]:
    people, classes = defaultdict(set), defaultdict(set)
    for entry in entries:
        people[entry.condition].add(entry.subject)
        classes[entry.subject].add(entry.condition)
    doubts = []
    if len(classes) == 1:
        doubts.append(f"All images are of one person ({next(iter(classes))}): nobody can be left out.")
    elif people and max(map(len, people.values())) == 1:
        doubts.append("Each class shows one person alone: are the folders people, and not expressions?")
    elif lone := [name for name, each in people.items() if len(each) == 1]:
        doubts.append(f"Shown by one person alone, so that it cannot be learned from others: {some(lone)}.")
    if len(people) < 2:
        doubts.append(f"At least two classes are needed; found {some(list(people)) or 'none'}.")
    single = [name for name, each in classes.items() if len(each) == 1]
    if len(people) > 1 and single:
        doubts.append(f"{len(single)} of {len(classes)} people show one class alone: {some(sorted(single))}.")
    if len(classes) == len(entries) > 2:
        doubts.append("Each image is taken for a person of its own: check the subject pattern.")
    return doubts


def _of_words(entries: Sequence[Entry]) -> list[str]:
    """Classes that differ in nothing but capitals and spaces, and classes that are numbers."""
    alike = defaultdict(set)
    for entry in entries:
        alike[entry.condition.casefold().strip()].add(entry.condition)
    same = [" and ".join(sorted(each)) for each in alike.values() if len(each) > 1]
    doubts = [f"These class names differ in capitals or spaces alone: {some(same)}."] if same else []
    if alike and all(each.isdecimal() for each in alike):
        doubts.append("The classes are numbers. A file classes.txt with lines such as '0 neutral' gives them names.")
    return doubts


def _copies(lengths: dict[int, list[Entry]], *, people_known: bool) -> list[str]:
    """Files with the same bytes; only files of one length are read for it."""
    candidates = [entry for same in lengths.values() if len(same) > 1 for entry in same]
    by_bytes = defaultdict(list)
    for entry in progress.bar(candidates, "looking for copies", delay=2):
        by_bytes[files.sha256(entry.content())].append(entry)
    copies = [each for each in by_bytes.values() if len(each) > 1]
    kinds = {
        "under two classes, so that one of them is wrong": [each for each in copies if len(_classes(each)) > 1],
        "under two people": [each for each in copies if people_known and len({e.subject for e in each}) > 1],
    }
    told = [each for kind in kinds.values() for each in kind]
    kinds["of one person, of which one is kept for each class"] = [each for each in copies if each not in told]
    return [
        f"{len(found)} {'picture stands' if len(found) == 1 else 'pictures stand'} there several times {words}: "
        f"{some([' = '.join(entry.file_name for entry in each[:_SHOWN]) for each in found])}."
        for words, found in kinds.items()
        if found
    ]


def _classes(entries: Sequence[Entry]) -> set[str]:
    return {each.condition for each in entries} - set(YALE_OTHER_CONDITIONS)
