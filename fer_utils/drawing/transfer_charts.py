"""Charts of notebook 05: the pretrained network, what its features carry, and the classifiers that learn from them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from fer_utils.data import ferplus
from fer_utils.data.cleaning import shown_by_one
from fer_utils.drawing import charts
from fer_utils.drawing.chart import WIDTH, Chart
from fer_utils.evaluation import calibration
from fer_utils.evaluation import scores as scoring

_BINS = 10  # of confidence


def pretraining(curves: pd.DataFrame, about: Mapping) -> Chart:
    """Accuracy on FER+'s validation part after every epoch, and that of the shipped weights with its interval.

    Args:
        curves: a row per epoch, with the column `validation_accuracy`, fractions.
        about: what `ferplus.json` says: `scores`, `recipe` and `training_images`.
    """
    accuracy, recipe = about["scores"]["accuracy"], about["recipe"]
    figure, ax = plt.subplots(figsize=(WIDTH, 3.0))
    epochs = np.arange(1, len(curves) + 1)
    ax.plot(epochs, curves["validation_accuracy"], color=charts.PALETTE[0], label="after each epoch")
    errors = _errors(pd.DataFrame([accuracy]))
    style = {"fmt": "o", "capsize": 4, "color": charts.PALETTE[1], "label": "shipped weights"}
    ax.errorbar(len(curves), accuracy["value"], yerr=errors, **style)
    change = recipe["small_epochs"] + 0.5
    ax.axvline(change, color="0.3", linestyle="--")
    words = {"textcoords": "offset points", "xycoords": ("data", "axes fraction"), "ha": "right", "fontsize": "small"}
    ax.annotate(f"faces of {recipe['small_side']} pixels until here", (change, 0.06), xytext=(-5, 0), **words)
    ax.set(xlabel="epoch", ylabel="accuracy on validation faces")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(loc="upper left")
    text = f"{accuracy['value']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%}) of {accuracy['n']:,} validation faces"
    return Chart(
        figure,
        caption=f"The shipped weights name {text} as most voters did. They were learned from {about['training_images']:,} images "
        "of FER+.",
        alt=f"A rising line of validation accuracy over {len(curves)} epochs, with a point at its end: {text}.",
    )


def ferplus_confusion(validation: pd.DataFrame, about: Mapping) -> Chart:
    """What the pretrained network mistakes for what on FER+'s validation part, and whether its confidence can be believed.

    Args:
        validation: a row per face: `truth`, `predicted`, and a probability `p_<class>` for each of the classes.
        about: what `ferplus.json` says: `classes` and `temperature`.
    """
    names = list(about["classes"])
    counts = scoring.confusion(validation["truth"], validation["predicted"], names)
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 4.2), width_ratios=(1.5, 1))
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, np.newaxis]
    words = {
        "rows": _with_counts(names, totals),
        "columns": names,
        "xlabel": "the network says",
        "ylabel": "most voters say",
    }
    charts.matrix(shares, fmt=".0%", ax=axes[0], vmax=1, **words)
    axes[0].set_title("what it mistakes for what")
    confidence = validation[[f"p_{name}" for name in names]].max(axis=1)
    right = validation["truth"] == validation["predicted"]
    table = calibration.reliability(confidence, right, bins=_BINS)
    axes[1].plot([0, 1], [0, 1], color="0.4", linestyle=":")
    style = {"fmt": "o-", "capsize": 3, "color": charts.PALETTE[0]}
    axes[1].errorbar(table["confidence"], table["accuracy"], yerr=_errors(table, value="accuracy"), **style)
    axes[1].set(
        title="may it be believed?", xlabel="how sure it is", ylabel="how often it is right", xlim=(0, 1), ylim=(0, 1)
    )
    axes[1].set_aspect("equal")
    for axis in (axes[1].xaxis, axes[1].yaxis):
        axis.set_major_formatter("{x:.0%}")
    error = calibration.expected_calibration_error(confidence, right, bins=_BINS)
    found = np.where(totals > 0, np.diag(shares), np.nan)
    best, worst = np.nanargmax(found), np.nanargmin(found)
    text = f"{names[best]} best ({found[best]:.0%} of {totals[best]:,}) and {names[worst]} worst ({found[worst]:.0%} of {totals[worst]:,})"
    return Chart(
        figure,
        caption=f"The pretrained network recognises {text}. How sure it is differs from how often it is right by {100 * error:.1f} "
        f"points on average (temperature {about['temperature']:.2f}).",
        alt="A table of shares, most of them on the diagonal, and a line of accuracy against confidence beside its diagonal. "
        f"Recognised {text}.",
    )


def by_itself(labels: np.ndarray, answers: np.ndarray, *, classes: Sequence[str], names: Sequence[str]) -> Chart:
    """What the pretrained network calls the images of a data set that it has not learned. Words that it never uses have no column.

    Args:
        labels: (N,) int, index of each image's expression in `classes`.
        answers: (N,) int, index of what the network calls it in `names`.
        classes: expressions of the data set.
        names: expressions that the network knows; a frame marks the cell of the same expression.
    """
    counts = np.zeros((len(classes), len(names)), dtype=int)
    np.add.at(counts, (labels, answers), 1)
    used = np.flatnonzero(counts.any(axis=0))
    columns = [names[index] for index in used]
    rows = _with_counts(classes, counts.sum(axis=1))
    figure, (ax,) = charts.matrix_axes(1, rows=classes, columns=columns, size=(6, 4.4))
    words = {"xlabel": "the pretrained network says", "ylabel": "the image shows"}
    charts.matrix(counts[:, used], rows=rows, columns=columns, fmt="d", ax=ax, **words)
    same = [(row, columns.index(word)) for row, name in enumerate(classes) if (word := ferplus.named(name)) in columns]
    for row, column in same:
        ax.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor=charts.PALETTE[1], linewidth=2.5))
    right = sum(int(counts[row, used[column]]) for row, column in same)
    lone = [name for name in classes if not ferplus.named(name)]
    never = [name for index, name in enumerate(names) if index not in used]
    text = "; ".join(
        f"{name}: {names[row.argmax()]} ({row.max()} of {row.sum()})"
        for name, row in zip(classes, counts, strict=True)
        if row.any()
    )
    return Chart(
        figure,
        caption=f"Without any training here, {right} of {counts.sum()} images get the word that fits (orange frames)."
        + (f" It has no word for {' and '.join(lone)}." if lone else "")
        + (f" It never says {', '.join(never)}." if never else ""),
        alt=f"A table of counts. Most often: {text}",
    )


def unit_scores(scores: pd.DataFrame, *, faces: int, people: int) -> Chart:
    """How well each face unit is read from rendered people who were left out.

    Args:
        scores: a row per unit, best first: `unit, value, low, high`, R².
        faces, people: how many were left out.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.27 * len(scores)))
    style = {"fmt": "o", "capsize": 4, "color": charts.PALETTE[0]}
    ax.errorbar(scores["value"], scores["unit"], xerr=_errors(scores), **style)
    ax.invert_yaxis()
    ax.axvline(0, color="0.3", linestyle=":")
    ax.set(xlabel="R² on rendered people left out")
    text = "; ".join(f"{row.unit} {row.value:.2f} ({row.low:.2f} to {row.high:.2f})" for row in scores.itertuples())
    best, worst = scores.iloc[0], scores.iloc[-1]
    return Chart(
        figure,
        caption=f"Read best: {best.unit}, R² {best.value:.2f}; worst: {worst.unit}, {worst.value:.2f}. From {faces} faces of {people} "
        "rendered people left out.",
        alt=f"Dots with bars, one for each face unit: {text}.",
    )


def units(places: pd.DataFrame, labels: np.ndarray, *, classes: Sequence[str]) -> Chart:
    """Face units of every face: the first two columns against each other, and the next two. Of each pair of axes the expressions
    that reach farthest along it are coloured.

    Args:
        places: (N, 4), a row per face; units are 0 at rest and about 1 at full strength.
        labels: (N,) int, index of each face's expression in `classes`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.7))
    means = places.groupby(labels).mean()
    for ax, (x, y) in zip(axes, (places.columns[:2], places.columns[2:]), strict=True):
        farthest = [means[column].idxmax() for column in (x, y)]
        rest = places[~np.isin(labels, farthest)]
        ax.scatter(rest[x], rest[y], color="0.75", s=22, label="others")
        for index in dict.fromkeys(farthest):
            chosen = places[labels == index]
            ax.scatter(chosen[x], chosen[y], label=charts.in_legend(classes[index]), **_marked(index))
        ax.set(xlabel=x, ylabel=y)
        ax.legend(fontsize="small")
    reach = "; ".join(f"{column}: {classes[means[column].idxmax()]} ({means[column].max():.2f})" for column in places)
    text = "; ".join(f"{classes[i]} {' and '.join(f'{v:.2f}' for v in row)}" for i, row in means.round(2).T.items())
    return Chart(
        figure,
        caption=f"Who reaches farthest, on average: {reach}. All other expressions are grey.",
        alt=f"Two scatter plots of the faces, the outstanding expressions coloured. Means of {', '.join(places)}: {text}.",
    )


def confusion(predictions: pd.DataFrame, *, classes: Sequence[str]) -> Chart:
    """Shares of each expression by answer, of some models side by side, all seeds together.

    Args:
        predictions: rows of predictions.csv of these models on people left out.
        classes: expressions, in the order of rows and columns.
    """
    groups = dict(list(predictions.groupby("model", sort=False)))
    tables = {model: scoring.mean_confusion(group, list(classes)) for model, group in groups.items()}
    rows = _with_counts(classes, next(iter(tables.values())).sum(axis=1))
    figure, axes = charts.matrix_axes(
        len(tables), rows=classes, columns=classes, size=(WIDTH, 1.4 + WIDTH / (1 + len(tables)))
    )
    wrong = []
    for ax, (model, counts) in zip(axes, tables.items(), strict=True):
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        first = ax is axes[0] or charts.crowded(classes)
        words = {"rows": rows if first else [""] * len(classes), "ylabel": "the image shows" if first else ""}
        charts.matrix(100 * shares, columns=classes, fmt=".0f", xlabel="the model says", vmax=100, ax=ax, **words)
        ax.set_title(model)
        missed = round(float(counts.sum() - np.trace(counts)), 1)
        wrong.append(f"`{model}` is wrong in {missed:g} of {counts.sum():.0f} images")
    text = "; ".join(wrong)
    lone = shown_by_one(predictions.groupby("truth")["subject"].nunique())
    return Chart(
        figure,
        caption=f"On people left out, {text}. Cells are percent of the images of a row, mean over seeds.{f' {lone}' if lone else ''}",
        alt=f"{len(tables)} tables with {len(classes)} rows and columns, most images on their diagonals: {text}.",
    )


def learning_curve(curve: pd.DataFrame, *, chance: float, others: Mapping[str, float]) -> Chart:
    """Accuracy of `transfer` on left-out people by the number of people learned from, beside models that learn from all.

    Args:
        curve: a row per number: `subjects`, and `value, low, high`, fractions.
        chance: a fraction, drawn as a dotted line.
        others: accuracy of each model that learns from as many people as the last row has, drawn as dashed lines.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.4))
    style = {"fmt": "o-", "capsize": 4, "color": charts.PALETTE[4], "label": "transfer"}
    ax.errorbar(curve["subjects"], curve["value"], yerr=_errors(curve), **style)
    most, found = int(curve["subjects"].iloc[-1]), []
    for (model, value), color in zip(others.items(), charts.PALETTE, strict=False):
        ax.axhline(value, color=color, linestyle="--", label=f"{model}, from all {most} people")
        above = curve.loc[curve["value"] >= value, "subjects"]
        when = f"`transfer` reaches from {int(above.min())}" if len(above) else "`transfer` does not reach"
        found.append(f"what `{model}` reaches from {most} people ({value:.0%}), {when}")
    charts.chance_line(chance, ax=ax)
    ax.set(xlabel="people learned from", ylabel="accuracy on people left out", ylim=(0, 1.03), xscale="log")
    ax.set_xticks(curve["subjects"], [f"{each:.0f}" for each in curve["subjects"]])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize="small", loc="lower right")
    text = "; ".join(f"{row.subjects:.0f} people {row.value:.0%}" for row in curve.itertuples())
    lead = "; ".join(found) or f"from {curve['value'].iloc[0]:.0%} to {curve['value'].iloc[-1]:.0%}"
    return Chart(figure, caption=f"How many people it takes: {lead}.", alt=f"A line with bars: {text}; {lead}.")


def embedding(
    plane: np.ndarray, shares: np.ndarray, *, labels: np.ndarray, subjects: np.ndarray, classes: Sequence[str]
) -> Chart:
    """The faces in the two directions of largest variance of an embedding, coloured by expression, those of a person joined.

    Args:
        plane: (N, 2) float.
        shares: (2,) float, share of the variance of each direction.
        labels: (N,) int, index of each face's expression in `classes`.
        subjects: (N,) str.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.6))
    for name in np.unique(subjects):
        own = plane[subjects == name]
        for place in own:
            ax.plot(*np.stack([own.mean(axis=0), place]).T, color="0.8", linewidth=0.7, zorder=0)
    for index, name in enumerate(classes):
        ax.scatter(*plane[labels == index].T, label=charts.in_legend(name), **_marked(index))
    charts.class_legend(ax, classes)
    ax.set(xlabel=f"direction 1 ({shares[0]:.0%} of the variance)", ylabel=f"direction 2 ({shares[1]:.0%})")
    (expression, by_chance), (person, also) = (_explained(plane, groups) for groups in (labels, subjects))
    text = (
        f"the expression explains {expression:.0%} of where a face lies, the person {person:.0%}; groups drawn at random would "
        f"explain {by_chance:.0%} and {also:.0%}"
    )
    return Chart(
        figure,
        caption=f"In this plane {text}. Grey lines join each face to the mean of its person.",
        alt=f"A scatter plot of the faces, coloured by expression; {text}.",
    )


def _explained(plane: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Share of the variance that lies between groups, and what as many groups drawn at random would have on average."""
    _, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    middle = plane.mean(axis=0)
    means = np.stack([plane[places == index].mean(axis=0) for index in range(len(counts))])
    between = (counts[:, np.newaxis] * (means - middle) ** 2).sum()
    whole = max(float(((plane - middle) ** 2).sum()), np.finfo(float).tiny)
    return float(between / whole), (len(counts) - 1) / max(len(plane) - 1, 1)


def _with_counts(names: Sequence[str], totals: np.ndarray) -> list[str]:
    """Names of rows with how many images each has."""
    return [f"{charts.shortened(name)} ({total:,.0f})" for name, total in zip(names, totals, strict=True)]


def _marked(index: int) -> dict:
    """Marker and colour of the group at a place of the legend; a pair of them repeats after sixty-four."""
    return {"marker": "os^Dv*PX"[(index + index // 8) % 8], "color": charts.PALETTE[index % 8]}


def _errors(rows: pd.DataFrame, value: str = "value") -> np.ndarray:
    """(2, N) distances of `low` and `high` from a value, for error bars."""
    return np.abs(rows[["low", "high"]].to_numpy().T - rows[value].to_numpy())
