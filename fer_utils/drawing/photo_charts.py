"""The figures of notebook 06: photos with their faces, and how sure each model is of each."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from fer_utils.drawing import galleries
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import PALETTE


def annotated(picture: np.ndarray, expressions: Sequence[str], *, number: int, model: str, whom: str = "") -> Chart:
    """A photo on which the faces are marked already.

    Args:
        picture: (height, width, 3) uint8, from `annotated_copies.drawn`.
        expressions: the likeliest of each face, in the order of the faces' numbers.
        number: of the photo, from 1.
        model: who says so, in words.
        whom: words on people who may not be shown, for the caption.
    """
    figure, ax = plt.subplots(figsize=(9, 9 * picture.shape[0] / picture.shape[1]))
    galleries.show(picture, ax=ax)
    words = "; ".join(f"{place} {word}" for place, word in enumerate(expressions, start=1)) or "no face found"
    return Chart(
        figure,
        caption=f"Photo {number}: {len(expressions)} face(s), each with its likeliest expression, by {model}.{whom}",
        alt=f"A photo with a labelled box about each face: {words}.",
    )


def probabilities(
    crops: Sequence[np.ndarray],
    answers: Mapping[str, Sequence[Mapping[str, float]]],
    *,
    classes: Mapping[str, Sequence[str]],
    labels: Sequence[str] = (),
    whom: str = "",
) -> Chart:
    """Each face as the models see it, and beside it for each model a bar for each of its expressions.

    Args:
        crops: (height, width) uint8 of each face, at least one.
        answers: by model, of each face, expression to probability in [0, 1].
        classes: by model, expressions in the order of the bars.
        labels: what each face shows by its label, where that is known.
        whom: words on people who may not be shown, for the caption.
    """
    longest = max(map(len, classes.values()))
    figure, axes = plt.subplots(
        len(crops),
        1 + len(answers),
        figsize=(1.5 + 3.6 * len(answers), (0.3 + 0.145 * longest) * len(crops) + 0.3),
        width_ratios=(1, *[2.4] * len(answers)),
        squeeze=False,
    )
    shown = list(labels) or [""] * len(crops)
    for number, (row, crop, label) in enumerate(zip(axes, crops, shown, strict=True), start=1):
        galleries.show(crop, ax=row[0], title=f"face {number}" + (f": {label}" if label else ""))
    for column, (model, every) in enumerate(answers.items(), start=1):
        axes[0, column].set_title(model, fontsize=9)
        for ax, shares in zip(axes[:, column], every, strict=True):
            _bars(ax, shares, classes[model])
    words = [
        f"{model}: " + "; ".join(f"{(best := max(each, key=each.get))} {each[best]:.0%}" for each in every)
        for model, every in answers.items()
    ]
    labelled = " Beside a face's number stands the label of its image." if labels else ""
    return Chart(
        figure,
        caption=f"Aligned faces and the calibrated probability of each expression; the likeliest is orange.{labelled}{whom}",
        alt=f"Rows of a small grey face and bars for each model. {'. '.join(words)}.",
    )


def _bars(ax: plt.Axes, shares: Mapping[str, float], classes: Sequence[str]) -> None:
    likeliest = max(shares, key=shares.get)
    colors = [PALETTE[1] if name == likeliest else "0.7" for name in classes]
    ax.barh(classes, [shares[name] for name in classes], color=colors)
    ax.set(xlim=(0, 1))
    ax.invert_yaxis()
    ax.tick_params(labelsize=7)
    ax.xaxis.set_major_formatter("{x:.0%}")
