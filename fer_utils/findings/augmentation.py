"""What notebook 02 found, in words."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils.findings.wording import as_table

# What each change stands for, by the parameters of a policy that make it, with its unit.
_WHY = {
    "horizontal flip": (("flip",), "", "a wink stays a wink whichever eye it is; no label here has a side"),
    "rotation": (
        ("rotation",),
        "°",
        "people tilt their heads; an aligned face has no tilt left except the detector's error",
    ),
    "shift": (("shift",), " %", "the frame's shifts stand for where people sit; a crop's for the detector's error"),
    "zoom": (("zoom",), " %", "distance to the camera; alignment fixes the distance of the eyes, up to error"),
    "brightness, contrast": (
        ("brightness", "contrast"),
        " %",
        "light differs from person to person and says nothing about the expression",
    ),
}


def summary(shares: Mapping[str, np.ndarray], clean: float, noisy: np.ndarray, *, n: int) -> str:
    """What notebook 02 found, as Markdown.

    Args:
        shares: policy to (images, draws), shares in [0, 1] of the face box that stay inside the picture.
        clean: accuracy of one network on validation images as they are.
        noisy: (draws,) its accuracies on augmented copies of them.
        n: number of those images.
    """
    lines = [
        f"- Policy `{policy}` keeps at least 95 % of the face box inside the picture in {np.mean(values >= 0.95):.0%} of the draws, "
        f"at least 90 % of it in {np.mean(values >= 0.9):.0%}."
        for policy, values in shares.items()
    ]
    low, high = np.quantile(noisy, [0.025, 0.975])
    lines += [
        f"- One fixed network scores **{clean:.0%}** on {n} validation images, and anything from **{noisy.min():.0%} to "
        f"{noisy.max():.0%}** when they are augmented first (95 % of the draws: {low:.0%} to {high:.0%}). A curve of "
        "such scores moves by that much without any learning.",
        f"- One image of {n} is {1 / n:.1%}: on so few images no curve can be smooth.",
    ]
    return "\n".join(lines)


def allowed(policies: Mapping[str, object]) -> str:
    """What each policy changes and why that is safe for the labels, as a Markdown table.

    Args:
        policies: name to a policy of the engine (`augmentation.Policy`).
    """
    rows = {
        change: [*(_extent(policy, parts, unit) for policy in policies.values()), why]
        for change, (parts, unit, why) in _WHY.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[*(f"`{name}`" for name in policies), "why"])
    return as_table(table.rename_axis("change"))


def _extent(policy: object, parts: tuple[str, ...], unit: str) -> str:
    values = [getattr(policy, part) for part in parts]
    if not any(values):
        return "no"
    if unit:
        return ", ".join(f"±{value if unit == '°' else 100 * value:g}{unit}" for value in values)
    return "yes"
