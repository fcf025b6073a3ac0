"""What notebook 07 found, in tables and words: every number comes from `tweaks.csv`."""

import pandas as pd

from fer_utils.evaluation.significance import FALSE_DISCOVERIES
from fer_utils.findings.wording import effect

_VERDICTS = {"helps": "**Helps:**", "hurts": "**Hurts:**"}


def for_reading(effects: pd.DataFrame) -> pd.DataFrame:
    """The table of effects with percentages in words."""
    return pd.DataFrame(
        {
            "factor": effects["factor"],
            "change": effects["change"],
            "accuracy": effects["accuracy"].map("{:.1%}".format),
            "points": (100 * effects["difference"]).map("{:+.1f}".format),
            "95 % (subjects, seeds)": [
                f"{100 * row.low:+.1f} to {100 * row.high:+.1f}" for row in effects.itertuples()
            ],
            "p": effects["p"].map("{:.2g}".format),
            "q": effects["q"].map("{:.2g}".format),
            "verdict": effects["verdict"],
            "epochs": effects["epochs"],
        }
    ).set_index(["factor", "change"])


def summary(effects: pd.DataFrame) -> str:
    """What notebook 07 found, as Markdown."""
    reference, rest = effects.iloc[0], effects[1:]
    lines = [
        f"- The reference reads {reference.accuracy:.1%} of {reference.n} images after {reference.epochs} epochs, mean of "
        f"{reference.seeds} seed{'s' * (int(reference.seeds) > 1)}."
    ]
    if reference.seeds < 2:
        lines.append(
            "- **One seed, no verdicts:** what a change does is not told from the luck of a seed. Budget `standard` has more."
        )
        return "\n".join(lines)
    for verdict, word in _VERDICTS.items():
        chosen = rest[rest["verdict"] == verdict].sort_values("difference", key=abs, ascending=False)
        text = "; ".join(f"{row.factor}: {row.change}, {effect(row)}" for row in chosen.itertuples())
        lines.append(
            f"- {word} {text or 'none of these tweaks, as far as these images can tell'}."
            + (
                " All but other numbers of epochs are judged after as many as the reference; what slows learning down may need more."
                if verdict == "hurts"
                else ""
            )
        )
    unknown = rest[rest["verdict"] == "cannot be told"]
    lines.append(f"- **Cannot be told** with {reference.n} images: {len(unknown)} of {len(rest)} tweaks.")
    without_zero = unknown[(unknown["low"] > 0) | (unknown["high"] < 0)]
    if len(without_zero):
        names = ", ".join(f"{row.factor} {row.change}" for row in without_zero.itertuples())
        lines.append(
            f"- Of those, {len(without_zero)} have an interval without 0: {names}. "
            f"Among {len(rest)} comparisons some have to; corrected for their number they do not pass {FALSE_DISCOVERIES:.0%}."
        )
    return "\n".join(lines)
