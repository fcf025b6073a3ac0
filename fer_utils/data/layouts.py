"""Which layout a folder of faces has, and its images read accordingly."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data.folders import ck_plus, faces_table, file_names, listing, lists, trees
from fer_utils.data.folders.listing import Entry, LeftOut, Listing, Options, Reading
from fer_utils.data.folders.names import is_blank, visible


@dataclass(frozen=True)
class Layout:
    """A way in which a folder of faces can be laid out.

    Attributes:
        words: what is looked at, for `fer inspect --help` and messages.
        seen: why a folder seems to be of it, empty where it does not; None where only the user can say so.
        read: reads a folder.
    """

    words: str
    seen: Callable[[Listing, Options], str]
    read: Callable[[Listing, Options], Reading]


def _named(naming: file_names.Naming) -> Layout:
    return Layout(
        f"names such as {naming.example}",
        lambda there, options: file_names.named_seen(there, naming),
        partial(file_names.named, naming=naming),
    )


# By name, in the order in which they are tried.
LAYOUTS = {
    "faces.csv": Layout(
        "a table with the columns file, subject, expression",
        lambda there, options: faces_table.seen(there),
        faces_table.read,
    ),
    "ck+": Layout("CK+ as delivered: frames and Emotion/", lambda there, options: ck_plus.seen(there), ck_plus.read),
    "fer2013": Layout("fer2013.csv", lambda there, options: lists.fer2013_seen(there), lists.fer2013),
    "raf-db": Layout("list_patition_label.txt", lambda there, options: lists.raf_db_seen(there), lists.raf_db),
    "affectnet": Layout(
        "AffectNet's annotations or numbered folders",
        lambda there, options: lists.affectnet_seen(there),
        partial(lists.affectnet, numbered_folders=trees.class_folders),
    ),
    "jaffe": _named(file_names.JAFFE),
    "kdef": _named(file_names.KDEF),
    "rafd": _named(file_names.RAFD),
    "yale": Layout(
        "names such as subject01.happy", lambda there, options: file_names.yale_seen(there), file_names.yale
    ),
    "person-folders": Layout("a folder for each person", trees.person_folders_seen, trees.person_folders),
    "class-folders": Layout("a folder for each expression", lambda there, options: "", trees.class_folders),
}


def require(name: str) -> None:
    """Refuse a layout that is not known.

    Raises:
        ParameterError: names those that are; an empty name, which leaves it to looking, passes.
    """
    if name and name not in LAYOUTS:
        raise ParameterError(
            f"no layout named {name!r}: use one of {', '.join(LAYOUTS)}, or none to leave it to looking."
        )


def read(folder: Path, options: Options) -> tuple[str, Reading]:
    """Read a folder by the layout that it seems to have, or that the user names.

    Returns:
        The layout's name; what was read, its entries sorted by subject, condition and name, so that the order of the images does
        not depend on the layout. Where people are not known, each image is a subject of its own.

    Raises:
        DatasetError: no image can be read by it; or nobody knows who is shown, and no random split was asked for.
        ParameterError: no such layout, a bad pattern, or a random split of people who are known.
    """
    require(options.layout)
    there = listing.look(folder)
    name = options.layout or _seen(there, options)
    found = LAYOUTS[name].read(there, options)
    because = f"you said so; {found.because}" if options.layout else found.because
    blank = {each.file_name: _without_a_name(each) for each in found.entries if _without_a_name(each)}
    entries = [replace(each, subject=visible(each.subject)) for each in found.entries if each.file_name not in blank]
    entries.sort(key=lambda each: (each.subject, each.condition, each.file_name))
    return name, replace(found, because=because, entries=entries, left_out=found.left_out | blank)


def inspected(folder: Path, options: Options) -> tuple[str, Reading]:
    """As `read`, where names without a subject are no reason to stop: nobody is known there.

    Raises:
        DatasetError, ParameterError: see `read`.
    """
    try:
        return read(folder, options)
    except DatasetError:
        unknown = replace(options, random_split=True)
        return read(folder, unknown)


def with_people(name: str, found: Reading, *, title: str, options: Options) -> Reading:
    """What was read, with a subject for every image.

    Args:
        name: of the layout.
        title: of the folder, for messages.

    Raises:
        DatasetError: nobody knows who is shown, and no random split was asked for.
        ParameterError: one was, and it is known.
    """
    if found.people_known and options.random_split:
        raise ParameterError(
            f"{title}: the people are known here ({name}), so a random split would only leak. Leave random_split out."
        )
    if found.people_known:
        return found
    if not options.random_split:
        raise DatasetError(
            f"{title}: read as {name}, which does not say who is shown, so leaving people out is impossible. If you know "
            "it, write a faces.csv (columns file, subject, expression). Or split the images at random: -p random_split True "
            "does so, and marks every figure as leaking."
        )
    width = len(str(len(found.entries)))
    entries = [replace(each, subject=f"image{number:0{width}}") for number, each in enumerate(found.entries, start=1)]
    return replace(found, entries=entries)


def _without_a_name(entry: Entry) -> LeftOut | None:
    """Why an entry cannot be used whose person or expression is nothing but blanks, as from a folder's name."""
    if is_blank(entry.condition):
        return LeftOut("the name of its expression cannot be seen: give the folder another one", entry.subject)
    if entry.subject and is_blank(entry.subject):
        return LeftOut("the name of its person cannot be seen: give the folder another one", "", entry.condition)
    return None


def _seen(there: Listing, options: Options) -> str:
    """The name of the layout that a folder seems to have."""
    return next((name for name, layout in LAYOUTS.items() if layout.seen(there, options)), "class-folders")
