"""Tests of paired differences, and when an effect counts as told."""

import numpy as np
from scipy.stats import binomtest

DECIMALS = 6  # as the table is kept: an interval that ends at 0 is then told to hold it
FALSE_DISCOVERIES = 0.05  # share of the verdicts "helps" and "hurts" that may be wrong


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> tuple[int, int, float]:
    """McNemar's exact test on the same images (McNemar 1947, doi:10.1007/BF02295996).

    Args:
        first_right, second_right: (N,) bool, whether each model was right.

    Returns:
        Images that only the first got right, images that only the second got right, two-sided p value.
    """
    first_right, second_right = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(~first_right & second_right))
    discordant = only_first + only_second
    p_value = binomtest(only_first, discordant, 0.5).pvalue if discordant else 1.0
    return only_first, only_second, float(p_value)


def sign_flips(differences: np.ndarray) -> np.ndarray:
    """Two-sided p values of mean differences over subjects, by flipping signs; exact up to 15 subjects.

    Args:
        differences: (..., subjects).

    Returns:
        (...) float64.
    """
    from scipy.stats import permutation_test

    result = permutation_test(
        (differences,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        n_resamples=40_000,
        vectorized=True,
        axis=-1,
        rng=7,
    )
    return result.pvalue


def told(low: float, high: float, q: float) -> bool:
    """Whether an effect passes both: its interval leaves out 0, and its corrected p value is small.

    To the precision of the tables, so that figures and words agree: an interval that touches 0 does not leave it out.
    """
    return round(q, DECIMALS) <= FALSE_DISCOVERIES and not round(low, DECIMALS) <= 0 <= round(high, DECIMALS)
