"""Two groups of people: the difference of their means by a permutation test, and the interval that inverts it."""

import math
from itertools import combinations

import numpy as np

from fer_utils.common import random_draws
from fer_utils.evaluation.intervals import LEVEL, Interval

MOST_DIVISIONS = 20_000  # ways to divide the people that are all listed; beyond, so many are drawn
DRAWS = 9_999
_SEED = 20_233
_STEP = 0.001  # between the shifts of two groups that are tried
_ROUNDING = 1e-9


def between_groups(values: np.ndarray, member: np.ndarray, *, limit: float) -> tuple[Interval, float]:
    """Difference of the means of two groups of people, by a permutation test and its inversion.

    The interval holds every shift between the groups that the test, over ways to divide the people into groups of
    these sizes, does not reject at 5 % (Garthwaite 1996, doi:10.2307/2532852). Few ways make a wide interval. Up to
    `MOST_DIVISIONS` ways all are listed, and the test is exact; of more, `DRAWS` are drawn, always the same, and the division
    seen is counted with them (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).

    Args:
        values: (people,).
        member: (people,) bool; some are members and some are not.
        limit: largest difference that can be, such as 1 between accuracies; the interval ends there.

    Returns:
        Members minus others, and the two-sided p value of no difference.
    """
    values, member = np.asarray(values, dtype=float), np.asarray(member, dtype=bool)
    n, size = len(values), int(member.sum())
    divided = _divisions(member)
    weights = divided / size - (1 - divided) / (n - size)
    means, overlap = weights @ values, weights @ member  # a shift of the members moves a mean by so much of it
    value = float(values[member].mean() - values[~member].mean())

    def p_value(shift: float) -> float:
        return float(np.mean(np.abs(means - shift * overlap) >= abs(value - shift) - _ROUNDING))

    shifts = np.linspace(-limit, limit, round(2 * limit / _STEP) + 1)
    accepted = [shift for shift in shifts if p_value(shift) > 1 - LEVEL] or [value]
    return Interval(value, float(min(accepted)), float(max(accepted))), p_value(0.0)


def _divisions(member: np.ndarray) -> np.ndarray:
    """Who are members in each way to divide the people, (ways, people) of 0 and 1."""
    n, size = len(member), int(member.sum())
    if math.comb(n, size) <= MOST_DIVISIONS:
        divided = np.zeros((math.comb(n, size), n))
        for row, chosen in zip(divided, combinations(range(n), size), strict=True):
            row[list(chosen)] = 1
        return divided
    order = random_draws.generator(_SEED).random_sample((DRAWS, n)).argsort(axis=1)
    return np.vstack([member, order < size]).astype(float)
