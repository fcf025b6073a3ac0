"""What notebook 03 found, in words: every number comes from the results that are passed in."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils.data.cleaning import unlearned
from fer_utils.evaluation.protocols import PEOPLE, TENFOLD, in_words, only_people
from fer_utils.evaluation.scores import UNTAUGHT
from fer_utils.evaluation.significance import Verdict, learned
from fer_utils.experiments import tables
from fer_utils.findings.wording import ONE_PRETRAINING, against_chance, effect, interval, p_value, verdict

_NAMED_AT_MOST = 5  # images
_HIGH = 0.8  # training accuracy
# Readings of the original project's own report and curves; see docs/results.md, "Sources".
ORIGINAL_ACCURACY = {"baseline": 0.39, "updated": 0.33}  # in its final reports, of its validation images
ORIGINAL = {
    "baseline": {
        "training accuracy": "98.61 %",
        "validation accuracy": f"{100 * ORIGINAL_ACCURACY['baseline']:.0f} %",
        "macro-F1": "",
    },
    "updated": {
        "training accuracy": "93.06 %",
        "validation accuracy": f"40 to 78 % along its curve, {100 * ORIGINAL_ACCURACY['updated']:.0f} % in its final report",
        "macro-F1": "0.23",
    },
}


def summary(scores: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """What notebook 03 found, as Markdown."""
    lines = []
    for model in scores.loc[scores["protocol"] == "original-split", "model"].unique():
        row = tables.value(scores, model, "accuracy_wilson", protocol="original-split")
        lines.append(
            f"- As the original measured, `{model}`: {interval(row)} on {row.n} images. "
            + _against_chance(scores, model, row, protocol="original-split")
        )
    for model in only_people(scores)["model"].unique():
        row = tables.value(scores, model, "accuracy")
        f1 = tables.value(scores, model, "macro_f1")
        lines.append(
            f"- {in_words(scores).capitalize()}, `{model}`: accuracy **{interval(row)}**, macro-F1 {f1.value:.2f} "
            f"({f1.low:.2f} to {f1.high:.2f}), {row.seeds} seed{'s' * (int(row.seeds) > 1)}. "
            + _against_chance(scores, model, row)
        )
    lines += [f"- {lone}"] if (lone := untaught(scores)) else []
    for row in comparisons.itertuples():
        lines.append(
            f"- `{row.model}` against `{row.reference}`: {effect(row)}, p {p_value(row.holm_p, '= ')} after Holm: "
            f"{verdict(row)}."
        )
    return "\n".join(lines)


def _against_chance(scores: pd.DataFrame, model: str, row: pd.Series, *, protocol: str = "") -> str:
    """`wording.against_chance`, but for a model whose networks have not learned their own training images."""
    chance = tables.value(scores, model, "chance", protocol=protocol).value
    there = scores[(scores["protocol"] == row.protocol) & (scores["metric"] == "training_accuracy")]
    reached = there.loc[there["model"] == model, "value"]
    if len(reached) and not learned(reached.iloc[0], chance):
        return f"{str(Verdict.UNTRAINED).capitalize()}: {reached.iloc[0]:.0%} of its training images are right."
    return against_chance(row, chance)


def untaught(scores: pd.DataFrame) -> str:
    """Which classes no network could learn before it was tested on them, in a sentence; empty where there is none."""
    found = scores[scores["protocol"].isin(PEOPLE) & scores["metric"].str.startswith(UNTAUGHT)]
    by_protocol = found["metric"].str.removeprefix(UNTAUGHT).groupby(found["protocol"], sort=False).unique()
    return " ".join(
        unlearned(names, by="One fold of people" if protocol == TENFOLD else "One person")
        for protocol, names in by_protocol.items()
    )


def without_seen(predictions: pd.DataFrame, seen: pd.DataFrame | None) -> str:
    """What `transfer` reads of the people of whom no image was found in its pretraining, as a line of Markdown.

    Args:
        predictions: rows of `predictions.csv`, those of `transfer` among them.
        seen: from `overlap.seen_in_training`.
    """
    if seen is None:
        return "- Nobody has looked yet for this set's images among those of the pretraining: call `fer overlap`."
    if seen.empty:
        return "- No image of this set was found among those that the network was pretrained on (`fer overlap`)."
    which = ", ".join(f"`{row.image}` is `{row.ferplus_image}`" for row in seen.head(_NAMED_AT_MOST).itertuples())
    more = f" and {len(seen) - _NAMED_AT_MOST} more" if len(seen) > _NAMED_AT_MOST else ""
    count = seen["image"].nunique()
    found = (
        f"- The network was pretrained on {count} image{'s' * (count > 1)} of this set ({which}{more}; correlation at least "
        f"{seen['correlation'].min():.2f})."
    )
    rows = predictions[(predictions["model"] == "transfer") & ~predictions["subject"].isin(seen["subject"])]
    if rows.empty:
        return f"{found} Nobody remains of whom it has seen none."
    others = tables.value(tables.computed(rows)[0], "transfer", "accuracy")
    return f"{found} Without the people shown, `transfer` recognises **{interval(others)}** of {others.n} images."


def in_short(scores: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """What a data set shows, for those who read nothing else: a few lines of Markdown."""
    accuracy = {model: tables.value(scores, model, "accuracy") for model in only_people(scores)["model"].unique()}
    chance = tables.value(scores, "baseline", "chance").value
    lines = [
        f"- **The network:** on people it has never seen, `updated` recognises {accuracy['updated'].value:.1%} of the "
        f"expressions, `baseline` {accuracy['baseline'].value:.1%}; chance is {chance:.1%}. "
        + _against(comparisons, "updated", "baseline"),
        f"- **The input:** with the aligned face alone, {_against(comparisons, 'baseline-face', 'baseline')}",
    ]
    if "classical" in accuracy:
        lines.append(
            "- **No network at all:** hand-made features with a linear head (`classical`) recognise "
            f"{interval(accuracy['classical'])}."
        )
    if "transfer" in accuracy:
        against = _against(comparisons, "transfer", "classical") if "classical" in accuracy else ""
        lines.append(
            f"- **Pretraining on other people's faces:** `transfer` recognises {interval(accuracy['transfer'])}. {against}"
        )
    return "\n".join(line.rstrip() for line in lines)


def _against(comparisons: pd.DataFrame, model: str, reference: str) -> str:
    """The difference of two models with its verdict, as a sentence; empty where they were not compared."""
    rows = comparisons[(comparisons["model"] == model) & (comparisons["reference"] == reference)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    if row.verdict not in (Verdict.HIGHER, Verdict.LOWER):
        return f"`{model}` against `{reference}`: {effect(row)}, {verdict(row)}."
    word, sign = ("more", 100) if row.verdict == Verdict.HIGHER else ("fewer", -100)
    low, high = sorted((sign * row.low, sign * row.high))
    resting = (
        f" This is from one pretraining of `{model}`; another one may differ by more."
        if model in ONE_PRETRAINING
        else ""
    )
    return f"`{model}` scores {sign * row.difference:.1f} points {word} than `{reference}` ({low:.1f} to {high:.1f}).{resting}"


def loss(curves: Mapping[str, np.ndarray], floor: float) -> str:
    """Where the training loss of a network with label smoothing and L2 goes, as Markdown."""
    last = {name: float(curves[name][-1]) for name in ("loss", "smoothed_cross_entropy", "cross_entropy", "penalty")}
    rest = last["smoothed_cross_entropy"] - floor
    accuracy = float(curves["accuracy"][-1])
    plain = (
        "high loss beside high accuracy is no miscalculation."
        if accuracy > _HIGH
        else "how high it is says little about how much is wrong."
    )
    return (
        f"After the last epoch the training loss is {last['loss']:.2f} at {accuracy:.0%} training accuracy. Of it, "
        f"{last['penalty']:.2f} is the L2 penalty, {floor:.2f} the floor that label smoothing sets (a network that is "
        f"right and as sure as the labels ask cannot go below), and {rest:.2f} is left to learn. Against the plain labels "
        f"the cross-entropy is {last['cross_entropy']:.2f}. So {(last['penalty'] + floor) / last['loss']:.0%} of the loss "
        f"has nothing to do with wrong answers: {plain}"
    )


def report(predictions: pd.DataFrame) -> pd.DataFrame:
    """Precision, recall, F1 and number of images by class, with macro means, as scikit-learn reports them."""
    from sklearn.metrics import precision_recall_fscore_support

    truth, predicted = (predictions[name].astype(str).to_numpy(dtype=str) for name in ("truth", "predicted"))
    names = sorted({*truth.tolist(), *predicted.tolist()})
    words = {"labels": names, "zero_division": 0}
    rows = np.array(precision_recall_fscore_support(truth, predicted, **words)).T.tolist()
    for kind in ("macro", "weighted"):
        rows.append([*precision_recall_fscore_support(truth, predicted, average=kind, **words)[:3], len(truth)])
    # Beside the names, not under them: a class may be called "accuracy" or "macro avg".
    table = pd.DataFrame(
        rows, columns=["precision", "recall", "F1", "images"], index=[*names, "macro avg", "weighted avg"]
    )
    return table.astype({"images": int}).round(2)


def beside_original(curves: Mapping[str, Mapping[str, np.ndarray]], scores: pd.DataFrame) -> pd.DataFrame:
    """Our `original-split` figures beside the original project's own readings (Yale only)."""
    rows = []
    for model, readings in ORIGINAL.items():
        ours = {
            "training accuracy": f"{curves[model]['accuracy'][-1]:.2%}",
            "validation accuracy": f"{curves[model]['validation_accuracy'][-1]:.0%}",
            "macro-F1": f"{tables.value(scores, model, 'macro_f1', protocol='original-split').value:.2f}",
        }
        if "augmented_validation_accuracy" in curves[model] and model == "updated":
            ours["validation accuracy"] += f", augmented {curves[model]['augmented_validation_accuracy'][-1]:.0%}"
        rows += [(model, name, readings[name], ours[name]) for name in readings]
    return pd.DataFrame(rows, columns=["model", "figure", "original's reading", "here, last epoch"])


def score_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on people left out with both intervals, macro-F1, the spread over seeds and people's effect, a row per model."""
    rows = []
    for model in only_people(scores)["model"].unique():
        found = {
            metric: tables.value(scores, model, metric)
            for metric in ("accuracy", "accuracy_wilson", "macro_f1", "seed_spread", "person_effect_p")
        }
        accuracy, wilson, f1, spread, people = found.values()
        rows.append(
            {
                "model": model,
                "accuracy": f"{accuracy.value:.1%}",
                "95 % (people, seeds)": f"{accuracy.low:.1%} to {accuracy.high:.1%}",
                "95 % (Wilson)": f"{wilson.low:.1%} to {wilson.high:.1%}",
                "macro-F1": f"{f1.value:.2f}",
                "95 % (people, seeds) of macro-F1": f"{f1.low:.2f} to {f1.high:.2f}",
                "lowest and highest seed": f"{spread.low:.1%} to {spread.high:.1%}",
                "p that people differ": p_value(people.value),
                "images": accuracy.n,
                "seeds": accuracy.seeds,
            }
        )
    return pd.DataFrame(rows).set_index("model")


def comparison_table(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Differences between models with their intervals and tests, for reading."""
    return pd.DataFrame(
        {
            "model": comparisons["model"],
            "against": comparisons["reference"],
            "difference (points)": [f"{100 * row.difference:+.1f}" for row in comparisons.itertuples()],
            "95 % (people, seeds)": [
                f"{100 * row.low:+.1f} to {100 * row.high:+.1f}" for row in comparisons.itertuples()
            ],
            "seeds": comparisons["seeds"],
            "p (sign flips over people)": comparisons["p"].map(p_value),
            "p after Holm": comparisons["holm_p"].map(p_value),
            "verdict": comparisons["verdict"],
            "within 5 points of none": comparisons["within_5_points"],
        }
    ).set_index("model")
