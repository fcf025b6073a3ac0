"""Fine-tuning of the last stage: the same bytes again, and nothing carried from one run to the next."""

import subprocess
import sys

import numpy as np
import pytest

from fer_utils.transfer import fine_tuning

TESTED = np.arange(24) >= 18


def run_of(values: np.ndarray, labels: np.ndarray, **changes) -> fine_tuning.Run:
    words = {"test": TESTED, "classes": 3, "seed": 1, "epochs": 10} | changes
    return fine_tuning.Run(values, fine_tuning.seen(values, 3), labels, **words)


@pytest.fixture(scope="module")
def faces():
    """Frozen activations of nobody, and labels: each class has channels of its own."""
    random = np.random.default_rng(0)
    labels = np.arange(24) % 3
    values = random.random((2, 24, 12, 12, 128), dtype=np.float32)
    for number in range(3):
        values[:, labels == number, :, :, 40 * number : 40 * number + 40] += 1
    return values, labels


def test_tuning_learns_and_gives_the_same_bytes_after_another_run(faces):
    first = fine_tuning.tuned(run_of(*faces))
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)
    assert (first.argmax(axis=1) == np.arange(18, 24) % 3).all()
    assert fine_tuning.tuned(run_of(*faces, seed=2)).tobytes() != first.tobytes()
    assert fine_tuning.tuned(run_of(*faces)).tobytes() == first.tobytes()


def test_no_run_learns_from_the_person_it_is_tested_on(faces):
    """Other labels of the tested faces change nothing; another face changes its own answer alone."""
    values, labels = faces
    before = fine_tuning.tuned(run_of(values, labels, epochs=2))
    relabelled = fine_tuning.tuned(run_of(values, np.where(TESTED, (labels + 1) % 3, labels), epochs=2))
    assert relabelled.tobytes() == before.tobytes()
    one = values.copy()
    one[:, 18] += 1
    changed = fine_tuning.tuned(run_of(one, labels, epochs=2))
    np.testing.assert_allclose(changed[1:], before[1:], atol=1e-6)
    assert np.abs(changed[0] - before[0]).max() > 1e-4
    learned = values.copy()
    learned[:, 0] += 1
    assert fine_tuning.tuned(run_of(learned, labels, epochs=2)).tobytes() != before.tobytes()


@pytest.mark.parametrize("present", [(0, 1), (0,)])
def test_a_class_without_training_images_is_never_predicted(faces, present):
    values, labels = faces
    used = TESTED | np.isin(labels, present)
    found = fine_tuning.tuned(run_of(values[:, used], labels[used], test=TESTED[used]))
    missing = [number for number in range(3) if number not in present]
    assert (found[:, missing] < 1e-5).all()


def test_tensorflow_waits_until_something_is_to_be_computed():
    code = (
        "import sys; from fer_utils.transfer import small_set as transfer, features as transfer_features, fine_tuning as tuning, face_units as units; from fer_utils.findings import transfer as transfer_findings;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
