"""The figures of notebook 06: photos with their faces, and how sure each model is of each."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from fer_utils.data import ferplus
from fer_utils.drawing import charts, galleries
from fer_utils.drawing.chart import WIDTH, Chart

_ROW = 0.72  # inches of a face and its probabilities
_TWO_LINES = 0.5  # inches of text under a photo
_NO_WORD = "0.35"  # colour where a model has no word for what a face shows


def annotated(
    picture: np.ndarray,
    expressions: Sequence[str],
    *,
    number: int,
    model: str,
    classes: Sequence[str] = (),
    labels: Sequence[tuple[float, str]] = (),
    whom: str = "",
) -> Chart:
    """A photo on which the faces are marked already; under it what they show by their labels, where that is known.

    Args:
        picture: (height, width, 3) uint8, from `annotated_copies.drawn`.
        expressions: the likeliest of each face, in the order of the faces' numbers.
        number: of the photo, from 1.
        model: who says so, in words.
        classes: the expressions that the model knows.
        labels: of each face, where its middle lies in pixels from the left, and its label.
        whom: words on people who may not be shown, for the caption.
    """
    height = WIDTH * picture.shape[0] / picture.shape[1] + (_TWO_LINES if labels else 0)
    figure, ax = plt.subplots(figsize=(WIDTH, height))
    galleries.show(picture, ax=ax)
    verdicts = []
    for (x, label), expression in zip(labels, expressions, strict=False):
        word, color = _judged(expression, label, classes)
        ax.annotate(f"shows {label}:\n{word}", (x, picture.shape[0]), xytext=(0, -4), textcoords="offset points",
                    ha="center", va="top", color=color)  # fmt: skip
        verdicts.append(word)
    words = "; ".join(f"{place} {word}" for place, word in enumerate(expressions, start=1)) or "no face found"
    count = f"{len(expressions)} face{'s' * (len(expressions) != 1)}"
    able = len(verdicts) - verdicts.count("no word for it")
    found = f"{count} read by {model}"
    if able:
        found = f"{model} names {verdicts.count('right')} of {able} labels that it has a word for"
    return Chart(
        figure,
        caption=f"Photo {number}: {found}.{whom}",
        alt=f"A photo with a labelled box about each face: {words}."
        + (f" By their labels they show {', '.join(label for _, label in labels)}." if labels else ""),
    )


def probabilities(
    crops: Sequence[np.ndarray],
    answers: Mapping[str, Sequence[Mapping[str, float]]],
    *,
    classes: Mapping[str, Sequence[str]],
    labels: Sequence[str] = (),
    whom: str = "",
) -> Chart:
    """A table of probabilities for each model, with the faces as the models see them at the head of the rows.

    Args:
        crops: (height, width) uint8 of each face, at least one.
        answers: by model, of each face, expression to probability in [0, 1].
        classes: by model, expressions in the order of the columns.
        labels: what each face shows by its label, where that is known.
        whom: words on people who may not be shown, for the caption.
    """
    widths = [len(classes[model]) for model in answers]
    figure, axes = plt.subplots(
        1, 1 + len(answers), figsize=(WIDTH, _ROW * len(crops) + 1.6), width_ratios=(2, *widths), squeeze=False
    )
    shown = list(labels) or [""] * len(crops)
    heads, *tables = axes[0]
    for row, crop in enumerate(crops):
        heads.imshow(crop, cmap="gray", vmin=0, vmax=255, extent=(0, 1, row + 0.97, row + 0.03), aspect="auto")
    heads.set(xlim=(0, 1), ylim=(len(crops), 0), xticks=[])
    heads.set_yticks(
        np.arange(len(crops)) + 0.5, [f"{row} {label}".strip() for row, label in enumerate(shown, start=1)]
    )
    heads.grid(visible=False)
    heads.spines[:].set_visible(False)
    for ax, (model, every) in zip(tables, answers.items(), strict=True):
        names = list(classes[model])
        values = 100 * np.array([[shares[name] for name in names] for shares in every])
        words = {"rows": [""] * len(crops), "columns": names, "xlabel": "", "ylabel": "", "fmt": ".0f", "vmax": 100}
        charts.matrix(values, ax=ax, **words).set(title=model, aspect="auto")
        for row, (shares, label) in enumerate(zip(every, shown, strict=True)):
            word, color = _judged(max(shares, key=shares.get), label, names)
            place = values[row].argmax(), row
            style = {"edgecolor": color, "linewidth": 2.5, "linestyle": "--" if word == "wrong" else "-"}
            ax.add_patch(Rectangle(place, 1, 1, fill=False, **style))
    words = [
        f"{model}: " + "; ".join(f"{(best := max(each, key=each.get))} {each[best]:.0%}" for each in every)
        for model, every in answers.items()
    ]
    framed = " is right, dashed is wrong, grey: the model has no word for the label" if labels else ""
    return Chart(
        figure,
        caption=f"How sure each model is of each expression, in percent. The likeliest is framed{': green' + framed if framed else ''}."
        + whom,
        alt=f"Rows of a small grey face and a table of probabilities for each model. {'. '.join(words)}.",
    )


def _judged(expression: str, label: str, classes: Sequence[str]) -> tuple[str, str | tuple]:
    """Whether a model's likeliest expression is what the label says, in a word, and its colour."""
    fitting = {label, ferplus.named(label)} - {""}
    if expression in fitting:
        return "right", charts.RIGHT
    if fitting & set(classes):
        return "wrong", charts.WRONG
    return "no word for it", _NO_WORD
