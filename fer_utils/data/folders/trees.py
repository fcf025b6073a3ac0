"""Folders named after expressions or people: class folders, and a folder for each person, whatever lies around them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from fer_utils.common.errors import DatasetError
from fer_utils.data.folders import words
from fer_utils.data.folders.listing import Entry, File, LeftOut, Listing, Options, Reading, some

_PARTS = re.compile(
    r"(train(ing)?|test(ing)?|val(id(ation)?)?|public_?test|private_?test|fer2013(train|valid|test))([-_ ]?(set|data|images))?",
    re.IGNORECASE,
)
_RAF_DB_NAME = re.compile(r"(train|test)_\d+(_aligned)?\.\w+")


@dataclass(frozen=True)
class Tree:
    """A listing whose folders mean something.

    Attributes:
        listing: what there is.
        pattern: finds the subject in a file name.
        given: the user gave the pattern.
    """

    listing: Listing
    pattern: re.Pattern
    given: bool

    @cached_property
    def around(self) -> tuple[str, ...]:
        """Folders that lie around everything and mean nothing."""
        around = 0
        folders = [_bare(each) for each in self.listing.folders]
        pictures = [_bare(each.folders) for each in self.listing.pictures]
        while pictures and all(len(each) > around + 1 for each in pictures):
            names = {each[around] for each in folders if len(each) > around}
            if len(names) > 1 or words.is_expression(names.pop()):
                break
            around += 1
        return pictures[0][:around] if pictures else ()

    def levels(self, folders: tuple[str, ...]) -> tuple[str, ...]:
        """The folders on the way to a file that mean something: without `train` and `test`, and those around everything."""
        bare = _bare(folders)
        return bare[len(self.around) :] if bare[: len(self.around)] == self.around else bare

    @cached_property
    def inside(self) -> list[tuple[File, tuple[str, ...]]]:
        """The pictures in folders, each with its `levels`."""
        found = [(each, self.levels(each.folders)) for each in self.listing.pictures]
        return [(file, levels) for file, levels in found if levels]

    @cached_property
    def first(self) -> list[str]:
        """The names on the first level, sorted."""
        return sorted({levels[0] for _, levels in self.inside})

    @cached_property
    def second(self) -> list[str]:
        """The names on the second level, sorted; empty unless most pictures lie there."""
        deep = [levels[1] for _, levels in self.inside if len(levels) > 1]
        return sorted(set(deep)) if 2 * len(deep) > len(self.inside) else []

    @cached_property
    def names_tell_subjects(self) -> bool:
        """Whether most file names hold a subject."""
        return _most(bool(words.subject_in(file.name, self.pattern)) for file, _ in self.inside)

    @cached_property
    def names_tell_expressions(self) -> bool:
        """Whether most file names hold an expression besides the folder's name."""
        return _most(bool(_expression(file, levels[0])) for file, levels in self.inside)


def tree(listing: Listing, options: Options) -> Tree:
    """A listing seen as a tree.

    Raises:
        ParameterError: the subject pattern is none.
    """
    return Tree(listing, words.compiled(options.subject_pattern), bool(options.subject_pattern))


def person_folders_seen(listing: Listing, options: Options) -> str:
    """Why a folder seems to hold a folder for each person; empty where it does not."""
    seen = tree(listing, options)
    if not seen.inside or _known(seen.first) >= 0.5:
        return ""
    if not seen.second:
        if not seen.names_tell_expressions:
            return ""
        return f"the expression is in the file names, and the folders are of people ({some(seen.first)})"
    if _known(seen.second) >= 0.5:
        return f"the folders of people ({some(seen.first)}) contain a folder for each expression ({some(seen.second)})"
    if seen.names_tell_subjects or len(seen.first) < len(seen.second):
        return ""
    if len(seen.first) == len(seen.second):
        raise DatasetError(
            f"{listing.title}: which folders are the people, {some(seen.first)} or {some(seen.second)}? Say "
            "--layout person-folders for the former, --layout class-folders for the latter."
        )
    return (
        f"there are more folders on the first level ({len(seen.first)}: {some(seen.first)}) than names in them "
        f"({len(seen.second)}: {some(seen.second)})"
    )


def person_folders(listing: Listing, options: Options) -> Reading:
    """Read `<person>/<class>/<file>`, or `<person>/<file with the expression in its name>`.

    Raises:
        DatasetError: no image is found, or with `unreadable` "stop" a file name without an expression.
    """
    seen = tree(listing, options)
    entries, left_out, nameless = [], listing.no_images() | _beside(seen, "the folders of people"), {}
    for file, levels in seen.inside:
        subject = (words.subject_in(file.name, seen.pattern) if seen.given else "") or levels[0]
        if seen.given and subject == levels[0]:
            subject = words.subject_in(levels[0], seen.pattern) or levels[0]
        expression = levels[1] if len(levels) > 1 else _expression(file, levels[0])
        if expression:
            entries.append(Entry(file.path, file.file_name, subject, expression))
        else:
            nameless[file.file_name] = LeftOut("no expression in the file name", subject)
    if nameless and (options.unreadable == "stop" or not entries):
        raise DatasetError(
            f"{next(iter(nameless))}: no expression in the file name ({len(nameless)} such files). Put it into the names, or "
            "the images of each expression into a folder of its own within the person's; or write a faces.csv."
        )
    _require(entries, listing)
    because = (
        f"the folders are of people ({some(seen.first)})" if options.layout else person_folders_seen(listing, options)
    )
    return Reading(because, entries, left_out | nameless)


def class_folders(listing: Listing, options: Options, *, numbering: Mapping[int, str] | None = None) -> Reading:
    """Read `<class>/.../<file with the subject in its name>`, or `<class>/<person>/.../<file>`.

    Args:
        numbering: what classes named by numbers mean; what it does not name is left out. Without it, a file of names in the
            folder says, or the numbers stay.

    Raises:
        DatasetError: no image is found, or with `unreadable` "stop" a file name without a subject.
    """
    seen = tree(listing, options)
    by_folder = bool(seen.second) and not seen.given and not seen.names_tell_subjects
    named, how = _class_names(seen, numbering)
    entries, nameless, left_out = [], {}, {}
    for file in listing.files:
        levels = seen.levels(file.folders)
        if not levels:
            left_out[file.file_name] = LeftOut("beside the class folders") if file.is_picture else file.no_image
            continue
        condition = named.get(levels[0], levels[0])
        subject = levels[1] if by_folder and len(levels) > 1 else words.subject_in(file.name, seen.pattern)
        if not file.is_picture:
            left_out[file.file_name] = LeftOut(file.no_image.reason, condition=condition)
        elif not condition:
            left_out[file.file_name] = LeftOut(f"its number, {levels[0]}, is no expression of this data set")
        elif subject:
            entries.append(Entry(file.path, file.file_name, subject, condition))
        else:
            nameless[file] = condition
    left_out |= _empty(seen)
    unknown = options.random_split and not entries and bool(nameless)
    if unknown:
        entries = [Entry(file.path, file.file_name, "", condition) for file, condition in nameless.items()]
    elif nameless:
        if options.unreadable == "stop" or not entries:
            raise DatasetError(_no_subject(nameless))
        left_out |= {
            file.file_name: LeftOut("no subject in the file name", condition=condition)
            for file, condition in nameless.items()
        }
    _require(entries, listing)
    person = (
        "nothing says who is shown" if unknown else f"the person is in the {'folders' if by_folder else 'file names'}"
    )
    within = " within each" if by_folder else ""
    because = f"there is a folder for each expression ({some(seen.first)}{how}), and {person}{within}"
    return Reading(because, entries, left_out, people_known=not unknown)


def _class_names(seen: Tree, numbering: Mapping[int, str] | None) -> tuple[dict[str, str], str]:
    """By folder, the class that it means (empty where it means none), and in words what says so."""
    if not seen.first or not all(each.isdecimal() for each in seen.first):
        return {}, ""
    if numbering is not None:
        return {each: numbering.get(int(each), "") for each in seen.first}, ", numbered as the data set does"
    if named := words.named(seen.first, seen.listing):
        return named, ", named by a file"
    if {int(each) for each in seen.first} <= set(words.RAF_DB) and all(
        _RAF_DB_NAME.fullmatch(file.name) for file, _ in seen.inside
    ):
        return {each: words.RAF_DB[int(each)] for each in seen.first}, ", numbered as RAF-DB does"
    return {}, "; for words, add a classes.txt with lines such as '0 neutral'"


def _no_subject(nameless: Mapping[File, str]) -> str:
    folders = some([f"{name}/" for name in dict.fromkeys(nameless.values())])
    return (
        f"{next(iter(nameless)).file_name}: no subject in the file name ({len(nameless)} such files). "
        "Give subject_pattern, a regular expression whose group is the subject (on the command line: -p subject_pattern "
        f"REGEX), or write a faces.csv. Folders are taken for expressions: {folders}. Where nobody knows who is shown, leaving "
        "people out is impossible; -p random_split True splits the images at random, and marks every figure as leaking."
    )


def _beside(seen: Tree, what: str) -> dict[str, LeftOut]:
    inside = {file.file_name for file, _ in seen.inside}
    names = (each.file_name for each in seen.listing.pictures)
    return {name: LeftOut(f"beside {what}") for name in names if name not in inside}


def _empty(seen: Tree) -> dict[str, LeftOut]:
    """Class folders that hold nothing."""
    full = {each.folders[:depth] for each in seen.listing.files for depth in range(len(each.folders) + 1)}
    full |= {each[:-1] for each in seen.listing.folders}
    empty = [(each, seen.levels(each)) for each in seen.listing.folders if each not in full]
    return {
        f"{'/'.join(folders)}/": LeftOut("this class folder contains no images", condition=levels[0])
        for folders, levels in empty
        if len(levels) == 1
    }


def _require(entries: list[Entry], listing: Listing) -> None:
    if not entries:
        raise DatasetError(f"{listing.title}: no images found. {words.EXPECTED} Seen: {listing.seen()}.")


def _bare(folders: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in folders if not _PARTS.fullmatch(each))


def _known(names: list[str]) -> float:
    """The share of names that are expressions."""
    return sum(map(words.is_expression, names)) / len(names)


def _most(truths) -> bool:
    counts = Counter(truths)
    return counts[True] > counts[False]


def _expression(file: File, person: str) -> str:
    return words.in_name(file.name.replace(person, " ", 1))
