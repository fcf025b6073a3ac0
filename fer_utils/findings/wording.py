"""Numbers in words, alike in all findings."""

import numpy as np
import pandas as pd

from fer_utils.evaluation.significance import told


def p_value(value: float, equals: str = "") -> str:
    """Tables keep six decimals, so that a small p value may read 0 there."""
    return f"{equals}{value:.2g}" if value >= 0.0001 else "< 0.0001"


def interval(row: pd.Series) -> str:
    """A share with its 95 % interval."""
    return f"{row.value:.1%} ({row.low:.1%} to {row.high:.1%})"


def against_chance(row: pd.Series, chance: float) -> str:
    """Whether a share's interval lies above, below or about chance."""
    if row.low > chance:
        return f"Better than chance ({chance:.1%})."
    if row.high < chance:
        return f"Worse than chance ({chance:.1%})."
    return f"Its interval holds chance ({chance:.1%})."


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
    return "" if told(row.low, row.high, p) else ", cannot be told"


def verdict(row) -> str:
    """Words for a row of comparisons.csv: better, worse, or not told apart by these images; and whether by one seed alone."""
    # To the precision of the tables: an interval that touches 0 does not exclude it.
    if round(row.low, 6) > 0:
        found = f"`{row.model}` is better"
    elif round(row.high, 6) < 0:
        found = f"`{row.model}` is worse"
    else:
        found = f"{row.n} images cannot tell them apart"
    seeds = zip((row.model, row.reference), str(row.seeds).split("/"), strict=True)
    # Nothing in `classical` is random; the heads of `transfer` are not either, but the pretraining beneath them is.
    single = [
        f"one {'pretraining' if model == 'transfer' else 'seed'} of `{model}`"
        for model, count in seeds
        if count == "1" and model != "classical"
    ]
    return (
        f"{found} ({' and '.join(single)}: another one may differ by more than the interval says)" if single else found
    )


def as_table(table: pd.DataFrame) -> str:
    """A table as Markdown, its index the first column."""
    table = table.reset_index()
    lines = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
