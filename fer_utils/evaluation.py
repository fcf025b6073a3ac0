"""Scores, intervals, paired tests and calibration: arrays in, numbers out.

Truth and prediction are class names or indices, shape (N,). Intervals are for 95 % unless said otherwise. Bootstraps
resample subjects with all their images and all seeds, since images of one person are not independent.
"""

import functools
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from fer_utils.common import random_draws
from fer_utils.common.errors import ParameterError

LEVEL = 0.95
RESAMPLES = 10_000
_BOOTSTRAP_SEED = 20_231
SCORE_COLUMNS = ("model", "protocol", "metric", "value", "low", "high", "n", "seeds")
COMPARISON_COLUMNS = (
    "model", "reference", "protocol", "difference", "low", "high", "only_model", "only_reference", "mcnemar_p",
    "n", "seeds",
)  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Fraction of right predictions, in [0, 1]."""
    return float(np.mean(np.asarray(truth) == np.asarray(predicted)))


def macro_f1(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> float:
    """Mean over classes of the harmonic mean of precision and recall; a class never predicted counts 0."""
    return float(_macro_f1(confusion(truth, predicted, classes)[np.newaxis])[0])


def macro_f1_interval(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> Interval:
    """Macro-F1 with a percentile interval that resamples images, for data without subjects."""
    table = confusion(truth, predicted, classes)
    drawn = random_draws.generator(_BOOTSTRAP_SEED).multinomial(
        table.sum(), table.ravel() / table.sum(), size=RESAMPLES
    )
    low, high = np.quantile(_macro_f1(drawn.reshape(-1, *table.shape)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(_macro_f1(table[np.newaxis])[0]), float(low), float(high))


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> np.ndarray:
    """Counts, (classes, classes) int64: row the truth, column the prediction."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(truth, predicted, labels=list(classes))


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Raises:
        ValueError: n is 0, or successes is not in [0, n].
    """
    found = binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Interval(successes / n, float(found.low), float(found.high))


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> tuple[int, int, float]:
    """McNemar's exact test on the same images (McNemar 1947, doi:10.1007/BF02295996).

    Args:
        first_right, second_right: (N,) bool, whether each model was right.

    Returns:
        Images that only the first got right, images that only the second got right, two-sided p value.
    """
    first_right, second_right = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(~first_right & second_right))
    discordant = only_first + only_second
    p_value = binomtest(only_first, discordant, 0.5).pvalue if discordant else 1.0
    return only_first, only_second, float(p_value)


def subject_bootstrap(values: np.ndarray, counts: np.ndarray) -> Interval:
    """Percentile interval of a mean, resampling subjects (Efron and Tibshirani 1993).

    Args:
        values: (subjects,) sums of the quantity over a subject's predictions.
        counts: (subjects,) numbers of those predictions.
    """
    draws = _draws(len(values))
    means = (draws @ values) / (draws @ counts)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(np.sum(values) / np.sum(counts)), float(low), float(high))


def middle(values) -> tuple[float, float]:
    """Ends of the middle 95 % of some values, (N,)."""
    low, high = np.quantile(np.asarray(values, dtype=float), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def resampled_sums(sums: np.ndarray) -> np.ndarray:
    """Sums over subjects drawn anew, (1000, ...) float64, for what is no mean.

    Args:
        sums: (subjects, ...), of each subject.
    """
    draws = _draws(len(sums))[:1000]
    return np.tensordot(draws, sums, axes=1)


def difference_interval(
    after: np.ndarray, before: np.ndarray, counts: np.ndarray, *, same_runs: bool = False
) -> Interval:
    """Difference in accuracy of two models on the same images, resampling subjects and seeds.

    Subjects are drawn for both models together, since each is tested on the same ones; seeds for each by itself, since
    a seed means nothing to another network. Few seeds show less than their whole spread (of three, two thirds of the
    variance), and a single one none at all: then the interval is of that one seed.

    Args:
        after, before: (subjects, seeds) right images of each model; the numbers of seeds may differ.
        counts: (subjects,) images tested.
        same_runs: both are of the same trained networks, after another epoch: seeds are then drawn for both together.
    """
    subjects, generator = _draws(len(counts)), random_draws.generator(_BOOTSTRAP_SEED + 1)
    means, weights = [], None
    for right in (after, before):
        seeds = right.shape[1]
        if weights is None or not same_runs:
            weights = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds
        means.append(((subjects @ right) * weights).sum(axis=1) / (subjects @ counts))
    low, high = np.quantile(means[0] - means[1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = (after.mean(axis=1) - before.mean(axis=1)).sum() / counts.sum()
    return Interval(float(value), float(low), float(high))


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
    draws = _draws(len(sizes))
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


def scores(predictions: pd.DataFrame) -> pd.DataFrame:
    """Figures of every model under every protocol: the rows of `outputs/<dataset>/scores.csv`.

    `accuracy` and `macro_f1` are means over seeds with an interval from a bootstrap over subjects; `accuracy_wilson` is
    the same accuracy with Wilson's interval, which takes all images for independent; `recall_<class>` likewise Wilson.
    `seed_spread` is the accuracy with the lowest and the highest single seed; `chance` the share of the largest class.
    n counts images (of recall: of the class), so a figure from several seeds rests on n times seeds predictions.

    Args:
        predictions: columns `model, protocol, seed, subject, truth, predicted`, one row per prediction.
    """
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
    if not right[model].index.equals(right[reference].index):
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


def _model_scores(group: pd.DataFrame, n: int) -> dict[str, Interval]:
    classes = sorted(group["truth"].unique())
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
    draws = _draws(len(subjects))
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


@functools.cache
def _draws(subjects: int) -> np.ndarray:
    """How often each subject is drawn, (RESAMPLES, subjects) int64, always the same draws."""
    generator = random_draws.generator(_BOOTSTRAP_SEED)
    return generator.multinomial(subjects, np.full(subjects, 1 / subjects), size=RESAMPLES)
