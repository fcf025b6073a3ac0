"""What simple readers of pixels make of aligned faces: rows to compare with, each with fixed settings, nothing chosen.

Eigenfaces and Fisherfaces are the methods of the paper that the Yale faces come with (Belhumeur, Hespanha and Kriegman 1997,
doi:10.1109/34.598228), where they recognise people and glasses; here they are asked for the expression.
"""

import os
from collections.abc import Mapping

import joblib
import numpy as np
import pandas as pd

from fer_utils.common import cache, progress
from fer_utils.experiments import tables
from fer_utils.experiments.experiment import Experiment
from fer_utils.studies import decoding

EIGENFACES = 30  # directions
_PIXELS = "pixels, logistic regression"


def run(experiment: Experiment) -> pd.DataFrame:
    """Answers of every reader to people left out, as rows of `predictions.csv` with the reader's name as model; kept on disk.

    `pixels, logistic regression` is what notebook 09 reads from pixels. `eigenfaces` are the directions of largest variance of the
    training faces, `Fisherfaces` those that part the classes best (linear discriminant analysis, after as many directions of
    largest variance as there are training faces more than classes); both answer with the nearest training face's class.
    Probabilities are 1 for the answer.
    """
    data, positions = experiment.dataset, experiment.usable
    labels, tested = data.labels[positions], experiment.fold_of_images()
    pixels = experiment.input("face")[positions].reshape(len(positions), -1) / np.float32(255)

    def fit() -> dict[str, np.ndarray]:
        tests = [tested == fold for fold in np.unique(tested)]
        parts = joblib.Parallel(n_jobs=experiment.jobs or os.cpu_count(), return_as="generator")(
            joblib.delayed(_fold)(pixels, labels, test) for test in tests
        )
        answers = {name: np.zeros(len(labels), dtype=np.int64) for name in (*_readers(1, 1, 1), _PIXELS)}
        shown = progress.bar(parts, "readers of pixels", total=len(tests), unit="fold", delay=5)
        for test, part in zip(tests, shown, strict=True):
            for name, answer in part.items():
                answers[name][test] = answer
        return answers

    inputs = (pixels, labels, tested)
    answers = cache.arrays(data.name, "eigenfaces", fit, code=("studies.decoding", "studies.eigenfaces"), inputs=inputs)
    parts = []
    for name, answer in answers.items():
        certain = np.eye(len(data.class_names), dtype=np.float32)[answer]
        words = {"model": name, "protocol": experiment.protocol, "seed": 1}
        parts.append(tables.rows(data, positions, certain, **words).assign(fold=tested))
    return pd.concat(parts, ignore_index=True)


def _fold(pixels: np.ndarray, labels: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """Every reader's answers to the tested faces, (M,) int."""
    from threadpoolctl import threadpool_limits

    readers = _readers(*pixels[~test].shape, len(set(labels[~test])))
    with threadpool_limits(1):  # so that the number of processes changes no bit
        found = {
            name: reader.fit(pixels[~test], labels[~test]).predict(pixels[test]) for name, reader in readers.items()
        }
        return found | {_PIXELS: decoding.answers(pixels, labels, test)}


def _readers(images: int, values: int, classes: int) -> Mapping[str, object]:
    """Readers of (images, values) float32, for so many training images and classes."""
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    def directions(count: int) -> PCA:
        return PCA(n_components=max(1, count), svd_solver="full")

    nearest = KNeighborsClassifier(n_neighbors=1)
    return {
        "eigenfaces": make_pipeline(directions(min(EIGENFACES, images - 1)), nearest),
        "Fisherfaces": make_pipeline(directions(min(images - classes, values)), LinearDiscriminantAnalysis(), nearest),
    }
