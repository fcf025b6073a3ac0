"""Model `transfer-enrolled`: the same expressions with one neutral photo of each person given. A task of its own.

Of every person the first neutral image is given and not scored; all other expressions are. The heads see what `transfer`'s heads
see, and beside it how that differs from the person's neutral face: six heads, one of either kind for each crop, averaged. People
who are learned from bring their own neutral face; of who is tested nothing else is known. `transfer` is fitted anew beside it, on the
same images and expressions and without the neutral faces, so that the two differ in the photo alone. Neither may be compared with
the models that have no neutral face and answer for one expression more.

How heads use the photo was settled before it ran here, by a trial on Yale's left-out people that a referee had made; on the rendered
faces every way reads all images. The two kinds of heads alone are listed beside it, and nothing is chosen by their scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_utils.common import code_hash, progress
from fer_utils.common.errors import DatasetError
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.folders import words
from fer_utils.evaluation import comparisons, intervals, significance
from fer_utils.evaluation import scores as scoring
from fer_utils.experiments import tables
from fer_utils.transfer import small_set
from fer_utils.transfer.features import cached, symmetric_features

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

MODEL, PLAIN, DIFFERENCE = "transfer-enrolled", "transfer, no photo", "difference alone"
NEUTRAL = "neutral"
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


def scored(predictions: pd.DataFrame) -> pd.DataFrame:
    """Scores of each model, and of `MODEL` minus `PLAIN` the difference in accuracy and in log-loss, with the columns of `tables.COLUMNS`.

    Args:
        predictions: of `Enrolment`, or read back.
    """
    scores = scoring.scores(predictions)
    rows = [
        tables.row("score", row.model, row.metric, row.value, row.low, row.high, n=row.n)
        for row in scores.itertuples()
        if row.metric in _METRICS
    ]
    rows += [
        tables.row("score", row.model, "recall", row.value, row.low, row.high, n=row.n, part=row.metric[7:])
        for row in scores.itertuples()
        if row.metric.startswith("recall_")
    ]
    return tables.table(rows, _compared(predictions))


def run(experiment: "Experiment") -> Enrolment:
    """Learn and answer in every fold of people; kept on disk for the same data, people, weights and code.

    Raises:
        DatasetError: no neutral expression, or fewer than three people who have an image of it and of another.
        WeightsError: the pretrained weights are missing or damaged.
    """
    dataset, usable = experiment.dataset, experiment.usable
    given = photos(dataset, usable)
    subjects, neutral = dataset.subjects[usable].astype(str), _neutral(dataset)
    scored = np.flatnonzero(~np.isin(dataset.labels[usable], neutral) & np.isin(subjects, list(given)))
    if len(set(subjects[scored])) < 3:
        raise DatasetError(
            f"{dataset.name}: {MODEL} needs at least three people with a neutral image and another one; there are "
            f"{len(set(subjects[scored]))}."
        )
    names = [name for place, name in enumerate(dataset.class_names) if place not in neutral]
    labels = np.array([names.index(dataset.class_names[each]) for each in dataset.labels[usable[scored]]])
    own = np.array([int(np.flatnonzero(usable == given[each])[0]) for each in subjects[scored]])
    tested = experiment.fold_of_images()[scored]

    def fit() -> dict[str, np.ndarray]:
        found = symmetric_features(dataset, experiment.manifest, usable)
        seen = [found[key] for key in small_set.VARIANTS[small_set.MODEL]]
        views = {False: [each[scored] for each in seen], True: [each[scored] - each[own] for each in seen]}
        return {
            model: _answers([each for kind in kinds for each in views[kind]], labels, subjects[scored], tested, names)
            for model, kinds in progress.bar(_GIVEN.items(), "enrolment", unit="model", delay=5)
        }

    here = code_hash.of_files([Path(__file__)])
    shares = cached(dataset, experiment.manifest, "enrolment", fit, more=(here, tested, scored, own))
    rows = [
        _rows(dataset, usable[scored], labels, names, shares[model], model=model, protocol=experiment.protocol)
        for model in _GIVEN
    ]
    every = pd.concat([each.assign(fold=tested) for each in rows], ignore_index=True)
    return Enrolment(
        every,
        {person: str(dataset.file_names[place]) for person, place in given.items()},
        tuple(sorted(set(subjects) - set(given))),
    )


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
    seen: list[np.ndarray], labels: np.ndarray, subjects: np.ndarray, tested: np.ndarray, names: list[str]
) -> np.ndarray:
    """(N, classes) float32, each image by heads that learned the people of the other folds."""
    from threadpoolctl import threadpool_limits

    shares = np.zeros((len(labels), len(names)), dtype=np.float32)
    for fold in np.unique(tested):
        test = tested == fold
        with threadpool_limits(1):  # so that the number of cores changes no bit
            answers = small_set.mean_answers(seen, labels, subjects, ~test, test, len(names))
        strength, temperature = small_set.chosen(answers, labels[~test])
        shares[test] = small_set.probabilities(answers.outer[strength], temperature)
    return shares


def _rows(
    dataset: FaceDataset,
    positions: np.ndarray,
    labels: np.ndarray,
    names: list[str],
    shares: np.ndarray,
    *,
    model: str,
    protocol: str,
) -> pd.DataFrame:
    wide = np.zeros((len(shares), len(dataset.class_names)), dtype=np.float32)
    wide[:, [dataset.class_names.index(name) for name in names]] = shares
    rows = tables.rows(dataset, positions, wide, model=model, protocol=protocol, seed=1)
    return rows.drop(columns=[f"p_{name}" for name in dataset.class_names if name not in names])


def _compared(predictions: pd.DataFrame) -> list[tuple]:
    """Rows of `MODEL` minus `PLAIN`: the accuracy, over people and by signs flipped, and the log-loss likewise."""
    (protocol,) = predictions["protocol"].unique()
    pair = comparisons.compare(predictions, MODEL, PLAIN, protocol=protocol, seedless=(MODEL, PLAIN)).iloc[0]
    about = f"{MODEL} - {PLAIN}"
    people = predictions["subject"].unique()
    by_model = {name: _loss(predictions[predictions["model"] == name]) for name in (MODEL, PLAIN)}
    sums = (by_model[MODEL] - by_model[PLAIN]).groupby(level="subject").agg(["sum", "count"])
    loss = intervals.of_mean(sums["sum"].to_numpy(), sums["count"].to_numpy())
    p_loss = float(significance.sign_flips(sums["sum"].to_numpy()))
    return [
        tables.row("difference", about, "accuracy", pair.difference, pair.low, pair.high, n=pair.n),
        tables.row("difference", about, "accuracy_p", pair.p, n=len(people)),
        tables.row("difference", about, "log_loss", loss.value, loss.low, loss.high, n=pair.n),
        tables.row("difference", about, "log_loss_p", p_loss, n=len(people)),
    ]


def _loss(rows: pd.DataFrame) -> pd.Series:
    """Log-loss in nats of every image, by person and image."""
    shares = np.array([row[f"p_{row['truth']}"] for _, row in rows.iterrows()], dtype=float)
    least = 10.0**-significance.DECIMALS  # as the tables keep them
    losses = -np.log(np.maximum(shares.round(significance.DECIMALS), least))
    values = pd.Series(losses, index=pd.MultiIndex.from_frame(rows[["subject", "image"]]))
    return values.sort_index()
