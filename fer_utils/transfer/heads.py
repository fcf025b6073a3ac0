"""The linear head that fine-tuning starts from: logistic regression with an L2 penalty."""

from collections.abc import Sequence

import numpy as np

_WORDS = {"max_iter": 300, "tol": 1e-3}


def head_weights(
    train: Sequence[np.ndarray], labels: np.ndarray, classes: int, *, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a head on faces and their mirror images; the weights of a layer on features as they are.

    Features are scaled by the training images alone. A class without training images gets a bias so low that its probability is 0.

    Args:
        train: one or two views of the same faces, (N, values) float32 each.
        labels: (N,) int64.
        strength: inverse of the penalty.

    Returns:
        (values, classes) and (classes,) float32.
    """
    from sklearn.linear_model import LogisticRegression

    kernel = np.zeros((train[0].shape[1], classes), dtype=np.float32)
    bias = np.full(classes, -1e4, dtype=np.float32)
    present = np.unique(labels)
    bias[present] = 0
    if len(present) == 1:
        return kernel, bias
    both = np.concatenate(train).astype(np.float64)
    mean, spread = _scale(both)
    head = LogisticRegression(C=strength, **_WORDS).fit((both - mean) / spread, np.tile(labels, len(train)))
    scores, start = head.coef_, head.intercept_
    if len(present) == 2:  # scikit-learn gives one score, of the second class
        scores, start = np.concatenate([0 * scores, scores]), np.concatenate([0 * start, start])
    kernel[:, present] = (scores / spread).T
    bias[present] = start - scores @ (mean / spread)
    return kernel, bias


def _scale(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of every value, the spread such that all values together have a variance of 1."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    return mean, np.where(spread > 0, spread, 1) * np.sqrt(rows.shape[1])
