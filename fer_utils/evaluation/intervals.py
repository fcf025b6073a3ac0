"""95 % intervals: of proportions and of means over subjects; of series over epochs, averages over splits, networks, two
groups.

Values are any numbers, shape (N,) unless said otherwise.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import binomtest, t

from fer_utils.common import random_draws

LEVEL = 0.95
RESAMPLES = 10_000
BOOTSTRAP_SEED = 20_231


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Raises:
        ValueError: n is 0, or successes is not in [0, n].
    """
    found = binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Interval(successes / n, float(found.low), float(found.high))


def subject_bootstrap(values: np.ndarray, counts: np.ndarray) -> Interval:
    """Percentile interval of a mean, resampling subjects (Efron and Tibshirani 1993).

    Args:
        values: (subjects,) sums of the quantity over a subject's predictions.
        counts: (subjects,) numbers of those predictions.
    """
    draws = subject_draws(len(values))
    means = (draws @ values) / (draws @ counts)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(np.sum(values) / np.sum(counts)), float(low), float(high))


def middle(values) -> tuple[float, float]:
    """Ends of the middle 95 % of some values, (N,)."""
    low, high = np.quantile(np.asarray(values, dtype=float), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def resampled_sums(sums: np.ndarray) -> np.ndarray:
    """Sums over subjects drawn anew, (1000, ...) float64, for what is no mean.

    Args:
        sums: (subjects, ...), of each subject.
    """
    draws = subject_draws(len(sums))[:1000]
    return np.tensordot(draws, sums, axes=1)


def difference_interval(
    after: np.ndarray, before: np.ndarray, counts: np.ndarray, *, same_runs: bool = False
) -> Interval:
    """Difference in accuracy of two models on the same images, resampling subjects and seeds.

    Subjects are drawn for both models together, since each is tested on the same ones; seeds for each by itself, since
    a seed means nothing to another network. Few seeds show less than their whole spread (of three, two thirds of the
    variance), and a single one none at all: then the interval is of that one seed.

    Args:
        after, before: (subjects, seeds) right images of each model; the numbers of seeds may differ.
        counts: (subjects,) images tested.
        same_runs: both are of the same trained networks, after another epoch: seeds are then drawn for both together.
    """
    subjects, generator = subject_draws(len(counts)), random_draws.generator(BOOTSTRAP_SEED + 1)
    means, weights = [], None
    for right in (after, before):
        seeds = right.shape[1]
        if weights is None or not same_runs:
            weights = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds
        means.append(((subjects @ right) * weights).sum(axis=1) / (subjects @ counts))
    low, high = np.quantile(means[0] - means[1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = (after.mean(axis=1) - before.mean(axis=1)).sum() / counts.sum()
    return Interval(float(value), float(low), float(high))


@functools.cache
def subject_draws(subjects: int) -> np.ndarray:
    """How often each subject is drawn, (RESAMPLES, subjects) int64, always the same draws."""
    generator = random_draws.generator(BOOTSTRAP_SEED)
    return generator.multinomial(subjects, np.full(subjects, 1 / subjects), size=RESAMPLES)


_SEED = 20_232
_TAILS = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
_STEP = 0.001  # between the shifts of two groups that are tried
_ROUNDING = 1e-9


def of_series(series: Sequence[np.ndarray]) -> list[Interval]:
    """Means of series whose neighbouring values may depend on each other, by the stationary bootstrap.

    Blocks of a geometrically distributed length are drawn from the series closed to a ring (Politis and Romano 1994,
    doi:10.1080/01621459.1994.10476870); their mean length is the cube root of the series', the rate that Hall, Horowitz
    and Jing give (1995, doi:10.1093/biomet/82.3.561). All series are drawn at the same places, so that one may be the
    difference of two others.

    Args:
        series: each (N,), of one length.
    """
    values = np.asarray(series, dtype=float)
    n = values.shape[1]
    generator = random_draws.generator(_SEED)
    starts = generator.randint(n, size=(RESAMPLES, n))
    begins = generator.random_sample((RESAMPLES, n)) < 1 / max(1, round(n ** (1 / 3)))
    begins[:, 0] = True
    last = np.maximum.accumulate(np.where(begins, np.arange(n), 0), axis=1)  # where the present block begins
    places = (np.take_along_axis(starts, last, axis=1) + np.arange(n) - last) % n
    ends = [np.quantile(each[places].mean(axis=1), _TAILS) for each in values]
    return [Interval(float(each.mean()), *map(float, end)) for each, end in zip(values, ends, strict=True)]


def of_another(values: np.ndarray) -> Interval:
    """Mean, and where one more value like these would lie: the prediction interval of a normal distribution.

    The ends are not numbers where there are fewer than two values.
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Interval(mean, math.nan, math.nan)
    reach = float(t.ppf(_TAILS[1], n - 1) * np.std(values, ddof=1) * math.sqrt(1 + 1 / n))
    return Interval(mean, mean - reach, mean + reach)


def jackknife(value: float, without_one: np.ndarray) -> Interval:
    """A statistic with the interval of the jackknife and Student's t.

    For averages over all subsets of subjects, as over splits, where a bootstrap would put one subject on both sides of a
    split; the jackknife's variance is then rather too large than too small (Efron and Stein 1981,
    doi:10.1214/aos/1176345462).

    Args:
        value: of all subjects.
        without_one: (subjects,) the same without each of them in turn; not a number where that leaves too few, and then
            the ends are none either.
    """
    n = len(without_one)
    spread = math.sqrt((n - 1) / n * float(np.sum((without_one - np.mean(without_one)) ** 2)))
    reach = float(t.ppf(_TAILS[1], n - 1)) * spread
    return Interval(value, value - reach, value + reach)


def between_groups(values: np.ndarray, member: np.ndarray, *, limit: float) -> tuple[Interval, float]:
    """Difference of the means of two groups of subjects, by an exact permutation test and its inversion.

    The interval holds every shift between the groups that the test, over all ways to divide the subjects into groups of
    these sizes, does not reject at 5 % (Garthwaite 1996, doi:10.2307/2532852). Few ways make a wide interval.

    Args:
        values: (subjects,).
        member: (subjects,) bool; some are members and some are not. All ways are listed: for few subjects.
        limit: largest difference that can be, such as 1 between accuracies; the interval ends there.

    Returns:
        Members minus others, and the two-sided p value of no difference.
    """
    values, member = np.asarray(values, dtype=float), np.asarray(member, dtype=bool)
    n, size = len(values), int(member.sum())
    divided = np.zeros((math.comb(n, size), n))
    for row, chosen in zip(divided, combinations(range(n), size), strict=True):
        row[list(chosen)] = 1
    weights = divided / size - (1 - divided) / (n - size)
    means, overlap = weights @ values, weights @ member  # a shift of the members moves a mean by so much of it
    value = float(values[member].mean() - values[~member].mean())

    def p_value(shift: float) -> float:
        return float(np.mean(np.abs(means - shift * overlap) >= abs(value - shift) - _ROUNDING))

    shifts = np.linspace(-limit, limit, round(2 * limit / _STEP) + 1)
    accepted = [shift for shift in shifts if p_value(shift) > 1 - LEVEL]
    return Interval(value, float(min(accepted)), float(max(accepted))), p_value(0.0)
