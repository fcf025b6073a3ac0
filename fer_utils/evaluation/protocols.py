"""Protocols that test on people left out, by name."""

import pandas as pd

from fer_utils.common.errors import DatasetError, ParameterError

LOSO, TENFOLD = "loso", "10-fold"
PEOPLE = {LOSO: "leaving one subject out", TENFOLD: "in ten folds of subjects"}  # names, and words for sentences
UNITS = {
    LOSO: "subjects",
    TENFOLD: "folds of subjects",
}  # what is tested apart, where a curve does not say who was right
MOST_LEFT_OUT_ALONE = 20  # people; with more, one network for each costs more than it is worth
FOLDS = 10


def of_people(count: int, *, demanded: str = "") -> str:
    """The protocol for a data set of so many people: each left out alone, or beyond twenty people ten folds of them.

    Args:
        count: people with usable images.
        demanded: "loso" or "10-fold" whatever the number; empty for the rule.

    Raises:
        ParameterError: another name.
        DatasetError: ten folds are demanded of fewer people.
    """
    if demanded not in ("", *PEOPLE):
        raise ParameterError(
            f"no protocol named {demanded!r}: use one of {', '.join(PEOPLE)}, or none for the usual one."
        )
    if demanded == TENFOLD and count < FOLDS:
        raise DatasetError(f"protocol {TENFOLD} needs at least {FOLDS} people with usable images; there are {count}.")
    return demanded or (LOSO if count <= MOST_LEFT_OUT_ALONE else TENFOLD)


def only_people(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of predictions or scores that are under a protocol of people left out."""
    return table[table["protocol"].isin(PEOPLE)]


def in_words(table: pd.DataFrame) -> str:
    """How a table's people were left out, such as "leaving one subject out"."""
    return " and ".join(PEOPLE[name] for name in only_people(table)["protocol"].unique())
