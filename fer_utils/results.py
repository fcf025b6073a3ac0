"""The tables below `outputs/<dataset>/`: predictions, scores, comparisons."""

import numpy as np
import pandas as pd

from fer_utils import evaluation, files, paths
from fer_utils.datasets import FaceDataset
from fer_utils.errors import OutputError

# Pairs of which one thing differs: the network, or what it sees.
COMPARISONS = (
    ("updated", "baseline"),
    ("baseline-face", "baseline"),
    ("updated-face", "updated"),
    ("updated-face", "baseline-face"),
    ("transfer", "baseline-face"),
)

_COLUMNS = {
    "predictions": ("model", "protocol", "seed", "fold", "subject", "image", "truth", "predicted"),
    "scores": evaluation.SCORE_COLUMNS,
    "comparisons": evaluation.COMPARISON_COLUMNS,
}


def rows(
    dataset: FaceDataset, positions: np.ndarray, probabilities: np.ndarray, *, model: str, protocol: str, seed: int
) -> pd.DataFrame:
    """Rows of `predictions.csv`; the column `fold` is the subject, and to be changed where a fold is more than that.

    Args:
        positions: (N,) int, the images' positions in the data set.
        probabilities: (N, classes) float32.
    """
    names, subjects = np.array(dataset.class_names), dataset.subjects[positions]
    columns = {
        "model": model,
        "protocol": protocol,
        "seed": seed,
        "fold": subjects,
        "subject": subjects,
        "image": dataset.file_names[positions],
        "truth": names[dataset.labels[positions]],
        "predicted": names[probabilities.argmax(axis=1)],
    }
    return pd.DataFrame(columns | {f"p_{name}": probabilities[:, index] for index, name in enumerate(names)})


def write(dataset: str, predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write `predictions.csv`, and the `scores.csv` and `comparisons.csv` computed from it.

    Args:
        predictions: from `experiments.Experiment.predictions`.

    Returns:
        The scores and the comparisons.
    """
    scores, comparisons = computed(predictions)
    for name, table in (("predictions", predictions), ("scores", scores), ("comparisons", comparisons)):
        write_table(dataset, name, table)
    return scores, comparisons


def computed(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores and the comparisons of predictions."""
    scores = evaluation.scores(predictions)
    loso = set(predictions.loc[predictions["protocol"] == "loso", "model"])
    compared = [
        evaluation.compare(predictions, model, reference, protocol="loso")
        for model, reference in COMPARISONS
        if {model, reference} <= loso
    ]
    return scores, pd.concat(compared, ignore_index=True)


def write_table(dataset: str, name: str, table: pd.DataFrame) -> None:
    """Write a table as `outputs/<dataset>/<name>.csv`."""
    files.write(_path(dataset, name), table.to_csv(index=False, float_format="%.6f", lineterminator="\n"))


def add(dataset: str, predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the predictions of further models beside those that `write` wrote, in place of earlier ones of these models.

    Returns:
        The scores and the comparisons of them all.

    Raises:
        OutputError: `predictions.csv` is missing or damaged.
    """
    before = read(dataset, "predictions")
    others = before[~before["model"].isin(set(predictions["model"]))]
    return write(dataset, pd.concat([others, predictions], ignore_index=True))


def read(dataset: str, name: str) -> pd.DataFrame:
    """Read "predictions", "scores" or "comparisons" of a data set.

    Raises:
        OutputError: the table is missing or damaged.
    """
    path = _path(dataset, name)
    try:
        table = pd.read_csv(path, dtype={"fold": str, "subject": str, "seeds": str})
    except FileNotFoundError as error:
        raise OutputError(f"{path} is missing: run notebook 03 on this data set first (fer run 03).") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise OutputError(f"{path} is damaged ({error}): remove it and run notebook 03 again.") from error
    missing = [column for column in _COLUMNS[name] if column not in table]
    if missing:
        raise OutputError(f"{path} is damaged (no column {missing[0]}): remove it and run notebook 03 again.")
    return table


def _path(dataset: str, name: str):
    return paths.outputs(dataset) / f"{name}.csv"


def value(scores: pd.DataFrame, model: str, metric: str, *, protocol: str = "loso") -> pd.Series:
    """The row of one figure: `value, low, high, n, seeds`.

    Raises:
        OutputError: there is no such row.
    """
    chosen = scores[(scores["model"] == model) & (scores["metric"] == metric) & (scores["protocol"] == protocol)]
    if chosen.empty:
        raise OutputError(f"scores.csv has no {metric} of {model} under {protocol}: run notebook 03 again.")
    return chosen.iloc[0]
