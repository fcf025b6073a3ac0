"""Scores of models: arrays in, numbers out.

Truth and prediction are class names or indices, shape (N,). Intervals are for 95 %. People are the unit, with all their images
and all seeds, since images of one person are not independent.
"""

import math
from dataclasses import astuple

import numpy as np
import pandas as pd

from fer_utils.common import random_draws
from fer_utils.common.errors import ParameterError
from fer_utils.evaluation import people
from fer_utils.evaluation.calibration import of_probabilities
from fer_utils.evaluation.comparisons import training_accuracy
from fer_utils.evaluation.intervals import (
    BOOTSTRAP_SEED,
    LEVEL,
    RESAMPLES,
    Interval,
    of_accuracy,
    on_logit,
    wilson,
)

UNTAUGHT = "untaught_"
SCORE_COLUMNS = ("model", "protocol", "metric", "value", "low", "high", "n", "seeds")


def accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Fraction of right predictions, in [0, 1]."""
    return float(np.mean(np.asarray(truth) == np.asarray(predicted)))


def macro_f1(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> float:
    """Mean over classes of the harmonic mean of precision and recall; a class never predicted counts 0."""
    return float(_macro_f1(confusion(truth, predicted, classes)[np.newaxis])[0])


def macro_f1_over_people(counts: np.ndarray) -> Interval:
    """Macro-F1, mean over seeds, with the interval of the jackknife over people and Student's t on the logit.

    `tests/test_coverage.py` simulates what it covers, beside a percentile bootstrap, which covers less. The jackknife's variance is somewhat too large (Efron and Stein 1981,
    doi:10.1214/aos/1176345462); that of the seeds is added as for `intervals.of_accuracy`.

    Args:
        counts: (seeds, people, classes, classes); row the truth, column the prediction.
    """
    seeds, n = counts.shape[:2]
    total = counts.sum(axis=1, keepdims=True)
    by_seed, without_one = _macro_f1(total[:, 0]), _macro_f1(total - counts).mean(axis=0)
    variance = (n - 1) / n * float(np.sum((without_one - without_one.mean()) ** 2))
    if seeds > 1:
        variance += float(np.var(by_seed, ddof=1)) / seeds
    return on_logit(float(by_seed.mean()), variance, people=n, images=float(counts.sum()) / seeds)


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


def mean_confusion(predictions: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Images of one model by truth and answer, mean over seeds: (classes, classes) float64, which sum to the number of images."""
    return confusion(predictions["truth"], predictions["predicted"], classes) / predictions["seed"].nunique()


def share_answered(predictions: pd.DataFrame, *, truth: str, answer: str) -> Interval:
    """Of the images that show one class, the share that is given an answer, mean over seeds, over people (`of_accuracy`).

    Args:
        predictions: of one model, `truth` among them.
    """
    rows = predictions[predictions["truth"] == truth]
    said = (rows["predicted"] == answer).groupby([rows["subject"].to_numpy(), rows["seed"].to_numpy()])
    table = said.agg(["sum", "count"]).unstack()
    return of_accuracy(table["sum"].to_numpy(), table["count"].to_numpy().mean(axis=1))


def scores(predictions: pd.DataFrame) -> pd.DataFrame:
    """Figures of every model under every protocol: the rows of `outputs/<dataset>/scores.csv`.

    `accuracy` and `macro_f1` are means over seeds with an interval over people and seeds, by Student's t on the logit
    (`intervals.of_accuracy`); `accuracy_wilson` is
    the same accuracy with Wilson's interval, which takes all images for independent; `recall_<class>` likewise Wilson.
    `seed_spread` is the accuracy with the lowest and the highest single seed; `chance` the share of the largest class;
    `person_effect_p` the p value of people being read differently well (`people.deal`). `training_accuracy` is the mean over
    networks, where it is known. `log_loss`, `brier`, `calibration_error` and `confidence_gap` are `calibration.of_probabilities`'.
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


def _require_keys(predictions: pd.DataFrame) -> None:
    for name in ("model", "protocol", "seed", "subject", "truth", "predicted"):
        if predictions[name].isna().any():
            raise ParameterError(f"predictions of which the column {name} is empty: they would be left out unseen.")


def _model_scores(group: pd.DataFrame, n: int) -> dict[str, Interval]:
    classes = sorted(
        {*group["truth"], *group["predicted"]}
    )  # an answer that no tested image shows is wrong, not left out
    right = group["truth"] == group["predicted"]
    by_subject = right.groupby([group["subject"].to_numpy(), group["seed"].to_numpy()]).agg(["sum", "count"]).unstack()
    value = float(right.mean())
    by_seed = right.groupby(group["seed"].to_numpy()).mean()
    found = {
        "accuracy": of_accuracy(by_subject["sum"].to_numpy(), by_subject["count"].to_numpy().mean(axis=1)),
        "accuracy_wilson": _wilson_mean(value, n),
        "macro_f1": macro_f1_over_people(_tables(group, classes)),
        "seed_spread": Interval(value, float(by_seed.min()), float(by_seed.max())),
        "chance": _constant(float(group["truth"].value_counts().max() / len(group))),
        "person_effect_p": _constant(people.deal(group).p_value),
    }
    reached = training_accuracy(group)
    return found | ({} if math.isnan(reached) else {"training_accuracy": _constant(reached)}) | of_probabilities(group)


def _constant(value: float) -> Interval:
    return Interval(value, value, value)


def _wilson_mean(value: float, n: int) -> Interval:
    """Wilson's interval of a mean over seeds, as if of n images."""
    return wilson(min(value * n, n), n)


def _tables(group: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Confusion of one model by seed and person, (seeds, people, classes, classes) int64."""
    numbers = {name: number for number, name in enumerate(classes)}
    seeds, subjects = (pd.factorize(group[name], sort=True) for name in ("seed", "subject"))
    counts = np.zeros((len(seeds[1]), len(subjects[1]), len(classes), len(classes)), dtype=np.int64)
    said = (group[name].map(numbers).to_numpy() for name in ("truth", "predicted"))
    np.add.at(counts, (seeds[0], subjects[0], *said), 1)
    return counts


def _macro_f1(tables: np.ndarray) -> np.ndarray:
    """Macro-F1 of confusion tables, (..., classes, classes) to (...,)."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    total = tables.sum(axis=-1) + tables.sum(axis=-2)
    return np.mean(np.divide(2 * hits, total, out=np.zeros(total.shape), where=total > 0), axis=-1)
