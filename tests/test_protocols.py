"""How people are left out: each alone, or in ten groups where there are many."""

from dataclasses import replace

import numpy as np
import pytest

from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data.datasets import FaceDataset
from fer_utils.evaluation import protocols
from fer_utils.experiments import folds, recipes


def dataset(people: int) -> FaceDataset:
    """Three images of each person."""
    count = 3 * people
    return FaceDataset(
        name="many",
        title="many",
        rendered=True,
        images=np.zeros((count, 4, 4), dtype=np.uint8),
        labels=np.tile([0, 1, 2], people),
        subjects=np.repeat([f"{number:03}" for number in range(people)], 3),
        conditions=np.tile(["a", "b", "c"], people),
        file_names=np.array([f"{number}.png" for number in range(count)]),
        hashes=np.full(count, ""),
        class_names=("a", "b", "c"),
    )


@pytest.mark.parametrize(("people", "protocol"), [(2, "loso"), (20, "loso"), (21, "10-fold"), (1000, "10-fold")])
def test_many_people_are_left_out_in_ten_folds(people, protocol):
    assert protocols.of_people(people) == protocol


def test_a_protocol_can_be_demanded():
    assert protocols.of_people(118, demanded="loso") == "loso"
    assert protocols.of_people(15, demanded="10-fold") == "10-fold"
    with pytest.raises(DatasetError, match="at least 10 people"):
        protocols.of_people(9, demanded="10-fold")
    with pytest.raises(ParameterError, match="no protocol named '5-fold': use one of loso, 10-fold"):
        protocols.of_people(9, demanded="5-fold")


def test_every_image_is_tested_once_by_folds_that_share_no_person():
    data = dataset(35)
    data = replace(data, labels=np.where(np.arange(len(data)) == 4, -1, data.labels))
    usable = np.flatnonzero(data.labels >= 0)
    made = folds.make(data, usable, "10-fold")
    assert len(made) == 10
    assert sorted(np.concatenate([test for _, test in made.values()])) == usable.tolist()
    for train, test in made.values():
        assert not set(data.subjects[train]) & set(data.subjects[test])
        assert sorted([*train, *test]) == usable.tolist()
        shares = np.bincount(data.labels[test]) / len(test)
        assert shares == pytest.approx(1 / 3, abs=0.1)
    again = folds.make(data, usable, "10-fold")
    assert all(np.array_equal(made[name][1], again[name][1]) for name in made)
    assert len(folds.make(data, usable, "image-wise")) == 10


@pytest.mark.parametrize(
    ("budget", "images", "epochs"),
    [("quick", 89, 100), ("quick", 1000, 10), ("quick", 100_000, 2), ("standard", 100, 100), ("standard", 10_000, 10)],
)
def test_a_larger_set_gets_fewer_epochs(budget, images, epochs):
    assert recipes.epochs_for(100, images=images, budget=budget) == epochs
