"""Transfer: the pretrained network, its pretraining, and choices that never see the left-out subject."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import copy_faces
from scipy.special import log_softmax, softmax

from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError, WeightsError
from fer_utils.data import ferplus
from fer_utils.data.cleaning import load_clean
from fer_utils.transfer import backbone, candidates, face_units, features, heads, model_card, pretrained, pretraining


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
    assert about["scores"] == model_card.scores(validation)
    assert len(curves) == about["recipe"]["small_epochs"] + about["recipe"]["full_epochs"]


def test_the_temperature_undoes_overconfidence():
    random = np.random.default_rng(3)
    logits = random.normal(size=(4000, 3))
    truth = np.array([random.choice(3, p=row) for row in softmax(logits, axis=1)])
    overconfident = log_softmax(3 * logits, axis=1)
    assert pretrained.fit_temperature(overconfident, np.eye(3)[truth]) == pytest.approx(3, rel=0.1)


def test_a_head_tells_apart_what_can_be_told_apart():
    random = np.random.default_rng(0)
    labels = np.arange(30) % 3
    faces = (np.eye(3)[labels] + 0.1 * random.normal(size=(30, 3))).astype(np.float32)
    found = heads.head_probabilities([faces[:20]], labels[:20], [faces[20:]], 3, strengths=candidates.STRENGTHS)
    assert found.shape == (len(candidates.STRENGTHS), 10, 3)
    assert (found.argmax(axis=-1) == labels[20:]).all()


def test_the_choice_for_a_subject_does_not_depend_on_its_own_images():
    random = np.random.default_rng(0)
    subjects = np.repeat(["a", "b", "c"], 4)
    labels = np.tile([0, 1], 6)
    count = len(candidates.CANDIDATES)
    outer = random.random((count, 12, 2))
    inner = random.random((count, 3, 12, 2))
    before = candidates.Transfer(np.arange(12), subjects, labels, outer, inner).chosen()
    changed_labels = np.where(subjects == "a", 1 - labels, labels)
    changed_inner = inner.copy()
    changed_inner[:, 0, subjects == "a"] = random.random((count, 4, 2))
    after = candidates.Transfer(np.arange(12), subjects, changed_labels, 1 - outer, changed_inner).chosen()
    assert before[0] == after[0]


def test_no_head_learns_the_subjects_that_it_is_asked_about():
    """Other features and labels of one person move no answer about the others where that person is left out."""
    random = np.random.default_rng(0)
    subjects, labels = np.repeat(list("abcd"), 3), np.tile([0, 1, 2], 4)
    found = {key: (random.random((12, 4), dtype=np.float32),) * 2 for key in candidates.SEEN}
    outer, inner = candidates._all_heads(found, subjects, labels, 3, jobs=1)
    mine = subjects == "a"
    others = {key: (np.where(mine[:, None], 9 - views[0], views[0]),) * 2 for key, views in found.items()}
    relabelled = np.where(mine, (labels + 1) % 3, labels)
    changed_outer, changed_inner = candidates._all_heads(others, subjects, relabelled, 3, jobs=1)
    np.testing.assert_array_equal(changed_inner[:, 0, ~mine], inner[:, 0, ~mine])
    assert (changed_inner[:, 1, subjects == "c"] != inner[:, 1, subjects == "c"]).any()
    only_labels, _ = candidates._all_heads(found, subjects, relabelled, 3, jobs=1)
    np.testing.assert_array_equal(only_labels[:, mine], outer[:, mine])
    assert (changed_outer[:, ~mine] != outer[:, ~mine]).any()


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


def test_a_head_that_knows_one_class_says_so():
    faces = np.ones((3, 2), dtype=np.float32)
    found = heads.head_probabilities([faces], np.array([1, 1, 1]), [faces], 2, strengths=candidates.STRENGTHS)
    assert (found[..., 1] == 1).all()


def test_regions_lie_where_they_are_said_and_mirror_each_other():
    values = np.zeros((1, 20, 20, 1), dtype=np.float32)
    values[0, 5:8, 4:8] = 1  # where the left eye is, at an eighth of the picture's upper half
    whole = features.pooled(values, features.Part("stage2", 20, 20))
    assert whole.sum() == values.sum()
    left, right, mouth = (features.pooled(values, part) for part in features.EYES_AND_MOUTH if part.layer == "stage2")
    assert left.max() > 0.5 and right.max() == 0 and mouth.max() == 0
    mirrored = features.pooled(values[:, :, ::-1], features.EYES_AND_MOUTH[4])
    np.testing.assert_allclose(np.sort(mirrored), np.sort(left))


def test_every_mean_has_its_parts_among_the_candidates():
    keys = {candidate[:2] for candidate in candidates.CANDIDATES}
    assert keys == {*candidates.SEEN, *candidates.MEANS}
    assert all(set(parts) <= set(candidates.SEEN) for parts in candidates.MEANS.values())
    assert len(set(candidates.CANDIDATES)) == len(candidates.CANDIDATES)


def test_two_subjects_are_too_few_to_choose_on(tmp_path):
    data, manifest = load_clean(str(copy_faces(tmp_path / "two people", subjects=2)))
    with pytest.raises(DatasetError, match="at least three subjects"):
        candidates.run(data, manifest)


def test_the_test_part_is_scored_where_it_is(votes, monkeypatch):
    everything = np.full(40, "test")
    monkeypatch.setattr(
        ferplus, "load", lambda: ferplus.VoteDataset(votes.images, votes.votes, everything, votes.file_names)
    )
    assert model_card.scores_on_test_part()["accuracy"]["n"] == 40
    monkeypatch.setattr(ferplus, "load", lambda: votes)
    assert model_card.scores_on_test_part() is None
