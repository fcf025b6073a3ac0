"""What notebook 07 found, in tables and words: every number comes from `tweaks.csv`."""

import pandas as pd

from fer_utils.evaluation.significance import FALSE_DISCOVERIES, PRACTICALLY_NONE, Verdict
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
            "95 % (people, seeds)": [f"{100 * row.low:+.1f} to {100 * row.high:+.1f}" for row in effects.itertuples()],
            "p": effects["p"].map("{:.2g}".format),
            "q": effects["q"].map("{:.2g}".format),
            "verdict": effects["verdict"],
            "within 5 points of none": effects["within_5_points"],
            "epochs": effects["epochs"],
        }
    ).set_index(["factor", "change"])


def summary(effects: pd.DataFrame) -> str:
    """What notebook 07 found, as Markdown."""
    reference, rest = effects.iloc[0], effects[1:]
    lines = [
        f"- The reference recognises {reference.accuracy:.1%} of {reference.n} images after {reference.epochs} epochs, mean of "
        f"{reference.seeds} seed{'s' * (int(reference.seeds) > 1)}."
    ]
    if reference.seeds < 2:
        lines.append(
            "- **One seed, no verdicts:** nothing separates the effect of a change from seed-to-seed variation. Budget `standard` has more."
        )
        return "\n".join(lines)
    for verdict, word in _VERDICTS.items():
        chosen = rest[rest["verdict"] == verdict].sort_values("difference", key=abs, ascending=False)
        text = "; ".join(f"{row.factor}: {row.change}, {effect(row)}" for row in chosen.itertuples())
        lines.append(
            f"- {word} {text or 'none of these tweaks, as far as these images can show'}."
            + (
                " All but other numbers of epochs are judged after as many as the reference; what slows learning down may need more."
                if verdict == "hurts"
                else ""
            )
        )
    untrained = rest[rest["verdict"] == Verdict.UNTRAINED]
    if len(untrained):
        names = ", ".join(
            f"{row.factor} {row.change} ({row.training_accuracy:.0%} of the training images right, {effect(row)})"
            for row in untrained.itertuples()
        )
        lines.append(f"- **{str(Verdict.UNTRAINED).capitalize()}** after so many epochs: {names}.")
    return "\n".join([*lines, *_undetected(reference, rest)])


def equal_and_unknown(rows: pd.DataFrame) -> str:
    """Of tweaks without a detectable effect: how many lie within five points of none, by name, and how many are unknown."""
    rows = rows[rows["verdict"] == Verdict.NOT_DETECTED]
    equal = rows[rows["within_5_points"] == "yes"]
    names = ", ".join(f"{row.factor} {row.change}" for row in equal.itertuples())
    limit = f"{100 * PRACTICALLY_NONE:.0f} points"
    return (
        f"{len(equal)} of {len(rows)} lie within {limit} of none with 95 % certainty{f' ({names})' if names else ''}; "
        f"of {len(rows) - len(equal)} more than that is not excluded"
    )


def _undetected(reference, rest: pd.DataFrame) -> list[str]:
    unknown = rest[rest["verdict"] == Verdict.NOT_DETECTED]
    lines = [f"- **No detectable effect** with {reference.n} images: {len(unknown)} of {len(rest)} tweaks."]
    if len(unknown):
        lines.append(f"- **Practically equal, or merely unknown:** of those, {equal_and_unknown(unknown)}.")
    without_zero = unknown[(unknown["low"] > 0) | (unknown["high"] < 0)]
    if len(without_zero):
        names = ", ".join(f"{row.factor} {row.change}" for row in without_zero.itertuples())
        lines.append(
            f"- Of those, {len(without_zero)} have an interval without 0: {names}. "
            f"Among {len(rest)} comparisons some have to; corrected for their number they do not pass {FALSE_DISCOVERIES:.0%}."
        )
    return lines
