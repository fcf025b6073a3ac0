"""Which images are trained on and which are tested, by protocol."""

import warnings

import numpy as np

from fer_utils.common.errors import DatasetError
from fer_utils.data.datasets import FaceDataset
from fer_utils.evaluation.protocols import FOLDS, TENFOLD, of_people

ORIGINAL_SPLIT_FRACTION = 0.2  # of the sorted subjects are held out; of Yale's fifteen 01, 02 and 03
_SHUFFLE_SEED = 7


def make(dataset: FaceDataset, usable: np.ndarray, protocol: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Fold name to (training, test) positions in the data set.

    `loso` tests each subject in turn on the usable images; `10-fold` ten groups of them, each with as equal a share of every
    class as there can be. `image-wise` the same images in as many folds, but shuffled, so
    that other images of a tested person are trained on: a mistake, to be measured. `original-split` holds out the first
    fifth of the subjects, of all images that show an expression, as the original project came to do.

    Args:
        usable: (N,) int, positions of the images that the manifest keeps.
        protocol: "loso", "10-fold", "image-wise" or "original-split".

    Raises:
        DatasetError: too few subjects to hold any out.
    """
    if protocol == "original-split":
        usable = np.flatnonzero(dataset.labels >= 0)
    subjects = sorted(set(dataset.subjects[usable]))
    if len(subjects) < 2:
        raise DatasetError(f"{dataset.name}: leaving a subject out needs at least two subjects with usable images.")
    if protocol == "image-wise":
        usual = of_people(len(subjects))
        return _shuffled(usable, dataset.labels[usable], FOLDS if usual == TENFOLD else len(subjects))
    if protocol == TENFOLD:
        return _grouped(usable, dataset.labels[usable], dataset.subjects[usable])
    groups = [[subject] for subject in subjects]
    if protocol == "original-split":
        groups = [subjects[: max(1, int(ORIGINAL_SPLIT_FRACTION * len(subjects)))]]
    tested = {"+".join(group): np.isin(dataset.subjects[usable], group) for group in groups}
    return {name: (usable[~test], usable[test]) for name, test in tested.items()}


def _grouped(usable: np.ndarray, labels: np.ndarray, subjects: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Ten folds of subjects, stratified by class as far as whole subjects allow."""
    from sklearn.model_selection import StratifiedGroupKFold

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer images than folds is no mistake here
        splits = list(
            StratifiedGroupKFold(FOLDS, shuffle=True, random_state=_SHUFFLE_SEED).split(usable, labels, subjects)
        )
    return {
        f"people-{number:02}": (usable[train], usable[test])
        for number, (train, test) in enumerate(splits, start=1)
        if len(test)
    }


def _shuffled(usable: np.ndarray, labels: np.ndarray, count: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Folds with as equal a share of every class as there can be, as folds by subject have it too."""
    from sklearn.model_selection import StratifiedKFold

    count = min(count, int(np.bincount(labels).max()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer images than folds is no mistake here
        splits = list(StratifiedKFold(count, shuffle=True, random_state=_SHUFFLE_SEED).split(usable, labels))
    return {
        f"images-{number:02}": (usable[train], usable[test]) for number, (train, test) in enumerate(splits, start=1)
    }
