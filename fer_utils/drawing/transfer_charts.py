"""Charts of notebook 05: the pretrained network, what its features carry, and the classifiers that learn from them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fer_utils.data.cleaning import shown_by_one
from fer_utils.drawing import charts
from fer_utils.drawing.chart import Chart
from fer_utils.evaluation import calibration
from fer_utils.evaluation import scores as scoring

_BINS = 10  # of confidence


def pretraining(curves: pd.DataFrame, about: Mapping) -> Chart:
    """Accuracy on FER+'s validation part after every epoch, and that of the shipped weights with its interval.

    Args:
        curves: a row per epoch, with the column `validation_accuracy`, fractions.
        about: what `ferplus.json` says: `scores`, `recipe` and `training_images`.
    """
    accuracy = about["scores"]["accuracy"]
    figure, ax = plt.subplots(figsize=(8, 3.2))
    lines = {"validation accuracy": curves["validation_accuracy"].to_numpy()}
    charts.learning_curves(lines, ylabel="accuracy", ax=ax)
    errors = _errors(pd.DataFrame([accuracy]))
    style = {"fmt": "o", "capsize": 4, "color": charts.PALETTE[1], "label": "shipped weights"}
    ax.errorbar(len(curves), accuracy["value"], yerr=errors, **style)
    ax.axvline(about["recipe"]["small_epochs"] + 0.5, color="0.3", linestyle="--")
    ax.legend(fontsize="small")
    text = (
        f"{accuracy['value']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%}) of {accuracy['n']} validation faces"
    )
    return Chart(
        figure,
        caption=f"Pretraining on {about['training_images']:,} images of FER+: the shipped weights read {text}.",
        alt=f"A rising line of validation accuracy over {len(curves)} epochs, with a point at its end: {text}.",
    )


def ferplus_confusion(validation: pd.DataFrame, about: Mapping) -> Chart:
    """What the pretrained network mistakes for what on FER+'s validation part, and whether its confidence can be believed.

    Args:
        validation: a row per face: `truth`, `predicted`, and a probability `p_<class>` for each of the classes.
        about: what `ferplus.json` says: `classes`, `scores` and `temperature`.
    """
    names, macro = list(about["classes"]), about["scores"]["macro-F1"]
    counts = scoring.confusion(validation["truth"], validation["predicted"], names)
    figure, axes = plt.subplots(1, 2, figsize=(12, 5))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    words = {"rows": names, "columns": names, "xlabel": "network", "ylabel": "most voters"}
    charts.matrix(shares, fmt=".0%", ax=axes[0], vmax=1, **words)
    confidence = validation[[f"p_{name}" for name in names]].max(axis=1)
    right = validation["truth"] == validation["predicted"]
    charts.reliability_diagram(calibration.reliability(confidence, right, bins=_BINS), ax=axes[1])
    error = calibration.expected_calibration_error(confidence, right, bins=_BINS)
    return Chart(
        figure,
        caption=f"FER+ validation: macro-F1 {macro['value']:.2f} ({macro['low']:.2f} to {macro['high']:.2f}); "
        f"expected calibration error {error:.1%}, temperature {about['temperature']:.2f}.",
        alt="A table of shares, most of them on the diagonal, and accuracy against confidence near its diagonal.",
    )


def by_itself(labels: np.ndarray, answers: np.ndarray, *, classes: Sequence[str], names: Sequence[str]) -> Chart:
    """What the pretrained network calls the images of a data set that it has not learned.

    Args:
        labels: (N,) int, index of each image's expression in `classes`.
        answers: (N,) int, index of what the network calls it in `names`.
        classes: expressions of the data set.
        names: expressions that the network knows.
    """
    counts = np.zeros((len(classes), len(names)), dtype=int)
    np.add.at(counts, (labels, answers), 1)
    figure, (ax,) = charts.matrix_axes(1, rows=classes, columns=names, size=(7, 5))
    charts.matrix(counts, rows=classes, columns=names, fmt="d", xlabel="pretrained network", ylabel="image", ax=ax)
    text = "; ".join(
        f"{name}: {names[row.argmax()]} ({row.max()} of {row.sum()})"
        for name, row in zip(classes, counts, strict=True)
        if row.any()
    )
    return Chart(
        figure,
        caption=f"What the pretrained network calls the images, without any training here. Most often: {text}",
        alt=f"A table of counts. Most often: {text}",
    )


def unit_scores(scores: pd.DataFrame, *, faces: int, people: int) -> Chart:
    """How well each face unit is read from rendered people who were left out.

    Args:
        scores: a row per unit, best first: `unit, value, low, high`, R².
        faces, people: how many were left out.
    """
    figure, ax = plt.subplots(figsize=(7, 4))
    style = {"fmt": "o", "capsize": 4, "color": charts.PALETTE[0]}
    ax.errorbar(scores["value"], scores["unit"], xerr=_errors(scores), **style)
    ax.invert_yaxis()
    ax.axvline(0, color="0.3", linestyle=":")
    ax.set(xlabel="R² on rendered people left out", ylabel="face unit")
    text = "; ".join(f"{row.unit} {row.value:.2f} ({row.low:.2f} to {row.high:.2f})" for row in scores.itertuples())
    return Chart(
        figure,
        caption=f"How well {len(scores)} face units are read from {faces} faces of {people} rendered people left out: "
        f"{text}.",
        alt=f"Dots with bars, one for each face unit: {text}.",
    )


def units(places: pd.DataFrame, labels: np.ndarray, *, classes: Sequence[str]) -> Chart:
    """Face units of every face, by expression: the first two columns against each other, and the next two.

    Args:
        places: (N, 4), a row per face; units are 0 at rest and about 1 at full strength.
        labels: (N,) int, index of each face's expression in `classes`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4))
    for ax, (x, y) in zip(axes, (places.columns[:2], places.columns[2:]), strict=True):
        for index, name in enumerate(classes):
            chosen = places[labels == index]
            ax.scatter(chosen[x], chosen[y], label=charts.in_legend(name), **_marked(index))
        ax.set(xlabel=x, ylabel=y)
    charts.class_legend(axes[0], classes)
    means = places.groupby(labels).mean().round(2)
    text = "; ".join(f"{classes[i]} {' and '.join(f'{v:.2f}' for v in row)}" for i, row in means.T.items())
    words = f"Means of {', '.join(places)}: {text}."
    return Chart(
        figure,
        caption=f"Face units as read from every face. {words}",
        alt=f"Two scatter plots of the faces, coloured by expression. {words}",
    )


def variants(table: pd.DataFrame) -> Chart:
    """Accuracy of every variant on people left out, with the strengths chosen on other people and with each strength throughout.

    Args:
        table: a row per variant and strength, with `variant`, `outer_accuracy` and `accuracy`, fractions.
    """
    figure, _, text = _variants(table)
    chosen = table["accuracy"]
    return Chart(
        figure,
        caption=f"What the heads see moves the accuracy between {chosen.min():.1%} and {chosen.max():.1%}. `transfer` is the first: {text}.",
        alt=f"A row of dots for each variant, one of them larger: {text}.",
    )


def candidates(table: pd.DataFrame, *, accuracy: float) -> Chart:
    """The same of what `classical` is chosen from, and how often each was taken.

    Args:
        table: as of `variants`, with the column `chosen`, a number of folds.
        accuracy: of `classical`, a fraction, drawn as a dashed line.
    """
    figure, ax, text = _variants(table)
    ax.axvline(accuracy, color="0.3", linestyle="--", label="classical: descriptor chosen too")
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1))
    taken = table.groupby("variant", sort=False)["chosen"].sum()
    folds = ", ".join(f"{name} in {count}" for name, count in taken.items() if count)
    return Chart(
        figure,
        caption=f"`classical` reads {accuracy:.1%}. Of {taken.sum()} folds took {folds}. Each descriptor by itself: {text}.",
        alt=f"A row of dots for each descriptor, one of them larger: {text}; a dashed line at {accuracy:.1%}.",
    )


def _variants(table: pd.DataFrame) -> tuple[Figure, Axes, str]:
    """Figure and axes with a row of dots for each variant, and the accuracies in words."""
    chosen = table.groupby("variant", sort=False)["accuracy"].first()
    figure, ax = plt.subplots(figsize=(8, 0.6 + 0.42 * len(chosen)))
    places = {name: place for place, name in enumerate(chosen.index)}
    throughout = {"s": 18, "color": "0.55", "label": "each strength throughout"}
    ax.scatter(table["outer_accuracy"], table["variant"].map(places), **throughout)
    ax.scatter(chosen, range(len(chosen)), s=80, color=charts.PALETTE[0], label="strength chosen on other people")
    ax.set(xlabel="accuracy on people left out", yticks=range(len(chosen)), yticklabels=chosen.index)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure, ax, "; ".join(f"{name} {value:.1%}" for name, value in chosen.items())


def confusion(predictions: pd.DataFrame, *, classes: Sequence[str]) -> Chart:
    """Images by truth and answer of some models side by side, mean over seeds.

    Args:
        predictions: rows of predictions.csv of these models on people left out.
        classes: expressions, in the order of rows and columns.
    """
    count = predictions["model"].nunique()
    figure, axes = charts.matrix_axes(count, rows=classes, columns=classes, size=(5.75 * count, 4.5))
    wrong = []
    for ax, (model, group) in zip(axes, predictions.groupby("model", sort=False), strict=True):
        counts = scoring.mean_confusion(group, list(classes))
        fmt = ".0f" if group["seed"].nunique() == 1 else ".1f"
        charts.matrix(counts, rows=classes, columns=classes, fmt=fmt, xlabel=model, ylabel="image", ax=ax)
        missed = round(float(counts.sum() - np.trace(counts)), 1)
        wrong.append(f"`{model}` is wrong in {missed:g} of {counts.sum():.0f} images")
    text = "; ".join(wrong)
    lone = shown_by_one(predictions.groupby("truth")["subject"].nunique())
    return Chart(
        figure,
        caption=f"Confusion on people left out, images, mean over seeds: {text}.{f' {lone}' if lone else ''}",
        alt=f"{count} tables with {len(classes)} rows and columns, most images on their diagonals: {text}.",
    )


def learning_curve(curve: pd.DataFrame, *, chance: float) -> Chart:
    """Accuracy on left-out people by the number of people learned from, with intervals.

    Args:
        curve: a row per number: `subjects`, and `value, low, high`, fractions.
        chance: a fraction, drawn as a dotted line.
    """
    figure, ax = plt.subplots(figsize=(7, 3.4))
    style = {"fmt": "o-", "capsize": 4, "color": charts.PALETTE[0]}
    ax.errorbar(curve["subjects"], curve["value"], yerr=_errors(curve), **style)
    charts.chance_line(chance, ax=ax)
    ax.set(xlabel="people learned from", ylabel="accuracy on left-out people", ylim=(0, 1))
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small")
    text = "; ".join(f"{row.subjects:.0f} people {row.value:.0%}" for row in curve.itertuples())
    return Chart(
        figure,
        caption=f"Accuracy by the number of people learned from: {text}.",
        alt=f"A line with bars: {text}.",
    )


def embedding(
    plane: np.ndarray, shares: np.ndarray, *, labels: np.ndarray, subjects: np.ndarray, classes: Sequence[str]
) -> Chart:
    """The faces in the two directions of largest variance of an embedding: by expression, and by person.

    Args:
        plane: (N, 2) float.
        shares: (2,) float, share of the variance of each direction.
        labels: (N,) int, index of each face's expression in `classes`.
        subjects: (N,) str, written beside the points.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), sharex=True, sharey=True)
    for index, name in enumerate(classes):
        axes[0].scatter(*plane[labels == index].T, label=charts.in_legend(name), **_marked(index))
    charts.class_legend(axes[0], classes)
    people = np.unique(subjects, return_inverse=True)[1]
    axes[1].scatter(*plane.T, c=people, cmap="viridis", alpha=0.8)
    for place, name in zip(plane, subjects, strict=True):
        axes[1].annotate(name, place, fontsize="xx-small", xytext=(3, 2), textcoords="offset points")
    words = {
        "xlabel": f"direction 1 ({shares[0]:.0%} of the variance)",
        "ylabel": f"direction 2 ({shares[1]:.0%})",
    }
    for ax, title in zip(axes, ("by expression", "by person (number)"), strict=True):
        ax.set(title=title, **words)
    return Chart(
        figure,
        caption="Embedding of every face by the pretrained network, by expression and by person.",
        alt="Two scatter plots of the same points, coloured by expression and by person.",
    )


def _marked(index: int) -> dict:
    """Marker and colour of the group at a place of the legend; a pair of them repeats after sixty-four."""
    return {"marker": "os^Dv*PX"[(index + index // 8) % 8], "color": charts.PALETTE[index % 8]}


def _errors(rows: pd.DataFrame) -> np.ndarray:
    """(2, N) distances of `low` and `high` from `value`, for error bars."""
    return np.abs(rows[["low", "high"]].to_numpy().T - rows["value"].to_numpy())
