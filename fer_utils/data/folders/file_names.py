"""Layouts in which a file's name says who it shows and what: Yale, JAFFE, KDEF, RaFD."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from fer_utils.common.errors import DatasetError
from fer_utils.data.folders import words
from fer_utils.data.folders.listing import (
    IMAGE_SUFFIXES,
    UNREAD_SUFFIXES,
    Entry,
    File,
    LeftOut,
    Listing,
    Options,
    Reading,
    such_as,
)
from fer_utils.data.folders.names import is_blank
from fer_utils.data.folders.words import KNOWN_EXPRESSIONS, YALE_OTHER_CONDITIONS


@dataclass(frozen=True)
class Naming:
    """How a data set names its files.

    Attributes:
        title: of the data set.
        pattern: with the groups `subject` and `expression`.
        words: what the codes mean; empty where the names hold words.
        example: a name.
    """

    title: str
    pattern: re.Pattern
    words: dict[str, str]
    example: str


JAFFE = Naming(
    "JAFFE",
    re.compile(r"(?P<subject>[A-Z]{2})\.(?P<expression>[A-Z]{2})\d+\.\d+\.\w+"),
    {
        "AN": "anger",
        "DI": "disgust",
        "FE": "fear",
        "HA": "happiness",
        "NE": "neutral",
        "SA": "sadness",
        "SU": "surprise",
    },
    "KA.AN1.39.tiff",
)
# Session, sex and number, expression, angle; both sessions (A and B) of a person are one person.
KDEF = Naming(
    "KDEF",
    re.compile(r"[AB](?P<subject>[FM]\d\d)(?P<expression>[A-Z]{2})(FL|HL|S|HR|FR)\.\w+"),
    {"AF": "afraid", "AN": "angry", "DI": "disgusted", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprised"},
    "AF01ANS.JPG",
)
RAFD = Naming(
    "RaFD",
    re.compile(r"Rafd\d{3}_(?P<subject>\d+)_[A-Za-z]+_[a-z]+_(?P<expression>[a-z]+)_[a-z]+\.\w+"),
    {},
    "Rafd090_01_Caucasian_female_happy_frontal.jpg",
)


def named_seen(listing: Listing, naming: Naming) -> str:
    """Why a folder seems to have files of a data set's names; empty where it does not, or where folders say the expression."""
    named = [(each, naming.pattern.fullmatch(each.name)) for each in listing.pictures]
    fitting = [(file, found) for file, found in named if found]
    if 2 * len(fitting) <= len(named) or _in_class_folders(fitting):
        return ""
    return f"{len(fitting)} of its {len(named)} images are named as {naming.title}'s are, such as {fitting[0][0].name}"


def named(listing: Listing, options: Options, naming: Naming) -> Reading:
    """Read files of a data set's names, in whatever folders they lie.

    Raises:
        DatasetError: there is none.
        ParameterError: the subject pattern is none.
    """
    pattern = words.compiled(options.subject_pattern)
    entries, left_out = [], listing.no_images()
    for file in listing.pictures:
        found = naming.pattern.fullmatch(file.name)
        expression = found["expression"] if found else ""
        if naming.words:
            expression = naming.words.get(expression, "")
        subject = words.subject_in(file.name, pattern) if options.subject_pattern else found["subject"] if found else ""
        if expression and subject:
            entries.append(Entry(file.path, file.file_name, subject, expression))
        else:
            left_out[file.file_name] = LeftOut(f"its name is not of the form of {naming.title}'s ({naming.example})")
    if not entries:
        raise DatasetError(
            f"{listing.title}: no image with a name of {naming.title}'s, such as {naming.example}. Seen: {listing.seen()}."
        )
    because = named_seen(listing, naming) or f"{len(entries)} images are named as {naming.title}'s are"
    return Reading(because, entries, left_out)


def yale_seen(listing: Listing) -> str:
    """Why a folder seems to hold files named `subjectNN.expression`; empty where it does not."""
    told = [each for each in listing.pictures if _is_condition(_yale(each.name)[1])]
    if told and 2 * len(told) > len(listing.pictures):
        return (
            f"{len(told)} of its {len(listing.pictures)} images are named subjectNN.expression, such as {told[0].name}"
        )
    return "" if listing.folders else "there are no folders in it"


def yale(listing: Listing, options: Options) -> Reading:
    """Read files named `subjectNN.condition`, an image suffix may follow; `subject01.gif` is Yale's centerlight of subject 01.

    Raises:
        DatasetError: there is none, or an image's condition is not known.
    """
    pattern = words.compiled(options.subject_pattern)
    entries, left_out = [], {}
    for file in listing.files:
        subject, condition = _yale(file.name)
        if not file.is_picture and not (
            subject and _is_condition(condition) and Path(file.name).suffix == f".{condition}"
        ):
            left_out[file.file_name] = file.no_image
            continue
        if options.subject_pattern:
            subject = words.subject_in(file.name, pattern)
        if not subject:
            left_out[file.file_name] = LeftOut("its name is not of the form subjectNN.expression")
            continue
        condition = condition or "centerlight"
        if not _is_condition(condition):
            raise DatasetError(
                f"{file.file_name}: unknown expression {condition!r}. Known are {', '.join(sorted(KNOWN_EXPRESSIONS))}; "
                "rename the file, or put each class in a subfolder of its own to use other words."
            )
        entries.append(Entry(file.path, file.file_name, subject, condition))
    if not entries:
        seen = such_as(left_out, "file") if left_out else "nothing"
        raise DatasetError(
            f"{listing.title}: no images named subjectNN.expression and no class subfolders. {words.EXPECTED} Seen: {seen}."
        )
    return Reading(yale_seen(listing) or "the files are named subjectNN.expression", entries, left_out)


def _in_class_folders(fitting: list[tuple[File, re.Match]]) -> bool:
    """Whether files lie in folders of one expression each, and not in folders of one person each."""
    codes, people = defaultdict(set), defaultdict(set)
    for file, found in fitting:
        if file.folders:
            codes[file.folders].add(found["expression"])
            people[file.folders].add(found["subject"])
    if len(codes) < 2:
        return False
    if 2 * sum(words.is_expression(folders[-1]) for folders in codes) > len(codes):
        return True
    return all(len(each) == 1 for each in codes.values()) and any(len(each) > 1 for each in people.values())


def _yale(name: str) -> tuple[str, str]:
    """Subject and condition by a name of the form `subjectNN.condition`; two empty texts where it is of another."""
    if not name.startswith("subject"):
        return "", ""
    suffix = Path(name).suffix
    stem = name[: -len(suffix)] if suffix.lower() in IMAGE_SUFFIXES | UNREAD_SUFFIXES else name
    subject, _, condition = stem.removeprefix("subject").partition(".")
    return "" if is_blank(subject) else subject, condition


def _is_condition(word: str) -> bool:
    return word in KNOWN_EXPRESSIONS or word in YALE_OTHER_CONDITIONS
