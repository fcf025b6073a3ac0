"""What notebook 05 found, in tables and words: every number comes from the results that are passed in."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.experiments import tables
from fer_utils.findings import comparison
from fer_utils.findings.wording import effect, ends, interval
from fer_utils.transfer import face_units
from fer_utils.transfer.candidates import MEANS
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
        accuracy = intervals.subject_bootstrap(group["accuracy"].to_numpy(), np.ones(len(group)))
        rows.append({"subjects": count} | asdict(accuracy))
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


def summary(
    about: dict,
    read: dict,
    table: pd.DataFrame,
    scores: pd.DataFrame,
    comparisons: pd.DataFrame,
    curve: pd.DataFrame,
) -> str:
    """What notebook 05 found, as Markdown.

    Args:
        about: from `pretrained.metadata`.
        read: from `face_units.metadata`.
        table: from `Transfer.table`.
        scores, comparisons: of all models, `transfer` and `transfer-tuned` among them.
        curve: from `curve_with_intervals`.
    """
    pretrained = pd.Series(about["scores"]["accuracy"])
    accuracy, macro = (tables.value(scores, "transfer", metric) for metric in ("accuracy", "macro_f1"))
    lines = [
        f"- The pretrained network names {interval(pretrained)} of {pretrained.n:.0f} FER+ validation faces as most of "
        "their voters did.",
        _of_units(unit_scores(read)),
        f"- Leaving one subject out, `transfer`: accuracy **{interval(accuracy)}**, "
        f"macro-F1 {macro.value:.2f}{ends(macro, '{:.2f}', 1)}, on {accuracy.n} images.",
        "- The list that is chosen from is not blind: an earlier run on Yale shaped it, and what was added since was settled on the "
        "sample faces. On these two sets the accuracy of `transfer` is rather too high, by an amount that nothing here tells.",
        _of_choice(table, accuracy.value),
        _of_kinds(table),
        _of_tuning(scores),
        _of_recalls(scores),
    ]
    ours = comparisons[comparisons["model"].isin(["transfer", "transfer-tuned"])]
    lines += [f"- `{row.model}` against `{row.reference}`: {effect(row)}." for row in ours.itertuples()]
    return "\n".join([*lines, _of_curve(curve)])


def _of_units(table: pd.DataFrame) -> str:
    best, worst = table.iloc[0], table.iloc[-1]
    return (
        f"- Of rendered people left out, {(table['value'] > 0.5).sum()} of {len(table)} face units are read with an R² above "
        f"one half, {best['unit']} best ({best.value:.2f}), {worst['unit']} worst ({worst.value:.2f})."
    )


def _of_choice(table: pd.DataFrame, accuracy: float) -> str:
    """How many candidates were chosen, and what choosing by the outer score would have added."""
    best = table["outer_accuracy"].max()
    text = f"- Of {len(table)} candidates {int((table['chosen'] > 0).sum())} were chosen by at least one fold."
    if best > accuracy:
        text += (
            f" Choosing by the outer score instead would have told {best:.1%}: {100 * (best - accuracy):.1f} points more "
            "that are no merit."
        )
    return text


def _of_kinds(table: pd.DataFrame) -> str:
    """The best inner accuracy of each kind of candidate, and how many folds chose it."""
    parts = [
        f"{kind} {group['inner_accuracy'].max():.1%} (chosen by {group['chosen'].sum()})"
        for kind, group in table.groupby(kinds(table), sort=False)
    ]
    return f"- Best inner accuracy by what the heads see, and how many of {table['chosen'].sum()} folds chose it: {'; '.join(parts)}."


def _of_tuning(scores: pd.DataFrame) -> str:
    tuned, spread = (tables.value(scores, "transfer-tuned", metric) for metric in ("accuracy", "seed_spread"))
    return (
        f"- Fine-tuned, `transfer-tuned`: accuracy **{interval(tuned)}**, lowest and highest of {tuned.seeds} seeds "
        f"{spread.low:.1%} and {spread.high:.1%}."
    )


def _of_recalls(scores: pd.DataFrame) -> str:
    rows = scores[(scores["model"] == "transfer") & (scores["protocol"] == "loso")]
    recalls = rows[rows["metric"].str.startswith("recall_")]
    parts = [f"{row.metric.removeprefix('recall_')} {row.value:.0%} of {row.n}" for row in recalls.itertuples()]
    return " ".join(
        [f"- What `transfer` recognises of each expression: {', '.join(parts)}.", *comparison.untaught(scores)]
    )


def _of_curve(curve: pd.DataFrame) -> str:
    first, last = (
        (row.subjects, f"{row.value:.0%}{ends(row, '{:.0%}', 1)}") for row in (curve.iloc[0], curve.iloc[-1])
    )
    return f"- With {first[0]:.0f} subjects to learn from the same head reads {first[1]}, with {last[0]:.0f} {last[1]}."
