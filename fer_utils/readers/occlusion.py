"""Which part of the face a model needs: cover it, and see what the right answer loses or gains (Zeiler and Fergus 2014,
doi:10.1007/978-3-319-10590-1_53, with another fill, see `covering`).

Above 0 the probability of the right expression falls when a part is covered: the model used it. Below 0 it rises: what is there
spoke against the right answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.data import people
from fer_utils.data.alignment import REGIONS
from fer_utils.evaluation import intervals, significance
from fer_utils.readers import covering
from fer_utils.readers.covering import GREY, MEAN, OTHERS
from fer_utils.readers.reader import Reader

GRID = 6  # places of the sliding patch, across and down
PATCH = 0.25  # its side, a fraction of the face's
ALL = "all"
_CODE = ("data.alignment", "readers.covering", "readers.occlusion")
_SIDE = 48  # pixels of a map


def places() -> list[tuple[float, float, float, float]]:
    """Boxes of the sliding patch, left to right and then down."""
    starts = np.linspace(0, 1 - PATCH, GRID)
    return [(float(x), float(y), float(x + PATCH), float(y + PATCH)) for y in starts for x in starts]


@dataclass(frozen=True, eq=False)
class Covered:
    """What a model says of faces with each of `REGIONS` covered.

    Attributes:
        reader: the model.
        positions: (N,) int, in the data set.
        plain: (N, classes) float64, probabilities of the faces as they are.
        covered: (regions, N, classes) with each of `REGIONS` covered by `covering.OTHERS`.
        eyes: fill to (N, classes), with the eyes covered by it.
    """

    reader: Reader
    positions: np.ndarray
    plain: np.ndarray
    covered: np.ndarray
    eyes: dict[str, np.ndarray]

    @property
    def labels(self) -> np.ndarray:
        """(N,) int, what the faces show."""
        return self.reader.experiment.dataset.labels[self.positions]

    @property
    def subjects(self) -> np.ndarray:
        """(N,) str, whom."""
        return self.reader.experiment.dataset.subjects[self.positions]

    @property
    def lost(self) -> np.ndarray:
        """(regions, N), by how much the probability of the right expression falls."""
        rows = np.arange(len(self.labels))
        return self.plain[rows, self.labels] - self.covered[:, rows, self.labels]

    def made(self) -> pd.DataFrame:
        """What a fill itself makes of faces: how often each wrong expression is answered, with the eyes covered and without.

        Returns:
            A row per fill and expression: `fill, expression, before, value, low, high, n`: shares of the images that do not
            show it, the interval over people of the share with the eyes covered.
        """
        rows = []
        for fill, found in self.eyes.items():
            for number, expression in enumerate(self.reader.classes):
                others = self.labels != number
                before, after = (each[others].argmax(axis=1) == number for each in (self.plain, found))
                sums, counts = intervals.by_person(after, self.subjects[others])
                share = intervals.of_accuracy(sums, counts)
                ends = (share.value, share.low, share.high)
                rows.append((fill, expression, float(before.mean()), *ends, int(others.sum())))
        return pd.DataFrame(rows, columns=["fill", "expression", "before", "value", "low", "high", "n"])


def regions(reader: Reader) -> Covered:
    """Cover each of `REGIONS` in every tested face (`covering.drawn`) by other people's, and the eyes by the other fills too; kept on disk."""

    def fit() -> dict[str, np.ndarray]:
        positions, plain, natural = covering.answers(reader, lambda _: list(REGIONS.values()))
        eyes = {fill: covering.answers(reader, lambda _: [REGIONS["eyes"]], fill=fill)[2][0] for fill in (MEAN, GREY)}
        return {"positions": positions, "plain": plain, "covered": natural, **eyes}

    found = reader.kept("covered-regions", fit, code=_CODE, inputs=(covering.drawn(reader),))
    eyes = {OTHERS: found["covered"][list(REGIONS).index("eyes")], MEAN: found[MEAN], GREY: found[GREY]}
    return Covered(reader, found["positions"], found["plain"], found["covered"], eyes)


def effects(models: Sequence[Covered]) -> pd.DataFrame:
    """What covering each region takes from the probability of the right expression, with intervals by Student's t over people.

    p is from an exact test over people (`significance.sign_flips`), q is p after Benjamini and Hochberg's correction, over the
    rows of single expressions and over those of all together. Of a model whose training is random the answers are one seed's, so nothing is decided
    (`significance.verdict`).

    Returns:
        A row per model, expression (first `ALL` of them) and region: `model, expression, region, value, low, high` (of
        probability, above 0 where it is lost), `n` (images), `people, p, q, verdict`.
    """
    from scipy.stats import false_discovery_control

    rows = []
    for each in models:
        everything = {ALL: np.ones(len(each.labels), dtype=bool)}
        parts = everything | {name: each.labels == number for number, name in enumerate(each.reader.classes)}
        for expression, chosen in parts.items():
            for region, lost in zip(REGIONS, each.lost, strict=True):
                if chosen.any():
                    rows.append(_row(each.reader, expression, region, lost[chosen], each.subjects[chosen]))
    table = pd.DataFrame(rows)
    whole = table["expression"] == ALL
    for chosen in (whole, ~whole):
        table.loc[chosen, "q"] = false_discovery_control(table.loc[chosen, "p"])
    judged = {each.reader.model: (each.reader.seeds, each.reader.trained) for each in models}
    table["verdict"] = [
        str(significance.verdict(r.low, r.high, r.q, seeds=judged[r.model][0], trained=judged[r.model][1]))
        for r in table.itertuples()
    ]
    return table


def example(reader: Reader) -> tuple[dict[str, list[np.ndarray]], list[list[str]]]:
    """The faces of the first person who may be shown, as they are and with the eyes covered by each fill, with the answers.

    The other person whose eyes are put there may be shown as well.

    Args:
        reader: of aligned faces; its first view is drawn.

    Returns:
        Name of each row to its pictures, (side, side) uint8; and for each of these rows the answers with their probabilities.
    """
    data, view = reader.experiment.dataset, next(iter(reader.placings))
    fold, (train, test) = next(
        (fold, each) for fold, each in reader.folds.items() if people.pictured(data, data.subjects[each[1]]).any()
    )
    shown = test[people.pictured(data, data.subjects[test])]
    positions = shown[data.subjects[shown] == data.subjects[shown[0]]]
    pictures, box = reader.pictures(positions), REGIONS["eyes"]
    givers = train[people.pictured(data, data.subjects[train])]
    other = covering.other_faces(reader, givers, int(positions[0]), number=0)[0]
    fills = {OTHERS: other, MEAN: covering.mean_faces(reader, train), GREY: dict.fromkeys(reader.placings)}
    rows = {f"eyes: {name}": covering.covered(pictures, fill, box, reader.placings) for name, fill in fills.items()}
    rows = {"as they are": pictures} | rows
    said = [reader.answers(fold, each) for each in rows.values()]
    lines = [[f"{reader.classes[each.argmax()]} {each.max():.0%}" for each in row] for row in said]
    return {name: list(each[view]) for name, each in rows.items()}, lines


@dataclass(frozen=True, eq=False)
class Maps:
    """What covering each place takes from the right answer, by expression.

    Attributes:
        model: that was asked.
        faces: expression to the mean of its faces, (48, 48) uint8.
        lost: expression to the mean fall of the right expression's probability, (48, 48) float64: a pixel's is the mean over
            the patches that cover it, weighed by how much they do.
        sure: expression to the middles (x, y) of those patches whose interval over people leaves out 0, (M, 2) fractions.
        n: expression to the number of images.
    """

    model: str
    faces: dict[str, np.ndarray]
    lost: dict[str, np.ndarray]
    sure: dict[str, np.ndarray]
    n: dict[str, int]


def maps(reader: Reader) -> Maps:
    """Slide a patch of other people's faces, one drawn for each place and image, over every such face; kept on disk."""
    data, boxes = reader.experiment.dataset, places()

    def fit() -> dict[str, np.ndarray]:
        positions, plain, found = covering.answers(reader, lambda _: boxes, single=True)
        rows, labels = np.arange(len(positions)), data.labels[positions]
        return {"positions": positions, "lost": plain[rows, labels] - found[:, rows, labels]}

    kept = reader.kept("covered-places", fit, code=_CODE, inputs=(covering.drawn(reader),))
    positions, lost = kept["positions"], kept["lost"]
    labels, subjects = data.labels[positions], data.subjects[positions]
    parts = np.stack([covering.weights(_SIDE, box) for box in boxes])
    faces = reader.experiment.inputs["face"][positions, ..., 0]
    middles = np.array([((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in boxes])
    found = Maps(reader.model, {}, {}, {}, {})
    for number, expression in enumerate(reader.classes):
        chosen = labels == number
        if chosen.any():
            over_people = [intervals.of_mean(*intervals.by_person(each, subjects[chosen])) for each in lost[:, chosen]]
            values = np.array([each.value for each in over_people])
            found.faces[expression] = faces[chosen].mean(axis=0).astype(np.uint8)
            found.lost[expression] = np.tensordot(values, parts, axes=1) / parts.sum(axis=0)
            found.sure[expression] = middles[[not each.low <= 0 <= each.high for each in over_people]]
            found.n[expression] = int(chosen.sum())
    return found


def _row(reader: Reader, expression: str, region: str, lost: np.ndarray, subjects: np.ndarray) -> dict:
    sums, counts = intervals.by_person(lost, subjects)
    found = intervals.of_mean(sums, counts)
    row = {"model": reader.model, "expression": expression, "region": region}
    low, high = np.clip((found.low, found.high), -1, 1)  # no probability changes by more
    row |= {"value": found.value, "low": low, "high": high, "n": len(lost), "people": len(sums)}
    return row | {"p": float(significance.sign_flips(sums))}
