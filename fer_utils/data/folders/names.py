"""Names of people and classes as they are seen."""

import unicodedata


def is_blank(name: str) -> bool:
    """Whether nothing of a name can be seen: it is empty, or all blanks and the like."""
    return all(unicodedata.category(each)[0] in "ZC" for each in name)


def visible(name: str) -> str:
    """A name without what cannot be seen at its ends, and each letter in one spelling, so that who looks the same is the same.

    Empty where nothing of it can be seen.
    """
    letters = unicodedata.normalize("NFC", name)
    seen = [number for number, each in enumerate(letters) if unicodedata.category(each)[0] not in "ZC"]
    return letters[seen[0] : seen[-1] + 1] if seen else ""
