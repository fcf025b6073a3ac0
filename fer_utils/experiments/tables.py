"""The tables below `outputs/<dataset>/`, each with a `.json` of its origin beside it, as figures have (`origins.py`)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.common import csv_files, files, locks, paths, progress
from fer_utils.common.csv_files import schema
from fer_utils.common.errors import OutputError
from fer_utils.data import manifests
from fer_utils.data.datasets import FaceDataset
from fer_utils.evaluation import comparisons as comparing
from fer_utils.evaluation import protocols
from fer_utils.evaluation import scores as scoring
from fer_utils.experiments import origins

# Pairs of which one thing differs: the network, what it sees, or what it has learned before.
COMPARISONS = (
    ("updated", "baseline"),
    ("baseline-face", "baseline"),
    ("updated-face", "updated"),
    *((model, "baseline-face") for model in ("updated-face", "classical", "transfer", "transfer-tuned")),
    ("classical", "updated-face"),
    ("transfer", "classical"),
    ("transfer-tuned", "transfer"),
)
SEEDLESS = ("classical", "transfer")  # nothing is random in their training, beneath `transfer` a pretraining

# Of the tables of notebooks 08 and 09: what was asked, of which model or data, of which part of them, and what came out.
COLUMNS = ("question", "about", "part", "quantity", "value", "low", "high", "n")
_ANSWERS = schema(COLUMNS, text=("question", "about", "part", "quantity"))
_PREDICTED = ("model", "protocol", "seed", "fold", "subject", "image", "truth", "predicted")
_TWEAKED = ("factor", "change", "accuracy", "difference", "low", "high", "verdict", "within_5_points", "n", "seeds")
_VARIANTS = ("variant", "strength", "inner_accuracy", "outer_accuracy", "chosen", "accuracy")
# The columns of every table. Text is text always: a person "NA" or a class "0" stays what it is.
SCHEMAS = {
    **dict.fromkeys(("predictions", "enrolment_predictions"), schema(_PREDICTED, text=set(_PREDICTED) - {"seed"})),
    "scores": schema(scoring.SCORE_COLUMNS, text=("model", "protocol", "metric", "seeds")),
    "comparisons": schema(comparing.COLUMNS, text=comparing.TEXT),
    "tweaks": schema(_TWEAKED, text={"factor", "change", "verdict", "within_5_points", "seeds"}),
    **dict.fromkeys(("measurement", "errors", "enrolment"), _ANSWERS),
    **dict.fromkeys(("classical_variants", "transfer_variants"), schema(_VARIANTS, text=("variant",))),
}
TABLES = tuple(SCHEMAS)
_NOTEBOOK = {"tweaks": "07", "measurement": "08", "errors": "09"}  # of others 05 where `_OF_05` says so, else 03
_OF_05 = ("classical_variants", "transfer_variants", "enrolment", "enrolment_predictions")
_NOTEBOOK_OF_MODEL = dict.fromkeys(("classical", "transfer", "transfer-tuned"), "05")


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
        "training_accuracy": np.nan,  # known of networks alone, see `Experiment.predictions`
    }
    return pd.DataFrame(columns | {f"p_{name}": probabilities[:, index] for index, name in enumerate(names)})


def write(dataset: str, predictions: pd.DataFrame, *, origin: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write a notebook's predictions to `predictions.csv`, and the `scores.csv` and `comparisons.csv` computed from all there.

    Earlier rows of its models go. Those of other models stay, to the last byte, where they are of the same images and by the
    present code of their notebook; where not, they are left out, and a line on standard error says so.

    Args:
        predictions: from `experiment.Experiment.predictions`, or of such rows.
        origin: `saving.Context.origin`.

    Returns:
        The scores and the comparisons of these predictions alone: what their notebook shows does not hang on which others ran
        before.
    """
    path = _path(dataset, "predictions")
    with locks.held(path.parent):
        try:
            before = parsed(dataset, "predictions") if path.is_file() else None
        except OutputError as error:
            progress.say(str(error))
            before = None
        _write(dataset, before, predictions, origin=origin)
    return computed(predictions)


def add(dataset: str, predictions: pd.DataFrame, *, origin: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `write`, for a notebook that needs the rows of others beside its own.

    Returns:
        The scores and the comparisons of all models.

    Raises:
        OutputError: `predictions.csv` is missing or damaged, of other images, or made by other code.
    """
    path = _path(dataset, "predictions")
    if not path.is_file():
        parsed(dataset, "predictions")
    with locks.held(path.parent):
        return _add(dataset, path, predictions, origin)


def _add(dataset: str, path: Path, predictions: pd.DataFrame, origin: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    before = parsed(dataset, "predictions")
    if not any(each.get("data") == origin["data"] for each in origins.parts(origins.noted(path))):
        raise OutputError(
            f"{path} is of other images than the data set has now, or its origin, predictions.json, "
            "is damaged: run notebook 03 again (fer run 03)."
        )
    return _write(dataset, before, predictions, origin=origin, needs_others=True)


def _write(
    dataset: str, before: pd.DataFrame | None, rows: pd.DataFrame, *, origin: dict, needs_others: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    path, expected = _path(dataset, "predictions"), SCHEMAS["predictions"]
    if before is None:
        every, parts = rows, [origins.part(origin, rows, expected)]
    else:
        found = origins.noted(path)
        whole = found.get("sha256") == files.sha256(path.read_bytes())
        every, parts = origins.combined(before, found, rows, origin, expected, whole=whole)
    if needs_others and len(parts) == 1:
        raise OutputError(f"{path} has no rows beside which others could stand: run notebook 03 again (fer run 03).")
    scores, comparisons = computed(every)
    digest = _store(dataset, "predictions", every, {"data": origin["data"], "parts": parts})
    bare = [{name: value for name, value in part.items() if name != "rows"} for part in parts]
    for name, table in (("scores", scores), ("comparisons", comparisons)):
        _store(dataset, name, table, {"data": origin["data"], "parts": bare, "predictions": digest})
    return scores, comparisons


def computed(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores and the comparisons of predictions."""
    scores = scoring.scores(predictions)
    people = protocols.only_people(predictions).groupby("protocol", sort=False)["model"].unique()
    compared = [
        comparing.compare(predictions, model, reference, protocol=protocol, seedless=SEEDLESS)
        for protocol, there in people.items()
        for model, reference in COMPARISONS
        if {model, reference} <= set(there)
    ]
    return scores, comparing.corrected(compared)


def write_table(dataset: str, name: str, table: pd.DataFrame, *, origin: dict) -> None:
    """Write a table as `outputs/<dataset>/<name>.csv`, and where it comes from, with the table's hash, as `<name>.json`.

    Args:
        origin: `saving.Context.origin`.
    """
    with locks.held(_path(dataset, name).parent):
        _store(dataset, name, table, origin)


def _store(dataset: str, name: str, table: pd.DataFrame, noted: dict) -> str:
    """Write a table and what is noted of it; returns the table's SHA-256."""
    path, text = _path(dataset, name), csv_files.text(table, SCHEMAS[name], decimals=origins.DECIMALS)
    digest = files.sha256(text.encode())
    files.write(path, text)
    files.write_checked_json(path.with_suffix(".json"), noted | {"sha256": digest})
    return digest


def read(dataset: str, name: str, *, models: Iterable[str] = ()) -> pd.DataFrame:
    """Read one of `TABLES`, of the images that the data set's manifest lists.

    Args:
        models: whose rows under `loso` are needed.

    Raises:
        OutputError: the table is missing or damaged, is not what its notebook wrote, is of other images than `manifest.csv`
            lists, does not belong to `predictions.csv`, or lacks a model; the message names the notebook to run.
    """
    path = _path(dataset, name)
    with locks.still(path.parent):
        table = _read(dataset, name, path)
    for model in models:
        of_model(table, model)
    return table


def _read(dataset: str, name: str, path: Path) -> pd.DataFrame:
    table = parsed(dataset, name)
    found, again = origins.noted(path), f"run notebook {_notebook(name)} again (fer run {_notebook(name)})."
    every = origins.parts(found)
    if not every:
        raise OutputError(f"{path}: its origin, {name}.json, is missing or damaged: {again}")
    if found.get("sha256") != files.sha256(path.read_bytes()):
        raise OutputError(f"{path} is damaged (it is not what its notebook wrote): {again}")
    listed = manifests.listed(dataset)
    if listed and any(each.get("data") != listed for each in every):
        raise OutputError(f"{path} is of other images than manifest.csv lists, and not used: {again}")
    beside = _path(dataset, "predictions")
    present = files.sha256(beside.read_bytes()) if "predictions" in found and beside.is_file() else None
    if present and found["predictions"] != present:
        raise OutputError(f"{path} was computed from other predictions than lie in predictions.csv: {again}")
    return table


def parsed(dataset: str, name: str) -> pd.DataFrame:
    """One of `TABLES` as it lies there, whatever its origin.

    Raises:
        OutputError: the table is missing or damaged.
    """
    path, notebook = _path(dataset, name), _notebook(name)
    try:
        return csv_files.read(path, SCHEMAS[name])
    except FileNotFoundError as error:
        raise OutputError(
            f"{path} is missing: run notebook {notebook} on this data set first (fer run {notebook})."
        ) from error
    except (OSError, csv_files.DamagedError) as error:
        raise OutputError(
            f"{path} is damaged ({error}): remove it and run notebook {notebook} again (fer run {notebook})."
        ) from error


def _notebook(name: str) -> str:
    return _NOTEBOOK.get(name, "05" if name in _OF_05 else "03")


def _path(dataset: str, name: str) -> Path:
    return paths.outputs(dataset) / f"{name}.csv"


def of_model(table: pd.DataFrame, model: str) -> pd.DataFrame:
    """The rows of one model tested on people left out.

    Args:
        table: predictions or scores.

    Raises:
        OutputError: there are none; the message names the notebook to run.
    """
    chosen = table[table["protocol"].isin(protocols.PEOPLE) & (table["model"] == model)]
    if chosen.empty:
        there = ", ".join(sorted(set(table["model"])))
        number = _NOTEBOOK_OF_MODEL.get(model, "03")
        raise OutputError(
            f"the tables have no model {model!r} tested on people left out, only {there}: run notebook {number} first (fer run {number})."
        )
    return chosen


def value(scores: pd.DataFrame, model: str, metric: str, *, protocol: str = "") -> pd.Series:
    """The row of one figure: `value, low, high, n, seeds`.

    Args:
        protocol: empty for that of people left out.

    Raises:
        OutputError: there is no such row.
    """
    chosen = scores[scores["protocol"] == protocol] if protocol else protocols.only_people(scores)
    return only(chosen, model=model, metric=metric)


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
