"""Tests of paired differences over people, and the one rule by which the project says better, worse, or neither."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from fer_utils.common import random_draws

DECIMALS = 6  # as the table is kept: an interval that ends at 0 then includes it
FALSE_DISCOVERIES = 0.05  # share of the verdicts that may be wrong
PRACTICALLY_NONE = 0.05  # difference in accuracy that would not matter
TOST_LEVEL = 0.90  # of the interval for two one-sided tests at 5 %
LEARNED = 2.0  # times chance that a network must reach on its training images before it is judged
MOST_PEOPLE_EXACTLY = 20  # whose signs are all flipped in every way; beyond, `DRAWS` ways are drawn
DRAWS = 40_000
_SEED = 20_234
_CHUNK = 1 << 13
_ROUNDING = 1e-9


class Verdict(StrEnum):
    """What may be said of a difference."""

    HIGHER = "higher"
    LOWER = "lower"
    NOT_DETECTED = "no detectable effect"
    ONE_SEED = "one seed, no verdict"
    UNTRAINED = "not trained enough to judge"


def sign_flips(differences: np.ndarray, *, draws: int = DRAWS) -> np.ndarray:
    """Two-sided p values of mean differences over people, by flipping their signs (Fisher 1935; Ernst 2004, doi:10.1214/088342304000000396).

    Exact up to `MOST_PEOPLE_EXACTLY` people where there are no more than `draws` ways; of more ways `draws` are drawn, always the
    same ones, and the signs seen are counted with them (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585). Of n people the
    smallest p is 2 / 2 ** n: fewer than six can show nothing at 5 %.

    Args:
        differences: (..., people), of each person.
        draws: ways that are drawn where not all are counted.

    Returns:
        (...) float64.
    """
    differences = np.asarray(differences, dtype=float)
    people, flat = differences.shape[-1], differences.reshape(-1, differences.shape[-1])
    seen = np.abs(flat.sum(axis=1)) - _ROUNDING
    exact = people <= MOST_PEOPLE_EXACTLY and (draws >= DRAWS or 2 ** (people - 1) <= draws)
    ways = 2 ** (people - 1) if exact else draws  # a way and its mirror image say the same
    generator, as_far = random_draws.generator(_SEED), np.zeros(len(flat))
    for start in range(0, ways, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, ways))
        bits = (
            numbers[:, np.newaxis] >> np.arange(people) & 1
            if exact
            else generator.randint(2, size=(len(numbers), people))
        )
        as_far += (np.abs((1 - 2.0 * bits) @ flat.T) >= seen).sum(axis=0)
    found = as_far / ways if exact else (as_far + 1) / (ways + 1)
    return found.reshape(differences.shape[:-1])


def holm(p_values: Sequence[float]) -> np.ndarray:
    """P values corrected for their number, so that one false one among all is held to 5 % (Holm 1979, doi:10.2307/4615733)."""
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    steps = np.minimum(1, np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1)))
    found = np.empty(len(p_values))
    found[order] = steps
    return found


def detected(low: float, high: float, p: float) -> bool:
    """Whether an effect passes both: its interval leaves out 0, and its corrected p value is small.

    To the precision of the tables, so that figures and words agree: an interval that touches 0 does not leave it out. One
    without a width passes nothing.
    """
    low, high = round(low, DECIMALS), round(high, DECIMALS)
    return bool(round(p, DECIMALS) <= FALSE_DISCOVERIES and low < high and not low <= 0 <= high)


def verdict(low: float, high: float, p: float, *, seeds: int, trained: bool = True) -> Verdict:
    """The rule for every difference between trained models.

    Args:
        low, high: of its 95 % interval.
        p: corrected for the number of comparisons.
        seeds: fewest of the models whose training is random; from one alone, seed-to-seed variation would pass for an effect.
        trained: every network has learned its training images (`learned`).
    """
    if not trained:
        return Verdict.UNTRAINED
    if seeds < 2:
        return Verdict.ONE_SEED
    if not detected(low, high, p):
        return Verdict.NOT_DETECTED
    return Verdict.HIGHER if low > 0 else Verdict.LOWER


def learned(training_accuracy: float, chance: float) -> bool:
    """Whether a network has learned its training images: their accuracy is `LEARNED` times chance, or half of the way to 1."""
    return bool(training_accuracy >= min(LEARNED * chance, (1 + chance) / 2))


def equality(low: float, high: float, judged: Verdict) -> str:
    """Whether a difference lies within `PRACTICALLY_NONE` of none: "yes" by two one-sided tests at 5 %, "no", or "unknown".

    Schuirmann 1987, doi:10.1007/BF01068419; Lakens 2017, doi:10.1177/1948550617697177. Nothing is known of what is not judged,
    nor by an interval without a width.

    Args:
        low, high: of the difference's **90 %** interval.
        judged: by `verdict`.
    """
    low, high = round(low, DECIMALS), round(high, DECIMALS)
    if judged in (Verdict.ONE_SEED, Verdict.UNTRAINED) or low >= high:
        return "unknown"
    if low > -PRACTICALLY_NONE and high < PRACTICALLY_NONE:
        return "yes"
    return "no" if low >= PRACTICALLY_NONE or high <= -PRACTICALLY_NONE else "unknown"
