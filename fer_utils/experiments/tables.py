"""The tables below `outputs/<dataset>/`, each with a `.json` of its origin beside it, as figures have."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_utils.common import files, paths
from fer_utils.common.errors import OutputError
from fer_utils.data.datasets import FaceDataset
from fer_utils.evaluation import scores as scoring

# Pairs of which one thing differs: the network, or what it sees.
COMPARISONS = (
    ("updated", "baseline"),
    ("baseline-face", "baseline"),
    ("updated-face", "updated"),
    ("updated-face", "baseline-face"),
    ("transfer", "baseline-face"),
    ("transfer-tuned", "baseline-face"),
    ("transfer-tuned", "transfer"),
)

# Of the tables of notebooks 08 and 09: what was asked, of which model or data, of which part of them, and what came out.
COLUMNS = ("question", "about", "part", "quantity", "value", "low", "high", "n")
_COLUMNS = {
    "predictions": ("model", "protocol", "seed", "fold", "subject", "image", "truth", "predicted"),
    "scores": scoring.SCORE_COLUMNS,
    "comparisons": scoring.COMPARISON_COLUMNS,
    "tweaks": ("factor", "change", "accuracy", "difference", "low", "high", "verdict", "n", "seeds"),
    "measurement": COLUMNS,
    "errors": COLUMNS,
}
# Columns that hold text always: a person "NA" or a class "0" stays what it is.
TEXT = frozenset(
    {
        "model", "reference", "protocol", "fold", "subject", "image", "truth", "predicted", "metric", "seeds", "factor", "change",
        "verdict", "question", "about", "part", "quantity",
    }
)  # fmt: skip
TABLES = (*_COLUMNS, "transfer_candidates")
_NOTEBOOK = {"tweaks": "07", "measurement": "08", "errors": "09"}


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


def write(dataset: str, predictions: pd.DataFrame, *, origin: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write `predictions.csv`, and the `scores.csv` and `comparisons.csv` computed from it.

    Args:
        predictions: from `experiment.Experiment.predictions`.
        origin: `saving.Context.origin`.

    Returns:
        The scores and the comparisons.
    """
    scores, comparisons = computed(predictions)
    for name, table in (("predictions", predictions), ("scores", scores), ("comparisons", comparisons)):
        write_table(dataset, name, table, origin=origin)
    return scores, comparisons


def computed(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores and the comparisons of predictions."""
    scores = scoring.scores(predictions)
    loso = set(predictions.loc[predictions["protocol"] == "loso", "model"])
    compared = [
        scoring.compare(predictions, model, reference, protocol="loso")
        for model, reference in COMPARISONS
        if {model, reference} <= loso
    ]
    return scores, pd.concat(compared, ignore_index=True)


def write_table(dataset: str, name: str, table: pd.DataFrame, *, origin: dict) -> None:
    """Write a table as `outputs/<dataset>/<name>.csv`, and where it comes from, with the table's hash, as `<name>.json`.

    Args:
        origin: `saving.Context.origin`.
    """
    path, text = _path(dataset, name), table.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    files.write(path, text)
    noted = origin | {"sha256": files.sha256(text.encode())}
    files.write_json(path.with_suffix(".json"), noted)


def add(dataset: str, predictions: pd.DataFrame, *, origin: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the predictions of further models beside those that `write` wrote, in place of earlier ones of these models.

    Returns:
        The scores and the comparisons of them all.

    Raises:
        OutputError: `predictions.csv` is missing or damaged, or of other images.
    """
    before = read(dataset, "predictions")
    try:
        data = files.read_json(_path(dataset, "predictions").with_suffix(".json"))["data"]
    except (OSError, ValueError, KeyError, TypeError):
        data = ""
    if data != origin["data"]:
        raise OutputError(
            f"{_path(dataset, 'predictions')} is of other images than the data set holds now, or its origin, predictions.json, "
            "is damaged: run notebook 03 again (fer run 03)."
        )
    others = before[~before["model"].isin(set(predictions["model"]))]
    return write(dataset, pd.concat([others, predictions], ignore_index=True), origin=origin)


def read(dataset: str, name: str) -> pd.DataFrame:
    """Read "predictions", "scores", "comparisons", "tweaks", "measurement" or "errors" of a data set.

    Raises:
        OutputError: the table is missing or damaged.
    """
    path, notebook = _path(dataset, name), _NOTEBOOK.get(name, "03")
    try:
        header = pd.read_csv(path, nrows=0).columns
        text = [name for name in header if name in TEXT]
        empty = {name: [""] for name in header if name not in TEXT}
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=empty)
    except FileNotFoundError as error:
        raise OutputError(
            f"{path} is missing: run notebook {notebook} on this data set first (fer run {notebook})."
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise OutputError(f"{path} is damaged ({error}): remove it and run notebook {notebook} again.") from error
    missing = [column for column in _COLUMNS[name] if column not in table]
    if missing:
        raise OutputError(f"{path} is damaged (no column {missing[0]}): remove it and run notebook {notebook} again.")
    return table


def _path(dataset: str, name: str):
    return paths.outputs(dataset) / f"{name}.csv"


def of_model(predictions: pd.DataFrame, model: str) -> pd.DataFrame:
    """The predictions of one model under `loso`.

    Raises:
        OutputError: there are none.
    """
    chosen = predictions[(predictions["protocol"] == "loso") & (predictions["model"] == model)]
    if chosen.empty:
        there = ", ".join(sorted(set(predictions["model"])))
        raise OutputError(f"predictions.csv has no model {model!r} under loso, only {there}: run its notebook first.")
    return chosen


def value(scores: pd.DataFrame, model: str, metric: str, *, protocol: str = "loso") -> pd.Series:
    """The row of one figure: `value, low, high, n, seeds`.

    Raises:
        OutputError: there is no such row.
    """
    return only(scores, model=model, metric=metric, protocol=protocol)


def only(table: pd.DataFrame, **wanted: str) -> pd.Series:
    """The first row of a table that has these values in these columns.

    Raises:
        OutputError: there is no such row.
    """
    chosen = table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])]
    if chosen.empty:
        words = ", ".join(f"{name} {value!r}" for name, value in wanted.items())
        raise OutputError(f"a table of results has no row with {words}: run its notebook again.")
    return chosen.iloc[0]


def row(
    question: str, about: str, quantity: str, value: float, low=None, high=None, *, n: int, part: str = ""
) -> tuple:
    """One row of the tables with `COLUMNS`; where there is no interval, its ends are the value.

    Args:
        about: a model, or whatever else the question is asked of.
        part: an expression, condition, trait, region or other part of that; empty for the whole.
    """
    return question, about, part, quantity, value, value if low is None else low, value if high is None else high, n


def table(*groups: Sequence[tuple]) -> pd.DataFrame:
    """Rows as the table that `measurement.csv` holds."""
    return pd.DataFrame([each for group in groups for each in group], columns=list(COLUMNS))


def get(measured: pd.DataFrame, question: str, about: str, quantity: str, *, part: str = "") -> pd.Series:
    """One row of a table with `COLUMNS`.

    Raises:
        OutputError: there is no such row.
    """
    return only(measured, question=question, about=about, part=part, quantity=quantity)
