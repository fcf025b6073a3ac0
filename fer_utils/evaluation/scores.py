"""Scores of models and their differences: arrays in, numbers out.

Truth and prediction are class names or indices, shape (N,). Intervals are for 95 % unless said otherwise. Bootstraps
resample subjects with all their images and all seeds, since images of one person are not independent.
"""

import math
from dataclasses import astuple

import numpy as np
import pandas as pd

from fer_utils.common import random_draws
from fer_utils.common.errors import ParameterError
from fer_utils.evaluation.intervals import (
    BOOTSTRAP_SEED,
    LEVEL,
    RESAMPLES,
    Interval,
    difference_interval,
    subject_bootstrap,
    subject_draws,
    wilson,
)
from fer_utils.evaluation.significance import mcnemar

UNTAUGHT = "untaught_"
SCORE_COLUMNS = ("model", "protocol", "metric", "value", "low", "high", "n", "seeds")
COMPARISON_COLUMNS = (
    "model", "reference", "protocol", "difference", "low", "high", "only_model", "only_reference", "mcnemar_p",
    "n", "seeds",
)  # fmt: skip


def accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Fraction of right predictions, in [0, 1]."""
    return float(np.mean(np.asarray(truth) == np.asarray(predicted)))


def macro_f1(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> float:
    """Mean over classes of the harmonic mean of precision and recall; a class never predicted counts 0."""
    return float(_macro_f1(confusion(truth, predicted, classes)[np.newaxis])[0])


def macro_f1_interval(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> Interval:
    """Macro-F1 with a percentile interval that resamples images, for data without subjects."""
    table = confusion(truth, predicted, classes)
    drawn = random_draws.generator(BOOTSTRAP_SEED).multinomial(table.sum(), table.ravel() / table.sum(), size=RESAMPLES)
    low, high = np.quantile(_macro_f1(drawn.reshape(-1, *table.shape)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(_macro_f1(table[np.newaxis])[0]), float(low), float(high))


def smoothing_floor(classes: int, label_smoothing: float) -> float:
    """Least cross-entropy, in nats, that any prediction can reach against smoothed labels: their entropy.

    With K classes and smoothing e the labels hold 1 - e + e / K once and e / K elsewhere (Szegedy et al. 2016,
    doi:10.1109/CVPR.2016.308).
    """
    other = label_smoothing / classes
    values = [1 - label_smoothing + other] + [other] * (classes - 1)
    return -sum(value * math.log(value) for value in values if value > 0)


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> np.ndarray:
    """Counts, (classes, classes) int64: row the truth, column the prediction. Every name must be among the classes."""
    numbers = {name: number for number, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, ([numbers[name] for name in truth], [numbers[name] for name in predicted]), 1)
    return counts


def scores(predictions: pd.DataFrame) -> pd.DataFrame:
    """Figures of every model under every protocol: the rows of `outputs/<dataset>/scores.csv`.

    `accuracy` and `macro_f1` are means over seeds with an interval from a bootstrap over subjects; `accuracy_wilson` is
    the same accuracy with Wilson's interval, which takes all images for independent; `recall_<class>` likewise Wilson.
    `seed_spread` is the accuracy with the lowest and the highest single seed; `chance` the share of the largest class.
    `untaught_<class>` is there for a class that a single fold shows: no network that was tested on it has learned it.
    n counts images (of recall: of the class), so a figure from several seeds rests on n times seeds predictions.

    Args:
        predictions: columns `model, protocol, seed, fold, subject, truth, predicted`, one row per prediction.

    Raises:
        ParameterError: a row without a model, protocol, seed, person or class; grouping would drop it without a word.
    """
    _require_keys(predictions)
    rows = []
    for (protocol, model), group in predictions.groupby(["protocol", "model"], sort=False):
        seeds = group["seed"].nunique()
        n = len(group) // seeds
        for metric, interval in _model_scores(group, n).items():
            rows.append((model, protocol, metric, *astuple(interval), n, seeds))
        for name, part in group.groupby("truth"):
            of_class = len(part) // seeds
            interval = _wilson_mean(accuracy(part["truth"], part["predicted"]), of_class)
            rows.append((model, protocol, f"recall_{name}", *astuple(interval), of_class, seeds))
            if part["fold"].nunique() == 1 < group["fold"].nunique():
                rows.append((model, protocol, f"{UNTAUGHT}{name}", 1.0, 1.0, 1.0, of_class, seeds))
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def compare(predictions: pd.DataFrame, model: str, reference: str, *, protocol: str) -> pd.DataFrame:
    """One row: the difference in accuracy of two models on the same images.

    The interval is `difference_interval`'s, over subjects and seeds; McNemar's exact test takes one prediction per image, that
    of each model's first seed.

    Raises:
        ParameterError: the two models did not predict the same images.
    """
    chosen = predictions[predictions["protocol"] == protocol]
    right = {}
    for name in (model, reference):
        group = chosen[chosen["model"] == name].assign(right=lambda table: table["truth"] == table["predicted"])
        right[name] = group.pivot_table(
            index=["subject", "image"], columns="seed", values="right", aggfunc="first"
        ).sort_index()
    # An image that one seed lacks would otherwise drop out of sums unseen.
    whole = not any(each.isna().any(axis=None) for each in right.values())
    if not whole or not right[model].index.equals(right[reference].index):
        raise ParameterError(f"{model} and {reference} did not predict the same images under {protocol}.")
    of_subjects = {name: each.astype(float).groupby(level="subject") for name, each in right.items()}
    after, before = (of_subjects[name].sum().to_numpy() for name in (model, reference))
    interval = difference_interval(after, before, of_subjects[model].size().to_numpy())
    only_model, only_reference, p_value = mcnemar(right[model].iloc[:, 0], right[reference].iloc[:, 0])
    row = (
        model, reference, protocol, interval.value, interval.low, interval.high, only_model, only_reference, p_value,
        len(right[model]), f"{right[model].shape[1]}/{right[reference].shape[1]}",
    )  # fmt: skip
    return pd.DataFrame([row], columns=list(COMPARISON_COLUMNS))


def _require_keys(predictions: pd.DataFrame) -> None:
    for name in ("model", "protocol", "seed", "subject", "truth", "predicted"):
        if predictions[name].isna().any():
            raise ParameterError(f"predictions of which the column {name} is empty: they would be left out unseen.")


def _model_scores(group: pd.DataFrame, n: int) -> dict[str, Interval]:
    classes = sorted(
        {*group["truth"], *group["predicted"]}
    )  # an answer that no tested image shows is wrong, not left out
    right = (group["truth"] == group["predicted"]).to_numpy()
    by_subject = pd.Series(right).groupby(group["subject"].to_numpy()).agg(["sum", "count"])
    value = float(right.mean())
    by_seed = pd.Series(right).groupby(group["seed"].to_numpy()).mean()
    return {
        "accuracy": subject_bootstrap(by_subject["sum"].to_numpy(), by_subject["count"].to_numpy()),
        "accuracy_wilson": _wilson_mean(value, n),
        "macro_f1": _macro_f1_interval(group, classes),
        "seed_spread": Interval(value, float(by_seed.min()), float(by_seed.max())),
        "chance": _constant(float(group["truth"].value_counts().max() / len(group))),
    }


def _constant(value: float) -> Interval:
    return Interval(value, value, value)


def _wilson_mean(value: float, n: int) -> Interval:
    """Wilson's interval of a mean over seeds, from the nearest whole number of images."""
    interval = wilson(round(value * n), n)
    return Interval(value, interval.low, interval.high)


def _macro_f1_interval(group: pd.DataFrame, classes: list[str]) -> Interval:
    subjects = sorted(group["subject"].unique())
    draws = subject_draws(len(subjects))
    values, resampled = [], []
    for _, one_seed in group.groupby("seed"):
        tables = np.stack(
            [confusion(part["truth"], part["predicted"], classes) for _, part in one_seed.groupby("subject")]
        )
        values.append(_macro_f1(tables.sum(axis=0, keepdims=True))[0])
        resampled.append(_macro_f1(np.tensordot(draws, tables, axes=1)))
    low, high = np.quantile(np.mean(resampled, axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(np.mean(values)), float(low), float(high))


def _macro_f1(tables: np.ndarray) -> np.ndarray:
    """Macro-F1 of confusion tables, (..., classes, classes) to (...,)."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    total = tables.sum(axis=-1) + tables.sum(axis=-2)
    return np.mean(np.divide(2 * hits, total, out=np.zeros(total.shape), where=total > 0), axis=-1)
