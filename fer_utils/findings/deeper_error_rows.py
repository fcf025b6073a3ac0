"""The facts of notebook 09, as rows of `errors.csv`: what each study gave, under the names that the findings ask for."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.experiments.tables import row
from fer_utils.studies.glasses_and_light import Readings
from fer_utils.studies.glasses_and_light import lenses as glare_on_glasses


def labels(model: str, suspects: pd.DataFrame, planted: Mapping[str, float], n: int) -> list[tuple]:
    """Of `labels`."""
    rows = [row("labels", model, "suspects", float(len(suspects)), n=n)]
    return rows + [row("labels", model, f"planted {name}", value, n=n) for name, value in planted.items()]


def decoding(read: pd.DataFrame) -> list[tuple]:
    """Of `decoding.decodability`; parts are "expression" and "person"."""
    rows = []
    for each in read.itertuples():
        about = ("decoding", each.representation)
        rows.append(row(*about, "read", each.value, each.low, each.high, n=each.n, part=each.question))
        rows.append(row(*about, "chance", each.chance, n=each.n, part=each.question))
    return rows


def regions(model: str, shares: pd.DataFrame) -> list[tuple]:
    """Of `occlusion.by_expression`; parts are expressions, quantities regions, n counts images."""
    rows = []
    for each in shares.itertuples():
        words = {"n": each.n, "part": each.expression}
        rows.append(row("occlusion", model, each.region, each.value, each.low, each.high, **words))
        rows.append(row("occlusion, may be first", model, each.region, float(each.may_be_first), **words))
    return rows


def background(model: str, share: float, area: float, n: int) -> list[tuple]:
    """Of `occlusion.share_in_face`."""
    return [row("background", model, "inside the face", share, n=n), row("background", model, "area", area, n=n)]


def glasses_and_light(readings: Readings) -> list[tuple]:
    """Of `glasses_and_light.readings`: its effects, what was left out, and clear lenses against glare."""
    rows = conditions(readings.effects, readings.without_face)
    for model, answers in readings.answers.items():
        rows += lenses(model, glare_on_glasses(answers, readings.noted))
    return rows


def conditions(effects: pd.DataFrame, without_face: Mapping[str, int]) -> list[tuple]:
    """Of `glasses_and_light.effects`; parts are conditions, n counts people.

    Args:
        without_face: model to the number of pairs left out, since no face was found in a picture.
    """
    rows = []
    for each in effects.itertuples():
        values = {"read as neutral without": (each.before,), "read as neutral with": (each.after,)}
        values |= {"read as neutral": (each.read, each.read_low, each.read_high)}
        values |= {"probability": (each.difference, each.low, each.high), "q": (each.q,)}
        words = {"n": each.n, "part": each.condition}
        rows += [row("conditions", each.model, name, *value, **words) for name, value in values.items()]
    return rows + [
        row("conditions", model, "pairs without a face", count, n=len(effects)) for model, count in without_face.items()
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
    """Of `traits.compare`; parts are traits, n counts people, of differences those with the trait."""
    rows = []
    for each in compared.itertuples():
        values = {"with": ((each.having,), each.n_having), "without": ((each.others,), each.n_others)}
        values |= {"difference": ((each.difference, each.low, each.high), each.n_having)}
        values |= {"q": ((each.q,), each.n_having + each.n_others)}
        rows += [row("people", each.model, name, *v, n=n, part=each.trait) for name, (v, n) in values.items()]
    return rows


def mirrored(model: str, answers: Mapping[str, np.ndarray], classes: list[str]) -> list[tuple]:
    """Of `occlusion.mirrored`: share of changed answers, and the change in accuracy; parts are "all" and the classes."""
    changed = answers["plain"] != answers["mirrored"]
    gain = (answers["mirrored"] == answers["truth"]).astype(float) - (answers["plain"] == answers["truth"])
    everything = {"all": np.ones(len(changed), dtype=bool)}
    rows = []
    for name, chosen in {**everything, **{c: answers["truth"] == i for i, c in enumerate(classes)}}.items():
        if chosen.any():
            for quantity, values in (("changed", changed), ("accuracy", gain)):
                found = _over_subjects(values[chosen], answers["subject"][chosen])
                words = {"n": int(chosen.sum()), "part": name}
                rows.append(row("mirror", model, quantity, found.value, found.low, found.high, **words))
    return rows


def _over_subjects(values: np.ndarray, subjects: np.ndarray) -> intervals.Interval:
    by_subject = pd.Series(values.astype(float)).groupby(subjects).agg(["sum", "count"])
    return intervals.of_mean(by_subject["sum"].to_numpy(), by_subject["count"].to_numpy())
