"""Model `transfer-enrolled`: the same expressions with one neutral photo of each person given. A task of its own.

Of every person the first neutral image is given and not scored; all other expressions are. The heads see what `transfer`'s heads
see, and beside it how that differs from the person's neutral face: six heads, one of either kind for each crop, averaged. People
who are learned from bring their own neutral face; of who is tested nothing else is known. `transfer` is fitted again beside it, on the
same images and expressions and without the neutral faces, so that the two differ in the photo alone. Neither may be compared with
the models that have no neutral face and answer for one expression more.

What the photo is worth hangs on how many people are learned from. So both are fitted on fewer people too, `DRAWS` times, drawn at
random, the same ones for both: models such as `transfer-enrolled, of 4 people`.

How heads use the photo was settled before it ran here, by a trial on Yale's left-out people that a referee had made; on the rendered
faces every way reads all images. Differences taken before features are made symmetric were tried on Yale too, and read as many. The two kinds of heads alone are listed beside it, and nothing is chosen by their scores.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd

from fer_utils.common import code_hash, progress
from fer_utils.common.errors import DatasetError
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.folders import words
from fer_utils.evaluation import intervals, significance
from fer_utils.evaluation import scores as scoring
from fer_utils.experiments import tables
from fer_utils.transfer import small_set
from fer_utils.transfer.features import cached, symmetric_features

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

MODEL, PLAIN, DIFFERENCE = "transfer-enrolled", "transfer, no photo", "difference alone"
NEUTRAL = "neutral"
COUNTS = (2, 4, 8, 16, 32)  # people learned from
DRAWS = 3
_FEWEST = 3  # people
_METRICS = ("accuracy", "macro_f1", "log_loss", "brier", "confidence_gap")
# What the heads of each are given: the features as they are, and their difference from the person's neutral face.
_GIVEN: Mapping[str, tuple[bool, ...]] = {MODEL: (False, True), PLAIN: (False,), DIFFERENCE: (True,)}


@dataclass(frozen=True, eq=False)
class Enrolment:
    """Answers with and without the neutral photo, each by heads that did not learn the person.

    Attributes:
        predictions: rows as in `predictions.csv` of `MODEL`, `PLAIN` and `DIFFERENCE` on the same images; there is no column of
            the neutral expression.
        photos: person to the image that was given.
        without: people who have no neutral image, and are left out.
    """

    predictions: pd.DataFrame
    photos: Mapping[str, str]
    without: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """What `enrolment.csv` holds, see `scored`."""
        return scored(self.predictions)


def of_people(model: str, count: int) -> str:
    """Name of a model that learned from so many people."""
    return f"{model}, of {count} people"


def people_of(model: str) -> int:
    """How many people a model of `of_people` learned from; 0 for one that learned from all others."""
    return int(found[1]) if (found := re.search(r", of (\d+) people$", model)) else 0


def scored(predictions: pd.DataFrame) -> pd.DataFrame:
    """Scores of each model, and of `MODEL` minus `PLAIN` the differences in accuracy and in log-loss, with the columns of `tables.COLUMNS`.

    Of each difference p is by signs flipped over people, and corrected for their number by Holm's method.

    Args:
        predictions: of `Enrolment`, or read back.
    """
    scores = scoring.scores(predictions)
    rows = []
    for row in scores.itertuples():
        ends = (row.value, row.low, row.high)
        if row.metric in _METRICS:
            rows.append(tables.row("score", row.model, row.metric, *ends, n=row.n))
        elif row.metric.startswith("recall_") and not people_of(row.model):
            part = row.metric.removeprefix("recall_")
            rows.append(tables.row("score", row.model, "recall", *ends, n=row.n, part=part))
    counts = sorted({people_of(model) for model in predictions["model"]} - {0})
    pairs = [(of_people(MODEL, count), of_people(PLAIN, count)) for count in counts]
    found = [each for pair in [*pairs, (MODEL, PLAIN)] for each in _compared(predictions, *pair)]
    corrected = significance.holm([p for *_, p in found])
    for (about, quantity, gain, n, people, p), of_all in zip(found, corrected, strict=True):
        rows.append(tables.row("difference", about, quantity, gain.value, gain.low, gain.high, n=n))
        rows.append(tables.row("difference", about, f"{quantity}_p", p, n=people))
        rows.append(tables.row("difference", about, f"{quantity}_holm_p", float(of_all), n=people))
    return tables.table(rows)


def run(experiment: "Experiment") -> Enrolment:
    """Learn and answer in every fold of people; kept on disk for the same data, people, weights and code.

    Raises:
        DatasetError: no neutral expression, or fewer than three people who have an image of it and of another.
        WeightsError: the pretrained weights are missing or damaged.
    """
    dataset, usable = experiment.dataset, experiment.usable
    given = photos(dataset, usable)
    subjects, neutral = dataset.subjects[usable].astype(str), _neutral(dataset)
    scored = _scored(experiment, given)
    names = [name for place, name in enumerate(dataset.class_names) if place not in neutral]
    labels = np.array([names.index(dataset.class_names[each]) for each in dataset.labels[usable[scored]]])
    own = np.array([int(np.flatnonzero(usable == given[each])[0]) for each in subjects[scored]])
    tested = experiment.fold_of_images()[scored]

    jobs = [(model, 0, 1) for model in _GIVEN]
    fewest = min(len(set(subjects[scored][tested != fold])) for fold in np.unique(tested))
    few = [count for count in COUNTS if count < fewest]
    jobs += [(model, count, draw) for count in few for model in (MODEL, PLAIN) for draw in range(1, DRAWS + 1)]

    def fit() -> dict[str, np.ndarray]:
        found = symmetric_features(dataset, experiment.manifest, usable)
        seen = [found[key] for key in small_set.VARIANTS[small_set.MODEL]]
        views = {False: [each[scored] for each in seen], True: [each[scored] - each[own] for each in seen]}
        every = joblib.Parallel(n_jobs=experiment.jobs or os.cpu_count(), return_as="generator")(
            joblib.delayed(_answers)(
                [each for kind in _GIVEN[model] for each in views[kind]],
                labels,
                subjects[scored],
                tested,
                len(names),
                count=count,
                draw=draw,
            )
            for model, count, draw in jobs
        )
        shown = progress.bar(every, "enrolment", total=len(jobs), unit="fit", delay=5)
        return {f"{model} {count} {draw}": each for (model, count, draw), each in zip(jobs, shown, strict=True)}

    here = code_hash.of_files([Path(__file__)])
    shares = cached(dataset, experiment.manifest, "enrolment", fit, more=(here, tested, scored, own))
    rows = []
    for model, count, draw in jobs:
        known = {"model": of_people(model, count) if count else model, "protocol": experiment.protocol, "seed": draw}
        each = _rows(dataset, usable[scored], names, shares[f"{model} {count} {draw}"], **known)
        rows.append(each.assign(fold=tested))
    return Enrolment(
        pd.concat(rows, ignore_index=True),
        {person: str(dataset.file_names[place]) for person, place in given.items()},
        tuple(sorted(set(subjects) - set(given))),
    )


def why_not(experiment: "Experiment") -> str:
    """Why a data set has nobody to enrol, as a sentence; empty where `run` can go on."""
    try:
        given = photos(experiment.dataset, experiment.usable)
        _scored(experiment, given)
    except DatasetError as error:
        return str(error)
    return ""


def _scored(experiment: "Experiment", given: Mapping[str, int]) -> np.ndarray:
    """(M,) int, places among the usable images of those that are scored: other expressions of people whose photo is given."""
    dataset, usable = experiment.dataset, experiment.usable
    subjects = dataset.subjects[usable].astype(str)
    found = np.flatnonzero(~np.isin(dataset.labels[usable], _neutral(dataset)) & np.isin(subjects, list(given)))
    if len(set(subjects[found])) < _FEWEST:
        raise DatasetError(
            f"{dataset.name}: {MODEL} needs at least three people with a neutral image and another one; there are "
            f"{len(set(subjects[found]))}."
        )
    return found


def photos(dataset: FaceDataset, usable: np.ndarray) -> dict[str, int]:
    """Of each person the position of the image that is given: the first of those that show the neutral expression.

    Args:
        usable: (N,) int, positions of the kept images.

    Raises:
        DatasetError: the data set has no neutral expression.
    """
    neutral = _neutral(dataset)
    if not neutral:
        raise DatasetError(
            f"{dataset.name}: enrolment needs a neutral expression, named neutral or normal; there are "
            f"{', '.join(dataset.class_names)}."
        )
    found: dict[str, int] = {}
    for place in usable[np.isin(dataset.labels[usable], neutral)]:
        found.setdefault(str(dataset.subjects[place]), int(place))
    return found


def _neutral(dataset: FaceDataset) -> list[int]:
    return [place for place, name in enumerate(dataset.class_names) if words.usual(name) == NEUTRAL]


def _answers(
    seen: list[np.ndarray],
    labels: np.ndarray,
    subjects: np.ndarray,
    tested: np.ndarray,
    classes: int,
    *,
    count: int,
    draw: int,
) -> np.ndarray:
    """(N, classes) float32, each image by heads that learned people of the other folds.

    Args:
        count: how many of them, drawn at random; 0 for all.
        draw: which draw.
    """
    from threadpoolctl import threadpool_limits

    shares = np.zeros((len(labels), classes), dtype=np.float32)
    for number, fold in enumerate(np.unique(tested)):
        test = tested == fold
        train = ~test
        if count:
            others = np.unique(subjects[train])
            drawn = np.random.default_rng([count, draw, number]).choice(others, size=count, replace=False)
            train = np.isin(subjects, drawn)
        with threadpool_limits(1):  # so that the number of processes changes no bit
            answers = small_set.mean_answers(seen, labels, subjects, train, test, classes)
        strength, temperature = small_set.chosen(answers, labels[train])
        shares[test] = small_set.probabilities(answers.outer[strength], temperature)
    return shares


def _rows(
    dataset: FaceDataset, positions: np.ndarray, names: list[str], shares: np.ndarray, **known: str | int
) -> pd.DataFrame:
    wide = np.zeros((len(shares), len(dataset.class_names)), dtype=np.float32)
    wide[:, [dataset.class_names.index(name) for name in names]] = shares
    rows = tables.rows(dataset, positions, wide, **known)
    return rows.drop(columns=[f"p_{name}" for name in dataset.class_names if name not in names])


def _compared(
    predictions: pd.DataFrame, model: str, reference: str
) -> list[tuple[str, str, intervals.Interval, int, int, float]]:
    """One model minus another in accuracy and in log-loss: what, with Student's t over people, images, people, p by signs flipped."""
    parts = {name: _by_image(predictions[predictions["model"] == name]) for name in (model, reference)}
    found = []
    for quantity in ("accuracy", "log_loss"):
        sums = (parts[model] - parts[reference])[quantity].groupby(level="subject").agg(["sum", "count"])
        gain = intervals.of_mean(sums["sum"].to_numpy(), sums["count"].to_numpy())
        p = float(significance.sign_flips(sums["sum"].to_numpy()))
        found.append((f"{model} - {reference}", quantity, gain, int(sums["count"].sum()), len(sums), p))
    return found


def _by_image(rows: pd.DataFrame) -> pd.DataFrame:
    """Whether a model is right and its log-loss in nats, means over draws, by person and image."""
    names = [name.removeprefix("p_") for name in rows if name.startswith("p_")]
    wide = rows[[f"p_{name}" for name in names]].to_numpy(dtype=float).round(significance.DECIMALS)
    shares = wide[np.arange(len(rows)), [names.index(each) for each in rows["truth"]]]
    found = rows[["subject", "image"]].assign(
        accuracy=(rows["truth"] == rows["predicted"]).astype(float),
        log_loss=-np.log(np.maximum(shares, 10.0**-significance.DECIMALS)),  # as the tables keep them
    )
    return found.groupby(["subject", "image"]).mean().sort_index()
