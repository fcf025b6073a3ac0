"""95 % intervals for what is no mean over subjects: series over epochs, averages over splits, networks, two groups.

Values are any numbers, shape (N,) unless said otherwise.
"""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.stats import t

from fer_utils.common import random_draws
from fer_utils.evaluation import LEVEL, RESAMPLES, Interval

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
