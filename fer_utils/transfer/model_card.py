"""Shipping the pretrained backbone: calibration, scores with intervals, and the model card that reports them."""

from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_utils.common import csv_files, files, paths
from fer_utils.common.errors import DatasetError, WeightsError
from fer_utils.data import ferplus
from fer_utils.data.ferplus import VoteDataset
from fer_utils.evaluation import intervals
from fer_utils.evaluation import scores as scoring
from fer_utils.transfer import overlap, pretrained

if TYPE_CHECKING:
    from fer_utils.transfer.pretraining import PretrainingRecipe

_PREDICTED = ("image", "truth", "predicted")
_VALIDATION = csv_files.schema((*_PREDICTED, *(f"p_{name}" for name in ferplus.EXPRESSIONS)), text=_PREDICTED)
_CURVES = csv_files.schema(("epoch", "validation_cross_entropy", "validation_accuracy"))
_CARD = """# The pretrained network

Made by `fer pretrain`, this page too. `ferplus.keras` holds the weights, `ferplus.json` the recipe, the temperature and the
scores below, `ferplus_curves.csv` the validation after every epoch, `ferplus_validation.csv` every validation prediction, `priors.json`
what `fer predict --prior` and `--neutral` need (`fer_utils/tasks/priors.py`).

**What it is.** A residual network of {parameters:,} parameters (`fer_utils/transfer/backbone.py`) for aligned grey faces of 48x48 pixels. It
gives probabilities of {classes} expressions: {names}.

**Data.** FER+ (Barsoum et al. 2016, arXiv:1608.01041): the FER2013 faces, found on the web, with the votes of ten people for each.
{train:,} training images remain after the paper's rules and {validation:,} clear ones for validation. The images are not part of this
project; they were published for research (Goodfellow et al. 2013, doi:10.1007/978-3-642-42051-1_16), and the votes under the
MIT licence (https://github.com/microsoft/FERPlus). The weights come under this project's licence.

**Recipe.** {recipe}. Epochs and all else are fixed before a run; one seed.

**Scores** on the validation part, {validation:,} faces of which more than half of the votes name one expression, mirror images averaged;
95 % intervals (Wilson's; macro-F1: bootstrap over images). The part was also scored after every epoch; nothing was chosen
by that. The temperature, {temperature:.2f}, was fitted on these same faces. Notebook 05 scores the test part where it is here.

| | value | 95 % interval | images |
| --- | --- | --- | --- |
{rows}

{copies}

**Who is in it.** {overlaps}

**What it must not be used for.** To decide anything about a person: hiring, teaching, policing, diagnosis. It names what a still
face looks like to ten people on the web, not what anyone feels. Few or no training faces show some expressions
(contempt, disgust) or closed eyes; who the faces belong to is not known, so nobody measured whether it works equally well for all people.
"""
_UNITS = """
## Face units

Made by `fer learn-units`. `units.npz` holds a ridge regression from what the network above sees of eyes and mouth
({values:,} values of its first two stages, face of 80x80 pixels) to {count} face units, `units.json` its recipe and scores.

**Data.** {faces:,} small faces of {people} people who do not exist, rendered by `tools/sample_faces` (`unit_faces.py`) with
weights of their face units drawn at random, and their mirror images; shapes under CC0 1.0, no photograph among them. The eyes
that align them are off by chance, as a detector's are. The regression comes under this project's licence.

**Recipe.** Standardized features, penalty {penalty:g} chosen by five-fold cross-validation over people, seed {seed}.

**Scores.** R² on {held_out_faces} faces of {held_out_people} further rendered people, whom it has not learned, with a 95 % interval from a
bootstrap over people; beside it Pearson's correlation with the true weights on `data/sample`, whose faces were
found by the detector (units that its expressions do not use have none). Nothing here was measured on real faces.

| unit | R² | 95 % interval | correlation on `data/sample` |
| --- | --- | --- | --- |
{rows}
"""


def ship(
    model, curves: np.ndarray, *, recipe: "PretrainingRecipe", data: VoteDataset, without: Collection[str] = ()
) -> dict:
    """Calibrate and score a trained backbone, and write it with its card to `paths.weights()`.

    Args:
        model: from `pretraining.run`.
        curves: (epochs, 2) float32, in the order of `pretraining.PRETRAINING_CURVES`.
        recipe: what it was trained by.
        data: FER+, with a "validation" part.
        without: images of FER+ that were left out of training since they are in a data set to be tested on.

    Returns:
        What `ferplus.json` says.
    """
    from fer_utils.transfer.pretraining import PRETRAINING_CURVES

    clear, truth = _clear(data.part("validation"))
    logarithms = pretrained.log_probabilities(model, clear.images)
    temperature = pretrained.fit_temperature(logarithms, np.eye(len(ferplus.EXPRESSIONS))[truth])
    table = _table(clear, truth, pretrained.calibrated(logarithms, temperature))
    about = {
        "recipe": asdict(recipe),
        "data": data.data_hash,
        "training_images": int(ferplus.to_learn(data, without=without).sum()),
        "copies_left_out": True,
        "overlaps_left_out": sorted(without),
        "validation_images": len(clear),
        "scores": scores(table),
    } | _copies(table, data)
    folder = paths.weights()
    pretrained.save(model, temperature=temperature, about=about, folder=folder)
    files.write(folder / "ferplus_validation.csv", csv_files.text(table, _VALIDATION, decimals=4))
    rows = pd.DataFrame(curves, columns=PRETRAINING_CURVES)
    rows.insert(0, "epoch", np.arange(1, len(rows) + 1))
    files.write(folder / "ferplus_curves.csv", csv_files.text(rows, _CURVES, decimals=5))
    about = pretrained.metadata(folder)
    files.write(folder / "README.md", card(about))
    return about


def score_without_copies(data: VoteDataset) -> dict | None:
    """Score the shipped network on validation images that no training image is equal to, and put that into `ferplus.json` and the card.

    Its weights stay as they are, and so does what else is written of them.

    Args:
        data: FER+.

    Returns:
        What `ferplus.json` says now; None where the network was trained on other images than these.

    Raises:
        WeightsError: the weights, or what lies beside them, are missing or damaged.
    """
    about, validation, _ = read_validation()
    if about["data"] != data.data_hash:
        return None
    path = paths.weights() / f"{pretrained.NAME}.json"
    files.write_checked_json(path, files.read_checked_json(path) | _copies(validation, data))
    return pretrained.metadata()


def _copies(table: pd.DataFrame, data: VoteDataset) -> dict:
    """How many images of FER+ are copies of others, and the scores of validation predictions without those.

    Args:
        table: validation predictions.
        data: FER+, of which they are.
    """
    train, validation = data.part("train"), data.part("validation")
    copies = validation.file_names[ferplus.copied(validation.images, train.images)]
    scored = table["image"].isin(copies)
    counts = {
        "train": int(ferplus.repeated(train.images).sum()),
        "validation": len(copies),
        "scored": int(scored.sum()),
    }
    return {"copies": counts, "scores_without_copies": scores(table[~scored])}


def scores(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Accuracy, macro-F1 and the recall of each expression, from a table with columns `truth` and `predicted`.

    Returns:
        Name to `value`, `low`, `high` (95 %) and `n`.
    """
    truth, predicted = table["truth"].to_numpy(), table["predicted"].to_numpy()
    right = truth == predicted
    macro = scoring.macro_f1_interval(truth, predicted, list(ferplus.EXPRESSIONS))
    found = {"accuracy": _share(right), "macro-F1": asdict(macro) | {"n": len(truth)}}
    present = [name for name in ferplus.EXPRESSIONS if (truth == name).any()]
    return found | {f"recall of {name}": _share(right[truth == name]) for name in present}


def card(about: dict, read: dict | None = None) -> str:
    """The model card as Markdown.

    Args:
        about: what `ferplus.json` says.
        read: what `units.json` says; None where there is no regression for these weights yet.
    """
    rows = [
        f"| {name} | {each['value']:.1%} | {each['low']:.1%} to {each['high']:.1%} | {each['n']} |"
        for name, each in (about["scores"] | _named_without_copies(about)).items()
    ]
    text = _CARD.format(
        parameters=about["parameters"],
        classes=len(about["classes"]),
        names=", ".join(about["classes"]),
        train=about["training_images"],
        validation=about["validation_images"],
        recipe=", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about["recipe"].items()),
        temperature=about["temperature"],
        rows="\n".join(rows),
        copies=copies_in_words(about),
        overlaps=overlap.in_words(overlap.read(), about),
    )
    return text + (_unit_section(read) if read else "")


def _named_without_copies(about: dict) -> dict:
    found = about.get("scores_without_copies", {})
    return {f"{name} without copies": found[name] for name in ("accuracy", "macro-F1") if name in found}


def copies_in_words(about: dict) -> str:
    """How many validation faces are also training faces, in a sentence or two.

    Args:
        about: what `ferplus.json` says.
    """
    counts = about.get("copies")
    if counts is None:
        return "Nobody has looked for copies among FER+'s images yet (`fer overlap`)."
    learned = (
        "They were left out of training, and each other face was learned once."
        if about.get("copies_left_out")
        else "These weights have learned them."
    )
    return (
        f"Of the {about['validation_images']:,} validation faces {counts['scored']:,} are equal to a face of the part "
        f'"train", to the last pixel, and {counts["train"]:,} faces of that part to another one of it. {learned}'
    )


def write_card() -> None:
    """Write the model card from what lies beside the weights.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    from fer_utils.transfer import face_units

    try:
        read = face_units.metadata()
    except WeightsError:  # there is none for these weights yet
        read = None
    files.write(paths.weights() / "README.md", card(pretrained.metadata(), read))


def write_units(read: dict) -> None:
    """Put what `units.json` says of the regression of face units into the card."""
    files.write(paths.weights() / "README.md", card(pretrained.metadata(), read))


def _unit_section(read: dict) -> str:
    rows = []
    for name, each in read["scores"].items():
        sample = read["correlation_on_sample"].get(name)
        told = "" if sample is None else f"{sample:.2f}"
        rows.append(f"| {name} | {each['value']:.2f} | {each['low']:.2f} to {each['high']:.2f} | {told} |")
    return _UNITS.format(**read, count=len(read["scores"]), rows="\n".join(rows))


def read_validation() -> tuple[dict, pd.DataFrame, pd.DataFrame]:
    """What `ferplus.json` says, the validation predictions, and the curves of the shipped network.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    about = pretrained.metadata()
    return about, _read("ferplus_validation", _VALIDATION), _read("ferplus_curves", _CURVES)


def _read(name: str, expected: csv_files.Schema) -> pd.DataFrame:
    path = paths.weights() / f"{name}.csv"
    try:
        return csv_files.read(path, expected)
    except (OSError, csv_files.DamagedError) as error:
        raise WeightsError(
            f"{path} is missing or damaged ({error}). Restore it with: git checkout -- weights"
        ) from error


def scores_on_test_part() -> dict[str, dict[str, float]] | None:
    """Scores of the shipped network on FER+'s test part; None where that is not here.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    try:
        part = ferplus.load().part("test")
    except DatasetError:
        return None
    if not len(part):
        return None
    clear, truth = _clear(part)
    return scores(_table(clear, truth, pretrained.load().probabilities(clear.images)))


def _clear(part: VoteDataset) -> tuple[VoteDataset, np.ndarray]:
    """The images of which most voters name one expression, and its index for each."""
    truth = ferplus.majority(part.votes)
    return part.where(truth >= 0), truth[truth >= 0]


def _table(part: VoteDataset, truth: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    names = np.array(ferplus.EXPRESSIONS)
    columns = {"image": part.file_names, "truth": names[truth], "predicted": names[probabilities.argmax(axis=1)]}
    return pd.DataFrame(columns | {f"p_{name}": probabilities[:, index] for index, name in enumerate(names)})


def _share(right: np.ndarray) -> dict[str, float]:
    return asdict(intervals.wilson(int(right.sum()), len(right))) | {"n": len(right)}
