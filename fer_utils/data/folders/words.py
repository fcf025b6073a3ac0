"""Names that data sets give to expressions and people: words, codes, numbers."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data.folders.names import is_blank

if TYPE_CHECKING:
    from fer_utils.data.folders.listing import Listing

EXPECTED = (
    "Expected is a table faces.csv with the columns file, subject and expression; or a folder for each expression, with the "
    "person in each file name; or another layout that docs/own-faces.md lists."
)

YALE_EXPRESSIONS = ("happy", "normal", "sad", "sleepy", "surprised", "wink")
YALE_OTHER_CONDITIONS = ("centerlight", "glasses", "leftlight", "noglasses", "rightlight")
KNOWN_EXPRESSIONS = frozenset(YALE_EXPRESSIONS) | {
    "afraid", "anger", "angry", "contempt", "contemptuous", "disgust", "disgusted", "fear", "fearful",
    "happiness", "joy", "neutral", "sadness", "surprise",
}  # fmt: skip
# Words for the same expression, by the one that FER+ has for it.
SAME = {
    "neutral": ("normal",),
    "happiness": ("happy", "joy"),
    "surprise": ("surprised",),
    "sadness": ("sad",),
    "anger": ("angry",),
    "disgust": ("disgusted",),
    "fear": ("afraid", "fearful"),
    "contempt": ("contemptuous",),
}
_USUAL = {word: usual for usual, others in SAME.items() for word in (usual, *others)}
# CK+, JAFFE, subjectNN (Yale), KDEF (both sessions of a person, A and B, are one person), RaFD.
SUBJECT_PATTERN = (
    r"(?P<subject>^S\d+(?=_)|^[A-Z]{2}(?=\.)|^subject\d+|(?<=^[AB])[FM]\d\d(?=[A-Z]{3,4}\.)|(?<=^Rafd\d\d\d_)\d+(?=_))"
)
# What the documents of the data sets say: Lucey et al. 2010 (Emotion_labels), the Kaggle challenge of 2013, Li et al. 2017
# (list_patition_label.txt), Mollahosseini et al. 2017.
CK_PLUS = ("neutral", "anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
RAF_DB = {
    1: "surprise", 2: "fear", 3: "disgust", 4: "happiness", 5: "sadness", 6: "anger", 7: "neutral",
}  # fmt: skip
AFFECTNET = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
_NAMES_FILES = ("classes.txt", "names.txt", "class_names.txt", "labels.txt", "label_names.txt")


def is_expression(word: str) -> bool:
    """Whether a word is one that data sets use for an expression."""
    return word.lower() in KNOWN_EXPRESSIONS


def usual(word: str) -> str:
    """FER+'s word for an expression, such as "happiness" for "happy"; a word that is not in `SAME` stays what it is."""
    return _USUAL.get(word.lower(), word)


def in_name(name: str) -> str:
    """The one known expression in a file's name, such as "happy" in `P1_happy_2.jpg`; empty where there is none, or several."""
    words = re.findall(r"[A-Za-z]+", Path(name).stem)
    found = {word.lower() for word in words if is_expression(word)}
    # "AF01happy" and "JohnHappy2" hold a word of their own behind capitals and digits.
    found |= {word.lower() for each in words for word in re.findall(r"[A-Z][a-z]+", each) if is_expression(word)}
    return found.pop() if len(found) == 1 else ""


def compiled(subject_pattern: str) -> re.Pattern:
    """A user's pattern, or `SUBJECT_PATTERN` where it is empty.

    Raises:
        ParameterError: it is no regular expression with one group.
    """
    try:
        pattern = re.compile(subject_pattern or SUBJECT_PATTERN)
    except re.error as error:
        raise ParameterError(f"subject_pattern {subject_pattern!r} is not a regular expression: {error}.") from error
    if pattern.groups != 1:
        raise ParameterError(
            f"subject_pattern {subject_pattern!r} needs exactly one group in parentheses: the subject."
        )
    return pattern


def subject_in(name: str, pattern: re.Pattern) -> str:
    """The subject that a pattern finds in a name; empty where it finds none, or none that can be seen."""
    found = pattern.search(name)
    subject = (found.group(1) or "") if found else ""
    return "" if is_blank(subject) else subject


def named(numbers: Sequence[str], listing: "Listing") -> dict[str, str]:
    """What class folders named by numbers mean, by a file of names in the data set's folder, such as `classes.txt`.

    It has a line for each class, `0 neutral`, or the names alone in the order of their numbers. Empty where there is no such
    file, or a folder is no number.

    Raises:
        DatasetError: a folder has no name in it.
    """
    file = next(filter(None, (listing.found(name) for name in _NAMES_FILES)), None)
    if file is None or not all(each.isdecimal() for each in numbers):
        return {}
    lines = [line.strip() for line in file.path.read_text(encoding="utf-8-sig", errors="replace").splitlines()]
    lines = [line for line in lines if line]
    pairs = [re.fullmatch(r"(\d+)[\s:,;=]+(.+)", line) for line in lines]
    first = min(map(int, numbers))
    of = {int(each[1]): each[2].strip() for each in pairs} if all(pairs) else dict(enumerate(lines, start=first))
    for each in numbers:
        if int(each) not in of:
            raise DatasetError(f"{file.name}: no name for the class folder {each}. Add a line such as: {each} neutral")
    return {each: of[int(each)] for each in numbers}
