"""Figures of the errors of one model, or of two side by side: which, whose, how sure, and where it looked."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fer_utils.data.cleaning import shown_by_one
from fer_utils.drawing import charts, galleries
from fer_utils.drawing.chart import Chart
from fer_utils.evaluation.intervals import Interval
from fer_utils.evaluation.people import Dealt

_HEAT_MAPS = 7  # in a row


def confusion(
    counts: np.ndarray,
    *,
    classes: Sequence[str],
    model: str,
    seeds: int,
    people: Mapping[str, int],
    worst: Interval | None = None,
) -> Chart:
    """Confusion of one model: images, shares of each row, and the errors alone.

    Args:
        counts: (classes, classes) images, mean over seeds; row the truth, column the prediction.
        classes: expressions, alphabetical.
        seeds: random seeds that were counted.
        people: class to the number of people who show it.
        worst: share of the most frequent mistake, with its interval over people.
    """
    diagonal = np.eye(len(classes), dtype=bool)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = charts.matrix_axes(3, rows=classes, columns=classes, size=(13, 4.6))
    words = {"rows": classes, "columns": classes, "xlabel": "predicted", "ylabel": "truth"}
    fmt = ".0f" if seeds == 1 else ".1f"
    charts.matrix(counts, fmt=fmt, ax=axes[0], **words).set_title("images" + ", mean over seeds" * (seeds > 1))
    charts.matrix(share, fmt=".0%", vmax=1, ax=axes[1], **words).set_title("by row")
    errors = np.where(diagonal, 0, counts)
    charts.matrix(errors, fmt=fmt, mask=diagonal, cmap="Oranges", ax=axes[2], **words).set_title("errors only")
    mistake = worst_confusion(counts, classes, worst)
    lone = shown_by_one(people)
    return Chart(
        figure,
        caption=f"Confusion of `{model}` on people left out, n = {counts.sum():.0f} images, mean of {seeds} seed(s). {mistake}"
        f"{f' {lone}' if lone else ''}",
        alt=f"Three {len(classes)} by {len(classes)} tables for {model}. {mistake}",
    )


def surest_predictions(
    images: Sequence[np.ndarray], predictions: pd.DataFrame, *, model: str, word: str, whom: str = ""
) -> Chart:
    """The surest predictions that were right, or those that were wrong.

    Args:
        images: (height, width) uint8, one for each prediction.
        predictions: rows of predictions.csv.
        word: "correct" or "incorrect".
        whom: from `people.of_whom`.
    """
    lines, right = galleries.answers(predictions)
    return Chart(
        galleries.predictions(images, lines, right=right),
        caption=f"`{model}`, the {len(lines)} surest {word} predictions.{whom}",
        alt=f"Faces: {galleries.in_one_line(lines)}",
    )


def subject_by_expression(
    tables: Mapping[str, pd.DataFrame], *, model: str, accuracy: pd.Series, dealt: Dealt
) -> Chart:
    """Accuracy by subject and expression, a table for each model.

    Args:
        tables: model to its accuracy in [0, 1], a row for each subject, a column for each expression; NaN where there is
            no image. The same subjects in all.
        model: the one of which the caption says how far people lie apart.
        accuracy: of that model, by subject.
        dealt: of that model, its answers shuffled among people.
    """
    rows, columns, width, height = 1, len(tables), 6, 0.36 * len(accuracy) + 1.6
    classes = next(iter(tables.values())).columns
    if charts.crowded(classes):
        rows, columns, width, height = columns, rows, 0.45 * len(classes) + 2, height + 2
    size = width * columns, height * rows
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
    for ax, (name, table) in zip(axes.flat, tables.items(), strict=True):
        words = {"rows": list(table.index), "columns": list(table.columns), "xlabel": "expression", "ylabel": "subject"}
        charts.matrix(table.to_numpy(), fmt=".0%", vmax=1, mask=table.isna().to_numpy(), ax=ax, **words).set_title(name)
        ax.set_aspect("auto")
    people = subject_range(accuracy, dealt, model=model)
    number = {1: "A table", 2: "Two tables"}.get(len(tables), f"{len(tables)} tables")
    return Chart(
        figure,
        caption=f"Accuracy by subject and expression. {people}",
        alt=f"{number}, a row per subject and a column per expression, dark where predictions were right. {people}",
    )


def confident_mistakes(
    images: Sequence[Sequence[np.ndarray]], mistakes: pd.DataFrame, *, model: str, whom: str = ""
) -> Chart:
    """The surest mistakes, each above the training image nearest to it.

    Args:
        images: the mistakes, then the training images: (height, width) uint8 each.
        mistakes: with the columns `truth, predicted, confidence, nearest_label`.
        whom: from `people.of_whom`.
    """
    sheet = galleries.Sheet(images, rows=["mistake", "nearest"], cell=(1.35, 1.6), above=2)
    for column, row in enumerate(mistakes.itertuples()):
        sheet.write(0, column, f"{row.truth}\nas {row.predicted} {row.confidence:.0%}")
        sheet.write(1, column, row.nearest_label)
    pairs = "; ".join(f"{row.truth} as {row.predicted}, near a {row.nearest_label}" for row in mistakes.itertuples())
    return Chart(
        sheet.figure,
        caption=f"`{model}`: the surest mistakes and the training images nearest to them.{whom}",
        alt=f"Pairs of faces: {pairs}",
    )


def grad_cam(
    images: Sequence[np.ndarray],
    heat: np.ndarray,
    predictions: pd.DataFrame,
    *,
    model: str,
    face_share: tuple[float, float],
    whom: str = "",
) -> Chart:
    """Images under their heat maps: right predictions in the upper row, wrong ones in the lower, seven at most of each.

    Args:
        images: (height, width) uint8, one for each prediction.
        heat: (N, height, width) float in [0, 1].
        predictions: with the columns `truth, predicted`.
        face_share: of all images, see `heat_on_face`.
        whom: from `people.of_whom`.
    """
    right = (predictions["truth"] == predictions["predicted"]).to_numpy()
    rows = list(predictions.itertuples())
    chosen = [np.flatnonzero(each)[:_HEAT_MAPS] for each in (right, ~right)]
    shown = [[images[index] for index in line] + [None] * (_HEAT_MAPS - len(line)) for line in chosen]
    sheet = galleries.Sheet(shown, cell=(1.55, 1.92), above=2)
    for row, line in enumerate(chosen):
        for column, index in enumerate(line):
            sheet.overlay(row, column, heat[index])
            sheet.write(row, column, f"{rows[index].truth}\nas {rows[index].predicted}")
    on_face = heat_on_face(*face_share)
    return Chart(
        sheet.figure,
        caption=f"Grad-CAM of `{model}`: above right, below wrong. {on_face}{whom}",
        alt=f"Faces under heat maps; upper row right predictions, lower row wrong ones. {on_face}",
    )


def reliability(tables: Mapping[str, pd.DataFrame], *, calibration_error: Mapping[str, float]) -> Chart:
    """Accuracy against confidence for each model.

    Args:
        tables: model to its table from `calibration.reliability`.
        calibration_error: model to its expected calibration error, in [0, 1].
    """
    figure, ax = plt.subplots(figsize=(5.2, 5))
    for (name, table), color in zip(tables.items(), charts.PALETTE, strict=False):
        label = f"{name}: calibration error {calibration_error[name]:.2f}"
        charts.reliability_diagram(table, ax=ax, label=label, color=color)
    ax.legend(fontsize="small", loc="upper left")
    text = ", ".join(f"{name} {calibration_error[name]:.2f}" for name in tables)
    whose = {1: "the model", 2: "both models"}.get(len(tables), "all models")
    return Chart(
        figure,
        caption=f"Reliability on people left out; n images a seed, means over seeds; bars are 95 % intervals over people. Expected calibration error: {text}",
        alt=f"Accuracy against confidence in up to five bins for {whose}, with the diagonal of a calibrated one.",
    )


def worst_confusion(counts: np.ndarray, classes: Sequence[str], share: Interval | None = None) -> str:
    """The most frequent mistake, in words.

    Args:
        counts: (classes, classes) images, mean over seeds; row the truth, column the prediction.
        share: of the mistake among the images of its expression, with its interval.
    """
    wrong = np.where(np.eye(len(classes), dtype=bool), 0, counts)
    truth, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    if not wrong[truth, predicted]:
        return "Nothing was mistaken."
    ends = f" ({share.value:.0%}, {share.low:.0%} to {share.high:.0%} over people)" if share else ""
    return (
        f"Most often mistaken: {classes[truth]} for {classes[predicted]}, "
        f"{round(float(wrong[truth, predicted]), 1):g} of {counts[truth].sum():.0f} images{ends}."
    )


def subject_range(accuracy: pd.Series, dealt: Dealt, *, model: str) -> str:
    """How far people's accuracies lie apart, and how far they would if people were alike, in words.

    Args:
        accuracy: by subject.
        dealt: the same answers shuffled among people.
    """
    alike = dealt.dealt / dealt.sizes
    return (
        f"`{model}` by subject: {accuracy.min():.0%} to {accuracy.max():.0%}; with each expression's answers shuffled among people, "
        f"on average {alike.min(axis=1).mean():.0%} to {alike.max(axis=1).mean():.0%} (p {dealt.p_value:.2f} that people differ)."
    )


def heat_on_face(share: float, area: float) -> str:
    """How much of the heat lies on the face, in words.

    Args:
        share: of the heat inside the face's box, in [0, 1].
        area: share of the picture that the box takes, in [0, 1].
    """
    return f"{share:.0%} of the heat lies in the face's box, which takes {area:.0%} of the picture."
