"""What notebook 05 found, in tables and words: every number comes from the results that are passed in."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.evaluation.protocols import in_words, only_people
from fer_utils.experiments import tables
from fer_utils.findings import comparison
from fer_utils.findings.wording import doubt, effect, ends, interval, p_value, points, verdict
from fer_utils.tasks import enrolment
from fer_utils.transfer import face_units

# What the figure of face units draws: two pairs of axes.
UNIT_AXES = (
    ("lids closed, mean of both", "difference of the lids"),
    ("smile, mean of both sides", "frown, mean of both sides"),
)


_UNITS = {
    "eyeBlink": "lids closed", "eyeSquint": "eyes narrowed", "eyeWide": "eyes wide open", "cheekSquint": "cheeks raised",
    "browDown": "brows down", "browInnerUp": "inner brows up", "browOuterUp": "outer brows up", "jawOpen": "mouth open",
    "mouthSmile": "mouth corners up", "mouthFrown": "mouth corners down", "mouthUpperUp": "upper lip up",
    "mouthFunnel": "lips rounded", "mouthPucker": "lips pursed", "mouthShrugLower": "lower lip pushed up",
}  # fmt: skip


def curve_with_intervals(curve: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy by number of subjects learned from, with 95 % intervals over left-out people.

    Args:
        curve: from `small_set.learning_curve`.

    Returns:
        A row per number: `subjects, value, low, high`.
    """
    rows = []
    for count, group in curve.groupby("subjects"):
        accuracy = intervals.of_accuracy(group["accuracy"].to_numpy(), np.ones(len(group)))
        rows.append({"subjects": count} | asdict(accuracy))
    return pd.DataFrame(rows)


def variants(table: pd.DataFrame) -> pd.DataFrame:
    """A row per variant, for reading: its accuracy, and what it would be with the worst and the best strength throughout.

    Args:
        table: from `Transfer.table`.
    """
    rows = []
    for name, group in table.groupby("variant", sort=False):
        taken = group.loc[group["chosen"] > 0, "strength"]
        outer = group["outer_accuracy"]
        rows.append(
            {
                "variant": name,
                "accuracy": f"{group['accuracy'].iloc[0]:.1%}",
                "one strength throughout": f"{outer.min():.1%} to {outer.max():.1%}",
                "strengths chosen": f"{taken.min():.3g} to {taken.max():.3g}",
            }
        )
    return pd.DataFrame(rows).set_index("variant")


def without_pretraining(scores: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """What pretraining adds, and what a linear head on an aligned face does without it, as a line of Markdown.

    Args:
        scores, comparisons: of all models, `classical` and `transfer` among them.
    """
    accuracy = tables.value(scores, "classical", "accuracy")
    added, features = (
        tables.only(comparisons, model=model, reference=reference)
        for model, reference in (("transfer", "classical"), ("classical", "baseline-face"))
    )
    return (
        f"- Without any pretraining, `classical` recognises {interval(accuracy)}: {effect(features)} against `baseline-face`, which "
        f"learns from the same images. So pretraining adds {effect(added)}, `transfer` minus `classical`; the rest of its lead over "
        "`baseline-face` is what linear heads on fixed descriptors have without it."
    )


def unit_scores(read: dict) -> pd.DataFrame:
    """R² of each face unit on rendered people left out: `unit, value, low, high`, best first, units in words.

    Args:
        read: from `face_units.metadata`.
    """
    rows = [
        {"unit": f"{_UNITS[name]} ({name})" if name in _UNITS else name} | each for name, each in read["scores"].items()
    ]
    return pd.DataFrame(rows).sort_values("value", ascending=False, ignore_index=True)


def unit_places(values: np.ndarray) -> pd.DataFrame:
    """Where the figure of face units draws each face: the columns of `UNIT_AXES`.

    Args:
        values: (N, values) float32, from `face_units.both_ways`.
    """
    lids, smile, frown = (face_units.PAIRS.index(name) for name in ("eyeBlink", "mouthSmile", "mouthFrown"))
    columns = values[:, [lids, len(face_units.PAIRS) + lids, smile, frown]]
    return pd.DataFrame(columns, columns=[name for pair in UNIT_AXES for name in pair])


def summary(
    about: dict,
    read: dict,
    table: pd.DataFrame,
    scores: pd.DataFrame,
    comparisons: pd.DataFrame,
    curve: pd.DataFrame,
    predictions: pd.DataFrame,
    seen: pd.DataFrame | None,
) -> str:
    """What notebook 05 found, as Markdown.

    Args:
        about: from `pretrained.metadata`.
        read: from `face_units.metadata`.
        table: from `Transfer.table`.
        scores, comparisons: of all models, `transfer` and `transfer-tuned` among them.
        curve: from `curve_with_intervals`.
        predictions: of `transfer` and `transfer-tuned`.
        seen: from `overlap.seen_in_training`.
    """
    pretrained = pd.Series(about["scores"]["accuracy"])
    accuracy, macro = (tables.value(scores, "transfer", metric) for metric in ("accuracy", "macro_f1"))
    lines = [
        f"- The pretrained network names {interval(pretrained)} of {pretrained.n:.0f} FER+ validation faces as most of "
        f"their voters did{_of_copies(about)}.",
        _of_units(unit_scores(read)),
        f"- {in_words(scores).capitalize()}, `transfer`: accuracy **{interval(accuracy)}**, "
        f"macro-F1 {macro.value:.2f}{ends(macro, '{:.2f}', 1)}, on {accuracy.n} images.",
        comparison.without_seen(predictions, seen),
        without_pretraining(scores, comparisons),
        _of_sureness(predictions),
        "- What `transfer` sees was not chosen blindly: trials on the Yale and on the sample faces shaped it. On these two sets its "
        "accuracy is probably too high. Nothing here says by how much.",
        _of_variants(table),
        _of_tuning(scores),
        _of_recalls(scores),
    ]
    ours = comparisons[comparisons["model"].isin(["classical", "transfer", "transfer-tuned"])]
    lines += [
        f"- `{row.model}` against `{row.reference}`: {effect(row)}, p {p_value(row.holm_p, '= ')} after Holm: {verdict(row)}."
        for row in ours.itertuples()
    ]
    return "\n".join([*lines, _of_curve(curve)])


def enrolled(found: pd.DataFrame) -> str:
    """What one neutral photo of each person adds, as Markdown.

    Args:
        found: from `enrolment.Enrolment.table`.
    """
    accuracy, plain = (tables.get(found, "score", name, "accuracy") for name in (enrolment.MODEL, enrolment.PLAIN))
    lines = [
        f"- With one neutral photo of each person given, `{enrolment.MODEL}` reads {interval(accuracy)} of the {accuracy.n} other "
        f"images, and the same heads without it {interval(plain)}. This is another task than that of the models above, with one "
        "expression less."
    ]
    for about in found.loc[found["question"] == "difference", "about"].unique():
        gain, gain_p, loss, loss_p = (
            tables.get(found, "difference", about, name)
            for name in ("accuracy", "accuracy_holm_p", "log_loss", "log_loss_holm_p")
        )
        count = enrolment.people_of(about)
        lines.append(
            f"- Learned from {f'{count} people' if count else 'all others'}, the photo adds {points(gain)}, "
            f"p {p_value(gain_p.value, '= ')}{doubt(gain, gain_p.value)}; in log-loss {loss.value:+.3f}"
            f"{ends(loss, '{:+.3f}', 1)} nats, p {p_value(loss_p.value, '= ')}{doubt(loss, loss_p.value)} (p after Holm)."
        )
    return "\n".join(lines)


def _of_copies(about: dict) -> str:
    clean = about.get("scores_without_copies")
    if clean is None:
        return ""
    return f", {interval(pd.Series(clean['accuracy']))} of those {clean['accuracy']['n']} that no training face is a copy of"


def _of_units(table: pd.DataFrame) -> str:
    best, worst = table.iloc[0], table.iloc[-1]
    return (
        f"- Of rendered people left out, {(table['value'] > 0.5).sum()} of {len(table)} face units are read with an R² above "
        f"one half, {best['unit']} best ({best.value:.2f}), {worst['unit']} worst ({worst.value:.2f})."
    )


def _of_variants(table: pd.DataFrame) -> str:
    """How much hangs on what the heads see."""
    accuracy = table.groupby("variant", sort=False)["accuracy"].first()
    rest = accuracy.iloc[1:]
    return (
        f"- Of the {len(accuracy)} variants `transfer` is the first. The others recognise {rest.min():.1%} ({rest.idxmin()}) to "
        f"{rest.max():.1%} ({rest.idxmax()}): so much hangs on a choice that could have been another one."
    )


def _of_sureness(predictions: pd.DataFrame) -> str:
    """Whether the probabilities of `transfer` can be believed."""
    rows = predictions[predictions["model"] == "transfer"]
    confidence = rows.filter(regex="^p_").max(axis=1)
    right = (rows["truth"] == rows["predicted"]).mean()
    return f"- `transfer` is {confidence.mean():.1%} sure of its answers on average, and right in {right:.1%} of them."


def _of_tuning(scores: pd.DataFrame) -> str:
    tuned, spread = (tables.value(scores, "transfer-tuned", metric) for metric in ("accuracy", "seed_spread"))
    return (
        f"- Fine-tuned, `transfer-tuned`: accuracy **{interval(tuned)}**, lowest and highest of {tuned.seeds} seeds "
        f"{spread.low:.1%} and {spread.high:.1%}."
    )


def _of_recalls(scores: pd.DataFrame) -> str:
    rows = only_people(scores)
    rows = rows[rows["model"] == "transfer"]
    recalls = rows[rows["metric"].str.startswith("recall_")]
    parts = [f"{row.metric.removeprefix('recall_')} {row.value:.0%} of {row.n}" for row in recalls.itertuples()]
    return (
        f"- What `transfer` recognises of each expression: {', '.join(parts)}. {comparison.untaught(scores)}".rstrip()
    )


def _of_curve(curve: pd.DataFrame) -> str:
    first, last = (
        (row.subjects, f"{row.value:.0%}{ends(row, '{:.0%}', 1)}") for row in (curve.iloc[0], curve.iloc[-1])
    )
    return f"- With {first[0]:.0f} subjects to learn from, the same head recognises {first[1]}, with {last[0]:.0f} {last[1]}."
