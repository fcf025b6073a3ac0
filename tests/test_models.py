import numpy as np
import pytest
from keras.ops import convert_to_numpy as convert

from fer_utils import augment, models  # before keras, to import TensorFlow quietly
from fer_utils.errors import ParameterError
from fer_utils.layers import FusedBatchNormalization


@pytest.mark.parametrize(("name", "parameters"), [("baseline", 355_718), ("updated", 1_470_694)])
def test_networks_are_the_originals(name, parameters):
    model = models.build(name)
    assert model.count_params() == parameters
    answer = convert(model(np.zeros((2, 48, 48, 1), dtype=np.float32)))
    assert answer.shape == (2, 6)
    assert answer.sum(axis=1) == pytest.approx([1, 1])


def test_unknown_names():
    with pytest.raises(ParameterError, match="baseline, updated"):
        models.build("resnet")
    with pytest.raises(ParameterError, match="none, seed, face"):
        augment.pipeline("mixup")


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


@pytest.mark.parametrize("name", sorted(augment.POLICIES))
def test_policies_keep_shape_and_range(name):
    images = np.random.default_rng(0).random((4, 48, 48, 1), dtype=np.float32)
    pipeline = augment.pipeline(name)
    drawn = convert(pipeline(images, training=True))
    assert drawn.shape == images.shape
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert np.array_equal(convert(pipeline(images, training=False)), images)
    assert np.array_equal(drawn, images) == (name == "none")


def test_each_image_is_changed_in_its_own_way():
    images = np.repeat(np.random.default_rng(0).random((1, 48, 48, 1), dtype=np.float32), 6, axis=0)
    drawn = convert(augment.pipeline("seed")(images, training=True))
    assert len({each.tobytes() for each in drawn}) == 6
