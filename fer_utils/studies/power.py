"""Which difference between two models so few people can show, by simulation."""

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit
from scipy.stats import binomtest

from fer_utils.common import cache, progress
from fer_utils.evaluation import intervals
from fer_utils.studies.splits import Counts

POWER = 0.8
EXPERIMENTS = 300  # simulated for each true difference
OTHER_PEOPLE = 200  # draws of the people that the simulation is fitted to
_SEED = 7
_RESAMPLES = 1_000
_HIGHEST = 0.99  # accuracy that is simulated


@dataclass(frozen=True, eq=False)
class Power:
    """How often a true difference is found.

    Attributes:
        differences: (D,) true differences in accuracy.
        all_subjects: (D,) share of simulated experiments whose paired interval over all subjects lies above 0.
        few_subjects: (D,) share with a McNemar p of at most 0.05 on as many subjects as the original held out.
        spread: of the subjects' log odds, that was simulated.
    """

    differences: np.ndarray
    all_subjects: np.ndarray
    few_subjects: np.ndarray
    spread: float = 0.0

    def smallest(self, power: np.ndarray) -> float:
        """Smallest difference found in `POWER` of the experiments, between the simulated ones; nan where none is."""
        reached = np.flatnonzero(power >= POWER)
        if not len(reached):
            return float("nan")
        last = reached[0]
        if last == 0:
            return float(self.differences[0])
        return float(np.interp(POWER, power[last - 1 : last + 1], self.differences[last - 1 : last + 1]))


def simulate(
    found: Counts, differences: np.ndarray, *, few: int, experiments: int = EXPERIMENTS, seed: int = _SEED
) -> Power:
    """Simulate pairs of models on subjects like these.

    Every simulated subject is more or less easy for both models: normal on the scale of log odds, with the spread that
    fits the variance between the subjects seen. Given that, images are right or wrong independently for each model.
    The second model's average is the first one's plus the true difference.

    Args:
        found: of the model that is to be beaten; `right` is (subjects, seeds).
        differences: (D,) true differences, ascending; accuracies are held under 1.
        few: number of subjects of the small test set.
        experiments: simulated for each difference.
    """
    generator = np.random.default_rng(seed)
    level, spread = float(np.mean(found.right.sum(axis=0) / found.sizes.sum())), _spread(found)
    sizes = found.sizes.astype(int)
    draws = generator.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=_RESAMPLES)
    totals = draws @ sizes
    powers = []
    for difference in differences:
        effects = generator.normal(0, spread, size=(experiments, len(sizes)))
        means = level, min(level + difference, _HIGHEST)
        rates = [_rates(mean, spread, effects) for mean in means]
        first, second = [generator.binomial(1, np.repeat(rate, sizes, axis=1)) for rate in rates]
        change = np.add.reduceat(second - first, np.r_[0, np.cumsum(sizes)[:-1]], axis=1)
        low = np.quantile((change @ draws.T) / totals, (1 - intervals.LEVEL) / 2, axis=1)
        images = sizes[:few].sum()
        wins = (second > first)[:, :images].sum(axis=1)
        losses = (second < first)[:, :images].sum(axis=1)
        powers.append((np.mean(low > 0), np.mean([_mcnemar_finds(*pair) for pair in zip(wins, losses, strict=True)])))
    both = np.array(powers)
    return Power(np.asarray(differences), both[:, 0], both[:, 1], spread)


def with_other_people(dataset: str, found: Counts, differences: np.ndarray, *, few: int) -> list[Power]:
    """`simulate`, fitted to other people each time: subjects drawn anew, with fewer experiments; kept on disk.

    What the results spread over is how little the people seen say of people, and the luck of the simulation too.

    Args:
        dataset: short name of the data set that the people are of.
        found, differences, few: as for `simulate`.
    """

    def fit() -> dict[str, np.ndarray]:
        generator = np.random.default_rng(_SEED + 1)
        n, shares = len(found.sizes), []
        for seed in progress.bar(range(OTHER_PEOPLE), "power with other people", unit="draw", delay=3):
            drawn = generator.integers(n, size=n)
            people = replace(found, right=found.right[drawn], sizes=found.sizes[drawn])
            each = simulate(people, differences, few=few, experiments=EXPERIMENTS // 3, seed=seed)
            shares.append((each.all_subjects, each.few_subjects))
        return {"shares": np.array(shares)}

    inputs = (found.right, found.sizes, differences, few)
    shares = cache.arrays(
        dataset,
        "power",
        fit,
        code=(
            "evaluation.calibration",
            "evaluation.intervals",
            "evaluation.scores",
            "evaluation.significance",
            "studies.power",
        ),
        inputs=inputs,
    )["shares"]
    return [Power(np.asarray(differences), *each) for each in shares]


def _spread(found: Counts) -> float:
    """Spread of the subjects' log odds beyond what chance alone brings (method of moments); 0 where there is none.

    Of each seed by itself, then their mean: a mean over seeds would have less of the chance that is taken off.
    """
    rates = found.right / found.sizes[:, np.newaxis]
    level = float(np.clip(np.mean(found.right.sum(axis=0) / found.sizes.sum()), 0.02, 0.98))
    by_chance = level * (1 - level) * float(np.mean(1 / found.sizes))
    beyond = max(0.0, float(np.var(rates, axis=0, ddof=1).mean()) - by_chance)
    return float(np.sqrt(beyond) / (level * (1 - level)))  # the delta method


def _rates(mean: float, spread: float, effects: np.ndarray) -> np.ndarray:
    """Each subject's rate of right answers, shifted so that the average is as wanted."""
    points = spread * np.linspace(-3, 3, 61)
    weights = np.exp(-(np.linspace(-3, 3, 61) ** 2) / 2)
    shifts = logit(mean) + np.linspace(-3, 3, 601)
    averages = (expit(shifts[:, np.newaxis] + points) * weights).sum(axis=1) / weights.sum()
    return expit(np.interp(mean, averages, shifts) + effects)


@functools.cache
def _mcnemar_finds(wins: int, losses: int) -> bool:
    return wins > losses and binomtest(int(wins), int(wins + losses), 0.5).pvalue <= 1 - intervals.LEVEL
