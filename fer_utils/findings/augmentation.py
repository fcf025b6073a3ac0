"""What notebook 02 found, in words."""

from collections.abc import Mapping

import numpy as np


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
