from dataclasses import fields

import numpy as np
import pytest
from keras.ops import convert_to_numpy as convert

from fer_utils.common.errors import ParameterError
from fer_utils.engine import augmentation, networks  # before keras, to import TensorFlow quietly
from fer_utils.engine.fused import FusedAdam, FusedBatchNormalization
from fer_utils.engine.recipe import Recipe, Variant


@pytest.mark.parametrize(("name", "parameters"), [("baseline", 355_718), ("updated", 1_470_694)])
def test_networks_are_the_originals(name, parameters):
    model = networks.build(name)
    assert model.count_params() == parameters
    answer = convert(model(np.zeros((2, 48, 48, 1), dtype=np.float32)))
    assert answer.shape == (2, 6)
    assert answer.sum(axis=1) == pytest.approx([1, 1])


def test_unknown_names():
    with pytest.raises(ParameterError, match="baseline, updated"):
        networks.build("resnet")
    with pytest.raises(ParameterError, match="none, original, face"):
        augmentation.pipeline("mixup")


def test_fused_batch_normalization_is_keras_own():
    import keras

    images = np.random.default_rng(0).normal(2, 3, size=(8, 12, 12, 5)).astype(np.float32)
    ours, theirs = FusedBatchNormalization(), keras.layers.BatchNormalization()
    for _ in range(3):
        mine, other = convert(ours(images, training=True)), convert(theirs(images, training=True))
    assert mine == pytest.approx(other, abs=1e-5)
    for first, second in zip(ours.variables, theirs.variables, strict=True):
        assert convert(first) == pytest.approx(convert(second), abs=1e-5)
    assert convert(ours(images)) == pytest.approx(convert(theirs(images)), abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        ({"blocks": 1}, 320 + 23 * 23 * 32 * 128 + 128 + 774),
        ({"filters": 16}, 160 + 4640 + 18496 + 1024 * 128 + 128 + 774),
        ({"dropout": 0.5, "l2": 0.001}, 355_718),
        ({"normalization": 0.9}, 355_718 + 4 * (32 + 64 + 128)),
    ],
)
def test_variants_of_the_baseline(changes, parameters):
    model = networks.build("baseline", variant=Variant(**changes))
    assert model.count_params() == parameters
    assert len(model.losses) == (5 if "l2" in changes else 0)


def test_variants_that_cannot_be_are_refused():
    with pytest.raises(ParameterError, match="blocks must be 1 to 4"):
        Variant(blocks=5)
    with pytest.raises(ParameterError, match=r"\[0, 1\)"):
        Variant(dropout=1.0)
    with pytest.raises(ParameterError, match="'updated' has no variants"):
        Recipe("updated", epochs=1, variant=Variant(blocks=2))


def test_fused_adam_is_keras_own():
    import keras

    random = np.random.default_rng(0)
    start, gradients = random.normal(size=(5, 7)), random.normal(size=(9, 5, 7))
    found = []
    for kind in (FusedAdam, keras.optimizers.Adam):
        variable = keras.Variable(start.astype(np.float32))
        optimizer = kind(0.003)
        optimizer.build([variable])
        for gradient in gradients:
            optimizer.apply([convert(gradient.astype(np.float32))], [variable])
        found.append([convert(each) for each in (variable, *optimizer.variables)])
    for ours, theirs in zip(*found, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)


def test_parts_of_a_policy_make_the_policy():
    whole = augmentation.POLICIES["face"]
    for part in fields(whole):
        alone = augmentation.POLICIES[f"face-{part.name}"]
        assert alone == augmentation.Policy(**{part.name: getattr(whole, part.name)}) != augmentation.Policy()


@pytest.mark.parametrize("name", sorted(augmentation.POLICIES))
def test_policies_keep_shape_and_range(name):
    images = np.random.default_rng(0).random((4, 48, 48, 1), dtype=np.float32)
    pipeline = augmentation.pipeline(name)
    drawn = convert(pipeline(images, training=True))
    assert drawn.shape == images.shape
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert np.array_equal(convert(pipeline(images, training=False)), images)
    assert np.array_equal(drawn, images) == (name == "none")


def test_each_image_is_changed_in_its_own_way():
    images = np.repeat(np.random.default_rng(0).random((1, 48, 48, 1), dtype=np.float32), 6, axis=0)
    drawn = convert(augmentation.pipeline("original")(images, training=True))
    assert len({each.tobytes() for each in drawn}) == 6
