import numpy as np
import pytest

from fer_utils.common.errors import ParameterError
from fer_utils.engine import networks, train
from fer_utils.engine.recipe import Recipe
from fer_utils.engine.scaling import scaled
from fer_utils.evaluation import scores
from fer_utils.experiments.recipes import recipe_for


def test_same_arguments_same_bytes(tiny_fold):
    recipe = Recipe("updated", epochs=3, batch_size=5, policy="original", label_smoothing=0.1)
    first = train.train(tiny_fold, recipe, seed=3, keep_weights=True)
    train.train(tiny_fold, recipe, seed=4)
    again = train.train(tiny_fold, recipe, seed=3, keep_weights=True)
    assert first.to_bytes() == again.to_bytes()
    other = train.train(tiny_fold, recipe, seed=4)
    assert not np.array_equal(first.probabilities, other.probabilities)


@pytest.mark.parametrize("architecture", ["baseline", "updated"])
def test_updates_are_those_of_keras_fit(tiny_fold, architecture, monkeypatch):
    """One batch per epoch, so that the order of images does not matter; no dropout, whose draws differ."""
    import keras

    monkeypatch.setattr(networks.layers, "Dropout", lambda rate: keras.layers.Identity())
    train._loop.cache_clear()
    recipe = Recipe(architecture, epochs=4, batch_size=12, label_smoothing=0.1)
    ours = train.train(tiny_fold, recipe, seed=5)
    train._loop.cache_clear()
    keras.utils.set_random_seed(5)
    model = networks.build(architecture, classes=3)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    model.compile(optimizer=keras.optimizers.Adam(0.001), loss=loss, metrics=["accuracy"])
    one_hot = np.eye(3, dtype=np.float32)
    history = model.fit(
        scaled(tiny_fold.train_images),
        one_hot[tiny_fold.train_labels],
        batch_size=12,
        epochs=4,
        verbose=0,
        validation_data=(scaled(tiny_fold.test_images), one_hot[tiny_fold.test_labels]),
    ).history
    assert ours.curves["loss"] == pytest.approx(history["loss"], rel=1e-3)
    assert ours.curves["validation_loss"] == pytest.approx(history["val_loss"], rel=1e-3)
    assert ours.curves["accuracy"] == pytest.approx(history["accuracy"], abs=1e-6)


def test_loss_is_the_sum_of_its_parts(tiny_fold):
    recipe = Recipe("updated", epochs=2, label_smoothing=0.1, policy="original")
    curves = train.train(tiny_fold, recipe, seed=1).curves
    assert curves["loss"] == pytest.approx(curves["smoothed_cross_entropy"] + curves["penalty"], rel=1e-5)
    assert (curves["smoothed_cross_entropy"] > scores.smoothing_floor(3, 0.1)).all()


def test_a_shorter_training_is_the_beginning_of_a_longer_one(tiny_fold):
    """What lets one run answer for every smaller number of epochs."""
    long, short = (train.train(tiny_fold, Recipe("baseline", epochs=count), seed=1) for count in (7, 3))
    assert np.array_equal(long.curves["validation_accuracy"][:3], short.curves["validation_accuracy"])
    right = short.probabilities.argmax(axis=1) == tiny_fold.test_labels
    assert short.curves["validation_accuracy"][-1] == pytest.approx(right.mean())


def test_kept_weights_give_the_predictions_back(tiny_fold):
    import keras

    recipe = Recipe("baseline", epochs=2)
    record = train.train(tiny_fold, recipe, seed=1, keep_weights=True)
    model = train.restore(recipe, record, input_shape=(48, 48, 1), classes=3)
    answer = keras.ops.convert_to_numpy(model(scaled(tiny_fold.test_images), training=False))
    assert answer == pytest.approx(record.probabilities, abs=1e-6)


def test_augmented_validation_is_only_watched(tiny_fold):
    plain = train.train(tiny_fold, Recipe("baseline", epochs=3, policy="original"), seed=1)
    watched = train.train(tiny_fold, Recipe("baseline", epochs=3, policy="original", augmented_validation=True), seed=1)
    assert "augmented_validation_accuracy" in watched.curves
    assert "augmented_validation_accuracy" not in plain.curves
    assert plain.probabilities == pytest.approx(watched.probabilities, abs=1e-5)


@pytest.mark.parametrize("architecture", ["baseline", "updated"])
def test_bfloat16_learns_the_same_and_keeps_its_weights_in_float32(tiny_fold, architecture, monkeypatch):
    """Without dropout, whose draws differ."""
    import keras

    monkeypatch.setattr(networks.layers, "Dropout", lambda rate: keras.layers.Identity())
    train._loop.cache_clear()
    recipe = Recipe(architecture, epochs=6, batch_size=12, learning_rate=0.0003)
    exact = train.train(tiny_fold, recipe, seed=1)
    recipe = Recipe(architecture, epochs=6, batch_size=12, learning_rate=0.0003, precision="bfloat16")
    rounded = train.train(tiny_fold, recipe, seed=1, keep_weights=True)
    assert rounded.to_bytes() == train.train(tiny_fold, recipe, seed=1, keep_weights=True).to_bytes()
    assert {weight.dtype for weight in rounded.weights} == {np.dtype(np.float32)}
    assert rounded.probabilities.dtype == np.float32
    assert rounded.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-6)  # a bfloat16 softmax is 0.004 off
    assert not np.array_equal(rounded.curves["loss"], exact.curves["loss"])
    assert rounded.curves["loss"] == pytest.approx(exact.curves["loss"], rel=0.1)
    train._loop.cache_clear()


def test_only_what_lies_between_weights_and_answer_is_bfloat16(tiny_fold):
    import keras

    recipe = Recipe("updated", epochs=2, precision="bfloat16")
    record = train.train(tiny_fold, recipe, seed=1, keep_weights=True)
    model = train.restore(recipe, record, input_shape=(48, 48, 1), classes=3)
    computing = {type(layer).__name__: layer.compute_dtype for layer in model.layers}
    assert computing["Conv2D"] == "bfloat16"
    assert computing["FusedBatchNormalization"] == "float32"
    assert model.layers[-1].compute_dtype == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    answer = keras.ops.convert_to_numpy(model(scaled(tiny_fold.test_images), training=False))
    assert answer == pytest.approx(record.probabilities, abs=0.01)


def test_recipes_refuse_what_they_do_not_know():
    with pytest.raises(ParameterError, match="float32, bfloat16"):
        Recipe("baseline", epochs=1, precision="float16")
    with pytest.raises(ParameterError, match="adam, sgd"):
        Recipe("baseline", epochs=1, optimizer="lion")
    with pytest.raises(ParameterError, match="at least 1"):
        Recipe("baseline", epochs=0)
    with pytest.raises(ParameterError, match="no budget named 'huge'"):
        recipe_for("baseline", protocol="loso", budget="huge")
