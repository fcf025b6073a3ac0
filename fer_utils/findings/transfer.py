"""What notebook 05 found, in tables and words: every number comes from the results that are passed in."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.experiments import tables
from fer_utils.transfer import face_units
from fer_utils.transfer.candidates import MEANS, Transfer
from fer_utils.transfer.features import PAIRED, UNITS

# What the figure of face units draws: two pairs of axes.
UNIT_AXES = (
    ("lids closed, mean of both", "difference of the lids"),
    ("smile, mean of both sides", "frown, mean of both sides"),
)


def curve_with_intervals(curve: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy by number of subjects learned from, with 95 % intervals from a bootstrap over left-out subjects.

    Args:
        curve: from `candidates.learning_curve`.

    Returns:
        A row per number: `subjects, value, low, high`.
    """
    rows = []
    for count, group in curve.groupby("subjects"):
        interval = intervals.subject_bootstrap(group["accuracy"].to_numpy(), np.ones(len(group)))
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


def unit_scores(read: dict) -> pd.DataFrame:
    """R² of each face unit on rendered people left out: `unit, value, low, high`, best first.

    Args:
        read: from `face_units.metadata`.
    """
    rows = [{"unit": name} | each for name, each in read["scores"].items()]
    return pd.DataFrame(rows).sort_values("value", ascending=False, ignore_index=True)


def unit_places(values: np.ndarray) -> pd.DataFrame:
    """Where the figure of face units draws each face: the columns of `UNIT_AXES`.

    Args:
        values: (N, values) float32, from `face_units.both_ways`.
    """
    lids, smile, frown = (face_units.PAIRS.index(name) for name in ("eyeBlink", "mouthSmile", "mouthFrown"))
    columns = values[:, [lids, len(face_units.PAIRS) + lids, smile, frown]]
    return pd.DataFrame(columns, columns=[name for pair in UNIT_AXES for name in pair])


def kinds(table: pd.DataFrame) -> pd.Series:
    """What the heads of each candidate see, in words.

    Args:
        table: from `Transfer.table`.
    """
    words = {key: f"mean: {key[1]}" for key in MEANS} | {
        ("fine", "eyes + mouth"): "eyes and mouth",
        PAIRED: "eyes and mouth",
        UNITS: "face units",
    }
    keys = zip(table["crop"], table["features"], strict=True)
    return pd.Series([words.get(key, "whole face") for key in keys], index=table.index, name="kind")


def found(
    about: dict,
    read: dict,
    study: Transfer,
    scores: pd.DataFrame,
    comparisons: pd.DataFrame,
    curve: pd.DataFrame,
) -> str:
    """What notebook 05 found, as Markdown.

    Args:
        about: from `pretrained.metadata`.
        read: from `face_units.metadata`.
        scores, comparisons: of all models, `transfer` and `transfer-tuned` among them.
        curve: from `curve_with_intervals`.
    """
    pretrained = about["scores"]["accuracy"]
    accuracy, macro = (tables.value(scores, "transfer", metric) for metric in ("accuracy", "macro_f1"))
    tuned, spread = (tables.value(scores, "transfer-tuned", metric) for metric in ("accuracy", "seed_spread"))
    table = study.table()
    best = table["outer_accuracy"].max()
    lines = [
        f"- The pretrained network names {pretrained['value']:.1%} ({pretrained['low']:.1%} to {pretrained['high']:.1%}) of "
        f"{pretrained['n']} FER+ validation faces as most of their voters did.",
        _units_told(read),
        f"- Leaving one subject out, `transfer`: accuracy **{accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%})**, "
        f"macro-F1 {macro.value:.2f} ({macro.low:.2f} to {macro.high:.2f}), on {accuracy.n} images.",
        "- The list that is chosen from is not blind: an earlier run on Yale shaped it, and what was added since was settled on the "
        "sample faces. On these two sets the accuracy of `transfer` is rather too high, by an amount that nothing here tells.",
        f"- Of {len(table)} candidates {int((table['chosen'] > 0).sum())} were chosen by at least one fold."
        + (
            f" Choosing by the outer score instead would have told {best:.1%}: {100 * (best - accuracy.value):.1f} points more "
            "that are no merit."
            if best > accuracy.value
            else ""
        ),
        _kinds_told(table),
        f"- Fine-tuned, `transfer-tuned`: accuracy **{tuned.value:.1%} ({tuned.low:.1%} to {tuned.high:.1%})**, lowest and "
        f"highest of {tuned.seeds} seeds {spread.low:.1%} and {spread.high:.1%}.",
        _recalls_told(scores),
    ]
    for row in comparisons[comparisons["model"].isin(["transfer", "transfer-tuned"])].itertuples():
        lines.append(
            f"- `{row.model}` against `{row.reference}`: {100 * row.difference:+.1f} points "
            f"({100 * row.low:+.1f} to {100 * row.high:+.1f})."
        )
    first, last = curve.iloc[0], curve.iloc[-1]
    lines.append(
        f"- With {first.subjects:.0f} subjects to learn from the same head reads {first.value:.0%} "
        f"({first.low:.0%} to {first.high:.0%}), with {last.subjects:.0f} {last.value:.0%} ({last.low:.0%} to {last.high:.0%})."
    )
    return "\n".join(lines)


def _units_told(read: dict) -> str:
    table = unit_scores(read)
    best, worst = table.iloc[0], table.iloc[-1]
    return (
        f"- Of rendered people left out, {(table['value'] > 0.5).sum()} of {len(table)} face units are read with an R² above "
        f"one half, {best['unit']} best ({best.value:.2f}), {worst['unit']} worst ({worst.value:.2f})."
    )


def _kinds_told(table: pd.DataFrame) -> str:
    """The best inner accuracy of each kind of candidate, and how many folds chose it."""
    told = [
        f"{kind} {group['inner_accuracy'].max():.1%} (chosen by {group['chosen'].sum()})"
        for kind, group in table.groupby(kinds(table), sort=False)
    ]
    return f"- Best inner accuracy by what the heads see, and how many of {table['chosen'].sum()} folds chose it: {'; '.join(told)}."


def _recalls_told(scores: pd.DataFrame) -> str:
    rows = scores[(scores["model"] == "transfer") & (scores["protocol"] == "loso")]
    recalls = rows[rows["metric"].str.startswith("recall_")]
    told = [f"{row.metric.removeprefix('recall_')} {row.value:.0%} of {row.n}" for row in recalls.itertuples()]
    return f"- What `transfer` recognises of each expression: {', '.join(told)}."
