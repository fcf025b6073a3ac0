"""Numbers for whoever looks for the first time: other people held out, a threshold of confidence, every model's answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.common import csv_files, paths
from fer_utils.common.errors import OutputError
from fer_utils.evaluation.protocols import only_people
from fer_utils.experiments import tables
from fer_utils.studies import splits

_PUBLISHED = paths.PROJECT / "outputs" / "yale" / "predictions.csv"
THRESHOLDS = np.linspace(0, 1, 101)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Some people tested, among all ways to choose as many.

    Attributes:
        people: who.
        value: accuracy on them, a fraction, mean over seeds.
        everyone: (ways,) the same of every choice of as many people, or of some thousand drawn ones.
    """

    people: tuple[str, ...]
    value: float
    everyone: np.ndarray

    @property
    def place(self) -> float:
        """Share of the choices that score less."""
        return float(np.mean(self.everyone < self.value - 1e-9))


def published() -> pd.DataFrame:
    """`predictions.csv` of Yale as it is published, wherever results of one's own are written.

    Raises:
        OutputError: it is missing or damaged.
    """
    try:
        return csv_files.read(_PUBLISHED, tables.SCHEMAS["predictions"])
    except (OSError, csv_files.DamagedError) as error:
        raise OutputError(f"{_PUBLISHED} is missing or damaged ({error}): git checkout brings it back.") from error


def models(predictions: pd.DataFrame) -> list[str]:
    """Those with answers for people left out, in the table's order."""
    return list(only_people(predictions)["model"].unique())


def people(predictions: pd.DataFrame) -> list[str]:
    """Who was left out, by name."""
    return sorted(only_people(predictions)["subject"].astype(str).unique())


def held_out(predictions: pd.DataFrame, model: str, chosen: Sequence[str]) -> HeldOut:
    """What a model would have scored with these people as the test set.

    Args:
        predictions: rows of `predictions.csv`.
        model: with predictions under a protocol of people left out.
        chosen: as many as the original project held out, `splits.held_out`.
    """
    rows = only_people(predictions)
    counts = splits.counts(rows[rows["model"] == model])
    places = [counts.subjects.index(name) for name in chosen]
    value = float(np.mean(counts.accuracy(places)))
    return HeldOut(tuple(chosen), value, splits.over_splits(counts).mean(axis=1))


def by_threshold(predictions: pd.DataFrame, model: str) -> pd.DataFrame:
    """What happens where a model only answers if it is sure enough: means over images and seeds.

    Returns:
        A row per threshold in [0, 1]: `threshold, answered` (share of the images) and `right` (share of those answered; not a
        number where none is).
    """
    rows = only_people(predictions)
    rows = rows[rows["model"] == model]
    sure = rows[[name for name in rows if name.startswith("p_")]].max(axis=1).to_numpy()
    right = (rows["truth"] == rows["predicted"]).to_numpy()
    kept = sure[np.newaxis, :] >= THRESHOLDS[:, np.newaxis]
    answered = kept.sum(axis=1)
    share = np.divide((kept & right).sum(axis=1), answered, out=np.full(len(kept), np.nan), where=answered > 0)
    return pd.DataFrame({"threshold": THRESHOLDS, "answered": answered / len(rows), "right": share})


def answers(predictions: pd.DataFrame, image: str) -> pd.DataFrame:
    """What every model said of an image when its person was left out, mean over seeds.

    Returns:
        A row per model, indexed by it: `truth`, and the mean probability of each class, `p_<class>`.
    """
    rows = only_people(predictions)
    rows = rows[rows["image"] == image]
    chances = [name for name in rows if name.startswith("p_")]
    found = rows.groupby("model", sort=False)[chances].mean()
    found.insert(0, "truth", rows.groupby("model", sort=False)["truth"].first())
    return found
