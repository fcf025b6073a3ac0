"""The errors of one model from its answers to people left out: confusion, people, surest mistakes, calibration."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.data import people
from fer_utils.evaluation import calibration, comparisons, scores
from fer_utils.evaluation.intervals import Interval
from fer_utils.evaluation.people import Dealt, deal
from fer_utils.experiments.recipes import MODELS

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment

PICTURE_SIDE = 96  # pixels, enlarged for the eye


class AnswerStudy:
    """Answers of one model, each by what left the person out.

    It asks for no network, so it serves models of every kind; `errors.ErrorStudy` looks into networks as well.

    Args:
        experiment: data, manifest and budget.
        model: its name.
        predictions: its rows under the experiment's protocol, as of predictions.csv.
    """

    has_networks = False

    def __init__(self, experiment: "Experiment", model: str, predictions: pd.DataFrame) -> None:
        self.experiment, self.model, self.predictions = experiment, model, predictions
        self.classes = list(experiment.dataset.class_names)
        self.seeds = predictions["seed"].nunique()
        self._first = min(predictions["seed"])

    def _position(self, image: str) -> int:
        return self.experiment.dataset.position(image)

    @property
    def trained(self) -> bool:
        """Whether it may be judged: its networks have learned their training images, or it has none."""
        return comparisons.trained(self.predictions)

    @property
    def right(self) -> np.ndarray:
        """Whether each prediction was right, (N,) bool, over all seeds."""
        return (self.predictions["truth"] == self.predictions["predicted"]).to_numpy()

    @property
    def confidence(self) -> np.ndarray:
        """Probability of each predicted class, (N,) float, over all seeds."""
        return self.predictions[[f"p_{name}" for name in self.classes]].max(axis=1).to_numpy()

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over five bins."""
        return calibration.expected_calibration_error(self.confidence, self.right, bins=calibration.BINS)

    @property
    def confidence_gap(self) -> Interval:
        """Mean confidence minus accuracy, with its interval over people."""
        return calibration.of_probabilities(self.predictions)["confidence_gap"]

    @property
    def reliability(self) -> pd.DataFrame:
        """Accuracy by bin of confidence, as `calibration.reliability` gives it over people, over five bins."""
        words = {"subjects": self.predictions["subject"].to_numpy(), "seeds": self.seeds}
        return calibration.reliability(self.confidence, self.right, bins=calibration.BINS, **words)

    @cached_property
    def confusion(self) -> np.ndarray:
        """Images, mean over seeds, (classes, classes) float64: row the truth, column the prediction."""
        return scores.mean_confusion(self.predictions, self.classes)

    @cached_property
    def worst(self) -> Interval:
        """Share of the images of one expression that are mistaken for the one they are most often mistaken for."""
        wrong = np.where(np.eye(len(self.classes), dtype=bool), 0, self.confusion)
        truth, answer = (self.classes[place] for place in np.unravel_index(wrong.argmax(), wrong.shape))
        return scores.share_answered(self.predictions, truth=truth, answer=answer)

    @cached_property
    def person_effect(self) -> Dealt:
        """Whether people are read differently well: answers shuffled among them."""
        return deal(self.predictions)

    @cached_property
    def by_subject(self) -> pd.DataFrame:
        """Accuracy, a row per subject and a column per expression; empty where there is no image."""
        table = self.predictions.assign(right=self.right.astype(float))
        table = table.pivot_table(index="subject", columns="truth", values="right", aggfunc="mean")
        return table.reindex(columns=self.classes)

    @property
    def subject_accuracy(self) -> pd.Series:
        """Accuracy by subject."""
        return pd.Series(self.right).groupby(self.predictions["subject"].to_numpy()).mean()

    def surest(
        self, *, right: bool, count: int | None = None, of_each: int | None = None, to_show: bool = True
    ) -> pd.DataFrame:
        """Predictions of the first seed that were right (or wrong), the most confident first.

        Args:
            count: no more than so many.
            of_each: no more than so many of each expression that is shown.
            to_show: those alone of people who may be shown, and of each person one of each expression: images of one sequence
                look the same.
        """
        table = self.predictions.assign(confidence=self.confidence, right=self.right)
        shown = people.pictured(self.experiment.dataset, table["subject"]) if to_show else True
        table = table[shown & (table["seed"] == self._first) & (table["right"] == right)]
        table = table.sort_values(["confidence", "image"], ascending=[False, True])
        if to_show:
            table = table.drop_duplicates(["subject", "truth"])
        if of_each is not None:
            table = table[table.groupby("truth").cumcount() < of_each].sort_values("truth", kind="stable")
        return table if count is None else table.head(count)

    def picture(self, image: str) -> np.ndarray:
        """What the model sees of an image, enlarged for the eye: (96, 96) uint8."""
        source = self.inputs[self._position(image), ..., 0]
        return np.asarray(Image.fromarray(source).resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BICUBIC))

    def with_others(self, image: str) -> list[tuple[str, np.ndarray]]:
        """An image's label and `picture`, and then those of the same person's other images, the first of each expression."""
        data, usable = self.experiment.dataset, self.experiment.usable
        own = self._position(image)
        others = usable[(data.subjects[usable] == data.subjects[own]) & (usable != own)]
        _, first = np.unique(data.labels[others], return_index=True)
        places = [own, *others[first]]
        return [(self.classes[data.labels[place]], self.picture(str(data.file_names[place]))) for place in places]

    @cached_property
    def inputs(self) -> np.ndarray:
        """What the model sees of every image, (N, height, width, 1) uint8; of a model without networks the aligned face."""
        return self.experiment.inputs[MODELS[self.model].input if self.model in MODELS else "face"]
