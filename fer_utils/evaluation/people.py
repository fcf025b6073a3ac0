"""Do people differ in how well they are read, beyond chance? Answers shuffled among people say what chance alone brings."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.common import random_draws

DRAWS = 2_000
_SEED = 20_235
_CHUNK = 1 << 22  # random numbers held at a time
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Dealt:
    """Answers as they are, and shuffled.

    Attributes:
        people: names, sorted.
        sizes: (people,) images of each.
        right: (people,) right answers of each, mean over seeds.
        dealt: (draws, people) the same where each expression's answers are shuffled.
    """

    people: tuple[str, ...]
    sizes: np.ndarray
    right: np.ndarray
    dealt: np.ndarray

    @property
    def spread(self) -> float:
        """Standard deviation of people's accuracies, as they are."""
        return float(np.std(self.right / self.sizes))

    @property
    def spreads(self) -> np.ndarray:
        """(draws,) the same of every deal."""
        return np.std(self.dealt / self.sizes, axis=1)

    @property
    def p_value(self) -> float:
        """Share of the deals in which people differ as much (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585); 1 where nothing can."""
        more = np.sum(self.spreads >= self.spread - _ROUNDING)
        return float((more + 1) / (len(self.dealt) + 1))


def deal(predictions: pd.DataFrame, *, draws: int = DRAWS) -> Dealt:
    """Shuffle the answers to each expression among the people who show it.

    A permutation test within strata (Good 2005, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed., section 3.6,
    ISBN 0-387-20279-X): expressions keep their difficulty, people lose theirs. A person's answers to one expression stay together,
    since pictures of one sequence are alike; so do those of all seeds to one image.

    Args:
        predictions: columns `subject, seed, truth, predicted` of one model under one protocol.
    """
    right = (predictions["truth"] == predictions["predicted"]).astype(float)
    seeds = predictions["seed"].nunique()
    keys = [predictions["truth"].to_numpy(), predictions["subject"].astype(str).to_numpy()]
    cells = right.groupby(keys).agg(["mean", "count"])
    people, place = np.unique(cells.index.get_level_values(1), return_inverse=True)
    counts, means = cells["count"].to_numpy() / seeds, cells["mean"].to_numpy()
    classes = cells.index.get_level_values(0)
    generator, dealt = random_draws.generator(_SEED), np.zeros((draws, len(people)))
    for name in pd.unique(classes):
        chosen = np.flatnonzero(classes == name)
        step = max(1, _CHUNK // len(chosen))
        for start in range(0, draws, step):
            rows = slice(start, min(start + step, draws))
            order = generator.random_sample((rows.stop - rows.start, len(chosen))).argsort(axis=1)
            dealt[rows, place[chosen]] += means[chosen][order] * counts[chosen]
    sizes = np.bincount(place, weights=counts)
    return Dealt(tuple(people.tolist()), sizes, np.bincount(place, weights=means * counts), dealt)
