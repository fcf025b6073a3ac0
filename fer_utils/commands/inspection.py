"""`fer inspect`: what would be read of a folder of faces, before anything trains."""

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import click

from fer_utils.commands import options
from fer_utils.common.errors import DatasetError, printable

_PEOPLE = 12  # rows of the table of people at most
_ROWS = 5  # of the first rows
_KINDS = 12  # of reasons at most
_SIZES = 5


@click.command()
@click.argument("folder", metavar="FOLDER")
@options.layout
@click.option("--subject-pattern", default="", metavar="REGEX", help="Finds the person in a file name: one group.")
@click.option(
    "--last-frames", default=3, show_default=True, type=click.IntRange(min=1), help="Of each sequence of CK+."
)
def inspect(folder: str, layout: str, subject_pattern: str, last_frames: int) -> None:
    """Show what would be read of FOLDER (or of sample or yale), before anything trains; nothing is written.

    Layout and why, people, expressions, sizes, what is ignored and why, what is doubtful, the first rows, and the command to
    run next. Only names, headers and, where copies may be, bytes are looked at.

    \b
    Layouts (--layout NAME):
      faces.csv       a table in the folder: file, subject, expression, and any other column
      class-folders   happy/anna_1.png, or happy/anna/1.png; train/ and test/ are merged
      person-folders  anna/happy/1.png, or anna/anna_happy_1.png
      yale            subject01.happy
      jaffe           KA.AN1.39.tiff
      kdef            AF01ANS.JPG, also in folders AF01/
      rafd            Rafd090_01_Caucasian_female_happy_frontal.jpg
      ck+             cohn-kanade-images/S005/001/*.png with Emotion/S005/001/*_emotion.txt
      fer2013         fer2013.csv; nobody knows who is shown
      raf-db          list_patition_label.txt with its images; nobody knows who is shown
      affectnet       its annotations, or its numbered folders; nobody knows who is shown
    """  # noqa: D301  (see cli.main)
    from fer_utils.data import datasets, layouts
    from fer_utils.data.folders import survey
    from fer_utils.data.folders.listing import Options

    chosen = Options(subject_pattern, "skip", layout, last_frames)
    place = datasets.folder_of(folder)
    name, reading = layouts.inspected(place, chosen)
    found = survey.look(reading)
    skips = bool(found.bad) or _stops(place, chosen)
    for line in _lines(name, found, _next_command(folder, name, found, chosen, skips=skips)):
        click.echo(printable(line))


def _lines(name: str, found, following: str) -> Iterator[str]:
    reading, entries, other = found.reading, found.expressions, len(found.entries) - len(found.expressions)
    yield f"Layout: {name}, because {reading.because}."
    people = len({each.subject for each in entries}) if reading.people_known else 0
    classes = sorted({each.condition for each in entries})
    who = f"{people} people" if reading.people_known else "nobody knows who is shown"
    beside = f"; {other} more images show a light or glasses, and no expression" if other else ""
    yield f"Read: {len(entries)} images, {who}, {len(classes)} expressions{beside}."
    yield ""
    yield from _table(entries, classes, people_known=reading.people_known)
    yield ""
    sizes = [f"{width}x{height} ({count})" for (width, height), count in found.sizes.most_common(_SIZES)]
    more = len(found.sizes) - len(sizes)
    yield f"Sizes: {', '.join(sizes) or 'none'}{f' and {more} more' if more > 0 else ''}."
    if reading.columns:
        yield f"Further columns: {', '.join(reading.columns)}."
    yield from _ignored(found.reading.left_out, "Left out")
    yield from _ignored(found.bad, "Cannot be used")
    if found.doubts:
        yield "Doubtful:"
        yield from (f"  {line}" for line in found.doubts)
    else:
        yield "Doubtful: nothing."
    yield "First rows:"
    width = max((len(each.file_name) for each in entries[:_ROWS]), default=0)
    for each in entries[:_ROWS]:
        further = "".join(f"  {column} {value}" for column, value in zip(reading.columns, each.further, strict=True))
        yield f"  {each.file_name:<{width}}  {each.subject or '?':<10}  {each.condition}{further}"
    yield f"Next: {following}"


def _table(entries: Sequence, classes: Sequence[str], *, people_known: bool) -> Iterator[str]:
    """Images by expression; where few people are known, by person too."""
    by_class = Counter(each.condition for each in entries)
    people = defaultdict(Counter)
    for each in entries:
        people[each.subject][each.condition] += 1
    if people_known and len(people) <= _PEOPLE and len(classes) <= _PEOPLE:
        first = max([len("person"), *map(len, people)])
        widths = [max(len(each), 4) for each in classes]
        yield "  ".join(
            [f"{'person':<{first}}", *(f"{each:>{width}}" for each, width in zip(classes, widths, strict=True))]
        )
        for person in sorted(people):
            cells = (f"{people[person][each]:>{width}}" for each, width in zip(classes, widths, strict=True))
            yield "  ".join([f"{person:<{first}}", *cells])
        totals = (f"{by_class[each]:>{width}}" for each, width in zip(classes, widths, strict=True))
        yield "  ".join([f"{'all':<{first}}", *totals])
        return
    width = max([len("expression"), *map(len, classes)])
    yield f"{'expression':<{width}}  images" + ("  people" if people_known else "")
    for each in classes:
        shown = sum(1 for counts in people.values() if counts[each])
        yield f"{each:<{width}}  {by_class[each]:>6}" + (f"  {shown:>6}" if people_known else "")
    if people_known and people:
        counts = sorted(sum(each.values()) for each in people.values())
        yield f"Images of a person: {counts[0]} to {counts[-1]}, median {median(counts):g}."


def _ignored(left_out: Mapping, title: str) -> Iterator[str]:
    if not left_out:
        return
    kinds = defaultdict(list)
    for name, each in left_out.items():
        kinds[each.reason].append(name)
    yield f"{title}:"
    ordered = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    for reason, names in ordered[:_KINDS]:
        yield f"  {reason}: {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    if len(ordered) > _KINDS:
        yield f"  and {sum(len(names) for _, names in ordered[_KINDS:])} more for other reasons"


def _stops(place: Path, chosen) -> bool:
    """Whether a run without `unreadable skip` would stop, as at a name without a person."""
    from fer_utils.data import layouts

    try:
        layouts.inspected(place, replace(chosen, unreadable="stop"))
    except DatasetError:
        return True
    return False


def _next_command(folder: str, name: str, found, chosen, *, skips: bool) -> str:
    words = ["fer", "run", "--dataset", folder]
    if chosen.layout:
        words += ["--layout", name]
    if chosen.subject_pattern:
        words += ["-p", "subject_pattern", chosen.subject_pattern]
    if name == "ck+" and chosen.last_frames != 3:
        words += ["-p", "last_frames", str(chosen.last_frames)]
    if skips:
        words += ["-p", "unreadable", "skip"]
    if found.reading.people_known:
        return shlex.join(words)
    return (
        f"{shlex.join([*words, '-p', 'random_split', 'True'])}\n"
        "      splits the images at random, since nobody knows who is shown: every figure is marked as leaking. If the file "
        "names say who is shown, give --subject-pattern; if you know the people otherwise, write a faces.csv."
    )
