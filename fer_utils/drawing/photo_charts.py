"""The figures of notebook 06: photos with their faces, and how sure the network is of each."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from fer_utils.drawing import galleries
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import PALETTE


def annotated(picture: np.ndarray, expressions: Sequence[str], *, number: int) -> Chart:
    """A photo on which the faces are marked already.

    Args:
        picture: (height, width, 3) uint8, from `annotated_copies.drawn`.
        expressions: the likeliest of each face, in the order of the faces' numbers.
        number: of the photo, from 1.
    """
    figure, ax = plt.subplots(figsize=(9, 9 * picture.shape[0] / picture.shape[1]))
    galleries.show(picture, ax=ax)
    words = "; ".join(f"{place} {word}" for place, word in enumerate(expressions, start=1)) or "no face found"
    return Chart(
        figure,
        caption=f"Photo {number}: {len(expressions)} face(s), each with its likeliest expression.",
        alt=f"A photo with a labelled box about each face: {words}.",
    )


def probabilities(
    crops: Sequence[np.ndarray], answers: Sequence[Mapping[str, float]], *, classes: Sequence[str]
) -> Chart:
    """Each face as the network sees it, and beside it a bar for each expression.

    Args:
        crops: (height, width) uint8 of each face, at least one.
        answers: of each face, expression to probability in [0, 1].
        classes: expressions in the order of the bars.
    """
    figure, axes = plt.subplots(len(crops), 2, figsize=(6, 1.45 * len(crops)), width_ratios=(1, 3), squeeze=False)
    likeliest = [max(shares, key=shares.get) for shares in answers]
    rows = zip(axes, crops, answers, likeliest, strict=True)
    for number, ((left, right), crop, shares, best) in enumerate(rows, start=1):
        galleries.show(crop, ax=left, title=f"face {number}")
        colors = [PALETTE[1] if name == best else "0.7" for name in classes]
        right.barh(classes, [shares[name] for name in classes], color=colors)
        right.set(xlim=(0, 1))
        right.invert_yaxis()
        right.tick_params(labelsize=7)
        right.xaxis.set_major_formatter("{x:.0%}")
    words = "; ".join(f"{best} {shares[best]:.0%}" for best, shares in zip(likeliest, answers, strict=True))
    return Chart(
        figure,
        caption="Aligned faces and the calibrated probability of each expression; the likeliest is orange.",
        alt=f"Rows of a small grey face and eight bars: {words}.",
    )
