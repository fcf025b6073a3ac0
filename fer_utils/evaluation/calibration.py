"""How sure a model is against how often it is right."""

import numpy as np
import pandas as pd

from fer_utils.evaluation.intervals import LEVEL, Interval, of_accuracy, of_mean, subject_draws, wilson
from fer_utils.evaluation.significance import DECIMALS

BINS = 5  # of confidence: about ninety images allow no more
_POSSIBLE = {"log_loss": (0, np.inf), "brier": (0, 2), "confidence_gap": (-1, 1)}  # where intervals of few people end
_LEAST = 10.0**-DECIMALS  # probability that log-loss takes for 0


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, *, bins: int) -> float:
    """Mean distance between confidence and accuracy over bins of equal width (Guo et al. 2017, arXiv:1706.04599).

    Args:
        confidence: (N,) probability of the predicted class, in [0, 1].
        right: (N,) bool.
    """
    table = reliability(confidence, right, bins=bins)
    return float(np.sum(table["n"] * np.abs(table["accuracy"] - table["confidence"])) / np.sum(table["n"]))


def of_probabilities(predictions: pd.DataFrame) -> dict[str, Interval]:
    """What the probabilities of one model under one protocol are worth; empty where there are none.

    `log_loss` (nats) and `brier` (Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2, summed over classes, so
    between 0 and 2) are proper scores (Gneiting and Raftery 2007, doi:10.1198/016214506000001437), less is better.
    `confidence_gap` is mean confidence minus accuracy: above 0 the model is surer than it is right. Their intervals are by
    Student's t over people. `calibration_error` is over `BINS` bins, with a bootstrap over people; that of a perfectly calibrated
    model is above 0 too, so its interval cannot say "calibrated".

    Args:
        predictions: rows of predictions.csv.
    """
    names = [name.removeprefix("p_") for name in predictions if name.startswith("p_")]
    if not names or not set(predictions["truth"]) <= set(names):
        return {}
    # As the tables keep them: the same scores from predictions that were read back.
    probabilities = predictions[[f"p_{name}" for name in names]].to_numpy(dtype=float).round(DECIMALS)
    shown = predictions["truth"].to_numpy()[:, np.newaxis] == np.array(names, dtype=object)
    right = (predictions["truth"] == predictions["predicted"]).to_numpy()
    confidence = probabilities.max(axis=1)
    values = {
        "log_loss": -np.log(np.maximum(probabilities[shown], _LEAST)),
        "brier": np.sum((probabilities - shown) ** 2, axis=1),
        "confidence_gap": confidence - right,
    }
    subjects = predictions["subject"].astype(str).to_numpy()
    found = {}
    for metric, of_image in values.items():
        by_subject = pd.Series(of_image).groupby(subjects).agg(["sum", "count"])
        mean = of_mean(by_subject["sum"].to_numpy(), by_subject["count"].to_numpy())
        low, high = np.clip((mean.low, mean.high), *_POSSIBLE[metric])
        found[metric] = Interval(mean.value, float(low), float(high))
    return found | {"calibration_error": _calibration_error(confidence, right, subjects)}


def _calibration_error(confidence: np.ndarray, right: np.ndarray, subjects: np.ndarray) -> Interval:
    place = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    gap = pd.DataFrame({"subject": subjects, "place": place, "gap": right - confidence})
    table = gap.pivot_table(index="subject", columns="place", values="gap", aggfunc="sum", fill_value=0.0)
    sizes = gap.groupby("subject").size().loc[table.index].to_numpy()
    draws = subject_draws(len(sizes))
    low, high = np.quantile(
        np.abs(draws @ table.to_numpy()).sum(axis=1) / (draws @ sizes), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    )
    return Interval(expected_calibration_error(confidence, right, bins=BINS), float(low), float(high))


def reliability(
    confidence: np.ndarray, right: np.ndarray, *, bins: int, subjects: np.ndarray | None = None, seeds: int = 1
) -> pd.DataFrame:
    """Accuracy by bin of confidence, for a reliability diagram; empty bins are left out.

    Args:
        confidence, right: (N,), as for `expected_calibration_error`, of all seeds.
        subjects: (N,) who is shown; without it images are taken for independent.
        seeds: that answered for each image.

    Returns:
        Columns `confidence, accuracy, low, high, n`: means over seeds; n is how many images a seed has in the bin, so a mean that
        need not be whole. The interval is over people (`intervals.of_accuracy`), without subjects Wilson's.
    """
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=bool)
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    rows = []
    for index in np.unique(place):
        inside = place == index
        if subjects is None:
            interval = wilson(int(right[inside].sum()), int(inside.sum()))
        else:
            of_people = pd.Series(right[inside]).groupby(np.asarray(subjects)[inside]).agg(["sum", "count"]) / seeds
            interval = of_accuracy(of_people["sum"].to_numpy(), of_people["count"].to_numpy())
        rows.append((confidence[inside].mean(), interval.value, interval.low, interval.high, inside.sum() / seeds))
    return pd.DataFrame(rows, columns=["confidence", "accuracy", "low", "high", "n"])
