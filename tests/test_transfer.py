"""Transfer: the pretrained network, its pretraining, and choices that never see the left-out subject."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import copy_faces
from scipy.special import log_softmax, softmax
from sklearn.linear_model import Ridge

from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError, WeightsError
from fer_utils.data import ferplus
from fer_utils.data.cleaning import load_clean
from fer_utils.experiments.experiment import Experiment
from fer_utils.transfer import backbone, face_units, features, model_card, pretrained, pretraining, ridge, small_set


@pytest.fixture
def votes():
    """Forty tiny made-up faces with clear votes: bright ones are happy, dark ones neutral."""
    random = np.random.default_rng(0)
    happy = np.arange(40) % 2
    images = (random.integers(0, 100, size=(40, 48, 48)) + 120 * happy[:, None, None]).astype(np.uint8)
    rows = np.zeros((40, 10), dtype=np.int64)
    rows[np.arange(40), happy] = 10
    parts = np.where(np.arange(40) < 30, "train", "validation")
    return ferplus.VoteDataset(images, rows, parts, np.array([f"fer{number}.png" for number in range(40)]))


RECIPE = pretraining.PretrainingRecipe(small_epochs=1, full_epochs=1, batch_size=16)


def test_the_backbone_takes_faces_of_several_sizes_and_is_small_enough():
    model = backbone.backbone(classes=8)
    assert model.count_params() <= 1_500_000
    for side in (40, 48, 80):
        found = np.asarray(model(np.random.default_rng(1).random((2, side, side, 1), dtype=np.float32)))
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_light_and_contrast_of_a_photo_do_not_matter_to_the_backbone():
    import keras

    keras.utils.set_random_seed(1)
    model = backbone.backbone(classes=8)
    face = np.random.default_rng(1).random((1, 48, 48, 1), dtype=np.float32)
    np.testing.assert_allclose(model(face), model(0.3 + 0.5 * face), atol=5e-3)


def test_augmentation_keeps_the_range_and_does_nothing_outside_training():
    faces = np.random.default_rng(1).random((6, 48, 48, 1), dtype=np.float32)
    layer = backbone.RandomFace(48, seed=1)
    np.testing.assert_allclose(layer(faces), faces, atol=1e-5)
    drawn = np.asarray(backbone.RandomFace(40, seed=1)(faces, training=True))
    assert drawn.shape == (6, 40, 40, 1)
    assert drawn.min() >= 0 and drawn.max() <= 1


def test_pretraining_goes_on_after_a_stop(votes, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_OUTPUT_DIR", str(tmp_path / "whole"))
    whole, curves = pretraining.run(votes, RECIPE)
    assert curves.shape == (2, len(pretraining.PRETRAINING_CURVES))
    stopped = pretraining.Pretraining(votes, RECIPE)
    stopped.epoch()
    state = stopped.state()
    resumed = pretraining.Pretraining(votes, RECIPE)
    assert resumed.resume(state)
    resumed.epoch()
    for ours, theirs in zip(resumed.finish().get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)  # several threads add in any order
    assert not resumed.resume(b"damaged")
    other = pretraining.Pretraining(votes, pretraining.PretrainingRecipe(small_epochs=2, full_epochs=1))
    assert not other.resume(state)


def test_pretraining_in_bfloat16_ends_as_a_float32_network(votes):
    pretraining_run = pretraining.Pretraining(votes, replace(RECIPE, precision="bfloat16"))
    row = pretraining_run.epoch()
    assert np.isfinite(list(row.values())).all()
    assert pretraining_run.model.get_layer("stage1").compute_dtype == "bfloat16"
    finished = pretraining_run.finish()
    assert {layer.compute_dtype for layer in finished.layers} == {"float32"}
    ours, theirs = (np.asarray(model(votes.images[:4, ..., None] / 255)) for model in (finished, pretraining_run.model))
    np.testing.assert_allclose(ours, theirs, atol=0.05)


def test_shipping_writes_weights_that_load_with_a_card(votes, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_WEIGHTS_DIR", str(tmp_path))
    model = backbone.backbone(classes=8)
    about = model_card.ship(model, np.zeros((2, 2)), recipe=RECIPE, data=votes)
    assert about["validation_images"] == 10
    found = pretrained.load().probabilities(votes.images[:3])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    mirrored = pretrained.load().probabilities(votes.images[:3, :, ::-1])
    np.testing.assert_allclose(found, mirrored, atol=1e-5)
    assert f"{about['scores']['accuracy']['value']:.1%}" in (tmp_path / "README.md").read_text()
    weights = tmp_path / "ferplus.keras"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="truncated"):
        pretrained.load()
    origin = tmp_path / "ferplus.json"
    whole = origin.read_text()
    origin.write_text(whole.replace('"temperature": ', '"temperature": 1'))
    with pytest.raises(WeightsError, match=r"damaged.*checksum"):
        pretrained.load()
    origin.write_text(whole)
    files.write_checked_json(origin, files.read_checked_json(origin) | {"version": 7})
    with pytest.raises(WeightsError, match="version 7"):
        pretrained.load()
    weights.unlink()
    with pytest.raises(WeightsError, match="missing"):
        pretrained.load()


def test_the_shipped_weights_and_their_card_agree():
    about, validation, curves = model_card.read_validation()
    assert (paths.WEIGHTS / "ferplus.keras").stat().st_size <= 6_000_000
    assert (paths.WEIGHTS / "README.md").read_text(encoding="utf-8") == model_card.card(about, face_units.metadata())
    computed = model_card.scores(validation)
    assert set(about["scores"]) == set(computed)
    for name, values in computed.items():
        assert about["scores"][name] == pytest.approx(values)
    assert len(curves) == about["recipe"]["small_epochs"] + about["recipe"]["full_epochs"]


def test_the_temperature_undoes_overconfidence():
    random = np.random.default_rng(3)
    logits = random.normal(size=(4000, 3))
    truth = np.array([random.choice(3, p=row) for row in softmax(logits, axis=1)])
    overconfident = log_softmax(3 * logits, axis=1)
    assert pretrained.fit_temperature(overconfident, np.eye(3)[truth]) == pytest.approx(3, rel=0.1)


def people(classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Six people with two images of each class: features, labels, people."""
    random = np.random.default_rng(0)
    subjects, labels = np.repeat(list("abcdef"), 2 * classes), np.tile(np.arange(classes), 12)
    faces = (np.eye(classes)[labels] + 0.2 * random.normal(size=(len(labels), classes))).astype(np.float32)
    return faces, labels, subjects


def fold(faces: np.ndarray, labels: np.ndarray, subjects: np.ndarray, test: np.ndarray) -> tuple:
    """What one head makes of a fold."""
    (found,) = small_set._fold({"faces": faces}, [("faces",)], labels, subjects, test, 3)
    return found


@pytest.mark.parametrize("values", [4, 40])
def test_ridge_answers_for_people_left_out_are_those_of_heads_fitted_without_them(values):
    random = np.random.default_rng(0)
    faces, test = random.normal(size=(30, values)).astype(np.float32), random.normal(size=(5, values))
    labels, groups = random.integers(0, 3, 30), np.arange(30) // 4
    strengths = (0.01, 1.0)
    found = ridge.answers(faces, labels, groups, test, 3, strengths=strengths)
    scale = faces.std(axis=0) * np.sqrt(values)
    for number, strength in enumerate(strengths):
        for group in np.unique(groups):
            others = groups != group
            fit = Ridge(alpha=strength).fit(faces[others] / scale, np.eye(3)[labels[others]])
            np.testing.assert_allclose(found.inner[number, ~others], fit.predict(faces[~others] / scale), atol=1e-5)
        whole = Ridge(alpha=strength).fit(faces / scale, np.eye(3)[labels])
        np.testing.assert_allclose(found.outer[number], whole.predict(test / scale), atol=1e-5)
        kernel, bias = ridge.weights(faces, labels, 3, strength=strength)
        np.testing.assert_allclose(test @ kernel + bias, found.outer[number], atol=1e-8)


def test_many_rows_are_answered_for_in_random_directions_nearly_as_well(monkeypatch):
    random = np.random.default_rng(0)
    labels, groups = np.arange(300) % 3, np.arange(300) // 6
    faces = np.repeat(np.eye(3)[labels], 200, axis=1) + random.normal(size=(300, 600))
    exact = ridge.answers(faces[:240], labels[:240], groups[:240], faces[240:], 3, strengths=(0.1,))
    monkeypatch.setattr(ridge, "LARGEST_SPAN", 100)
    rough = ridge.answers(faces[:240], labels[:240], groups[:240], faces[240:], 3, strengths=(0.1,))
    for answers in (exact, rough):
        assert (answers.outer[0].argmax(axis=1) == labels[240:]).mean() > 0.95
        assert (answers.inner[0].argmax(axis=1) == labels[:240]).mean() > 0.95


def test_features_and_so_the_answers_of_transfer_are_the_same_for_a_mirrored_face():
    random = np.random.default_rng(0)
    plain, mirrored = random.normal(size=(2, 5, 8)).astype(np.float32)
    assert features.symmetric(plain, mirrored).tobytes() == features.symmetric(mirrored, plain).tobytes()


def test_heads_tell_apart_what_can_be_told_apart_and_their_sureness_fits():
    faces, labels, subjects = people()
    test = subjects == "a"
    found, strength, temperature, inner, outer = fold(faces, labels, subjects, test)
    assert (found.argmax(axis=1) == labels[test]).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert 0 <= strength < len(ridge.STRENGTHS) and 0.01 <= temperature <= 2
    assert inner.max() == (~test).sum() and outer[strength] == test.sum()


def test_no_head_and_no_choice_knows_the_person_that_is_tested():
    """Other labels of the tested person change nothing; another face of theirs changes their own answer alone."""
    faces, labels, subjects = people()
    test = subjects == "a"
    before = fold(faces, labels, subjects, test)
    relabelled = fold(faces, np.where(test, (labels + 1) % 3, labels), subjects, test)
    assert relabelled[0].tobytes() == before[0].tobytes()
    assert relabelled[1:3] == before[1:3]
    one = faces.copy()
    one[0] += 5
    changed = fold(one, labels, subjects, test)
    assert changed[1:3] == before[1:3]
    assert changed[0][1:].tobytes() == before[0][1:].tobytes()
    assert changed[0][0].tobytes() != before[0][0].tobytes()
    others = fold(np.where(test[:, None], faces, faces + labels[:, None]), labels, subjects, test)
    assert others[0].tobytes() != before[0].tobytes()


def test_what_is_kept_serves_the_same_people_alone(three_people):
    """The same files, their people named otherwise: what was learned with other people left out must not be served."""
    done = []

    def fit():
        done.append(1)
        return {"values": np.zeros(1)}

    data, manifest = load_clean(str(three_people))
    for names in (data.subjects, np.repeat("01", len(data.subjects)), data.subjects):
        features.cached(replace(data, subjects=names), manifest, "transfer", fit)
    assert len(done) == 2


def test_heads_that_know_one_class_say_so():
    answers = ridge.answers(np.ones((3, 2)), np.array([1, 1, 1]), np.array(list("aab")), np.ones((2, 2)), 2)
    assert np.isfinite(answers.inner).all() and np.isfinite(answers.outer).all()
    assert (answers.outer[..., 1] > answers.outer[..., 0]).all()


def test_regions_lie_where_they_are_said_and_mirror_each_other():
    values = np.zeros((1, 20, 20, 1), dtype=np.float32)
    values[0, 5:8, 4:8] = 1  # where the left eye is, at an eighth of the picture's upper half
    whole = features.pooled(values, features.Part("stage2", 20, 20))
    assert whole.sum() == values.sum()
    left, right, mouth = (features.pooled(values, part) for part in features.EYES_AND_MOUTH if part.layer == "stage2")
    assert left.max() > 0.5 and right.max() == 0 and mouth.max() == 0
    mirrored = features.pooled(values[:, :, ::-1], features.EYES_AND_MOUTH[4])
    np.testing.assert_allclose(np.sort(mirrored), np.sort(left))


def test_two_subjects_are_too_few_to_choose_on(tmp_path):
    data, manifest = load_clean(str(copy_faces(tmp_path / "two people", subjects=2)))
    with pytest.raises(DatasetError, match="at least three subjects"):
        small_set.run(Experiment(data, manifest, budget="quick"))


def test_the_test_part_is_scored_where_it_is(votes, monkeypatch):
    everything = np.full(40, "test")
    monkeypatch.setattr(
        ferplus, "load", lambda: ferplus.VoteDataset(votes.images, votes.votes, everything, votes.file_names)
    )
    assert model_card.scores_on_test_part()["accuracy"]["n"] == 40
    monkeypatch.setattr(ferplus, "load", lambda: votes)
    assert model_card.scores_on_test_part() is None
