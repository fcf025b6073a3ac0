"""Random numbers for resampling, from a stream that is promised to last."""

import numpy as np


def generator(seed: int) -> np.random.RandomState:
    """A generator that gives the same draws in every version of NumPy.

    `numpy.random.Generator` may change its streams between versions; `RandomState` with a fixed bit generator may not (NumPy
    Enhancement Proposal 19; https://numpy.org/doc/stable/reference/random/compatibility.html).
    """
    return np.random.RandomState(np.random.PCG64(seed))
