"""The original project's own questions, each with an answer from the tables and a link to the figure."""

import pandas as pd

from fer_utils.data import datasets
from fer_utils.evaluation.significance import Verdict, verdict
from fer_utils.experiments import tables
from fer_utils.experiments.tables import get
from fer_utils.findings.tweaks import equal_and_unknown
from fer_utils.findings.wording import effect, ends, interval, p_value


def answers(dataset: str) -> pd.DataFrame:
    """A row per question of the original's README: its lists "Why the model is not perfect" and "Suggested tweaks", and what it
    says of lighting and glasses.

    Args:
        dataset: whose tables and figures; notebooks 03 to 09 must have run on it.

    Returns:
        Columns `the original wrote, answer, figure`, the last a Markdown link from the project's folder.

    Raises:
        OutputError: a table is missing or damaged, or lacks a row.
    """
    names = ("scores", "comparisons", "tweaks", "measurement", "errors")
    scores, comparisons, tweaks, measured, errors = (tables.read(dataset, name) for name in names)
    rows = [
        ("Validation loss is sporadic", _jumps(measured), "08-augmented-validation"),
        ("Validation accuracy hits a plateau and is sporadic", _splits(measured), "08-splits"),
        ("High training loss: a miscalculation?", _loss(measured), "03-loss-parts"),
        ("Low data: we cannot do much about this", _more_data(comparisons), "05-learning-curve"),
        ("The F-1 score is low too", _macro_f1(scores), "08-quality"),
        ("The error might be in how we measured", _power(measured), "08-power"),
        ("Fewer or more layers", _factors(tweaks, "depth", "width"), "07-tornado"),
        (
            "Less or more regularisation",
            _factors(tweaks, "dropout", "L2", "batch norm", "label smoothing", "augmentation"),
            "07-tornado",
        ),
        ("Lower or higher learning rate", _factors(tweaks, "learning rate", "optimizer", "batch size"), "07-tornado"),
        ("Fewer or more epochs", _factors(tweaks, "epochs") + " " + _optimism(measured), "07-epochs"),
        ("Check if the measurements are wrong", _leak(measured), "08-leak"),
        ("Lighting and glasses distract the model", _conditions(errors), "09-conditions"),
        ("Something completely different", _input(tweaks) + " " + _transfer(scores), "05-loso-forest"),
    ]
    links = [f"[{figure}](outputs/{dataset}/figures/{figure}.png)" for *_, figure in rows]
    return pd.DataFrame(
        {"the original wrote": [row[0] for row in rows], "answer": [row[1] for row in rows], "figure": links}
    )


def _jumps(measured: pd.DataFrame) -> str:
    plain, noisy, calm, wild = (
        get(measured, "augmented", "updated", what, part=how)
        for what in ("jump", "loss jump")
        for how in ("images as they are", "augmented")
    )
    gap = get(measured, "loss", "updated", "cross-entropy", part="unseen minus seen")
    return (
        f"Its validation images were augmented: that makes `updated`'s validation cross-entropy jump by {wild.value:.2f} "
        f"nats{ends(wild, '{:.2f}', 1)} from epoch to epoch instead of {calm.value:.2f}{ends(calm, '{:.2f}', 1)}, its accuracy by "
        f"{100 * noisy.value:.1f} points{ends(noisy)} instead of {100 * plain.value:.1f}{ends(plain)} (intervals over epochs). It is "
        f"also high: at least {gap.value:.2f} nats{ends(gap, '{:.2f}', 1)} higher on a new person than on the training people."
    )


def _splits(measured: pd.DataFrame) -> str:
    row, alike, p = (get(measured, "splits", "updated", name) for name in ("mean", "people alike", "person effect p"))
    few = get(measured, "power", "the original's split", "smallest p").n
    return (
        f"With other people to test on, `updated` would have scored anywhere from {row.low:.0%} to {row.high:.0%} (95 % of {row.n} splits "
        f"with each seed). That is what so few images do, whoever shows them: with the answers to each expression shuffled among "
        f"people, it is {alike.low:.0%} to {alike.high:.0%} (p {p_value(p.value, '= ')} that people differ). The images of {few} people are too few."
    )


def _loss(measured: pd.DataFrame) -> str:
    total, rest = (get(measured, "loss", "updated", name).value for name in ("training loss", "penalty and floor"))
    share = get(measured, "loss", "updated", "share of penalty and floor", part="people left out")
    return (
        f"No: of {total:.2f} nats, {rest:.2f} are the L2 penalty and the floor of label smoothing, which no right answer takes "
        f"away. In the {share.n} networks that leave one person out each, which train for less long, it is {share.value:.0%}{ends(share, '{:.0%}', 1)} of "
        "the loss (interval: where another such network would lie)."
    )


def _more_data(comparisons: pd.DataFrame) -> str:
    pretraining, features = (
        tables.only(comparisons, model=model, reference=reference)
        for model, reference in (("transfer", "classical"), ("classical", "baseline-face"))
    )
    return (
        f"{'We can. ' if pretraining.low > 0 else ''}Pretraining on other people's faces adds {effect(pretraining)}: `transfer` minus "
        "`classical`, which has everything except the pretraining in common with it. From the same images as the network `baseline-face`, "
        f"`classical` (HOG and LBP with a linear head) scores {effect(features)} more."
    )


def _macro_f1(scores: pd.DataFrame) -> str:
    return (
        "It moves with accuracy: "
        + ", ".join(
            f"`{model}` {row.value:.2f} ({row.low:.2f} to {row.high:.2f})"
            for model in ("baseline", "updated", "transfer")
            for row in [tables.value(scores, model, "macro_f1")]
        )
        + "."
    )


def _power(measured: pd.DataFrame) -> str:
    split = get(measured, "power", "the original's split", "smallest p")
    rows = measured[(measured["question"] == "power") & (measured["quantity"] == "smallest difference")]
    found = "; ".join(
        f"{100 * row.value:.0f} points{ends(row, '{:.0f}')} where the answers are those of {row.about}"
        if pd.notna(row.value)
        else f"no difference that was simulated where the answers are those of {row.about}"
        for row in rows.itertuples()
    )
    return (
        f"Yes: over the {split.n} people tested, a test has a p of {p_value(split.value)} at best, so no difference could be shown. With all "
        f"{rows['n'].iloc[0]} people, four times out of five one finds {found} (interval over people)."
    )


def _factors(tweaks: pd.DataFrame, *factors: str) -> str:
    """What can be said of some factors, and of the changes without a detectable effect which are practically equal."""
    rows = tweaks[tweaks["factor"].isin(factors)]
    said = [
        f"{row.factor} {row.change} {row.verdict}: {effect(row)}"
        for row in rows[rows["verdict"] != Verdict.NOT_DETECTED].itertuples()
    ]
    unknown = rows[rows["verdict"] == Verdict.NOT_DETECTED]
    if len(unknown):
        means = f"{100 * unknown['difference'].min():+.1f} to {100 * unknown['difference'].max():+.1f} points"
        reach = f"{100 * unknown['low'].min():+.1f} to {100 * unknown['high'].max():+.1f}"
        said.append(
            f"{len(unknown)} of {len(rows)} changes have no detectable effect ({means}, intervals within {reach}); of these "
            + equal_and_unknown(unknown)
        )
    return "; ".join(said) + "."


def _optimism(measured: pd.DataFrame) -> str:
    gap = get(measured, "epochs", "baseline-face", "optimism")
    return f"Choosing the best epoch on the tested people overstates the accuracy of `baseline-face` by {100 * gap.value:.1f} points{ends(gap)}."


def _leak(measured: pd.DataFrame) -> str:
    models = ("baseline", "baseline-face")
    rows = {model: get(measured, "leak", model, "difference") for model in models}
    changes = ", ".join(f"`{model}` {effect(row.rename({'value': 'difference'}))}" for model, row in rows.items())
    text = f"The original's split kept people apart by chance. Shuffling images instead of people changes: {changes}."
    once = all(get(measured, "leak", model, "alike").value == 0 for model in models)
    if once and all(row.high < 0 for row in rows.values()):
        text += (
            " It falls, probably because each person shows each expression once: recognising the person points to the wrong "
            "expressions."
        )
    return text


def _conditions(errors: pd.DataFrame) -> str:
    """What can be said of neutral faces with glasses and under lamps, for each model that was asked."""
    names = [name for name in datasets.YALE_OTHER_CONDITIONS if name != "noglasses"]
    models = list(errors.loc[errors["question"] == "conditions", "about"].unique())
    parts = []
    for model in models:
        seeds, shown, rest = int(get(errors, "model", model, "seeds").value), [], []
        for name in names:
            change, q = (get(errors, "conditions", model, what, part=name) for what in ("probability", "q"))
            judged = verdict(change.low, change.high, q.value, seeds=seeds, trained=seeds > 0)
            if judged in (Verdict.HIGHER, Verdict.LOWER):
                shown.append(f"{name} {100 * change.value:+.0f} points{ends(change, '{:+.0f}')}")
            else:
                rest.append((change, judged))
        if rest:
            values, low, high = ([100 * each[name] for each, _ in rest] for name in ("value", "low", "high"))
            what = f"{len(rest)} of {len(names)} conditions: {rest[0][1]}"
            shown.append(
                f"{what} ({min(values):+.0f} to {max(values):+.0f} points, intervals within {min(low):+.0f} to {max(high):+.0f})"
            )
        parts.append(f"`{model}`: {', '.join(shown)}")
    return (
        f"How surely a neutral face is read as neutral, changed by glasses or one of three lamps; {'; '.join(parts)}. "
        f"Corrected for {len(names) * len(models)} comparisons; surer of neutral is not clearer sight, since nobody shows another "
        "expression under a lamp."
    )


def _input(tweaks: pd.DataFrame) -> str:
    rows = [tables.only(tweaks, factor="input", change=change) for change in ("whole frame", "cropped, not aligned")]
    return (
        "Instead of the aligned face: " + ", ".join(f"{row.change} {row.verdict}: {effect(row)}" for row in rows) + "."
    )


def _transfer(scores: pd.DataFrame) -> str:
    pretrained, plain = (tables.value(scores, model, "accuracy") for model in ("transfer", "classical"))
    return f"A linear head on a pretrained network recognises {interval(pretrained)}, on HOG and LBP {interval(plain)}."
