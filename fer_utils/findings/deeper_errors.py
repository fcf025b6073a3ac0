"""What notebook 09 found, as rows of `errors.csv`, and in words made from those rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.evaluation.significance import told
from fer_utils.experiments.tables import get, row
from fer_utils.findings.wording import ends
from fer_utils.studies.glasses_and_light import CONTROL
from fer_utils.studies.occlusion import Share


def labels(model: str, suspects: pd.DataFrame, planted: Mapping[str, float], n: int) -> list[tuple]:
    """Of `labels`."""
    rows = [row("labels", model, "suspects", float(len(suspects)), n=n)]
    return rows + [row("labels", model, f"planted, {name}", value, n=n) for name, value in planted.items()]


def decoding(table: pd.DataFrame) -> list[tuple]:
    """Of `decoding.decodability`."""
    rows = []
    for each in table.itertuples():
        rows.append(row("decoding", each.representation, each.question, each.value, each.low, each.high, n=each.n))
        rows.append(row("decoding", each.representation, f"{each.question}, chance", each.chance, n=each.n))
    return rows


def regions(model: str, shares: Mapping[str, Mapping[str, Share]]) -> list[tuple]:
    """Of `occlusion.shares_of_people`, by expression; n counts images."""
    rows = []
    for expression, by_region in shares.items():
        for region, each in by_region.items():
            rows.append(row("occlusion", model, f"{expression}, {region}", each.value, each.low, each.high, n=each.n))
            rows.append(
                row("occlusion", model, f"{expression}, {region}, may be first", float(each.may_be_first), n=each.n)
            )
    return rows


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
    """Of `glasses_and_light.effects`; n counts people.

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


def lenses(model: str, found: tuple[intervals.Interval, float, int, int] | None) -> list[tuple]:
    """Of `glasses_and_light.lenses`; n counts people, of the difference those with glare."""
    if found is None:
        return []
    difference, p_value, glare, clear = found
    ends = (difference.value, difference.low, difference.high)
    return [
        row("lenses", model, "probability", *ends, n=glare),
        row("lenses", model, "p", p_value, n=glare + clear),
    ]


def traits(compared: pd.DataFrame) -> list[tuple]:
    """Of `traits.compare`; n counts people, of differences those with the trait."""
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
    lines = [_condition(table, model, name) for name in names if name != CONTROL]
    if CONTROL in names:
        lines.append(
            "two pictures with nothing changed: " + _condition(table, model, CONTROL).removeprefix(f"{CONTROL}: ")
        )
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
        get(table, "conditions", model, f"{name}, {what}")
        for what in ("read as neutral without", "read as neutral with", "probability", "q")
    )
    verdict = ""
    if name != CONTROL:
        sure = told(change.low, change.high, q.value)
        verdict = ", cannot be told" if not sure else ", raises it" if change.value > 0 else ", lowers it"
    return (
        f"{name}: {100 * change.value:+.1f} points ({100 * change.low:+.1f} to {100 * change.high:+.1f}){verdict}, "
        f"read as neutral {round(before.value * before.n):.0f} of {before.n:.0f} without, {round(after.value * after.n):.0f} with"
    )


def _lenses(table: pd.DataFrame, model: str) -> str:
    change, p_value = (get(table, "lenses", model, name) for name in ("probability", "p"))
    return (
        f"**Glare on glasses?** `{model}`: what glasses do to how surely a neutral face is read as such is "
        f"{abs(100 * change.value):.0f} points {'higher' if change.value > 0 else 'lower'} with glare on them ({change.n:.0f} people) than with clear "
        f"ones ({p_value.n - change.n:.0f}); interval of the difference {100 * change.low:+.0f} to {100 * change.high:+.0f}, "
        f"p = {p_value.value:.2g}{'' if told(change.low, change.high, p_value.value) else ', cannot be told'}."
    )


def _people(table: pd.DataFrame, model: str) -> str:
    rows = table[(table["question"] == "people") & (table["about"] == model)]
    names = [name.removesuffix(", difference") for name in rows["quantity"] if name.endswith(", difference")]
    lines = []
    for name in names:
        having, others, change, q = (
            get(table, "people", model, f"{name}, {what}") for what in ("with", "without", "difference", "q")
        )
        verdict = "" if told(change.low, change.high, q.value) else ", cannot be told"
        lines.append(
            f"{name}: {having.value:.0%} with ({having.n:.0f} people), {others.value:.0%} without ({others.n:.0f}), "
            f"{100 * change.value:+.0f} points ({100 * change.low:+.0f} to {100 * change.high:+.0f}){verdict}"
        )
    return f"**Beards, glasses, glare on the skin?** Accuracy of `{model}` by person: " + "; ".join(lines) + "."


def _over_subjects(values: np.ndarray, subjects: np.ndarray) -> intervals.Interval:
    by_subject = pd.Series(values.astype(float)).groupby(subjects).agg(["sum", "count"])
    return intervals.subject_bootstrap(by_subject["sum"].to_numpy(), by_subject["count"].to_numpy())


def _labels(table: pd.DataFrame, model: str) -> str:
    suspects, found_share, true_share = (
        get(table, "labels", model, name) for name in ("suspects", "planted, found", "planted, true")
    )
    return (
        f"**Wrong labels?** By the answers of `{model}`, {suspects.value:.0f} of {suspects.n} labels {'is' if suspects.value == 1 else 'are'} suspect. Of labels made wrong "
        f"on purpose the same search finds {found_share.value:.0%}, and {true_share.value:.0%} of what it names is wrong on "
        "purpose: the rest are the model's own mistakes. So look at them; do not drop them."
    )


def _decoding(table: pd.DataFrame, name: str) -> str:
    expression, person = (get(table, "decoding", name, question) for question in ("expression", "person"))
    chances = [get(table, "decoding", name, f"{question}, chance").value for question in ("expression", "person")]
    return (
        f"**Person or expression?** From {name}, a linear reader tells the expression of a new person in "
        f"{expression.value:.0%}{ends(expression, '{:.0%}', 1)}, where chance is {chances[0]:.0%}, and the person under a new "
        f"expression in {person.value:.0%}{ends(person, '{:.0%}', 1)}, where chance is {chances[1]:.0%}."
    )


def _regions(table: pd.DataFrame, model: str) -> str:
    rows = table[(table["question"] == "occlusion") & (table["about"] == model)]
    by_name = rows.set_index("quantity")
    lines, expressions = [], list(dict.fromkeys(name.split(", ")[0] for name in by_name.index))
    for expression in expressions:
        first = [
            name for name in by_name.index if name.startswith(f"{expression}, ") and name.endswith(", may be first")
        ]
        parts = by_name.loc[[name.removesuffix(", may be first") for name in first if by_name.loc[name, "value"]]]
        parts = parts.sort_values("value", ascending=False)
        words = " or ".join(f"the {name.split(', ')[1]} ({row.value:.1f})" for name, row in parts.iterrows())
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


def _mirror(table: pd.DataFrame, model: str) -> str:
    changed, gain = (get(table, "mirror", model, f"all, {name}") for name in ("changed", "accuracy"))
    rows = table[(table["question"] == "mirror") & (table["about"] == model) & (table["quantity"] == "wink, changed")]
    wink = ""
    if len(rows):
        of_winks = get(table, "mirror", model, "wink, accuracy")
        wink = (
            f"; of winks it changes {rows.iloc[0].value:.0%} of the answers, and the accuracy by {100 * of_winks.value:+.0f} "
            f"points{ends(of_winks, '{:+.0f}')}"
        )
    return (
        f"**Left or right?** Mirroring a face changes {changed.value:.0%} ({changed.low:.0%} to {changed.high:.0%}) of the answers "
        f"and the accuracy by {100 * gain.value:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f}){wink}."
    )
