"""The figures of notebook 02: what augmentation does to a face, and to a score."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from fer_utils.drawing import galleries
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import AUGMENTED, PALETTE, VALIDATION

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MOSTLY = 0.95  # share of the face box that the caption of `face_in_frame` counts as inside


def policy(images: np.ndarray, variants: np.ndarray, *, name: str, source: str, classes: Sequence[str]) -> Chart:
    """An image of each expression as it is, and random variants of it by one policy.

    Args:
        images: (classes, height, width, 1) uint8.
        variants: (classes, draws, height, width, 1) float32 in [0, 1].
        name: of the policy.
        source: what the policy acts on, "frame" or "face".
        classes: names of the expressions.
    """
    height, width = images.shape[1:3]
    draws = variants.shape[1]
    rows = [[image[..., 0], *drawn[..., 0]] for image, drawn in zip(images, variants, strict=True)]
    columns = ["input", *[f"draw {number}" for number in range(1, draws + 1)]]
    sheet = galleries.Sheet(rows, rows=classes, columns=columns, cell=(1.0, 1.0))
    shown = {"frame": "whole frame", "face": "aligned face"}[source]
    count = _NUMBERS[draws] if draws < len(_NUMBERS) else draws
    return Chart(
        sheet.figure,
        caption=f"Policy `{name}` on the {shown}, {width}x{height} pixels.",
        alt=f"A row per expression ({', '.join(classes)}): the input, then {count} random variants by policy {name}.",
    )


def extremes(rows: Sequence[Mapping]) -> Chart:
    """One image under each parameter of each policy at its ends.

    Args:
        rows: each with a `name`, three `images` ((height, width) float32 in [0, 1]: lowest, unchanged, highest) and their
            three `titles`.
    """
    names = [row["name"] for row in rows]
    sheet = galleries.Sheet([row["images"] for row in rows], rows=names, cell=(1.2, 1.1), above=1)
    for line, row in enumerate(rows):
        for column, title in enumerate(row["titles"]):
            sheet.write(line, column, title)
    return Chart(
        sheet.figure,
        caption="Each parameter of both policies at its lowest and highest value.",
        alt=f"Rows of three images: lowest value, unchanged, highest value, for {', '.join(names)}",
    )


def face_in_frame(shares: Mapping[str, np.ndarray]) -> Chart:
    """In which share of the draws at least so much of the face stays inside the picture, a curve per policy.

    Args:
        shares: policy to (images, draws), shares in [0, 1] of the face box that stay inside; alike in shape.
    """
    figure, ax = plt.subplots(figsize=(7, 3.4))
    for (name, values), color in zip(shares.items(), PALETTE, strict=False):
        ordered = np.sort(values.ravel())[::-1]
        ax.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), label=f"policy {name}", color=color)
    ax.set(xlabel="share of the face box inside the picture, at least", ylabel="share of draws", ylim=(0, 1.02))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend()
    images, draws = next(iter(shares.values())).shape
    mostly = ", ".join(f"{np.mean(values >= _MOSTLY):.0%} ({name})" for name, values in shares.items())
    return Chart(
        figure,
        caption=f"How much of the face box stays inside, over {draws} draws of {images} images: "
        f"at least {100 * _MOSTLY:.0f} % of it in {mostly}",
        alt="Falling curves of the share of draws against the share of the face box that stays inside, one per policy.",
    )


def augmented_validation(clean: float, noisy: np.ndarray, *, n: int) -> Chart:
    """How often one network gets each accuracy on the same images, augmented, and its accuracy on the images as they are.

    Args:
        clean: accuracy on the images as they are.
        noisy: (draws,) accuracies on augmented copies.
        n: number of images.
    """
    figure, ax = plt.subplots(figsize=(7, 3.2))
    values, counts = np.unique(np.round(noisy * n).astype(int), return_counts=True)
    ax.bar(values / n, counts / len(noisy), width=0.8 / n, color=AUGMENTED, label="augmented validation images")
    ax.axvline(clean, color=VALIDATION, linewidth=2.5, label=f"images as they are: {clean:.0%}")
    ax.set(xlabel=f"accuracy on the same {n} images by the same network", ylabel="share of draws", xlim=(0, 1))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.legend()
    ends = f"from {noisy.min():.0%} to {noisy.max():.0%}"
    return Chart(
        figure,
        caption=f"One network, one set of images, {len(noisy)} scores: {ends}.",
        alt=f"Bars of how often each accuracy came out, spread {ends}, with a line at {clean:.0%}.",
    )
