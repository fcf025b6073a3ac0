"""Fine-tuning of the last stage: the same bytes again, and nothing carried from one run to the next."""

import subprocess
import sys

import numpy as np
import pytest

from fer_utils.transfer import fine_tuning


@pytest.fixture(scope="module")
def run():
    """Frozen activations of nobody: each class has channels of its own."""
    random = np.random.default_rng(0)
    labels = np.arange(24) % 3
    values = random.random((2, 24, 12, 12, 128), dtype=np.float32)
    for number in range(3):
        values[:, labels == number, :, :, 40 * number : 40 * number + 40] += 1
    return fine_tuning.Run(values[:, :18], labels[:18], values[:, 18:], classes=3, seed=1, epochs=10)


def test_tuning_learns_and_gives_the_same_bytes_after_another_run(run):
    first = fine_tuning.tuned(run)
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)
    assert (first.argmax(axis=1) == np.arange(18, 24) % 3).all()
    other = fine_tuning.tuned(fine_tuning.Run(run.train, run.labels, run.test, run.classes, seed=2, epochs=10))
    assert other.tobytes() != first.tobytes()
    assert fine_tuning.tuned(run).tobytes() == first.tobytes()


def test_no_run_learns_from_the_person_it_is_tested_on():
    subjects, labels = np.repeat(list("abc"), 2), np.tile([0, 1], 3)
    frozen = np.stack([np.arange(6.0), 10 + np.arange(6.0)])  # one value for each image, one more for its mirror image
    for seed, name in ((1, "a"), (2, "b"), (1, "c")):
        run = fine_tuning.plan(frozen, subjects, labels, 2, seed, name)
        test = np.flatnonzero(subjects == name)
        assert run.seed == seed
        assert run.test.tolist() == [list(test), list(10 + test)]
        assert sorted({*run.train[0], *run.test[0]}) == list(range(6))
        assert not {*run.train[0]} & {*run.test[0]}
        assert run.labels.tolist() == labels[subjects != name].tolist()


def test_a_class_without_training_images_is_never_predicted(run):
    two = run.labels < 2
    found = fine_tuning.tuned(
        fine_tuning.Run(run.train[:, two], run.labels[two], run.test, classes=3, seed=1, epochs=10)
    )
    assert (found[:, 2] < 1e-6).all()
    one = run.labels == 0
    found = fine_tuning.tuned(
        fine_tuning.Run(run.train[:, one], run.labels[one], run.test, classes=3, seed=1, epochs=10)
    )
    np.testing.assert_allclose(found[:, 0], 1, atol=1e-5)


def test_tensorflow_waits_until_something_is_to_be_computed():
    code = (
        "import sys; from fer_utils.transfer import small_set as transfer, features as transfer_features, fine_tuning as tuning, face_units as units; from fer_utils.findings import transfer as transfer_findings;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
