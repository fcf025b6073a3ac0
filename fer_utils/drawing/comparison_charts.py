"""Figures of the comparison of models: how they learn, what they predict, how they score."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fer_utils.data import people
from fer_utils.data.datasets import FaceDataset
from fer_utils.drawing import charts, galleries
from fer_utils.drawing.chart import WIDTH, Chart
from fer_utils.evaluation.protocols import only_people
from fer_utils.evaluation.significance import PRACTICALLY_NONE, Verdict

_SMOOTHED = 40  # a smoothed curve is a running mean over one part in so many of its epochs
_PEOPLE = 6  # rows of a sheet at most
_ZOOM = 100  # epochs that a chart of single jumps shows
# What the models see, with the colour and the shape of their dots. A name that is not listed learns from aligned faces.
_GROUPS = {
    "whole frame": (charts.PALETTE[1], "s"),
    "aligned face": (charts.PALETTE[0], "o"),
    "pretrained": (charts.PALETTE[4], "D"),
}
_GROUP = {"baseline": "whole frame", "updated": "whole frame"} | dict.fromkeys(
    ("transfer", "transfer-tuned"), "pretrained"
)
_SEEN = {"training": charts.TRAINING, "people left out": charts.VALIDATION}


def original_split_curves(
    curves: Mapping[str, Mapping[str, np.ndarray]], *, held_out: str, chance: float, short: Mapping[str, int]
) -> Chart:
    """Loss and accuracy of each model in training and on the people held out: a row for each model.

    Args:
        curves: model to its curves, each (epochs,) float: `loss` and `validation_loss` in nats, `accuracy` and
            `validation_accuracy` in [0, 1].
        held_out: the subjects held out, in words.
        chance: accuracy of always naming the largest class.
        short: model to the epochs that it trains for where each person is left out; marked where they are fewer.
    """
    figure, axes = plt.subplots(len(curves), 2, figsize=(WIDTH, 0.5 + 2.4 * len(curves)), squeeze=False)
    marked = []
    for row, (model, values) in zip(axes, curves.items(), strict=True):
        for ax, (quantity, name) in zip(row, (("loss", "loss (nats)"), ("accuracy", "accuracy")), strict=True):
            _smoothed(ax, [values[quantity], values[f"validation_{quantity}"]])
            ax.set(title=model, xlabel="epoch", ylabel=name)
            if short.get(model, np.inf) < len(values[quantity]):
                ax.axvline(short[model], color="0.3", linestyle="--", linewidth=1.2)
        charts.chance_line(chance, ax=row[1])
        row[1].set_ylim(0, 1.03)
        row[1].yaxis.set_major_formatter("{x:.0%}")
        if short.get(model, np.inf) < len(values["accuracy"]):
            reached = _running_mean(values["accuracy"])[short[model] - 1]
            marked.append(
                f" `{model}` has reached {reached:.0%} in training at the dashed line, where it stops with people left out in turn."
            )
    figure.legend(*axes[0, 1].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    last = "; ".join(
        f"`{model}` {values['accuracy'][-1]:.0%} of its training images and {values['validation_accuracy'][-1]:.0%} of those held out"
        for model, values in curves.items()
    )
    number = {1: "Two", 2: "Four"}.get(len(curves), str(2 * len(curves)))
    return Chart(
        figure,
        caption=f"Right after the last epoch: {last}.{''.join(marked)} Subjects {held_out} held out; pale: each epoch, dark: "
        "running mean.",
        alt=f"{number} charts over epochs: loss and accuracy of each network, in training and on people left out. {last}.",
    )


def augmented_validation(curves: Mapping[str, np.ndarray]) -> Chart:
    """How far the accuracy of one run jumps from epoch to epoch, on images as they are and on augmented ones.

    Args:
        curves: `augmented_validation_accuracy` and `validation_accuracy`, each (epochs,) float in [0, 1], two epochs at least.
    """
    lines = {
        "images as they are": (curves["validation_accuracy"], charts.VALIDATION),
        "augmented images": (curves["augmented_validation_accuracy"], charts.AUGMENTED),
    }
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=(2.2, 1))
    jumps = {name: 100 * float(np.mean(np.abs(np.diff(line)))) for name, (line, _) in lines.items()}
    for name, (line, color) in reversed(lines.items()):
        epochs = np.arange(1, len(line) + 1)[-_ZOOM:]
        axes[0].step(epochs, line[-_ZOOM:], where="mid", label=name, color=color, linewidth=1.6)
    axes[0].set(
        xlabel=f"epoch (the last {min(_ZOOM, len(line))})", ylabel="accuracy on people left out", ylim=(0, 1.03)
    )
    axes[0].yaxis.set_major_formatter("{x:.0%}")
    axes[0].legend(loc="lower left")
    bars = axes[1].bar(["as they are", "augmented"], list(jumps.values()), color=[color for _, color in lines.values()])
    axes[1].bar_label(bars, fmt="%.1f")
    axes[1].set(ylabel="mean jump (points)", ylim=(0, 1.15 * max(jumps.values()) or 1))
    axes[1].grid(axis="x", visible=False)
    plain, noisy = jumps.values()
    return Chart(
        figure,
        caption=f"From one epoch to the next the score of the same run jumps by {noisy:.1f} points on average if the validation "
        f"images are augmented, by {plain:.1f} if they are not.",
        alt="Two jagged lines of accuracy over the last epochs of one run, and bars of their mean jump: "
        f"{plain:.1f} points on images as they are, {noisy:.1f} on augmented ones.",
    )


def held_out_answers(data: FaceDataset, predictions: pd.DataFrame) -> Chart:
    """What a model answered on people held out: a row per person, a column per expression, framed by whether it was right.

    Args:
        data: with the images.
        predictions: rows of predictions.csv of one model. The first six people who may be shown are drawn, by one image of each
            expression.
    """
    subjects = predictions["subject"].unique()
    names = sorted(subjects[people.pictured(data, subjects)])[:_PEOPLE]
    shown = predictions[predictions["subject"].isin(names)].drop_duplicates(["subject", "truth"])
    classes = sorted(shown["truth"].unique())
    places = [(names.index(row.subject), classes.index(row.truth)) for row in shown.itertuples()]
    cells: list[list[np.ndarray | None]] = [[None] * len(classes) for _ in names]
    for file, (row, column) in zip(shown["image"], places, strict=True):
        cells[row][column] = data.images[data.position(file)]
    sheet = galleries.Sheet(cells, rows=names, columns=classes, cell=(1.2, 1.1), below=1)
    lines, right = galleries.answers(shown)
    for line, good, place in zip(lines, right, places, strict=True):
        sheet.write(*place, line.partition("\nas ")[2], below=True, size=9)
        sheet.frame(*place, color=charts.RIGHT if good else charts.WRONG, dashed=not good)
    correct = int((predictions["truth"] == predictions["predicted"]).sum())
    model = predictions["model"].iloc[0]
    return Chart(
        sheet.figure,
        caption=f"`{model}` names {correct} of {len(predictions)} expressions of people it never saw. Under each face stands its "
        "answer; solid frames are right, dashed ones wrong." + people.of_whom(data),
        alt=f"A row of faces for each of {len(names)} people. {galleries.in_one_line(lines)}.",
    )


def loso_forest(
    scores: pd.DataFrame,
    *,
    lead: str,
    comparisons: pd.DataFrame | None = None,
    original: Mapping[str, float] | None = None,
) -> Chart:
    """Accuracy of every model on people left out with its interval, coloured by what it sees; differences beside it if asked for.

    Args:
        scores: rows of scores.csv; those of other protocols are left out.
        lead: how the models were tested, in words.
        comparisons: rows of comparisons.csv, drawn in a second panel.
        original: model to the original project's own reading of its accuracy, drawn as a cross.
    """
    loso = only_people(scores)
    rows = loso[loso["metric"] == "accuracy"]
    chance = float(loso.loc[loso["metric"] == "chance", "value"].iloc[0])
    panels = 1 if comparisons is None or comparisons.empty else 2
    height = round(1.3 + 0.42 * max(len(rows), len(comparisons) if panels > 1 else 0), 1)
    figure, axes = plt.subplots(1, panels, figsize=(WIDTH, height), squeeze=False)
    _accuracies(axes[0, 0], rows, chance=chance, original=original or {})
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize="small")
    if panels > 1:
        _differences(axes[0, 1], comparisons)
    text = "; ".join(f"{row.model} {row.value:.1%}" for row in rows.itertuples())
    groups = rows["model"].map(lambda model: _GROUP.get(model, "aligned face"))
    best = [rows[groups == name].nlargest(1, "value").iloc[0] for name in _GROUPS if (groups == name).any()]
    found = "; ".join(f"{_group(row.model)} {row.value:.1%} (`{row.model}`)" for row in best)
    return Chart(
        figure,
        caption=f"The best accuracy by what a model sees: {found}; chance is {chance:.1%}. {lead}, n = {int(rows['n'].iloc[0])} "
        "images; bars are 95 % intervals" + ("; crosses are the original project's own readings." if original else "."),
        alt=f"Dots with bars for each model. Accuracy: {text}; chance {chance:.1%}.",
    )


def loso_curves(folds: Sequence[tuple[str, Mapping[str, np.ndarray]]]) -> Chart:
    """Accuracy over epochs for each model, mean and spread over folds.

    Args:
        folds: for each fold of each model the model's name and its curves `accuracy` and `validation_accuracy`, each
            (epochs,) float in [0, 1]; the folds of one model have equally many epochs.
    """
    models = list(dict.fromkeys(model for model, _ in folds))
    columns = min(2, len(models))
    lines = -(-len(models) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(WIDTH, 0.4 + 2.4 * lines), sharey=True, squeeze=False)
    gaps = {}
    for ax, model in zip(axes.ravel(), models, strict=False):
        ends = []
        for (legend, color), name in zip(_SEEN.items(), ("accuracy", "validation_accuracy"), strict=True):
            values = np.stack([curves[name] for each, curves in folds if each == model])
            charts.learning_curves({legend: values}, ylabel="accuracy", ax=ax, colors={legend: color})
            ends.append(values[:, -1].mean())
        gaps[model] = 100 * (ends[0] - ends[1])
        ax.get_legend().remove()
        ax.set(title=model, ylim=(0, 1.03))
        ax.yaxis.set_major_formatter("{x:.0%}")
    for ax in axes.ravel()[len(models) :]:
        ax.set_axis_off()
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    text = "; ".join(f"`{model}` {gap:.0f} points" for model, gap in gaps.items())
    return Chart(
        figure,
        caption=f"How much less is right on people left out than in training, after the last epoch: {text}. Lines are means over "
        "folds, bands one standard deviation between folds: no intervals.",
        alt=f"A chart per model of accuracy over epochs, in training and on people left out. Gap at the end: {text}.",
    )


def loss_parts(curves: Mapping[str, np.ndarray], *, floor: float, explanation: str) -> Chart:
    """The training loss of `updated` as stacked areas: floor of label smoothing, L2 penalty, the rest of the cross-entropy.

    Args:
        curves: `penalty` and `smoothed_cross_entropy`, each (epochs,) float, nats.
        floor: nats, `scores.smoothing_floor`.
        explanation: what the parts come to, in words.
    """
    penalty, cross_entropy = curves["penalty"], curves["smoothed_cross_entropy"]
    parts = [np.minimum(cross_entropy, floor), penalty, np.maximum(cross_entropy - floor, 0)]
    names = ["floor set by label smoothing", "L2 penalty on the weights", "cross-entropy left to learn"]
    figure, ax = plt.subplots(figsize=(WIDTH, 3.4))
    colors = ["0.75", charts.PALETTE[4], charts.PALETTE[0]]
    ax.stackplot(np.arange(1, len(penalty) + 1), *parts, labels=names, colors=colors, linewidth=0)
    ax.set(xlabel="epoch", ylabel="training loss (nats)", xlim=(1, max(len(penalty), 2)))
    ax.legend(*(each[::-1] for each in ax.get_legend_handles_labels()))  # in the order of the areas
    rest, whole = parts[2][-1], penalty[-1] + cross_entropy[-1]
    return Chart(
        figure,
        caption=f"Of the training loss of `updated`, {(whole - rest) / whole:.0%} has nothing to do with wrong answers after the last "
        "epoch: label smoothing and the L2 penalty set it.",
        alt="Stacked areas over epochs: floor of label smoothing, L2 penalty, remaining cross-entropy. " + explanation,
    )


def _smoothed(ax: Axes, lines: Sequence[np.ndarray]) -> None:
    """Each epoch pale, and the running mean dark."""
    for line, (name, color) in zip(lines, _SEEN.items(), strict=True):
        epochs = np.arange(1, len(line) + 1)
        ax.plot(epochs, line, color=color, linewidth=0.8, alpha=0.3)
        ax.plot(epochs, _running_mean(line), color=color, linewidth=1.8, label=name)


def _running_mean(line: np.ndarray) -> np.ndarray:
    window = max(1, len(line) // _SMOOTHED)
    return pd.Series(line).rolling(window, center=True, min_periods=1).mean().to_numpy()


def _group(model: str) -> str:
    return _GROUP.get(model, "aligned face")


def _accuracies(ax: Axes, rows: pd.DataFrame, *, chance: float, original: Mapping[str, float]) -> None:
    places = np.arange(len(rows))
    for name, (color, marker) in _GROUPS.items():
        chosen = np.array([_group(model) == name for model in rows["model"]])
        if chosen.any():
            some = rows[chosen]
            errors = np.abs(some[["low", "high"]].to_numpy().T - some["value"].to_numpy())
            style = {"fmt": marker, "capsize": 4, "color": color, "markersize": 7, "label": name}
            ax.errorbar(some["value"], places[chosen], xerr=errors, **style)
    for place, row in zip(places, rows.itertuples(), strict=True):
        where = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center", "fontsize": "small"}
        ax.annotate(f"{row.value:.1%}", (row.value, place), **where)
    known = [(original[model], place) for place, model in zip(places, rows["model"], strict=True) if model in original]
    if known:
        ax.plot(*zip(*known, strict=True), "X", color="0.2", markersize=8, label="as the original read it")
    charts.chance_line(chance, ax=ax, vertical=True)
    ax.set(xlabel="accuracy on people left out", xlim=(0, 1), ylim=(len(rows) - 0.5, -0.7))
    ax.set_yticks(places, rows["model"])
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)


def _differences(ax: Axes, comparisons: pd.DataFrame) -> None:
    """A row for each pair of models; filled dots are differences that are said to be there, hollow ones are not."""
    places = np.arange(len(comparisons))
    differences = 100 * comparisons[["difference", "low", "high"]].to_numpy()
    ax.axvspan(-100 * PRACTICALLY_NONE, 100 * PRACTICALLY_NONE, color="0.93", zorder=0)
    ax.axvline(0, color="0.2", linewidth=1)
    for place, (value, low, high), verdict in zip(places, differences, comparisons["verdict"], strict=True):
        found = verdict in (Verdict.HIGHER, Verdict.LOWER)
        words = {"capsize": 4, "color": "0.2", "markersize": 7, "markerfacecolor": "0.2" if found else "white"}
        ax.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", **words)
    ax.set_yticks(places, [f"{row.model}\n− {row.reference}" for row in comparisons.itertuples()])
    ax.set(xlabel="difference (points)", ylim=(len(comparisons) - 0.5, -0.7))
    ax.grid(axis="y", visible=False)
