"""The errors of one model under `loso`: confusion, people, surest mistakes, regions, calibration."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.common import cache
from fer_utils.data import alignment, cleaning, detection, people
from fer_utils.evaluation import calibration, scores
from fer_utils.evaluation.intervals import Interval
from fer_utils.evaluation.people import Dealt, deal
from fer_utils.experiments.experiment import Experiment
from fer_utils.experiments.recipes import MODELS, require_network
from fer_utils.studies import grad_cam

_PICTURE_SIDE = 96


class ErrorStudy:
    """Predictions of one model, each by the network of the fold that left the person out.

    Args:
        experiment: data, manifest and budget; missing runs are trained.
        model: name in `recipes.MODELS`.

    Raises:
        ParameterError: the model has no networks.
    """

    def __init__(self, experiment: Experiment, model: str) -> None:
        require_network(model)
        self.experiment, self.model = experiment, model
        self._runs = experiment.plan(experiment.protocol, [model])
        self.predictions = experiment.predictions(self._runs, experiment.records(self._runs))
        self.classes = list(experiment.dataset.class_names)
        self.seeds = self.predictions["seed"].nunique()
        self._first = min(self.predictions["seed"])
        self._first_runs = [run for run in self._runs if run.seed == self._first]

    def _position(self, image: str) -> int:
        return self.experiment.dataset.position(image)

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

    def surest(self, *, right: bool, count: int) -> pd.DataFrame:
        """Predictions of the first seed that were right (or wrong), the most confident first; of people who may be shown."""
        table = self.predictions.assign(confidence=self.confidence, right=self.right)
        shown = people.pictured(self.experiment.dataset, table["subject"])
        table = table[shown & (table["seed"] == self._first) & (table["right"] == right)]
        return table.sort_values(["confidence", "image"], ascending=[False, True]).head(count)

    def picture(self, image: str) -> np.ndarray:
        """What the model sees of an image, enlarged for the eye: (96, 96) uint8."""
        source = self.inputs[self._position(image), ..., 0]
        return np.asarray(Image.fromarray(source).resize((_PICTURE_SIDE, _PICTURE_SIDE), Image.Resampling.BICUBIC))

    def nearest_training_images(self, *, count: int) -> pd.DataFrame:
        """The surest mistakes, each with the training image of its fold that lies nearest in the last hidden layer.

        Both are of people who may be shown.

        Returns:
            Columns of `predictions` and `confidence`, `nearest`, `nearest_label`.
        """
        data, found = self.experiment.dataset, {}
        table = self.surest(right=False, count=len(self.predictions))
        for row in table.itertuples():
            name = self._nearest(row.fold, row.image)
            if people.pictured(data, [data.subjects[self._position(name)]])[0]:
                found[row.Index] = name
            if len(found) == count:
                break
        table, labels, names = table.loc[list(found)].copy(), data.labels, list(found.values())
        table["nearest"] = names
        table["nearest_label"] = [self.classes[labels[self._position(name)]] for name in names]
        return table

    def grad_cam(self, images: list[str]) -> np.ndarray:
        """Grad-CAM of the predicted class of each image, (N, 96, 96) float32 in [0, 1]."""
        size = (_PICTURE_SIDE, _PICTURE_SIDE)
        large = [Image.fromarray(self._heat[name]).resize(size, Image.Resampling.BILINEAR) for name in images]
        return np.clip(np.stack([np.asarray(each) for each in large]), 0, 1)

    @cached_property
    def _heat(self) -> dict[str, np.ndarray]:
        """Grad-CAM of the predicted class of every tested image of the first seed, by its name."""

        def fit() -> dict[str, np.ndarray]:
            maps = {}
            for fold, group in self.predictions[self.predictions["seed"] == self._first].groupby("fold"):
                said = np.array([self.classes.index(name) for name in group["predicted"]])
                inputs = self.inputs[[self._position(name) for name in group["image"]]]
                maps |= dict(zip(group["image"], grad_cam.grad_cam(self.networks[fold], inputs, said), strict=True))
            return {"names": np.array(list(maps)), "maps": np.stack(list(maps.values()))}

        found = self.kept("grad-cam", fit, code=("studies.grad_cam",))
        return dict(zip(found["names"].tolist(), found["maps"], strict=True))

    def kept(
        self, name: str, fit: Callable[[], dict[str, np.ndarray]], *, code: Sequence[str], inputs: Sequence[object] = ()
    ) -> dict[str, np.ndarray]:
        """What `fit` makes of this study's networks, kept on disk (`cache.arrays`).

        Args:
            name: what it is.
            code: modules of `fer_utils` that compute it.
            inputs: what determines it besides the networks and the images.
        """
        every_image = self.experiment.dataset.file_names, self.inputs  # more than the folds hold: excluded ones too
        determined_by = (*inputs, *every_image, *self.experiment.record_names(self._first_runs))
        words = {"code": ("studies.errors", *code), "inputs": determined_by}
        return cache.arrays(self.experiment.dataset.name, f"{name}-{self.model}", fit, **words)

    @cached_property
    def face_share(self) -> tuple[float, float]:
        """Mean share of the Grad-CAM heat inside the face's box, and the mean share of the area that the box takes."""
        names = list(self.predictions.loc[self.predictions["seed"] == self._first, "image"])
        return self.share_in_face(names, self.grad_cam(names))

    def share_in_face(self, names: list[str], heat: np.ndarray) -> tuple[float, float]:
        """Mean share of heat maps inside the faces' boxes, and the mean share of the area that the boxes take.

        Args:
            names: of images.
            heat: (N, side, side), not negative; the side 96 or a whole part of it.
        """
        factor = _PICTURE_SIDE // heat.shape[1]
        heat = heat.repeat(factor, axis=1).repeat(factor, axis=2)
        found = detection.detect(self.experiment.dataset)
        inside = np.zeros((len(names), _PICTURE_SIDE, _PICTURE_SIDE), dtype=bool)
        for region, name in zip(inside, names, strict=True):
            index = self._position(name)
            left, top, right, bottom = self._box(found[index][0], self.experiment.dataset.images[index].shape)
            region[top:bottom, left:right] = True
        shares = grad_cam.share_inside(heat, inside)
        return float(np.nanmean(shares)), float(inside.mean())

    def hidden(self) -> np.ndarray:
        """What each fold's network makes of every kept image in its last hidden layer, (folds, N, features) float32."""
        usable = cleaning.kept_indices(self.experiment.dataset, self.experiment.manifest)
        return self._features[:, usable]

    @cached_property
    def _features(self) -> np.ndarray:
        """The same of every image, (folds, N, features) float32."""

        def fit() -> dict[str, np.ndarray]:
            return {"features": np.stack([grad_cam.features(each, self.inputs) for each in self.networks.values()])}

        return self.kept("features", fit, code=("studies.grad_cam",))["features"]

    @cached_property
    def inputs(self) -> np.ndarray:
        """What the model sees of every image, (N, height, width, 1) uint8."""
        return self.experiment.inputs[MODELS[self.model].input]

    @cached_property
    def networks(self) -> dict[str, object]:
        """The trained network of each fold, first seed."""
        from fer_utils.engine import train

        chosen = zip(self._first_runs, self.experiment.records(self._first_runs, weights=True), strict=True)
        shape, classes = self.inputs.shape[1:], len(self.classes)
        return {
            run.fold: train.restore(run.recipe, record, input_shape=shape, classes=classes) for run, record in chosen
        }

    def _nearest(self, fold: str, image: str) -> str:
        train = self.experiment.folds(self.experiment.protocol)[fold][0]
        every = self._features[[run.fold for run in self._first_runs].index(fold)]
        place = grad_cam.nearest(every[[self._position(image)]], every[train])[0]
        return str(self.experiment.dataset.file_names[train[place]])

    def _box(self, face: alignment.Face, shape: tuple[int, int]) -> np.ndarray:
        if MODELS[self.model].input == "face":
            box = np.array(alignment.aligned_box(face))
        else:
            height, width = shape
            box = np.array(
                (face.x / width, face.y / height, (face.x + face.width) / width, (face.y + face.height) / height)
            )
        return np.clip(np.round(box * _PICTURE_SIDE), 0, _PICTURE_SIDE).astype(int)
