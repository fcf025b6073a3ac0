"""95 % intervals: of proportions and of means over subjects; of series over epochs, averages over splits and networks.

Values are any numbers, shape (N,) unless said otherwise.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, t

from fer_utils.common import random_draws

LEVEL = 0.95
RESAMPLES = 10_000
BOOTSTRAP_SEED = 20_231
_TAILS = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
_ROUNDING = 1e-9
_FEWEST = 5  # values of a series that an interval is drawn from


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(successes: float, n: int) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Args:
        successes: need not be whole: a mean over seeds is not. SciPy's function takes whole numbers only.

    Raises:
        ValueError: n is 0, or successes is not in [0, n].
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is no proportion")
    share, z2 = successes / n, float(norm.ppf(_TAILS[1])) ** 2
    middle, reach = share + z2 / (2 * n), math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    low, high = ((middle + sign * reach) / (1 + z2 / n) for sign in (-1, 1))
    return Interval(share, max(0.0, min(share, low)), min(1.0, max(share, high)))


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


def of_accuracy(right: np.ndarray, counts: np.ndarray) -> Interval:
    """Accuracy of a model on people like these, by Student's t on the logit over people.

    The variance of a ratio of two sums over people (Cochran 1977, Sampling Techniques, 3rd ed., section 6.4, ISBN
    0-471-16240-X), plus that of the seeds' means; then `on_logit`. A bootstrap over as few people is too narrow (Cameron,
    Gelbach and Miller 2008, doi:10.1162/rest.90.3.414). One seed shows nothing of the variance between trainings.

    Args:
        right: (people, seeds) right answers, of every seed; or (people,) of one.
        counts: (people,) images tested.

    Returns:
        In [0, 1]; from 0 to 1 where there is one person.
    """
    right, counts = np.asarray(right, dtype=float), np.asarray(counts, dtype=float)
    right = right.reshape(len(right), -1)
    of_people, total = right.mean(axis=1), counts.sum()
    value = float(of_people.sum() / total)
    variance = _variance_of_ratio(of_people, counts)
    if right.shape[1] > 1:
        variance += float(np.var(right.sum(axis=0) / total, ddof=1)) / right.shape[1]
    return on_logit(value, variance, people=int((counts > 0).sum()), images=total)


def on_logit(value: float, variance: float, *, people: int, images: float) -> Interval:
    """A share between 0 and 1 by Student's t on the logit, with one degree of freedom less than people.

    On the logit with half a right and half a wrong answer more, so that 0 and 1 have one too (Haldane 1956,
    doi:10.1111/j.1469-1809.1955.tb01285.x; Agresti 2013, Categorical Data Analysis, 3rd ed., section 3.1). Where people show
    no variance at all, as when every answer is right, that of independent images stands for it. So no interval is without a
    width.

    Args:
        value: the share, in [0, 1].
        variance: of `value`.
        people: who were tested; of one alone nothing is known of others, and the interval reaches from 0 to 1.
        images: tested.
    """
    if people < 2:
        return Interval(value, 0.0, 1.0)
    share = (value * images + 0.5) / (images + 1)
    if variance < _ROUNDING / images:
        variance = share * (1 - share) / images
    reach = float(t.ppf(_TAILS[1], people - 1)) * math.sqrt(variance) / (share * (1 - share))
    low, high = expit(logit(share) + np.array([-reach, reach]))
    return Interval(value, min(value, float(low)), max(value, float(high)))


def of_mean(sums: np.ndarray, counts: np.ndarray) -> Interval:
    """Mean of any numbers by Student's t over people, as for `of_accuracy`, without the logit.

    Args:
        sums: (people,) of the quantity over a person's images.
        counts: (people,) of those images.

    Returns:
        The ends are not numbers where there is one person.
    """
    sums, counts = np.asarray(sums, dtype=float), np.asarray(counts, dtype=float)
    value, people = float(sums.sum() / counts.sum()), int((counts > 0).sum())
    if people < 2:
        return Interval(value, math.nan, math.nan)
    reach = float(t.ppf(_TAILS[1], people - 1)) * math.sqrt(_variance_of_ratio(sums, counts))
    return Interval(value, value - reach, value + reach)


def by_person(values: np.ndarray, subjects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of a quantity over each person's images, and the numbers of those images: (people,) float64 each, for `of_mean`.

    Args:
        values: (N,) of each image; numbers or bool.
        subjects: (N,) str, whom it shows.
    """
    names, person = np.unique(subjects, return_inverse=True)
    counts = np.bincount(person, minlength=len(names)).astype(float)
    return np.bincount(person, weights=np.asarray(values, dtype=float), minlength=len(names)), counts


def _variance_of_ratio(sums: np.ndarray, counts: np.ndarray) -> float:
    """Variance of a ratio of sums over people; 0 where there is one of them."""
    people = int((counts > 0).sum())
    rest = sums - counts * sums.sum() / counts.sum()
    return people / max(people - 1, 1) * float(np.sum(rest**2)) / float(counts.sum()) ** 2


def middle(values) -> tuple[float, float]:
    """Ends of the middle 95 % of some values, (N,)."""
    low, high = np.quantile(np.asarray(values, dtype=float), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def difference_interval(
    after: np.ndarray, before: np.ndarray, counts: np.ndarray, *, same_runs: bool = False, level: float = LEVEL
) -> Interval:
    """Difference in accuracy of two models on the same images, resampling subjects and seeds.

    Subjects are drawn for both models together, since each is tested on the same ones; seeds for each by itself, since
    a seed means nothing to another network. Few seeds show less than their whole spread (of three, two thirds of the
    variance), and a single one none at all: then the interval is of that one seed.

    Args:
        after, before: (subjects, seeds) right images of each model; the numbers of seeds may differ.
        counts: (subjects,) images tested.
        same_runs: both are of the same trained networks, after another epoch: seeds are then drawn for both together.
        level: of the interval.
    """
    subjects, generator = subject_draws(len(counts)), random_draws.generator(BOOTSTRAP_SEED + 1)
    means, weights = [], None
    for right in (after, before):
        seeds = right.shape[1]
        if weights is None or not same_runs:
            weights = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds
        means.append(((subjects @ right) * weights).sum(axis=1) / (subjects @ counts))
    low, high = np.quantile(means[0] - means[1], [(1 - level) / 2, (1 + level) / 2])
    value = (after.mean(axis=1) - before.mean(axis=1)).sum() / counts.sum()
    return Interval(float(value), float(low), float(high))


@functools.cache
def subject_draws(subjects: int) -> np.ndarray:
    """How often each subject is drawn, (RESAMPLES, subjects) int64, always the same draws."""
    generator = random_draws.generator(BOOTSTRAP_SEED)
    return generator.multinomial(subjects, np.full(subjects, 1 / subjects), size=RESAMPLES)


_SEED = 20_232


def of_series(series: Sequence[np.ndarray]) -> list[Interval]:
    """Means of series whose neighbouring values may depend on each other, by the stationary bootstrap.

    Blocks of a geometrically distributed length are drawn from the series closed to a ring (Politis and Romano 1994,
    doi:10.1080/01621459.1994.10476870); their mean length is the cube root of the series', the rate that Hall, Horowitz
    and Jing give (1995, doi:10.1093/biomet/82.3.561). All series are drawn at the same places, so that one may be the
    difference of two others.

    Args:
        series: each (N,), of one length.

    Returns:
        The ends are not numbers where there are fewer than `_FEWEST` values, from which nothing can be resampled.
    """
    values = np.asarray(series, dtype=float)
    n = values.shape[1]
    if n < _FEWEST:
        return [Interval(float(each.mean()), math.nan, math.nan) for each in values]
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
    split; the jackknife's variance is then somewhat too large than too small (Efron and Stein 1981,
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
