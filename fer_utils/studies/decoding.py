"""Does a representation hold the person or the expression? What a linear classifier reads from it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils.common import cache
from fer_utils.evaluation import intervals

_STRENGTH = 1.0  # inverse of the L2 penalty, on standardized features; fixed, nothing is chosen


def decodability(
    dataset: str,
    representations: Mapping[str, np.ndarray],
    labels: np.ndarray,
    subjects: np.ndarray,
    *,
    folds: np.ndarray,
) -> pd.DataFrame:
    """How well expression and person can be read from features by logistic regression, kept on disk.

    Expressions are read on subjects left out, a fold at a time; people on expressions left out, one at a time. So either is
    read from images of which nothing like them, in that respect, was seen.

    Args:
        dataset: short name of the data set that the features are of.
        representations: name to (N, features) or (folds, N, features), one set for each fold in sorted order
            where networks differ by fold; people are then read from the first fold's.
        labels: (N,) int.
        subjects: (N,) str.
        folds: (N,) str, the fold that tests each image (`Experiment.fold_of_images`); all images of a subject are in one.

    Returns:
        A row per representation and question: `representation, question, value, low, high, chance, n`, with intervals
        over people.
    """
    rows = []
    for name, features in representations.items():

        def fit(features: np.ndarray = features) -> dict[str, np.ndarray]:
            stack = features if features.ndim == 3 else features[np.newaxis]
            return {
                "expression": _all_right(stack, labels, folds),
                "person": _all_right(stack[:1], subjects, labels),
            }

        inputs = (features, labels, subjects, folds)
        answers = cache.arrays(dataset, "decoded", fit, code=("studies.decoding",), inputs=inputs)
        for question, target in (("expression", labels), ("person", subjects)):
            right = answers[question]
            by_subject = pd.Series(right).groupby(subjects).agg(["sum", "count"])
            found = intervals.of_accuracy(by_subject["sum"].to_numpy(), by_subject["count"].to_numpy())
            chance = float(pd.Series(target).value_counts(normalize=True).max())
            row = {"representation": name, "question": question, "value": found.value, "low": found.low}
            rows.append(row | {"high": found.high, "chance": chance, "n": len(labels)})
    return pd.DataFrame(rows)


def _all_right(stack: np.ndarray, target: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Whether each image is read rightly with its group left out, (N,) bool; of several sets of features each group has one."""
    from threadpoolctl import threadpool_limits

    right = np.zeros(len(target), dtype=bool)
    with threadpool_limits(
        1
    ):  # these arrays are small: several threads wait for each other, and longest where others compute
        for index, group in enumerate(np.unique(groups)):
            own = stack[index] if len(stack) > 1 else stack[0]
            right[groups == group] = answers(own, target, groups == group) == target[groups == group]
    return right


def answers(features: np.ndarray, target: np.ndarray, test: np.ndarray) -> np.ndarray:
    """What logistic regression says of the tested rows, learned from the others: (M,) of the target's type.

    Args:
        features: (N, values) float32.
        target: (N,) of any type.
        test: (N,) bool.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features[~test])
    training, tested = scaler.transform(features[~test]), scaler.transform(features[test])
    if training.shape[0] < training.shape[1]:
        # The answers are the same in the span of the training images, which has far fewer directions than there are pixels.
        _, _, directions = np.linalg.svd(training, full_matrices=False)
        training, tested = training @ directions.T, tested @ directions.T
    return LogisticRegression(C=_STRENGTH, max_iter=2000).fit(training, target[~test]).predict(tested)


def plane(features: np.ndarray) -> np.ndarray:
    """Features in their two directions of largest variance, (N, 2), for drawing alone."""
    from sklearn.decomposition import PCA

    return PCA(n_components=2, svd_solver="full").fit_transform(features.astype(np.float64))
