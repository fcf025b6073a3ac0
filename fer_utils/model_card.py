"""Shipping the pretrained backbone: calibration, scores with intervals, and the model card that tells of them."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from fer_utils import evaluation, ferplus, files, paths, pretrained
from fer_utils.ferplus import VoteDataset
from fer_utils.pretraining import CURVES, PretrainingRecipe

_CARD = """# The pretrained network

Made by `fer pretrain`, this page too. `ferplus.keras` holds the weights, `ferplus.json` the recipe, the temperature and the
scores below, `ferplus_curves.csv` the validation after every epoch, `ferplus_validation.csv` every validation prediction.

**What it is.** A residual network of {parameters:,} parameters (`fer_utils/backbone.py`) for aligned grey faces of 48x48 pixels. It
gives probabilities of {classes} expressions: {names}.

**Data.** FER+ (Barsoum et al. 2016, arXiv:1608.01041): the FER2013 faces, found on the web, with the votes of ten people for each.
{train:,} training images remain after the paper's rules and {validation:,} clear ones for validation. The images are not part of this
project; they were published for research (Goodfellow et al. 2013, doi:10.1007/978-3-642-42051-1_16), and the votes under the
MIT licence (https://github.com/microsoft/FERPlus). The weights come under this project's licence.

**Recipe.** {recipe}. One seed; everything was fixed before the run, and no other recipe was tried.

**Scores** on the validation part, {validation:,} faces of which more than half of the votes name one expression, mirror images averaged;
95 % intervals (Wilson's; macro-F1: bootstrap over images). There was no test part here. The part was scored after every epoch, though nothing
was chosen by it but the temperature, {temperature:.2f}.

| | value | 95 % interval | images |
| --- | --- | --- | --- |
{rows}

**What it must not be used for.** To decide anything about a person: hiring, teaching, policing, diagnosis. It names what a still
face looks like to ten people on the web, not what anyone feels. Few or no training faces show some expressions
(contempt, disgust) or closed eyes; who the faces belong to is not known, so nobody measured whether it works equally well for all people.
"""


def ship(model, curves: np.ndarray, *, recipe: PretrainingRecipe, data: VoteDataset) -> dict:
    """Calibrate and score a trained backbone, and write it with its card to `paths.weights()`.

    Args:
        model: from `pretraining.run`.
        curves: (epochs, 2) float32, in the order of `pretraining.CURVES`.
        recipe: what it was trained by.
        data: FER+, with a "validation" part.

    Returns:
        What `ferplus.json` says.
    """
    validation = data.part("validation")
    truth = ferplus.majority(validation.votes)
    logarithms = pretrained.log_probabilities(model, validation.images)
    clear = truth >= 0
    temperature = pretrained.fit_temperature(logarithms[clear], np.eye(len(ferplus.EXPRESSIONS))[truth[clear]])
    probabilities = pretrained.softmax(logarithms[clear] / temperature)
    names = np.array(ferplus.EXPRESSIONS)
    table = pd.DataFrame(
        {
            "image": validation.file_names[clear],
            "truth": names[truth[clear]],
            "predicted": names[probabilities.argmax(axis=1)],
        }
        | {f"p_{name}": probabilities[:, index] for index, name in enumerate(names)}
    )
    about = {
        "recipe": asdict(recipe),
        "data": data.data_hash,
        "training_images": int((ferplus.distributions(data.part("train").votes)[1]).sum()),
        "validation_images": int(clear.sum()),
        "scores": scores(table),
    }
    folder = paths.weights()
    pretrained.save(model, temperature=temperature, about=about, folder=folder)
    files.write(folder / "ferplus_validation.csv", table.to_csv(index=False, float_format="%.4f", lineterminator="\n"))
    rows = pd.DataFrame(curves, columns=CURVES)
    rows.insert(0, "epoch", np.arange(1, len(rows) + 1))
    files.write(folder / "ferplus_curves.csv", rows.to_csv(index=False, float_format="%.5f", lineterminator="\n"))
    about = pretrained.check(folder)
    files.write(folder / "README.md", card(about))
    return about


def scores(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Accuracy, macro-F1 and the recall of each expression, from a table with columns `truth` and `predicted`.

    Returns:
        Name to `value`, `low`, `high` (95 %) and `n`.
    """
    truth, predicted = table["truth"].to_numpy(), table["predicted"].to_numpy()
    right = truth == predicted
    found = {"accuracy": _share(right), "macro-F1": _macro_f1(truth, predicted)}
    present = [name for name in ferplus.EXPRESSIONS if (truth == name).any()]
    return found | {f"recall of {name}": _share(right[truth == name]) for name in present}


def card(about: dict) -> str:
    """The model card as Markdown, from what `ferplus.json` says."""
    rows = [
        f"| {name} | {each['value']:.1%} | {each['low']:.1%} to {each['high']:.1%} | {each['n']} |"
        for name, each in about["scores"].items()
    ]
    return _CARD.format(
        parameters=about["parameters"],
        classes=len(about["classes"]),
        names=", ".join(about["classes"]),
        train=about["training_images"],
        validation=about["validation_images"],
        recipe=", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about["recipe"].items()),
        temperature=about["temperature"],
        rows="\n".join(rows),
    )


def read_validation() -> tuple[dict, pd.DataFrame, pd.DataFrame]:
    """What `ferplus.json` says, the validation predictions, and the curves of the shipped network.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    about, folder = pretrained.check(), paths.weights()
    return about, pd.read_csv(folder / "ferplus_validation.csv"), pd.read_csv(folder / "ferplus_curves.csv")


def _share(right: np.ndarray) -> dict[str, float]:
    found = evaluation.wilson(int(right.sum()), len(right))
    return {"value": found.value, "low": found.low, "high": found.high, "n": len(right)}


def _macro_f1(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import f1_score

    random, drawn = np.random.default_rng(0), []
    for _ in range(500):
        rows = random.integers(0, len(truth), size=len(truth))
        drawn.append(f1_score(truth[rows], predicted[rows], average="macro"))
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = f1_score(truth, predicted, average="macro")
    return {"value": float(value), "low": float(low), "high": float(high), "n": len(truth)}
