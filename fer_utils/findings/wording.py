"""Numbers in words, alike in all findings."""

import numpy as np
import pandas as pd

from fer_utils.evaluation.significance import PRACTICALLY_NONE, Verdict, detected

ONE_PRETRAINING = ("transfer", "transfer-tuned")  # models that rest on the weights of a single one


def p_value(value: float, equals: str = "") -> str:
    """Tables keep six decimals, so that a small p value may read 0 there."""
    return f"{equals}{value:.2g}" if value >= 0.0001 else "< 0.0001"


def interval(row: pd.Series) -> str:
    """A share with its 95 % interval."""
    return f"{row.value:.1%} ({row.low:.1%} to {row.high:.1%})"


def against_chance(row: pd.Series, chance: float) -> str:
    """Whether a share's interval lies above, below or about chance; an interval that touches chance includes it."""
    if row.low > chance:
        return f"Better than chance ({chance:.1%})."
    if row.high < chance:
        return f"Worse than chance ({chance:.1%})."
    return f"Its interval includes chance ({chance:.1%})."


def ends(each: pd.Series, form: str = "{:.1f}", scale: float = 100) -> str:
    """A row's interval in brackets, such as " (3.1 to 3.8)"; empty where it has none.

    Args:
        form: of each end.
        scale: what the ends are multiplied by.
    """
    if np.isnan(each.low) or each.low == each.high:
        return ""
    low, high = (
        form.format(scale * end) if np.isfinite(end) else "more than was simulated" for end in (each.low, each.high)
    )
    return f" ({low} to {high})"


def effect(row) -> str:
    """A row's difference with its interval, in words."""
    return f"{100 * row.difference:+.1f} points ({100 * row.low:+.1f} to {100 * row.high:+.1f})"


def points(row: pd.Series, form: str = "{:+.1f}") -> str:
    """A row's change of a share with its interval, in points."""
    value, low, high = (form.format(100 * each) for each in (row.value, row.low, row.high))
    return f"{value} points ({low} to {high})"


def doubt(row: pd.Series, p: float) -> str:
    """That a change has no detectable effect; empty where a row's interval and its (corrected) p value both speak for one."""
    return "" if detected(row.low, row.high, p) else ", no detectable effect"


def verdict(row) -> str:
    """Words for a row of comparisons.csv: better, worse or neither, why nothing is said, and what one pretraining leaves open."""
    models = (row.model, row.reference)
    if row.verdict in (Verdict.ONE_SEED, Verdict.UNTRAINED):
        return str(row.verdict)
    found = {
        Verdict.HIGHER: f"`{row.model}` is better",
        Verdict.LOWER: f"`{row.model}` is worse",
        Verdict.NOT_DETECTED: f"{Verdict.NOT_DETECTED} on {row.n} images, {equality(row)}",
    }[Verdict(row.verdict)]
    # The head of `transfer` has no seed; the pretraining beneath it, and beneath `transfer-tuned`, has.
    resting = [f"`{model}`" for model in models if model in ONE_PRETRAINING]
    return (
        f"{found} (one pretraining of {' and '.join(resting)}: another one may differ by more than the interval says)"
        if resting
        else found
    )


def equality(row) -> str:
    """Whether a difference lies within five points of none (`significance.equality`), for the end of a sentence."""
    limit = f"{100 * PRACTICALLY_NONE:.0f} points"
    if row.within_5_points == "yes":
        return f"and within {limit} of none"
    return f"but more than {limit} either way are not excluded"


def as_table(table: pd.DataFrame) -> str:
    """A table as Markdown, its index the first column."""
    table = table.reset_index()
    lines = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
