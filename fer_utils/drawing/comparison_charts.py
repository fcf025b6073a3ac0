"""Figures of the comparison of models: how they learn, what they predict, how they score."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fer_utils.drawing import charts, galleries
from fer_utils.drawing.chart import Chart
from fer_utils.evaluation.protocols import only_people


def original_split_curves(curves: Mapping[str, Mapping[str, np.ndarray]], *, held_out: str) -> Chart:
    """Loss and accuracy of each model in training and in validation: a row for each model.

    Args:
        curves: model to its curves, each (epochs,) float: `loss` and `validation_loss` in nats, `accuracy` and
            `validation_accuracy` in [0, 1].
        held_out: the subjects held out, in words.
    """
    figure, axes = plt.subplots(len(curves), 2, figsize=(10, 3 * len(curves)), squeeze=False)
    for row, (model, values) in zip(axes, curves.items(), strict=True):
        for ax, (quantity, name) in zip(row, (("loss", "loss (nats)"), ("accuracy", "accuracy")), strict=True):
            lines = {"training": values[quantity], "validation": values[f"validation_{quantity}"]}
            charts.learning_curves(lines, ylabel=name, ax=ax)
            ax.set_title(model)
        row[1].set_ylim(0, 1)
    last = "; ".join(
        f"{model} {values['accuracy'][-1]:.1%} and {values['validation_accuracy'][-1]:.1%}"
        for model, values in curves.items()
    )
    number = {1: "Two", 2: "Four"}.get(len(curves), str(2 * len(curves)))
    return Chart(
        figure,
        caption=f"Learning curves with subjects {held_out} held out. Last epoch, training and validation accuracy: {last}",
        alt=f"{number} charts over epochs: loss and accuracy of each network, in training and in validation.",
    )


def augmented_validation(curves: Mapping[str, np.ndarray]) -> Chart:
    """Accuracy of one run on validation images as they are and on augmented ones.

    Args:
        curves: `augmented_validation_accuracy` and `validation_accuracy`, each (epochs,) float in [0, 1], two epochs at least.
    """
    lines = {
        "augmented validation, as the original": curves["augmented_validation_accuracy"],
        "validation images as they are": curves["validation_accuracy"],
    }
    figure, ax = plt.subplots(figsize=(9, 3.4))
    colors = dict(zip(lines, (charts.AUGMENTED, charts.VALIDATION), strict=True))
    charts.learning_curves(lines, ylabel="accuracy", ax=ax, colors=colors)
    ax.set_ylim(0, 1)
    jumps = {name: float(np.mean(np.abs(np.diff(line)))) for name, line in lines.items()}
    text = "; ".join(f"{name} {100 * jump:.1f} points" for name, jump in jumps.items())
    return Chart(
        figure,
        caption=f"One run, validated with and without augmentation. Mean jump from one epoch to the next: {text}",
        alt="Two jagged accuracy lines over epochs of the same run, one for each way to validate.",
    )


def held_out_predictions(images: Sequence[np.ndarray], predictions: pd.DataFrame, *, word: str, total: int) -> Chart:
    """Predictions of `updated` on the held-out subjects, all right or all wrong.

    Args:
        images: (height, width) uint8, one for each prediction.
        predictions: rows of predictions.csv.
        word: "correct" or "incorrect".
        total: number of predictions that these were taken from.
    """
    lines, right = galleries.answers(predictions)
    return Chart(
        galleries.predictions(images, lines, right=right),
        caption=f"`updated`, {word} predictions on held-out subjects ({len(lines)} of {total}).",
        alt=f"Frames of faces: {galleries.in_one_line(lines)}",
    )


def loso_forest(scores: pd.DataFrame, *, lead: str, note: str = "") -> Chart:
    """Accuracy and macro-F1 of every model under `loso`, each with its interval.

    Args:
        scores: rows of scores.csv; those of other protocols are left out.
        lead: first words of the caption.
        note: further words of the caption, after the number of images.
    """
    loso = only_people(scores)
    accuracy = loso[loso["metric"] == "accuracy"]
    chance = float(loso.loc[loso["metric"] == "chance", "value"].iloc[0])
    figure, axes = plt.subplots(1, 2, figsize=(10, round(2.4 + 0.2 * len(accuracy), 1)), sharey=True)
    charts.forest(loso, metric="accuracy", chance=chance, ax=axes[0])
    charts.forest(loso, metric="macro_f1", ax=axes[1])
    text = "; ".join(f"{row.model} {row.value:.1%}" for row in accuracy.itertuples())
    return Chart(
        figure,
        caption=f"{lead}, n = {int(loso['n'].iloc[0])} images{note}. Accuracy: {text}.",
        alt=f"Dots with bars for each model. Accuracy: {text}; chance {chance:.1%}.",
    )


def loso_curves(folds: Sequence[tuple[str, Mapping[str, np.ndarray]]]) -> Chart:
    """Accuracy over epochs for each model, mean and spread over folds.

    Args:
        folds: for each fold of each model the model's name and its curves `accuracy` and `validation_accuracy`, each
            (epochs,) float in [0, 1]; the folds of one model have equally many epochs.
    """
    models = list(dict.fromkeys(model for model, _ in folds))
    figure, axes = plt.subplots(1, len(models), figsize=(3 * len(models), 3.2), sharey=True, squeeze=False)
    for ax, model in zip(axes[0], models, strict=True):
        lines = {
            legend: np.stack([curves[name] for each, curves in folds if each == model])
            for legend, name in (("training", "accuracy"), ("left-out subject", "validation_accuracy"))
        }
        charts.learning_curves(lines, ylabel="accuracy", ax=ax)
        ax.set(title=model, ylim=(0, 1))
    return Chart(
        figure,
        caption="Accuracy over epochs, mean and standard deviation over folds. The last epoch counts; none was chosen.",
        alt="A chart per model: training accuracy rises above the accuracy on the left-out subject.",
    )


def schedule(accuracy: np.ndarray, *, short: int) -> Chart:
    """Training accuracy of the long run of `updated`, with the end of the shorter schedule marked.

    Args:
        accuracy: (epochs,) float in [0, 1], on the training images after each epoch.
        short: epochs of the shorter schedule.
    """
    window = max(1, len(accuracy) // 40)
    smooth = pd.Series(accuracy).rolling(window, center=True, min_periods=1).mean().to_numpy()
    figure, ax = plt.subplots(figsize=(8, 3))
    charts.learning_curves({"training accuracy, smoothed": smooth}, ylabel="accuracy", ax=ax)
    ax.axvline(short, color="0.3", linestyle="--", label=f"with people left out: {short} epochs")
    ax.set_ylim(0, 1)
    ax.legend(fontsize="small")
    reached = smooth[min(short, len(smooth)) - 1]
    return Chart(
        figure,
        caption=f"`updated` on `original-split`: {reached:.0%} training accuracy after {short} epochs, "
        f"{smooth[-1]:.0%} after {len(smooth)}.",
        alt=f"A rising line of training accuracy with a dashed mark at epoch {short}.",
    )


def loss_parts(curves: Mapping[str, np.ndarray], *, floor: float, explanation: str) -> Chart:
    """The training loss of `updated` as stacked areas: floor of label smoothing, L2 penalty, the rest of the cross-entropy.

    Args:
        curves: `penalty` and `smoothed_cross_entropy`, each (epochs,) float, nats.
        floor: nats, `scores.smoothing_floor`.
        explanation: what the parts come to, in words.
    """
    penalty, cross_entropy = curves["penalty"], curves["smoothed_cross_entropy"]
    figure, ax = plt.subplots(figsize=(8, 3.6))
    ax.stackplot(
        np.arange(1, len(penalty) + 1),
        np.minimum(cross_entropy, floor),
        penalty,
        np.maximum(cross_entropy - floor, 0),
        labels=["floor set by label smoothing", "L2 penalty on the weights", "cross-entropy left to learn"],
        colors=["0.75", charts.PALETTE[4], charts.PALETTE[0]],
    )
    ax.set(xlabel="epoch", ylabel="training loss (nats)", xlim=(1, len(penalty)))
    ax.legend(fontsize="small")
    return Chart(
        figure,
        caption="The training loss of `updated` and what it is made of.",
        alt="Stacked areas over epochs: floor of label smoothing, L2 penalty, remaining cross-entropy. " + explanation,
    )
