"""What notebook 00 found, in words: every number comes from the results that are passed in."""

from collections.abc import Mapping

import pandas as pd

from fer_utils.classroom.first_look import HeldOut


def summary(held_out: Mapping[str, HeldOut], thresholds: Mapping[str, pd.DataFrame]) -> str:
    """What notebook 00 found, as Markdown.

    Args:
        held_out: model to a choice of people among all.
        thresholds: model to `first_look.by_threshold`.
    """
    lines = []
    for model, found in held_out.items():
        low, high = found.everyone.min(), found.everyone.max()
        lines.append(
            f"- Tested on {len(found.people)} people, `{model}` scores {low:.0%} to {high:.0%} ({len(found.everyone)} choices of people)."
        )
    for model, table in thresholds.items():
        half = table.iloc[(table["answered"] - 0.5).abs().argmin()]
        lines.append(
            f"- `{model}` is right in {table['right'].iloc[0]:.0%} of all its answers, and in {half['right']:.0%} of the surest "
            f"{half['answered']:.0%} of them."
        )
    return "\n".join(lines)
