"""The errors of one model that has networks: what `answers` gives, where they look, and which training images are near."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.common import cache
from fer_utils.data import alignment, cleaning, detection, people
from fer_utils.experiments.recipes import MODELS, require_network
from fer_utils.studies import grad_cam
from fer_utils.studies.answers import PICTURE_SIDE, AnswerStudy

if TYPE_CHECKING:
    from fer_utils.experiments.experiment import Experiment


class ErrorStudy(AnswerStudy):
    """Answers of one model, each by the network of the fold that left the person out, and these networks.

    Args:
        experiment: data, manifest and budget; missing runs are trained.
        model: name in `recipes.MODELS`.

    Raises:
        ParameterError: the model has no networks.
    """

    has_networks = True

    def __init__(self, experiment: "Experiment", model: str) -> None:
        require_network(model)
        runs = experiment.plan(experiment.protocol, [model])
        super().__init__(experiment, model, experiment.predictions(runs, experiment.records(runs)))
        self._first_runs = [run for run in runs if run.seed == self._first]

    def nearest_training_images(self, *, count: int | None = None, to_show: bool = True) -> pd.DataFrame:
        """The surest mistakes, each with the training image of its fold that lies nearest in the last hidden layer.

        Args:
            count: no more than so many.
            to_show: those alone of which both images are of people who may be shown.

        Returns:
            Columns of `predictions` and `confidence`, `nearest`, `nearest_label`.
        """
        data, found = self.experiment.dataset, {}
        table = self.surest(right=False, to_show=to_show)
        for row in table.itertuples():
            name = self._nearest(row.fold, row.image)
            if not to_show or people.pictured(data, [data.subjects[self._position(name)]])[0]:
                found[row.Index] = name
            if len(found) == count:
                break
        table, labels, names = table.loc[list(found)].copy(), data.labels, list(found.values())
        table["nearest"] = names
        table["nearest_label"] = [self.classes[labels[self._position(name)]] for name in names]
        return table

    def grad_cam(self, images: list[str]) -> np.ndarray:
        """Grad-CAM of the predicted class of each image, (N, 96, 96) float32 in [0, 1]."""
        size = (PICTURE_SIDE, PICTURE_SIDE)
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
        factor = PICTURE_SIDE // heat.shape[1]
        heat = heat.repeat(factor, axis=1).repeat(factor, axis=2)
        inside = np.zeros((len(names), PICTURE_SIDE, PICTURE_SIDE), dtype=bool)
        for region, name in zip(inside, names, strict=True):
            box = np.round(self.face_box(self._position(name)) * PICTURE_SIDE)
            left, top, right, bottom = np.clip(box, 0, PICTURE_SIDE).astype(int)
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

    def face_box(self, position: int) -> np.ndarray:
        """The detected face in what the model sees of an image: left, top, right and bottom as fractions, (4,) float64."""
        face = self._faces[position][0]
        if MODELS[self.model].input == "face":
            return np.array(alignment.aligned_box(face))
        height, width = self.experiment.dataset.images[position].shape
        return np.array(
            (face.x / width, face.y / height, (face.x + face.width) / width, (face.y + face.height) / height)
        )

    @cached_property
    def _faces(self) -> list[list[alignment.Face]]:
        return detection.detect(self.experiment.dataset)
