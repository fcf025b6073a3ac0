"""Glasses and light as causes of error: the same neutral face in other conditions, read by a network that never saw it.

Nothing of these pictures is trained on: the manifest excludes them. What a picture differs in from the one it is compared
with is its condition alone, as far as a person can hold still.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.data import people
from fer_utils.data.datasets import FaceDataset
from fer_utils.evaluation import groups, intervals, significance
from fer_utils.evaluation.significance import Verdict
from fer_utils.readers.reader import Reader

LIGHTS = ("centerlight", "leftlight", "rightlight")
NEUTRAL = "normal"
CONTROL = "another picture"  # of the same person with nothing changed: what two pictures differ by anyway


@dataclass(frozen=True, eq=False)
class Readings:
    """What some models answer to neutral faces with glasses and under lamps.

    Attributes:
        noted: from `people.read`.
        pairs: from `pairs`.
        answers: model to its `answers`.
        effects: from `effects`, of all models.
    """

    noted: pd.DataFrame
    pairs: pd.DataFrame
    answers: dict[str, pd.DataFrame]
    effects: pd.DataFrame

    @property
    def without_face(self) -> dict[str, int]:
        """Model to the number of pairs left out, since no face was found in a picture."""
        return {model: len(self.pairs) - len(rows) for model, rows in self.answers.items()}

    def turned(self, model: str) -> pd.DataFrame:
        """Rows of `answers` where only one picture is read as neutral; `neutral` (bool): the one in the condition is."""
        rows = self.answers[model]
        without, with_it = (rows[f"said_{name}"] == NEUTRAL for name in ("plain", "changed"))
        return rows.assign(neutral=with_it)[without != with_it]


def readings(dataset: FaceDataset, readers: Sequence[Reader]) -> Readings | None:
    """Read the pictures of `pairs` with each model; None where nothing is noted of the people, or no class is neutral."""
    noted = people.read(dataset.name)
    if noted is None or NEUTRAL not in dataset.class_names:
        return None
    wanted = pairs(dataset, noted)
    said = {reader.model: answers(reader, wanted) for reader in readers}
    judged = {reader.model: reader.seeds if reader.trained else 0 for reader in readers}
    return Readings(noted, wanted, said, effects(list(said.values()), judged))


def pairs(dataset: FaceDataset, noted: pd.DataFrame) -> pd.DataFrame:
    """Pictures to compare: one in a condition, and one of the same person, as neutral, without it.

    A picture with glasses is compared with `normal`, or with `noglasses` where `normal` shows glasses too. One under a
    lamp is compared with `normal`, or with the first other picture in ordinary light where `normal` differs in glasses.
    `CONTROL` pairs differ in neither. Copies, byte for byte, are no pairs; pictures noted as not neutral are left out.

    Args:
        noted: from `people.read`.

    Returns:
        Columns `condition, subject, changed, plain`, the last two positions in the data set; empty where there are none.
    """
    names = zip(dataset.subjects, dataset.conditions, strict=True)
    place = {name: index for index, name in enumerate(names)}
    rows = []
    for person in noted.itertuples():
        for condition, changed, plain in _wanted(person, place):
            here = place[person.subject, changed], place[person.subject, plain]
            if dataset.hashes[here[0]] != dataset.hashes[here[1]]:
                rows.append((condition, person.subject, *here))
    table = pd.DataFrame(rows, columns=["condition", "subject", "changed", "plain"])
    return table.drop_duplicates(["condition", "subject"], ignore_index=True)


def answers(reader: Reader, wanted: pd.DataFrame) -> pd.DataFrame:
    """What a model says to both pictures of each pair, by what left the person out; of networks those of the first seed.

    Args:
        wanted: from `pairs`.

    Returns:
        Its rows with `model`, `probability_changed, probability_plain` (of the neutral class), `said_changed, said_plain`
        (class names); without those pairs in which the model sees nothing, since no face was found.
    """
    seen = reader.shows
    table = wanted[seen[wanted["changed"]] & seen[wanted["plain"]]].reset_index(drop=True)
    neutral = reader.classes.index(NEUTRAL)

    def fit() -> dict[str, np.ndarray]:
        return {name: reader.of_people(table[name].to_numpy()) for name in ("changed", "plain")}

    found = reader.kept("conditions", fit, code=("readers.glasses_and_light",), inputs=(table.to_csv(),))
    for name, answers_to in found.items():
        table[f"probability_{name}"] = answers_to[:, neutral]
        table[f"said_{name}"] = np.array(reader.classes)[answers_to.argmax(axis=1)]
    return table.assign(model=reader.model)


def effects(found: Sequence[pd.DataFrame], judged: Mapping[str, int]) -> pd.DataFrame:
    """What each condition changes, with intervals by Student's t over people.

    p is from an exact permutation test over subjects (signs of the differences in probability), q is p after Benjamini
    and Hochberg's correction over conditions and models; the control is not counted among them.

    Args:
        found: from `answers`, of each model.
        judged: model to the seeds that its answers are of, see `Reader.seeds`; 0 where its networks have not learned enough.

    Returns:
        A row per model and condition: `model, condition, n, before, after` (shares read as neutral), `difference, low,
        high` (of the probability), `read, read_low, read_high` (of the shares), `p, q, control` (bool), `verdict`.
    """
    from scipy.stats import false_discovery_control

    rows = []
    for (model, condition), group in pd.concat(found).groupby(["model", "condition"], sort=False):
        change = (group["probability_changed"] - group["probability_plain"]).to_numpy()
        before, after = ((group[f"said_{name}"] == NEUTRAL).to_numpy(dtype=float) for name in ("plain", "changed"))
        surely, read = (intervals.of_mean(each, np.ones(len(each))) for each in (change, after - before))
        row = {"model": model, "condition": condition, "n": len(group), "before": before.mean(), "after": after.mean()}
        row |= {"difference": surely.value, "low": surely.low, "high": surely.high}
        row |= {"read": read.value, "read_low": read.low, "read_high": read.high}
        rows.append(row | {"p": float(significance.sign_flips(change))})
    table = pd.DataFrame(rows)
    tested = table["condition"] != CONTROL
    table["q"] = table["p"]
    if tested.any():
        table.loc[tested, "q"] = false_discovery_control(table.loc[tested, "p"])
    table["control"] = ~tested
    table["verdict"] = [_verdict(row, judged[row.model]) for row in table.itertuples()]
    return table


def lenses(found: pd.DataFrame, noted: pd.DataFrame) -> tuple[intervals.Interval, float, int, int] | None:
    """How much more glasses with glare change the probability than clear ones: members are people with glare.

    Args:
        found: from `answers`, of one model.
        noted: from `people.read`.

    Returns:
        The difference with its interval and p value (`groups.between_groups`), the numbers of people with glare and
        with clear lenses; None where either is none. Tinted lenses are in neither group.
    """
    glasses = found[found["condition"] == "glasses"].merge(noted[["subject", "lenses"]], on="subject")
    glasses = glasses[glasses["lenses"] != "tinted"]
    glare = (glasses["lenses"] == "glare").to_numpy()
    if not 0 < glare.sum() < len(glare):
        return None
    change = (glasses["probability_changed"] - glasses["probability_plain"]).to_numpy()
    return *groups.between_groups(change, glare, limit=2), int(glare.sum()), int((~glare).sum())


def _wanted(person, place: dict[tuple[str, str], int]) -> Iterator[tuple[str, str, str]]:
    """Condition, picture in it, picture without it, the best comparison of each condition first."""
    worn = {NEUTRAL: person.glasses, "noglasses": False, "glasses": True}
    worn |= dict.fromkeys(LIGHTS, person.glasses_under_lights)
    odd = person.not_neutral.split()
    there = [name for name in worn if (person.subject, name) in place and name not in odd]
    ordinary = [name for name in there if name not in LIGHTS]
    bare = [name for name in ordinary if not worn[name]]
    if "glasses" in there:
        yield from (("glasses", "glasses", plain) for plain in bare)
    for light in (name for name in there if name in LIGHTS):
        yield from ((light, light, plain) for plain in ordinary if worn[plain] == worn[light])
    if NEUTRAL in there:
        others = [name for name in ordinary if name != NEUTRAL and worn[name] == worn[NEUTRAL]]
        yield from ((CONTROL, other, NEUTRAL) for other in others)


def _verdict(row, seeds: int) -> str:
    found = significance.verdict(row.low, row.high, row.q, seeds=seeds, trained=seeds > 0)
    return {Verdict.HIGHER: "raises it", Verdict.LOWER: "lowers it"}.get(found, str(found))
