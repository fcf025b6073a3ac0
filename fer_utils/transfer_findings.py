"""What notebook 05 found, in tables and words: every number comes from the results that are passed in."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from fer_utils import evaluation, results
from fer_utils.transfer import Transfer


def curve_with_intervals(curve: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy by number of subjects learned from, with 95 % intervals from a bootstrap over left-out subjects.

    Args:
        curve: from `transfer.learning_curve`.

    Returns:
        A row per number: `subjects, value, low, high`.
    """
    rows = []
    for count, group in curve.groupby("subjects"):
        interval = evaluation.subject_bootstrap(group["accuracy"].to_numpy(), np.ones(len(group)))
        rows.append({"subjects": count} | asdict(interval))
    return pd.DataFrame(rows)


def candidates(table: pd.DataFrame, count: int = 12) -> pd.DataFrame:
    """The candidates with the best inner accuracy, for reading."""
    shown = table.sort_values(["inner_accuracy", "chosen"], ascending=False, kind="stable").head(count)
    shown = shown.assign(
        inner_accuracy=shown["inner_accuracy"].map("{:.1%}".format),
        outer_accuracy=shown["outer_accuracy"].map("{:.1%}".format),
    )
    return shown.rename(columns=lambda name: name.replace("_", " ")).set_index(
        ["crop", "features", "views", "strength"]
    )


def found(about: dict, study: Transfer, scores: pd.DataFrame, comparisons: pd.DataFrame, curve: pd.DataFrame) -> str:
    """What notebook 05 found, as Markdown.

    Args:
        about: from `pretrained.check`.
        scores, comparisons: of all models, `transfer` among them.
        curve: from `curve_with_intervals`.
    """
    pretrained = about["scores"]["accuracy"]
    accuracy, macro = (results.value(scores, "transfer", metric) for metric in ("accuracy", "macro_f1"))
    table = study.table()
    best = table["outer_accuracy"].max()
    lines = [
        f"- The pretrained network names {pretrained['value']:.1%} ({pretrained['low']:.1%} to {pretrained['high']:.1%}) of "
        f"{pretrained['n']} FER+ validation faces as most of their voters did.",
        f"- Leaving one subject out, `transfer`: accuracy **{accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%})**, "
        f"macro-F1 {macro.value:.2f} ({macro.low:.2f} to {macro.high:.2f}), on {accuracy.n} images.",
        f"- Of {len(table)} candidates {int((table['chosen'] > 0).sum())} were chosen by at least one fold. Choosing by the "
        f"outer score instead would have told {best:.1%}: a difference of {100 * (best - accuracy.value):.1f} points "
        "that is no merit.",
    ]
    for row in comparisons[comparisons["model"] == "transfer"].itertuples():
        lines.append(
            f"- `transfer` against `{row.reference}`: {100 * row.difference:+.1f} points "
            f"({100 * row.low:+.1f} to {100 * row.high:+.1f})."
        )
    first, last = curve.iloc[0], curve.iloc[-1]
    lines.append(
        f"- With {first.subjects:.0f} subjects to learn from the same head reads {first.value:.0%} "
        f"({first.low:.0%} to {first.high:.0%}), with {last.subjects:.0f} {last.value:.0%} ({last.low:.0%} to {last.high:.0%})."
    )
    return "\n".join(lines)
