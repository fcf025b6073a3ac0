"""How sure a model is against how often it is right."""

import numpy as np
import pandas as pd

from fer_utils.evaluation.intervals import LEVEL, Interval, subject_draws, wilson


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, *, bins: int) -> float:
    """Mean distance between confidence and accuracy over bins of equal width (Guo et al. 2017, arXiv:1706.04599).

    Args:
        confidence: (N,) probability of the predicted class, in [0, 1].
        right: (N,) bool.
    """
    table = reliability(confidence, right, bins=bins)
    return float(np.sum(table["n"] * np.abs(table["accuracy"] - table["confidence"])) / np.sum(table["n"]))


def calibration_error_interval(predictions: pd.DataFrame, *, bins: int) -> Interval:
    """Expected calibration error of one model with an interval from a bootstrap over subjects.

    Args:
        predictions: rows of predictions.csv of one model under one protocol.
    """
    confidence = predictions[[name for name in predictions if name.startswith("p_")]].max(axis=1).to_numpy(dtype=float)
    right = (predictions["truth"] == predictions["predicted"]).to_numpy()
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    gap = pd.DataFrame(
        {"subject": predictions["subject"].astype(str).to_numpy(), "place": place, "gap": right - confidence}
    )
    table = gap.pivot_table(index="subject", columns="place", values="gap", aggfunc="sum", fill_value=0.0)
    sizes = gap.groupby("subject").size().loc[table.index].to_numpy()
    draws = subject_draws(len(sizes))
    low, high = np.quantile(
        np.abs(draws @ table.to_numpy()).sum(axis=1) / (draws @ sizes), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    )
    return Interval(expected_calibration_error(confidence, right, bins=bins), float(low), float(high))


def reliability(confidence: np.ndarray, right: np.ndarray, *, bins: int) -> pd.DataFrame:
    """Accuracy by bin of confidence, for a reliability diagram; empty bins are left out.

    Returns:
        Columns `confidence, accuracy, low, high, n`; the interval is Wilson's.
    """
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=bool)
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    rows = []
    for index in np.unique(place):
        inside = place == index
        interval = wilson(int(right[inside].sum()), int(inside.sum()))
        rows.append((confidence[inside].mean(), interval.value, interval.low, interval.high, int(inside.sum())))
    return pd.DataFrame(rows, columns=["confidence", "accuracy", "low", "high", "n"])
