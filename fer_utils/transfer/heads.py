"""Linear heads on features: logistic regression with an L2 penalty."""

from collections.abc import Sequence

import numpy as np

_WORDS = {"max_iter": 300, "tol": 1e-3}


def head_probabilities(
    train: Sequence[np.ndarray],
    labels: np.ndarray,
    test: Sequence[np.ndarray],
    classes: int,
    *,
    strengths: tuple[float, ...],
) -> np.ndarray:
    """Fit a linear head on faces, and their mirror images where given, and predict others.

    Features are scaled by the training images alone. Working in the space that the training images span changes
    nothing for an L2 penalty and is quicker.

    Args:
        train: one or two views of the same faces, (N, values) float32 each.
        labels: (N,) int64.
        test: as many views of other faces, (M, values) float32 each; their probabilities are averaged.
        strengths: inverse L2 penalties to fit with.

    Returns:
        (strengths, M, classes) float32; 0 for a class without training images.
    """
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(labels)) == 1:  # nothing to learn apart
        return np.tile(np.eye(classes, dtype=np.float32)[labels[0]], (len(strengths), len(test[0]), 1))
    both = np.concatenate(train).astype(np.float64)
    mean, spread = _scale(both)
    both = (both - mean) / spread
    values, axes = np.linalg.eigh(both @ both.T)
    used = values > 1e-9 * values[-1]
    values, axes = np.sqrt(values[used]), axes[:, used]
    rows = axes * values
    views = [((view - mean) / spread @ both.T) @ (axes / values) for view in test]
    found = np.zeros((len(strengths), len(test[0]), classes), dtype=np.float32)
    for number, strength in enumerate(strengths):
        head = LogisticRegression(C=strength, **_WORDS).fit(rows, np.tile(labels, len(train)))
        found[number][:, head.classes_] = sum(head.predict_proba(view) for view in views) / len(views)
    return found


def head_weights(
    train: Sequence[np.ndarray], labels: np.ndarray, classes: int, *, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """The same head as the weights of a layer on unscaled features: (values, classes) and (classes,) float32.

    A class without training images gets a bias so low that its probability is 0.
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
