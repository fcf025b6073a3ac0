"""The plan of the set: its files, who wears glasses where, and which files are copies of others."""

from .expressions import CONDITIONS
from .people import Person

# Troubles of the real set, planted on purpose: file -> the file that it is a copy of, byte for byte.
COPIES = {
    "subject02.noglasses": "subject02.normal",
    "subject03.noglasses": "subject03.normal",
    "subject06.noglasses": "subject06.normal",
    "subject10.noglasses": "subject10.normal",
    "subject12.noglasses": "subject12.normal",
    "subject14.noglasses": "subject14.normal",
    "subject08.glasses": "subject08.normal",  # wears glasses by habit
    "subject11.sad": "subject11.normal",  # an expression that is not there: excluded when cleaning
}


def names_of(person: Person) -> list[str]:
    """Return a person's eleven file names."""
    return [f"subject{person.number:02d}.{condition}" for condition in CONDITIONS]


def wears_glasses(person: Person, condition: str) -> bool:
    """Return whether a person wears glasses in a condition."""
    return condition == "glasses" or (person.always_glasses and condition != "noglasses")
