"""What the experiment measured of a recipe on people left out: its accuracy, and the temperature that fits its answers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_utils.common import paths
from fer_utils.common.errors import OutputError
from fer_utils.data.datasets import FaceDataset
from fer_utils.evaluation import protocols
from fer_utils.experiments import origins, tables
from fer_utils.export.card import Accuracy
from fer_utils.transfer.pretrained import fit_temperature

_SMALLEST = 1e-6  # probabilities are kept with six decimals


@dataclass(frozen=True)
class Measured:
    """What is known of a recipe.

    Attributes:
        accuracy: on people left out; None where it is unknown.
        note: why it is unknown, or a warning.
        temperature: that fits the recipe's probabilities on people left out; 1 where there are none.
        calibrated_on: what it was fitted on, in words; empty where it was not.
    """

    accuracy: Accuracy | None = None
    note: str = ""
    temperature: float = 1.0
    calibrated_on: str = ""


def budget(dataset: str) -> str:
    """The budget with which notebook 03 last filled `scores.csv` of a data set; empty where it did not."""
    for part in origins.parts(origins.noted(paths.outputs(dataset) / "scores.csv")):
        if origins.number(part) == "03" and isinstance(part.get("parameters"), dict):
            return str(part["parameters"].get("budget", ""))
    return ""


def look(data: FaceDataset, model: str, wanted: dict[str, object]) -> Measured:
    """What `outputs/<dataset>/scores.csv` and `predictions.csv` say of a model, where they are of this recipe and these images.

    Args:
        model: its name in the tables.
        wanted: the parameters that must be the notebook's too: how the folder was read, and for networks budget and precision.
    """
    path = paths.outputs(data.name) / "scores.csv"
    source = f"outputs/{data.name}/scores.csv"
    number = "05" if model == "transfer" else "03"
    run = f"fer run {number} measures it"
    if not path.is_file():
        return Measured(note=f"not measured on these faces yet: {run}")
    try:
        scores = tables.read(data.name, "scores")
        row = tables.value(tables.of_model(scores, model), model, "accuracy")
        part = _part(path, model)
    except OutputError as error:
        return Measured(note=f"{source} does not say: {error}")
    if part.get("data") != data.data_hash:
        return Measured(note=f"{source} is of other images: {run}")
    noted = part.get("parameters") if isinstance(part.get("parameters"), dict) else {}
    for name, value in wanted.items():
        if name != "unreadable" and name in noted and _comparable(noted[name]) != _comparable(value):
            return Measured(note=f"{source} was made with {name} {noted[name]!r}, and this with {value!r}: {run}")
    protocol = str(row["protocol"])
    accuracy = Accuracy(
        *(float(row[name]) for name in ("value", "low", "high")),
        n=int(row["n"]),
        on=f"images of people left out ({protocol})",
        source=source,
    )
    note = "" if data.people_known else "nobody knows who is shown: images of one person may be on both sides"
    return Measured(accuracy, note, *_temperature(data, model))


def _part(path: Path, model: str) -> dict:
    return next((each for each in origins.parts(origins.noted(path)) if model in each.get("models", ())), {})


def _comparable(value: object) -> object:
    return "float32" if value == "auto" else value


def _temperature(data: FaceDataset, model: str) -> tuple[float, str]:
    """The temperature that fits a network's answers for people left out, and these in words; `transfer` brings its own."""
    if model == "transfer":
        return 1.0, ""
    try:
        rows = tables.of_model(tables.read(data.name, "predictions"), model)
    except OutputError:
        return 1.0, ""
    columns = [f"p_{name}" for name in data.class_names]
    if list(rows.filter(like="p_").columns) != columns:
        return 1.0, ""
    found = np.log(np.maximum(rows[columns].to_numpy(dtype=np.float64), _SMALLEST))
    targets = (rows["truth"].to_numpy()[:, None] == np.array(data.class_names)).astype(np.float64)
    temperature = round(fit_temperature(found, targets), 6)
    return temperature, f"its {len(rows)} answers for people left out ({protocols.in_words(rows)})"
