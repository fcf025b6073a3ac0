"""What notebook 09 found, as rows of `errors.csv`, and in words made from those rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils import evaluation
from fer_utils.conditions import CONTROL
from fer_utils.measurement_findings import get, row
from fer_utils.tweaks import FALSE_DISCOVERIES


def labels(model: str, suspects: pd.DataFrame, planted: Mapping[str, float], n: int) -> list[tuple]:
    """Of `label_trouble`."""
    rows = [row("labels", model, "suspects", float(len(suspects)), n=n)]
    return rows + [row("labels", model, f"planted, {name}", value, n=n) for name, value in planted.items()]


def decoding(table: pd.DataFrame) -> list[tuple]:
    """Of `decoding.decodability`."""
    rows = []
    for each in table.itertuples():
        rows.append(row("decoding", each.representation, each.question, each.value, each.low, each.high, n=each.n))
        rows.append(row("decoding", each.representation, f"{each.question}, chance", each.chance, n=each.n))
    return rows


def regions(model: str, shares: Mapping[str, Mapping[str, float]], n: int) -> list[tuple]:
    """Of `occlusion.shares`, by expression."""
    return [
        row("occlusion", model, f"{expression}, {region}", value, n=n)
        for expression, each in shares.items()
        for region, value in each.items()
    ]


def background(model: str, share: float, area: float, n: int) -> list[tuple]:
    """Share of the effect of covering inside the face's box, and the box's share of the picture."""
    return [row("background", model, "inside the face", share, n=n), row("background", model, "area", area, n=n)]


def mirrored(model: str, answers: Mapping[str, np.ndarray], classes: list[str]) -> list[tuple]:
    """Of `occlusion.mirrored`: share of changed answers, and the change in accuracy, for all and by class."""
    changed = answers["plain"] != answers["mirrored"]
    gain = (answers["mirrored"] == answers["truth"]).astype(float) - (answers["plain"] == answers["truth"])
    rows = []
    for name, chosen in {
        "all": np.ones(len(changed), dtype=bool),
        **{c: answers["truth"] == i for i, c in enumerate(classes)},
    }.items():
        if chosen.any():
            for quantity, values in (("changed", changed), ("accuracy", gain)):
                found = _over_subjects(values[chosen], answers["subject"][chosen])
                rows.append(
                    row("mirror", model, f"{name}, {quantity}", found.value, found.low, found.high, n=int(chosen.sum()))
                )
    return rows


def conditions(effects: pd.DataFrame, empty: Mapping[str, int]) -> list[tuple]:
    """Of `conditions.effects`; n counts people.

    Args:
        empty: model to the number of pairs left out, since no face was found in a picture.
    """
    rows = []
    for each in effects.itertuples():
        values = {"read as neutral without": (each.before,), "read as neutral with": (each.after,)}
        values |= {"read as neutral": (each.read, each.read_low, each.read_high)}
        values |= {"probability": (each.difference, each.low, each.high), "q": (each.q,)}
        rows += [row("conditions", each.model, f"{each.condition}, {name}", *v, n=each.n) for name, v in values.items()]
    return rows + [
        row("conditions", model, "pairs without a face", count, n=len(effects)) for model, count in empty.items()
    ]


def lenses(model: str, found: tuple[evaluation.Interval, float, int, int] | None) -> list[tuple]:
    """Of `conditions.lenses`; n counts people, of the difference those with glare."""
    if found is None:
        return []
    difference, p_value, glare, clear = found
    ends = (difference.value, difference.low, difference.high)
    return [
        row("lenses", model, "probability", *ends, n=glare),
        row("lenses", model, "p", p_value, n=glare + clear),
    ]


def traits(compared: pd.DataFrame) -> list[tuple]:
    """Of `subjects.compare`; n counts people, of differences those with the trait."""
    rows = []
    for each in compared.itertuples():
        rows += [
            row("people", each.model, f"{each.trait}, with", each.having, n=each.n_having),
            row("people", each.model, f"{each.trait}, without", each.others, n=each.n_others),
            row(
                "people", each.model, f"{each.trait}, difference", each.difference, each.low, each.high, n=each.n_having
            ),
            row("people", each.model, f"{each.trait}, q", each.q, n=each.n_having + each.n_others),
        ]
    return rows


def found(table: pd.DataFrame, model: str, reference: str, answers: str) -> str:
    """What notebook 09 found, as Markdown, from its table alone."""
    lines = [_labels(table, answers)]
    lines += [_decoding(table, name) for name in table.loc[table["question"] == "decoding", "about"].unique()]
    lines += [_regions(table, model), _background(table, reference)]
    for question, words in (("conditions", _conditions), ("lenses", _lenses), ("people", _people)):
        lines += [words(table, name) for name in table.loc[table["question"] == question, "about"].unique()]
    return "\n".join(f"- {line}" for line in [*lines, _mirror(table, model)])


def _conditions(table: pd.DataFrame, model: str) -> str:
    rows = table[(table["question"] == "conditions") & (table["about"] == model)]
    names = [name.removesuffix(", probability") for name in rows["quantity"] if name.endswith(", probability")]
    told = [_condition(table, model, name) for name in names if name != CONTROL]
    if CONTROL in names:
        told.append(
            "Two pictures with nothing changed: " + _condition(table, model, CONTROL).removeprefix(f"{CONTROL}: ")
        )
    left_out = get(table, "conditions", model, "pairs without a face")
    return (
        f"**Glasses and light?** `{model}` on neutral faces, change in how surely they are read as such: "
        + "; ".join(told)
        + (f"; pairs left out, since no face was found: {left_out.value:.0f}." if left_out.value else ".")
    )


def _condition(table: pd.DataFrame, model: str, name: str) -> str:
    before, after, change, q = (
        get(table, "conditions", model, f"{name}, {what}")
        for what in ("read as neutral without", "read as neutral with", "probability", "q")
    )
    verdict = ""
    if name != CONTROL:
        told = q.value <= FALSE_DISCOVERIES and not change.low <= 0 <= change.high
        verdict = ", cannot be told" if not told else ", raises it" if change.value > 0 else ", lowers it"
    return (
        f"{name}: {100 * change.value:+.1f} points ({100 * change.low:+.1f} to {100 * change.high:+.1f}){verdict}, "
        f"read as neutral {round(before.value * before.n):.0f} of {before.n:.0f} without, {round(after.value * after.n):.0f} with"
    )


def _lenses(table: pd.DataFrame, model: str) -> str:
    change, p_value = (get(table, "lenses", model, name) for name in ("probability", "p"))
    return (
        f"**Glare on glasses?** `{model}`: glasses with glare ({change.n:.0f} people) change that by {100 * change.value:+.0f} points "
        f"({100 * change.low:+.0f} to {100 * change.high:+.0f}) more than clear ones ({p_value.n - change.n:.0f}), p = {p_value.value:.2g}."
    )


def _people(table: pd.DataFrame, model: str) -> str:
    rows = table[(table["question"] == "people") & (table["about"] == model)]
    names = [name.removesuffix(", difference") for name in rows["quantity"] if name.endswith(", difference")]
    told = []
    for name in names:
        having, others, change, q = (
            get(table, "people", model, f"{name}, {what}") for what in ("with", "without", "difference", "q")
        )
        verdict = "" if q.value <= FALSE_DISCOVERIES else ", cannot be told"
        told.append(
            f"{name}: {having.value:.0%} with ({having.n:.0f} people), {others.value:.0%} without ({others.n:.0f}), "
            f"{100 * change.value:+.0f} points ({100 * change.low:+.0f} to {100 * change.high:+.0f}){verdict}"
        )
    return f"**Beards, glasses, glare on the skin?** Accuracy of `{model}` by person: " + "; ".join(told) + "."


def _over_subjects(values: np.ndarray, subjects: np.ndarray) -> evaluation.Interval:
    by_subject = pd.Series(values.astype(float)).groupby(subjects).agg(["sum", "count"])
    return evaluation.subject_bootstrap(by_subject["sum"].to_numpy(), by_subject["count"].to_numpy())


def _labels(table: pd.DataFrame, model: str) -> str:
    suspects, found_share, true_share = (
        get(table, "labels", model, name) for name in ("suspects", "planted, found", "planted, true")
    )
    return (
        f"**Wrong labels?** By the answers of `{model}`, {suspects.value:.0f} of {suspects.n} labels are suspect. Of labels made wrong "
        f"on purpose the same search finds {found_share.value:.0%}, and {true_share.value:.0%} of what it names is wrong on "
        "purpose: the rest are the model's own mistakes. So look at them; do not drop them."
    )


def _decoding(table: pd.DataFrame, name: str) -> str:
    expression, person = (get(table, "decoding", name, question) for question in ("expression", "person"))
    chances = [get(table, "decoding", name, f"{question}, chance").value for question in ("expression", "person")]
    return (
        f"**Person or expression?** From {name}, a linear reader tells the expression of a new person in {expression.value:.0%} "
        f"({expression.low:.0%} to {expression.high:.0%}; chance {chances[0]:.0%}) and the person under a new expression in "
        f"{person.value:.0%} ({person.low:.0%} to {person.high:.0%}; chance {chances[1]:.0%})."
    )


def _regions(table: pd.DataFrame, model: str) -> str:
    rows = table[(table["question"] == "occlusion") & (table["about"] == model)]
    split = rows["quantity"].str.split(", ", expand=True)
    wide = pd.DataFrame({"expression": split[0], "region": split[1], "value": rows["value"]}).dropna()
    strongest = wide.loc[wide.groupby("expression")["value"].idxmax()]
    told = ", ".join(f"{r.expression} the {r.region} ({r.value:.1f} times the mean)" for r in strongest.itertuples())
    return (
        f"**Which part of the face?** Covering hurts `{model}` most at: {told or 'no part, its answers do not move'}."
    )


def _background(table: pd.DataFrame, model: str) -> str:
    share, area = (get(table, "background", model, name) for name in ("inside the face", "area"))
    return (
        f"**The background?** Of what covering does to `{model}`, {share.value:.0%} lies in the face's box, which takes "
        f"{area.value:.0%} of the picture; {1 - share.value:.0%} lies in hair, clothes, wall and light."
    )


def _mirror(table: pd.DataFrame, model: str) -> str:
    changed, gain = (get(table, "mirror", model, f"all, {name}") for name in ("changed", "accuracy"))
    rows = table[(table["question"] == "mirror") & (table["about"] == model) & (table["quantity"] == "wink, changed")]
    wink = f" (of winks {rows.iloc[0].value:.0%})" if len(rows) else ""
    return (
        f"**Left or right?** Mirroring a face changes {changed.value:.0%} ({changed.low:.0%} to {changed.high:.0%}) of the answers{wink} "
        f"and the accuracy by {100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})."
    )
