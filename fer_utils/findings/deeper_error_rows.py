"""The facts of notebook 09, as rows of `errors.csv`: what each study gave, under the names that the findings ask for."""

from collections.abc import Mapping, Sequence

import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.experiments.tables import row
from fer_utils.readers.glasses_and_light import Readings
from fer_utils.readers.glasses_and_light import lenses as glare_on_glasses
from fer_utils.readers.reader import Reader


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


def models(readers: Sequence[Reader]) -> list[tuple]:
    """Of the readers themselves: seeds that may be judged by (`Reader.seeds`), 0 where networks have not learned enough."""
    return [
        row("model", each.model, "seeds", each.seeds if each.trained else 0, n=len(each.experiment.usable))
        for each in readers
    ]


def regions(effects: pd.DataFrame) -> list[tuple]:
    """Of `occlusion.effects`; parts are expressions, quantities regions, n counts images."""
    rows = []
    for each in effects.itertuples():
        words = {"n": each.n, "part": each.expression}
        rows.append(row("occlusion", each.model, each.region, each.value, each.low, each.high, **words))
        rows.append(row("occlusion, q", each.model, each.region, each.q, **words))
    return rows


def fills(model: str, made: pd.DataFrame) -> list[tuple]:
    """Of `Covered.made`; parts are expressions, n counts the images that do not show them."""
    rows = []
    for each in made.itertuples():
        words = {"n": each.n, "part": each.expression}
        rows.append(row("eyes covered", model, each.fill, each.value, each.low, each.high, **words))
        rows.append(row("eyes covered", model, f"before {each.fill}", each.before, **words))
    return rows


def background(model: str, replaced: pd.DataFrame) -> list[tuple]:
    """Of `background.replaced`; parts are what was replaced."""
    rows = []
    for each in replaced.itertuples():
        words = {"n": each.n, "part": each.part}
        rows.append(row("background", model, "accuracy", each.value, each.low, each.high, **words))
        rows.append(row("background", model, "accuracy before", each.before, **words))
        rows.append(row("background", model, "probability lost", each.lost, each.lost_low, each.lost_high, **words))
        rows.append(row("background", model, "area of the face", each.area, **words))
    return rows


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


def mirrored(model: str, table: pd.DataFrame) -> list[tuple]:
    """Of `Mirrored.table`: both accuracies, their difference, and the share of changed answers; parts are "all" and the classes."""
    rows = []
    for each in table.itertuples():
        values = {"as shown": (each.shown,), "mirrored": (each.mirrored,)}
        values |= {"accuracy": (each.difference, each.low, each.high)}
        values |= {"changed": (each.changed, each.changed_low, each.changed_high)}
        rows += [row("mirror", model, name, *value, n=each.n, part=each.part) for name, value in values.items()]
    return rows
