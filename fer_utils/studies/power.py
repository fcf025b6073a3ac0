"""Which difference between two models so few people can show: recorded answers, drawn again, with a known difference put in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fer_utils.common import cache, progress, random_draws
from fer_utils.evaluation import significance
from fer_utils.evaluation.intervals import LEVEL
from fer_utils.evaluation.protocols import only_people

PAIRS = (("updated-face", "baseline-face"), ("baseline-face", "baseline"))  # whose answers are drawn
POWER = 0.8
EXPERIMENTS = 400  # simulated for each true difference
OTHER_PEOPLE = 60  # draws of the people that the simulation starts from
_SEED = 7
_RESAMPLES = 500
_FLIPS = 2_000


@dataclass(frozen=True, eq=False)
class Pair:
    """The recorded answers of two models to the same images.

    Attributes:
        model, reference: names; the difference is put into the answers of `model`.
        after, before: (images, seeds) bool, what each got right.
        people: (images,) int, who is shown, from 0.
    """

    model: str
    reference: str
    after: np.ndarray
    before: np.ndarray
    people: np.ndarray

    @property
    def name(self) -> str:
        """For legends and tables."""
        return f"{self.model} and {self.reference}"

    @property
    def disagree(self) -> float:
        """Share of the images that one network of each model, the one right and the other wrong; mean over pairs of seeds."""
        return float(np.mean(self.after[:, :, np.newaxis] != self.before[:, np.newaxis, :]))

    def of(self, drawn: np.ndarray) -> "Pair":
        """The same with other people: those of the numbers `drawn`, each as often as drawn."""
        rows = [np.flatnonzero(self.people == person) for person in drawn]
        places = np.concatenate(rows)
        people = np.repeat(np.arange(len(drawn)), [len(each) for each in rows])
        return replace(self, after=self.after[places], before=self.before[places], people=people)


@dataclass(frozen=True, eq=False)
class Power:
    """How often a true difference is found.

    Attributes:
        differences: (D,) true differences in accuracy, ascending from 0.
        found: (D,) share of simulated experiments in which the project's rule gives a verdict; of no difference, a false one.
    """

    differences: np.ndarray
    found: np.ndarray

    def smallest(self) -> float:
        """Smallest difference found in `POWER` of the experiments, between the simulated ones; nan where none is."""
        reached = np.flatnonzero(self.found >= POWER)
        if not len(reached):
            return float("nan")
        last = reached[0]
        if last == 0:
            return float(self.differences[0])
        return float(np.interp(POWER, self.found[last - 1 : last + 1], self.differences[last - 1 : last + 1]))


def pairs(predictions: pd.DataFrame) -> list[Pair]:
    """Those of `PAIRS` that have predictions on people left out.

    Args:
        predictions: rows of `predictions.csv`.
    """
    rows = only_people(predictions)
    rows = rows.assign(right=rows["truth"] == rows["predicted"])
    there, found = set(rows["model"]), []
    for names in PAIRS:
        if there.issuperset(names):
            after, before = (
                rows[rows["model"] == name]
                .pivot_table(index=["subject", "image"], columns="seed", values="right", aggfunc="first")
                .sort_index()
                for name in names
            )
            people = pd.factorize(after.index.get_level_values("subject"))[0]
            found.append(Pair(*names, after.to_numpy(dtype=bool), before.to_numpy(dtype=bool), people))
    return found


def differences(pair: Pair) -> np.ndarray:
    """True differences to simulate: from 0 in steps of five points, as far as accuracy can rise, at most 40 points."""
    return np.arange(0, max(0.06, min(0.45, 0.97 - pair.before.mean())), 0.05)


def simulate(pair: Pair, wanted: np.ndarray, *, experiments: int = EXPERIMENTS, seed: int = _SEED) -> Power:
    """Draw people and seeds from recorded answers, with a true difference put in, and judge each draw by the project's rule.

    So images are as hard for both models, and seeds as alike, as they really were. What is assumed: new people and seeds are
    like those recorded, and the difference lies anywhere alike. To make it, `model`'s average is brought to that of
    `reference` plus the difference: of its images drawn by chance, in all seeds alike, wrong answers become right ones, or right
    ones wrong. A draw counts where the interval over people and seeds leaves out 0 and the sign-flip test over people has a p of
    at most 5 % (`significance.detected`, for a single comparison; more comparisons find less).

    Args:
        wanted: (D,) true differences, ascending.
        experiments: simulated for each difference.
    """
    generator = random_draws.generator(seed)
    after, before, there = _by_person(pair)
    people, level, now = len(there), float(pair.before.mean()), float(pair.after.mean())
    weights = generator.multinomial(people, np.full(people, 1 / people), size=_RESAMPLES)
    seeds = [each.shape[-1] for each in (after, before)]
    of_seeds = [generator.multinomial(k, np.full(k, 1 / k), size=_RESAMPLES) / k for k in seeds]
    shares = []
    for difference in wanted:
        target = min(level + difference, 1.0)
        rows = generator.randint(people, size=(experiments, people))
        # Each copy of a person is changed by itself, else the difference among those drawn would not be the one wanted.
        turned = generator.random_sample((*rows.shape, there.shape[1], 1))
        if target >= now:
            changed = (after[rows] | (turned < (target - now) / max(1 - now, 1e-9))) & there[rows][..., np.newaxis]
        else:
            changed = after[rows] & (turned >= (now - target) / now)
        sums = [each.sum(axis=2, dtype=float) for each in (changed, before[rows])]  # (experiments, people, seeds)
        drawn = [
            np.take_along_axis(each, generator.randint(k, size=(experiments, 1, k)), axis=2)
            for each, k in zip(sums, seeds, strict=True)
        ]
        shares.append(_rejected(drawn, there.sum(axis=1)[rows], weights, of_seeds))
    return Power(np.asarray(wanted), np.array(shares))


def with_other_people(dataset: str, pair: Pair, wanted: np.ndarray) -> list[Power]:
    """`simulate`, started from other people each time: people resampled, with fewer experiments; kept on disk.

    What the results spread over is how little the people seen say of people, and the chance of the simulation too.

    Args:
        dataset: short name of the data set that the people are of.
        pair, wanted: as for `simulate`.
    """

    def fit() -> dict[str, np.ndarray]:
        generator, n = random_draws.generator(_SEED + 1), int(pair.people.max()) + 1
        draws = progress.bar(range(OTHER_PEOPLE), "power with other people", unit="draw", delay=3)
        found = [
            simulate(pair.of(generator.randint(n, size=n)), wanted, experiments=EXPERIMENTS // 8, seed=seed).found
            for seed in draws
        ]
        return {"shares": np.array(found)}

    code = ("evaluation.intervals", "evaluation.significance", "studies.power")
    inputs = (pair.name, pair.after, pair.before, pair.people, wanted)
    shares = cache.arrays(dataset, "power", fit, code=code, inputs=inputs)["shares"]
    return [Power(np.asarray(wanted), each) for each in shares]


def _by_person(pair: Pair) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both models' answers, (people, most images of one, seeds) bool, and which of these images there are, (people, images)."""
    people = np.unique(pair.people)
    rows = [np.flatnonzero(pair.people == person) for person in people]
    there = np.arange(max(map(len, rows))) < np.array([[len(each)] for each in rows])
    padded = []
    for right in (pair.after, pair.before):
        table = np.zeros((*there.shape, right.shape[1]), dtype=bool)
        table[there] = right[np.concatenate(rows)]
        padded.append(table)
    return *padded, there


def _rejected(
    drawn: Sequence[np.ndarray], sizes: np.ndarray, weights: np.ndarray, of_seeds: Sequence[np.ndarray]
) -> float:
    """Share of the experiments with a verdict: of a difference, as `intervals.difference_interval` and `sign_flips` judge it."""
    p_values = significance.sign_flips(drawn[0].mean(axis=2) - drawn[1].mean(axis=2), draws=_FLIPS)
    totals = weights @ sizes.T  # (draws, experiments)
    means = []
    for right, each in zip(drawn, of_seeds, strict=True):
        of_people = (weights @ np.hstack(right.transpose(2, 1, 0))).reshape(len(weights), right.shape[2], -1)
        means.append((of_people * each[:, :, np.newaxis]).sum(axis=1) / totals)
    low, high = np.quantile(means[0] - means[1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return float(np.mean([significance.detected(*each) for each in zip(low, high, p_values, strict=True)]))
