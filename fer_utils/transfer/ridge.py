"""Ridge regression on one-hot labels, with the answers for groups left out inside the training rows in closed form.

One decomposition of the training rows serves every strength of the penalty, and no head is fitted again to leave a person out:
with H the hat matrix, the residuals of a group g that was not learned from are (I - H_gg)^-1 (y_g - H_g y) (the leave-one-out
formula of Allen 1974, doi:10.1080/00401706.1974.10489157, for blocks of rows). So choosing a strength on inner people costs
hardly more than fitting once.
"""

import functools
import operator
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Key = TypeVar("Key", bound=Hashable)  # names features

# Up to so many training rows the span of the rows is worked in, which is exact; beyond, in as many random directions
# (Johnson and Lindenstrauss 1984), so that time and memory grow with the rows and not with their cube.
LARGEST_SPAN = 2000
STRENGTHS = tuple(
    float(10.0**power) for power in np.arange(-3, 1.5, 0.5)
)  # of the penalty; all values together have variance 1


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores of heads with each strength: about 1 for the class that a row shows, about 0 for the others.

    Attributes:
        inner: (strengths, N, classes) float64, of the training rows, each by heads that did not learn its group.
        outer: (strengths, M, classes) float64, of other rows, by the heads that learned all training rows.
    """

    inner: np.ndarray
    outer: np.ndarray

    def __add__(self, other: "Answers") -> "Answers":
        return Answers(self.inner + other.inner, self.outer + other.outer)

    def __truediv__(self, count: float) -> "Answers":
        return Answers(self.inner / count, self.outer / count)


def answers(
    train: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    test: np.ndarray,
    classes: int,
    *,
    strengths: tuple[float, ...] = STRENGTHS,
) -> Answers:
    """Fit a head with each strength, and answer for rows that it did not learn.

    Every value is brought to mean 0 and equal spread by the training rows. The inner answers share these scales with the rows
    that they are about, and nothing else; the outer ones share nothing.

    Args:
        train: (N, values) float32.
        labels: (N,) int64.
        groups: (N,) of any kind, the person that each row shows.
        test: (M, values) float32.
        strengths: of the L2 penalty.
    """
    mean, scale = _scales(train)
    rows, others, values = _coordinates((train - mean) / scale, (test - mean) / scale)
    one_hot = np.eye(classes)[labels]
    share = one_hot.mean(axis=0)
    products = rows.T @ (one_hot - share)
    inner = np.empty((len(strengths), *one_hot.shape))
    outer = np.empty((len(strengths), len(test), classes))
    places = [np.flatnonzero(groups == each) for each in np.unique(groups)]
    for number, strength in enumerate(strengths):
        shrunk = products / (values + strength)[:, None]
        outer[number] = others @ shrunk + share
        residuals = one_hot - share - rows @ shrunk
        for mine in places:
            # 1 / N is the part of the constant, which is not penalised.
            hat = (rows[mine] / (values + strength)) @ rows[mine].T + 1 / len(rows)
            inner[number, mine] = (
                one_hot[mine] - np.linalg.lstsq(np.eye(len(mine)) - hat, residuals[mine], rcond=None)[0]
            )
    return Answers(inner, outer)


def mean_answers(
    found: Mapping[Key, np.ndarray],
    sets: Iterable[Sequence[Key]],
    labels: np.ndarray,
    people: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    classes: int,
) -> list[Answers]:
    """For each set of features the mean over its heads; a head that is in several sets is fitted once.

    Args:
        found: name of features to (N, values) float32.
        sets: names of features, a head for each.
        labels, people: (N,).
        train, test: (N,) bool; with no row to test only the inner answers are of use.
        classes: number of expressions.
    """
    sets = list(sets)
    heads = {
        key: answers(found[key][train], labels[train], people[train], found[key][test], classes)
        for key in dict.fromkeys(key for keys in sets for key in keys)
    }
    return [functools.reduce(operator.add, [heads[key] for key in keys]) / len(keys) for keys in sets]


def weights(train: np.ndarray, labels: np.ndarray, classes: int, *, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """The same head as a layer on values as they are: (values, classes) and (classes,) float64."""
    mean, scale = _scales(train)
    scaled = (train - mean) / scale
    rows, axes, values = _decomposed(scaled)
    one_hot = np.eye(classes)[labels]
    share = one_hot.mean(axis=0)
    kernel = axes @ ((rows.T @ (one_hot - share)) / (values + strength)[:, None]) / scale[:, None]
    return kernel, share - mean @ kernel


def _scales(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, spread = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    return mean, np.where(spread > 0, spread, 1) * np.sqrt(rows.shape[1])


def _coordinates(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training rows (N, R) and others (M, R) in orthogonal directions, and the training rows' sums of squares (R,) there."""
    if _is_wide(train):
        # The directions themselves, of which there are as many values as of the rows, are not needed.
        squares, vectors = _eigen(train @ train.T)
        lengths = np.sqrt(squares)
        return vectors * lengths, (test @ train.T) @ (vectors / lengths), squares
    rows, axes, values = _decomposed(train)
    return rows, test @ axes, values


def _is_wide(train: np.ndarray) -> bool:
    """There are more values than rows, and rows few enough to work in their span."""
    return len(train) < train.shape[1] and len(train) <= LARGEST_SPAN


def _decomposed(train: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training rows in orthogonal directions, the directions (values, R), and the sums of squares (R,)."""
    if min(train.shape) > LARGEST_SPAN:
        random = np.random.RandomState(np.random.PCG64(1))
        directions = random.normal(size=(train.shape[1], LARGEST_SPAN)) / np.sqrt(LARGEST_SPAN)
        rows, axes, values = _decomposed_by_values(train @ directions)
        return rows, directions @ axes, values
    if not _is_wide(train):
        return _decomposed_by_values(train)
    squares, vectors = _eigen(train @ train.T)
    axes = train.T @ (vectors / np.sqrt(squares))
    return vectors * np.sqrt(squares), axes, squares


def _decomposed_by_values(train: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    squares, axes = _eigen(train.T @ train)
    return train @ axes, axes, squares


def _eigen(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(matrix)
    used = values > 1e-9 * max(values[-1], 1e-12)
    return values[used], vectors[:, used]
