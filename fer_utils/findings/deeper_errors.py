"""What notebook 09 found, in words made from its table alone (`deeper_error_rows`)."""

from collections.abc import Mapping

import pandas as pd

from fer_utils.experiments.tables import get
from fer_utils.findings.wording import doubt, ends, points
from fer_utils.studies.glasses_and_light import CONTROL


def summary(table: pd.DataFrame, *, model: str, reference: str, answers: str) -> str:
    """What notebook 09 found, as Markdown.

    Args:
        table: `errors.csv`.
        model: whose features, places and mirrors were looked at.
        reference: the model of the whole frame.
        answers: the model whose answers were held against the labels.

    Raises:
        OutputError: a row is missing.
    """
    lines = [_labels(table, answers)]
    lines += [_decoding(table, name) for name in _about(table, "decoding")]
    lines += [_regions(table, model), _background(table, reference)]
    for question, words in (("conditions", _conditions), ("lenses", _lenses), ("people", _people)):
        lines += [words(table, name) for name in _about(table, question)]
    return "\n".join(f"- {line}" for line in [*lines, _mirror(table, model)])


def named_suspects(suspects: pd.DataFrame) -> str:
    """The suspect labels by their images' names, where no picture of them may be shown.

    Args:
        suspects: from `labels.suspects`, at least one row.
    """
    names = "; ".join(f"`{row.image}` ({row.truth}, rather {row.suggested}?)" for row in suspects.itertuples())
    return f"Suspect labels, of people whose pictures may not be shown: {names}."


def no_suspects(model: str, planted: Mapping[str, float]) -> str:
    """That no label is suspect, for the section that asks it.

    Args:
        planted: from `labels.planted`.
    """
    return (
        f"No label is suspect by the answers of `{model}`. Of labels made wrong on purpose {planted['found']:.0%} are found, and "
        f"{planted['true']:.0%} of what is named was."
    )


def background(model: str, share: float, area: float) -> str:
    """How much of the effect of covering lies in the face's box, for the section that asks it.

    Args:
        share, area: from `occlusion.share_in_face`.
    """
    return f"`{model}`: {share:.0%} of the effect of covering lies in the face's box, {area:.0%} of the picture."


def _about(table: pd.DataFrame, question: str) -> list[str]:
    return list(table.loc[table["question"] == question, "about"].unique())


def _parts(table: pd.DataFrame, question: str, about: str) -> list[str]:
    """Parts that a question was asked of, in the table's order; the whole is none."""
    rows = table[(table["question"] == question) & (table["about"] == about) & (table["part"] != "")]
    return list(rows["part"].unique())


def _labels(table: pd.DataFrame, model: str) -> str:
    suspects, found_share, true_share = (
        get(table, "labels", model, name) for name in ("suspects", "planted found", "planted true")
    )
    return (
        f"**Wrong labels?** By the answers of `{model}`, {suspects.value:.0f} of {suspects.n} labels {'is' if suspects.value == 1 else 'are'} suspect. Of labels made wrong "
        f"on purpose the same search finds {found_share.value:.0%}, and {true_share.value:.0%} of what it names is wrong on "
        "purpose: the rest are the model's own mistakes. So look at them; do not drop them."
    )


def _decoding(table: pd.DataFrame, name: str) -> str:
    (expression, chance), (person, chance_of_person) = (
        [get(table, "decoding", name, quantity, part=part) for quantity in ("read", "chance")]
        for part in ("expression", "person")
    )
    return (
        f"**Person or expression?** From {name}, a linear reader tells the expression of a new person in "
        f"{expression.value:.0%}{ends(expression, '{:.0%}', 1)}, where chance is {chance.value:.0%}, and the person under a new "
        f"expression in {person.value:.0%}{ends(person, '{:.0%}', 1)}, where chance is {chance_of_person.value:.0%}."
    )


def _regions(table: pd.DataFrame, model: str) -> str:
    lines = []
    of_model = table[table["about"] == model]
    flags = of_model[(of_model["question"] == "occlusion, may be first") & (of_model["value"] == 1)]
    for expression in _parts(table, "occlusion", model):
        first = flags.loc[flags["part"] == expression, "quantity"]
        rows = of_model[(of_model["question"] == "occlusion") & (of_model["part"] == expression)]
        rows = rows[rows["quantity"].isin(first)].sort_values("value", ascending=False)
        words = " or ".join(f"the {row.quantity} ({row.value:.1f})" for row in rows.itertuples())
        if words:
            lines.append(f"{expression} {words}")
    return (
        f"**Which part of the face?** Of brows, eyes, nose and mouth, covering hurts `{model}` most at: "
        f"{', '.join(lines) or 'no part, its answers do not move'}. (In brackets: times the mean of all places; two or more where "
        "these people cannot tell which is first.)"
    )


def _background(table: pd.DataFrame, model: str) -> str:
    share, area = (get(table, "background", model, name) for name in ("inside the face", "area"))
    return (
        f"**The background?** Of what covering does to `{model}`, {share.value:.0%} lies in the face's box, which takes "
        f"{area.value:.0%} of the picture; {1 - share.value:.0%} lies in hair, clothes, wall and light."
    )


def _conditions(table: pd.DataFrame, model: str) -> str:
    names = _parts(table, "conditions", model)
    lines = [f"{name}: {_condition(table, model, name)}" for name in names if name != CONTROL]
    if CONTROL in names:
        lines.append(f"two pictures with nothing changed: {_condition(table, model, CONTROL)}")
    left_out = get(table, "conditions", model, "pairs without a face")
    return (
        f"**Glasses and light?** `{model}` on neutral faces, change in how surely they are read as such: "
        + "; ".join(lines)
        + (f"; pairs left out, since no face was found: {left_out.value:.0f}. " if left_out.value else ". ")
        + "Answers of one seed's networks; and surer of neutral need not be clearer sight, since nobody shows another expression "
        "in these conditions."
    )


def _condition(table: pd.DataFrame, model: str, name: str) -> str:
    before, after, change, q = (
        get(table, "conditions", model, quantity, part=name)
        for quantity in ("read as neutral without", "read as neutral with", "probability", "q")
    )
    verdict = ""
    if name != CONTROL:
        verdict = doubt(change, q.value) or (", raises it" if change.value > 0 else ", lowers it")
    return (
        f"{points(change)}{verdict}, read as neutral {round(before.value * before.n):.0f} of {before.n:.0f} without, "
        f"{round(after.value * after.n):.0f} with"
    )


def _lenses(table: pd.DataFrame, model: str) -> str:
    change, p_value = (get(table, "lenses", model, name) for name in ("probability", "p"))
    return (
        f"**Glare on glasses?** `{model}`: what glasses do to how surely a neutral face is read as such is "
        f"{abs(100 * change.value):.0f} points {'higher' if change.value > 0 else 'lower'} with glare on them ({change.n:.0f} people) than with clear "
        f"ones ({p_value.n - change.n:.0f}); interval of the difference {100 * change.low:+.0f} to {100 * change.high:+.0f}, "
        f"p = {p_value.value:.2g}{doubt(change, p_value.value)}."
    )


def _people(table: pd.DataFrame, model: str) -> str:
    lines = []
    for name in _parts(table, "people", model):
        having, others, change, q = (
            get(table, "people", model, quantity, part=name) for quantity in ("with", "without", "difference", "q")
        )
        lines.append(
            f"{name}: {having.value:.0%} with ({having.n:.0f} people), {others.value:.0%} without ({others.n:.0f}), "
            f"{points(change, '{:+.0f}')}{doubt(change, q.value)}"
        )
    return f"**What sets people apart?** Accuracy of `{model}` by person: " + "; ".join(lines) + "."


def _mirror(table: pd.DataFrame, model: str) -> str:
    changed, gain = (get(table, "mirror", model, name, part="all") for name in ("changed", "accuracy"))
    wink = ""
    if "wink" in _parts(table, "mirror", model):
        of_winks, gain_of_winks = (get(table, "mirror", model, name, part="wink") for name in ("changed", "accuracy"))
        wink = (
            f"; of winks it changes {of_winks.value:.0%} of the answers, and the accuracy by {100 * gain_of_winks.value:+.0f} "
            f"points{ends(gain_of_winks, '{:+.0f}')}"
        )
    return (
        f"**Left or right?** Mirroring a face changes {changed.value:.0%} ({changed.low:.0%} to {changed.high:.0%}) of the answers "
        f"and the accuracy by {points(gain)}{wink}."
    )
