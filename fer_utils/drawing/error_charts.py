"""Figures of the errors of one model, or of two side by side: which, whose, how sure, and where it looked."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fer_utils.data.cleaning import shown_by_one
from fer_utils.drawing import charts, galleries
from fer_utils.drawing.chart import Chart
from fer_utils.evaluation.intervals import Interval
from fer_utils.evaluation.people import Dealt

_HEAT_MAPS = 7  # in a row
_ENDS = 20  # subjects who are read worst, and best, that are drawn of many


def confusions(
    counts: Mapping[str, np.ndarray],
    *,
    classes: Sequence[str],
    seeds: Mapping[str, int],
    people: Mapping[str, int],
    worst: Mapping[str, Interval],
) -> Chart:
    """Confusion of models side by side, as shares of what is shown.

    Args:
        counts: model to (classes, classes) images, mean over seeds; row the truth, column the prediction.
        classes: expressions, alphabetical.
        seeds: model to the random seeds that were counted.
        people: class to the number of people who show it.
        worst: model to the share of its most frequent mistake, with its interval over people.
    """
    sizes = next(iter(counts.values())).sum(axis=1)
    rows = [f"{charts.shortened(name)} (n = {size:.0f})" for name, size in zip(classes, sizes, strict=True)]
    figure, axes = _side_by_side(len(counts), classes)
    for ax, (model, table) in zip(axes, counts.items(), strict=True):
        share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        words = {"rows": rows, "columns": classes, "xlabel": "the model says", "ylabel": "the image shows"}
        charts.matrix(share, fmt=".0%", vmax=1, ax=ax, **words).set_title(model)
    mistakes = " ".join(f"`{m}`: {worst_confusion(table, classes, worst.get(m))}" for m, table in counts.items())
    lone = shown_by_one(people)
    number = ", ".join(f"{model} {count}" for model, count in seeds.items())
    return Chart(
        figure,
        caption=f"{mistakes} Shares of each row, people left out, n = {sizes.sum():.0f} images; each counts once, as the mean over seeds "
        f"({number}).{f' {lone}' if lone else ''}",
        alt=f"Tables of {len(classes)} by {len(classes)} shares, one for each model. {mistakes}",
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
        caption=f"`{model}`: {len(lines)} {word} predictions, of each expression the surest.{whom}",
        alt=f"Faces: {galleries.in_one_line(lines)}",
    )


def subject_by_expression(
    tables: Mapping[str, pd.DataFrame], *, model: str, accuracy: pd.Series, dealt: Dealt
) -> Chart:
    """Accuracy by subject and expression, a table for each model.

    Args:
        tables: model to its accuracy in [0, 1], a row for each subject, a column for each expression; NaN where there is
            no image. The same subjects in all, `model` among them.
        model: the one of which the caption says how far people lie apart, and by which people are chosen where they are many.
        accuracy: of that model, by subject.
        dealt: of that model, its answers shuffled among people.
    """
    order, which = accuracy.sort_values(kind="stable").index, ""
    if len(order) > 2 * _ENDS:
        order = order[:_ENDS].append(order[-_ENDS:])
        which = f" Of {len(accuracy)} subjects the {_ENDS} read worst and the {_ENDS} read best are drawn."
    rows, columns, width, height = 1, len(tables), 6, 0.36 * len(order) + 1.6
    classes = tables[model].mean().sort_values(kind="stable").index
    tables = {name: table.loc[order, classes] for name, table in tables.items()}
    if charts.crowded(classes):
        rows, columns, width, height = columns, rows, 0.45 * len(classes) + 2, height + 2
    size = width * columns, height * rows
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
    for ax, (name, table) in zip(axes.flat, tables.items(), strict=True):
        words = {"rows": list(table.index), "columns": list(table.columns), "xlabel": "expression", "ylabel": "subject"}
        charts.matrix(table.to_numpy(), fmt=".0%", vmax=1, mask=table.isna().to_numpy(), ax=ax, **words).set_title(name)
        ax.set_aspect("auto")
        if which:
            ax.axhline(_ENDS, color="0.3", linestyle=":")
    people = subject_range(accuracy, dealt, model=model)
    number = {1: "A table", 2: "Two tables"}.get(len(tables), f"{len(tables)} tables")
    return Chart(
        figure,
        caption=f"{people} Accuracy by subject and expression, both in the order of what `{model}` reads worst.{which}",
        alt=f"{number}, a row per subject and a column per expression, dark where predictions were right.{which} {people}",
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
    followed = (mistakes["predicted"] == mistakes["nearest_label"]).to_numpy()
    for column, row in enumerate(mistakes.itertuples()):
        sheet.write(0, column, f"{row.truth}\nas {row.predicted} {row.confidence:.0%}")
        sheet.write(1, column, row.nearest_label)
        if followed[column]:
            sheet.frame(1, column, color=charts.WRONG, dashed=True)
    pairs = "; ".join(f"{row.truth} as {row.predicted}, near a {row.nearest_label}" for row in mistakes.itertuples())
    return Chart(
        sheet.figure,
        caption=f"In {followed.sum()} of these {len(mistakes)} surest mistakes of `{model}` the nearest training image carries the label that "
        f"was answered (framed).{whom}",
        alt=f"Pairs of faces: {pairs}",
    )


def grad_cam(
    images: Sequence[np.ndarray],
    heat: np.ndarray,
    predictions: pd.DataFrame,
    *,
    model: str,
    face_share: tuple[float, float],
    boxes: Sequence[Sequence[float]] = (),
    whom: str = "",
) -> Chart:
    """Images under their heat maps: right predictions in the upper row, wrong ones in the lower, seven at most of each.

    Args:
        images: (height, width) uint8, one for each prediction.
        heat: (N, height, width) float in [0, 1].
        predictions: with the columns `truth, predicted`.
        face_share: of all images, see `heat_on_face`.
        boxes: of the face in each image, left, top, right and bottom as fractions; none are drawn where there are none.
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
            if len(boxes):
                left, top, right, bottom = np.array(boxes[index]) * len(images[index])
                sheet.mark_box(row, column, (left - 0.5, top - 0.5), (right - left, bottom - top), color="white")
    on_face = heat_on_face(*face_share)
    return Chart(
        sheet.figure,
        caption=f"`{model}`: {on_face} Grad-CAM, each map to its own maximum; above right, below wrong answers.{whom}",
        alt=f"Faces under heat maps; upper row right predictions, lower row wrong ones. {on_face}",
    )


def reliability(
    tables: Mapping[str, pd.DataFrame], *, calibration_error: Mapping[str, float], gap: Mapping[str, Interval]
) -> Chart:
    """Accuracy against confidence, a panel for each model; a dot's area is its number of images.

    Args:
        tables: model to its table from `calibration.reliability`.
        calibration_error: model to its expected calibration error, in [0, 1].
        gap: model to its mean confidence minus accuracy, with the interval over people.
    """
    figure, axes = plt.subplots(1, len(tables), figsize=(2.9 * len(tables) + 0.6, 3.6), sharey=True, squeeze=False)
    for ax, (name, table) in zip(axes[0], tables.items(), strict=True):
        errors = np.abs(table[["low", "high"]].to_numpy().T - table["accuracy"].to_numpy())
        ax.plot([0, 1], [0, 1], color="0.4", linestyle=":", linewidth=1.2)
        style = {"fmt": "-", "capsize": 3, "color": charts.PALETTE[0], "linewidth": 1}
        ax.errorbar(table["confidence"], table["accuracy"], yerr=errors, **style)
        area = 300 * table["n"] / table["n"].sum() + 8
        ax.scatter(table["confidence"], table["accuracy"], s=area, color=charts.PALETTE[0], zorder=3)
        ax.set(xlabel="mean confidence", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        ax.set_title(f"{name}\n{table['n'].sum():.0f} images", fontsize="small")
    axes[0, 0].set_ylabel("accuracy")
    text = "; ".join(
        f"`{name}` {100 * each.value:+.0f} points ({100 * each.low:+.0f} to {100 * each.high:+.0f}), calibration error "
        f"{calibration_error[name]:.2f}"
        for name, each in gap.items()
    )
    return Chart(
        figure,
        caption=f"Mean confidence minus accuracy (above 0: surer than right): {text}. People left out, each image once, as the mean "
        "over seeds; a dot's area is its number of images, bars are 95 % intervals over people.",
        alt=f"Accuracy against confidence in up to five bins, a panel for each model, with the diagonal of a calibrated one. {text}.",
    )


def _side_by_side(count: int, classes: Sequence[str]) -> tuple[Figure, np.ndarray]:
    """A figure with places for tables of classes, two in a row, or one where names are crowded."""
    if charts.crowded(classes):
        return charts.matrix_axes(count, rows=classes, columns=classes, size=(6, 5))
    across = min(2, count)
    down = -(-count // across)
    figure, axes = plt.subplots(down, across, figsize=(5.2 * across, 4.3 * down), squeeze=False)
    for ax in axes.flat[count:]:
        ax.set_axis_off()
    return figure, axes.ravel()[:count]


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
