"""What notebook 09 found, in words made from its table alone (`deeper_error_rows`)."""

from collections.abc import Mapping

import pandas as pd

from fer_utils.data.alignment import REGIONS
from fer_utils.evaluation import significance
from fer_utils.evaluation.significance import Verdict
from fer_utils.experiments.tables import get
from fer_utils.findings.wording import doubt, ends, points
from fer_utils.readers.background import FACE, REST
from fer_utils.readers.covering import GREY, MEAN, OTHERS
from fer_utils.readers.glasses_and_light import CONTROL
from fer_utils.readers.occlusion import ALL


def summary(table: pd.DataFrame, *, answers: str) -> str:
    """What notebook 09 found, as Markdown.

    Args:
        table: `errors.csv`.
        answers: the model whose answers were held against the labels.

    Raises:
        OutputError: a row is missing.
    """
    lines = [_labels(table, answers)]
    every = (
        ("decoding", _decoding),
        ("occlusion", _regions),
        ("eyes covered", _fill),
        ("background", background),
        ("conditions", _conditions),
        ("lenses", _lenses),
        ("people", _people),
        ("mirror", _mirror),
    )
    lines += [words(table, name) for question, words in every for name in _about(table, question)]
    return "\n".join(f"- {line}" for line in lines if line)


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


def background(table: pd.DataFrame, model: str) -> str:
    """What is left of the accuracy when the face, or all but the face, is replaced."""
    if not _seeds(table, model):
        return f"**The background?** `{model}`: {Verdict.UNTRAINED}."
    face, rest = (get(table, "background", model, "accuracy", part=part) for part in (FACE, REST))
    before, area = (
        get(table, "background", model, name, part=FACE) for name in ("accuracy before", "area of the face")
    )
    return (
        f"**The background?** `{model}` reads {before.value:.0%} of the pictures as they are, {face.value:.0%}{ends(face, '{:.0%}', 1)} "
        f"with the face replaced by other people's, and {rest.value:.0%}{ends(rest, '{:.0%}', 1)} with all "
        f"but the face replaced (n = {before.n:.0f}, first seed; the face's box takes {area.value:.0%} of the picture)."
    )


def fill(table: pd.DataFrame, model: str) -> str:
    """What a patch of grey over the eyes makes of faces, and what other fills make of them: the answer that grey adds most to.

    Empty where nothing can be said.
    """
    if not _seeds(table, model):
        return ""
    rises = {
        part: get(table, "eyes covered", model, GREY, part=part).value
        - get(table, "eyes covered", model, f"before {GREY}", part=part).value
        for part in _parts(table, "eyes covered", model)
    }
    made = max(rises, key=rises.get)
    if rises[made] <= 0:
        return ""
    grey, mean, natural, before = (
        get(table, "eyes covered", model, name, part=made) for name in (GREY, MEAN, OTHERS, f"before {GREY}")
    )
    return (
        f"With the eyes covered by grey, `{model}` calls {grey.value:.0%}{ends(grey, '{:.0%}', 1)} of the "
        f"{grey.n:.0f} faces that do not show it {made}; by the mean face's eyes {mean.value:.0%}{ends(mean, '{:.0%}', 1)}; by other "
        f"people's {natural.value:.0%}{ends(natural, '{:.0%}', 1)}; as they are {before.value:.0%}."
    )


def _fill(table: pd.DataFrame, model: str) -> str:
    said = fill(table, model)
    return f"**What a patch makes.** {said}" if said else ""


def _seeds(table: pd.DataFrame, model: str) -> int:
    """Seeds that a model may be judged by; 0 where its networks have not learned enough."""
    return int(get(table, "model", model, "seeds").value)


def _judged(table: pd.DataFrame, model: str, change: pd.Series, q: float) -> Verdict:
    seeds = _seeds(table, model)
    return significance.verdict(change.low, change.high, q, seeds=seeds, trained=seeds > 0)


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
        f"purpose{': the rest are the model' + chr(39) + 's own mistakes' if true_share.value < 1 else ''}. So look at them; do not drop them."
    )


def _decoding(table: pd.DataFrame, name: str) -> str:
    (expression, chance), (person, chance_of_person) = (
        [get(table, "decoding", name, quantity, part=part) for quantity in ("read", "chance")]
        for part in ("expression", "person")
    )
    return (
        f"**Person or expression?** From {name}, a linear reader reads the expression of a new person in "
        f"{expression.value:.0%}{ends(expression, '{:.0%}', 1)}, where chance is {chance.value:.0%}, and the person under a new "
        f"expression in {person.value:.0%}{ends(person, '{:.0%}', 1)}, where chance is {chance_of_person.value:.0%}."
    )


def _regions(table: pd.DataFrame, model: str) -> str:
    if not _seeds(table, model):
        return f"**Which part of the face?** `{model}`: {Verdict.UNTRAINED}."
    whole = ", ".join(_covered(table, model, region, ALL) for region in REGIONS)
    found = [
        f"{part}: {_covered(table, model, region, part)}"
        for part in _parts(table, "occlusion", model)
        for region in REGIONS
        if part != ALL and _of_region(table, model, region, part)[1] in (Verdict.HIGHER, Verdict.LOWER)
    ]
    judged = f"detected by expression: {'; '.join(found) or 'none'}" if _seeds(table, model) > 1 else Verdict.ONE_SEED
    return (
        f"**Which part of the face?** What the right expression loses (below 0: gains) when `{model}` sees other people's "
        f"instead: {whole}; {judged}."
    )


def _of_region(table: pd.DataFrame, model: str, region: str, part: str) -> tuple[pd.Series, Verdict]:
    change, q = (get(table, question, model, region, part=part) for question in ("occlusion", "occlusion, q"))
    return change, _judged(table, model, change, q.value)


def _covered(table: pd.DataFrame, model: str, region: str, part: str) -> str:
    return f"{region} {points(_of_region(table, model, region, part)[0], '{:+.0f}')}"


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
        + "Surer of neutral need not be clearer sight: nobody shows another expression in these conditions."
    )


def _condition(table: pd.DataFrame, model: str, name: str) -> str:
    before, after, change, q = (
        get(table, "conditions", model, quantity, part=name)
        for quantity in ("read as neutral without", "read as neutral with", "probability", "q")
    )
    verdict = ""
    if name != CONTROL:
        judged = _judged(table, model, change, q.value)
        verdict = f", {({Verdict.HIGHER: 'raises it', Verdict.LOWER: 'lowers it'}).get(judged, judged)}"
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
        f"p = {p_value.value:.2g}{_remark(_judged(table, model, change, p_value.value))}."
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


def _remark(judged: Verdict) -> str:
    return "" if judged in (Verdict.HIGHER, Verdict.LOWER) else f", {judged}"


def _mirror(table: pd.DataFrame, model: str) -> str:
    if not _seeds(table, model):
        return f"**Left or right?** `{model}`: {Verdict.UNTRAINED}."
    lines = [_of_mirror(table, model, part) for part in (ALL, "wink") if part in _parts(table, "mirror", model)]
    return f"**Left or right?** `{model}` {'; '.join(lines)}."


def _of_mirror(table: pd.DataFrame, model: str, part: str) -> str:
    shown, mirrored, gain, changed = (
        get(table, "mirror", model, name, part=part) for name in ("as shown", "mirrored", "accuracy", "changed")
    )
    who = "reads" if part == ALL else "of winks"
    if not changed.value:
        return f"{who} {shown.value:.0%} as they are and mirrored (n = {shown.n:.0f}), no answer changes"
    return (
        f"{who} {shown.value:.0%} as they are and {mirrored.value:.0%} mirrored (n = {shown.n:.0f}; {points(gain, '{:+.0f}')}), "
        f"{changed.value:.0%}{ends(changed, '{:.0%}', 1)} of the answers change"
    )
