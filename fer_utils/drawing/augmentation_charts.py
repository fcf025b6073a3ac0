"""The figures of notebook 02: what augmentation does to a face, and to a score."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from fer_utils.drawing import galleries
from fer_utils.drawing.chart import WIDTH, Chart
from fer_utils.drawing.charts import AUGMENTED, PALETTE, VALIDATION

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_LOST = (0.05, 0.10)  # shares of the face box whose loss is counted
_ROUNDING = 1e-9


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
    sheet = galleries.Sheet(rows, rows=classes, columns=columns, cell=(0.87, 0.87))
    shown = {"frame": "whole frame", "face": "aligned face"}[source]
    look = {
        "frame": "smears at the sides are the nearest edge, repeated where the frame was turned or shifted away",
        "face": "look whether each expression can still be named",
    }[source]
    count = _NUMBERS[draws] if draws < len(_NUMBERS) else draws
    return Chart(
        sheet.figure,
        caption=f"Policy `{name}` on the {shown}, {width}x{height} pixels: {look}.",
        alt=f"A row per expression ({', '.join(classes)}): the input, then {count} random variants by policy {name}.",
    )


def extremes(rows: Sequence[Mapping]) -> Chart:
    """One image under each parameter of each policy at its ends: a row for each parameter, the policies side by side.

    Args:
        rows: each with a `name`, "policy: part", three `images` ((height, width) float32 in [0, 1]: lowest, unchanged, highest) and
            their three `titles`. Where nothing is lower than unchanged, one of the two is drawn.
    """
    found = {tuple(row["name"].split(": ")[::-1]): _without_repeat(row) for row in rows}
    parts, policies = (list(dict.fromkeys(names)) for names in zip(*found, strict=True))
    nothing = {"images": [None] * 3, "titles": [""] * 3}
    cells = [[found.get((part, policy), nothing) for policy in policies] for part in parts]
    images = [[image for cell in line for image in cell["images"]] for line in cells]
    names = [name for policy in policies for name in ("", policy, "")]
    sheet = galleries.Sheet(images, rows=parts, columns=names, cell=(6.9 / len(names), 1.3), above=1)
    for line, cell_row in enumerate(cells):
        for number, cell in enumerate(cell_row):
            for place, (image, title) in enumerate(zip(cell["images"], cell["titles"], strict=True), start=3 * number):
                if image is not None:
                    sheet.write(line, place, title, size=9)
            if all(image is None for image in cell["images"]):
                sheet.note(line, 3 * number + 1, "not used")
    return Chart(
        sheet.figure,
        caption=f"Each parameter of the policies {' and '.join(f'`{name}`' for name in policies)} at its lowest and highest value, alone.",
        alt=f"Rows of images at the lowest value, unchanged and at the highest value, for {', '.join(parts)}.",
    )


def _without_repeat(row: Mapping) -> dict:
    lowest, unchanged, highest = row["images"]
    lowest = None if np.array_equal(lowest, unchanged) else lowest
    return {"images": [lowest, unchanged, highest], "titles": row["titles"]}


def face_in_frame(shares: Mapping[str, np.ndarray]) -> Chart:
    """In which share of the draws a policy cuts off more than a little of the face, a pair of bars per policy.

    Args:
        shares: policy to (images, draws), shares in [0, 1] of the face box that stay inside; alike in shape.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.8 + 0.75 * len(shares)))
    for number, (limit, color) in enumerate(zip(_LOST, PALETTE, strict=False)):
        lost = [float(np.mean(1 - values > limit + _ROUNDING)) for values in shares.values()]
        places = np.arange(len(shares)) + 0.36 * (number - 0.5)
        bars = ax.barh(places, lost, height=0.34, color=color, label=f"more than {limit:.0%} of the face box cut off")
        ax.bar_label(bars, [f"{each:.1%}" for each in lost], padding=3)
    ax.set_yticks(range(len(shares)), [f"policy {name}" for name in shares])
    ax.invert_yaxis()
    highest = max(bar.get_width() for bar in ax.patches)
    ax.set(xlabel="share of draws", xlim=(0, min(1.0, 1.5 * highest + 0.02)))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.grid(axis="y", visible=False)
    figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside upper center", ncols=2)
    images, draws = next(iter(shares.values())).shape
    first = ", ".join(
        f"`{name}` in {np.mean(1 - values > _LOST[0] + _ROUNDING):.0%}" for name, values in shares.items()
    )
    return Chart(
        figure,
        caption=f"How often a policy cuts off more than {_LOST[0]:.0%} of the face box: {first} of the draws ({draws} of each of {images} "
        "images).",
        alt=f"Bars of the share of draws in which more than {' or '.join(f'{limit:.0%}' for limit in _LOST)} of the face box is cut off, "
        f"for each policy. More than {_LOST[0]:.0%}: {first}.",
    )


def augmented_validation(clean: float, noisy: np.ndarray, *, n: int) -> Chart:
    """How often one network gets each accuracy on the same images, augmented, and its accuracy on the images as they are.

    Args:
        clean: accuracy on the images as they are.
        noisy: (draws,) accuracies on augmented copies.
        n: number of images.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.0))
    values, counts = np.unique(np.round(noisy * n).astype(int), return_counts=True)
    ax.bar(values / n, counts / len(noisy), width=0.8 / n, color=AUGMENTED, label="augmented each time")
    ax.axvline(clean, color=VALIDATION, linewidth=2.5, label=f"as they are: {clean:.0%}")
    farthest = max(clean, float(noisy.max())) + 1.5 / n
    ax.set(
        xlabel=f"accuracy of the same network on the same {n} images",
        ylabel="share of scorings",
        xlim=(-0.5 / n, min(farthest, 1.05)),
    )
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside upper center", ncols=2)
    ends = f"from {noisy.min():.0%} to {noisy.max():.0%}"
    return Chart(
        figure,
        caption=f"The same network scores anything {ends} on the same {n} images if they are augmented, and always {clean:.0%} if they are "
        f"not ({len(noisy)} scorings).",
        alt=f"Bars of how often each accuracy came out, spread {ends}, with a line at {clean:.0%}.",
    )
