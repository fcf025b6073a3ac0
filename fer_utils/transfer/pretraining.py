"""Training the backbone on FER+: one recipe, checkpoints after every epoch, the same call resumes after a stop."""

import json
import math
from collections.abc import Collection
from dataclasses import asdict, dataclass

import numpy as np

from fer_utils.common import arrays, files, keras_setup, paths, progress
from fer_utils.common.errors import OutputError
from fer_utils.data import ferplus
from fer_utils.data.ferplus import VoteDataset
from fer_utils.engine.scaling import scaled

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)
from keras import ops  # noqa: E402

from fer_utils.engine.precision import computing_in  # noqa: E402
from fer_utils.transfer.backbone import RandomFace, backbone  # noqa: E402

PRETRAINING_CURVES = (
    "validation_cross_entropy",
    "validation_accuracy",
)  # nats, and a fraction; of the weights as they are


@dataclass(frozen=True)
class PretrainingRecipe:
    """How the backbone is trained; everything is fixed in advance.

    Attributes:
        small_epochs: epochs on faces scaled down to `small_side`, which take two thirds of the time.
        full_epochs: epochs on faces at 48 pixels, after these.
        small_side: pixels.
        batch_size: images per update.
        learning_rate: highest; it rises over the first epoch and falls along a cosine to zero (Loshchilov and Hutter
            2017, arXiv:1608.03983).
        momentum: of SGD, Nesterov's.
        weight_decay: of the kernels, times the learning rate.
        averaging: momentum of the moving average of the weights that is kept in the end.
        seed: determines weights, order and augmentation.
        precision: of the numbers between weights and answer, see `engine.precision.computing_in`.
    """

    small_epochs: int = 24
    full_epochs: int = 8
    small_side: int = 40
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    averaging: float = 0.998
    seed: int = 1
    precision: str = "float32"

    @property
    def epochs(self) -> int:
        """All epochs."""
        return self.small_epochs + self.full_epochs


class Pretraining:
    """The backbone with its optimizer, to be trained epoch by epoch.

    Args:
        data: FER+; its "train" part is learned, each picture once and without those of other parts; "validation" is only scored.
        recipe: how.
        without: file names of images that are in a data set to be tested on, and not learned.
    """

    def __init__(self, data: VoteDataset, recipe: PretrainingRecipe, *, without: Collection[str] = ()) -> None:
        self.recipe = recipe
        train = ferplus.to_learn(data, without=without)
        shares, _ = ferplus.distributions(data.votes[train])
        self._x, self._y = data.images[train][..., np.newaxis], shares
        self._learned = files.sha256("\n".join(data.file_names[train]).encode())
        clear = ferplus.majority(data.votes)
        test = (clear >= 0) & (data.parts == "validation")
        self._test_x, self._test_y = scaled(data.images[test][..., np.newaxis]), clear[test]
        keras.utils.set_random_seed(recipe.seed)
        with computing_in(recipe.precision):
            self.model = backbone(classes=len(ferplus.EXPRESSIONS))
        self._steps = math.ceil(len(self._x) / recipe.batch_size)
        self._optimizer = self._sgd()
        self.model.compile(optimizer=self._optimizer, loss="categorical_crossentropy")
        self._optimizer.build(self.model.trainable_variables)
        self._augmentations = {side: RandomFace(side, seed=recipe.seed) for side in (recipe.small_side, ferplus.SIDE)}
        self.curves = np.zeros((0, len(PRETRAINING_CURVES)), dtype=np.float32)

    @property
    def identity(self) -> str:
        """What must match for a checkpoint to be resumed."""
        return json.dumps(asdict(self.recipe) | {"images": self._learned, "weights": self.model.count_params()})

    def epoch(self) -> dict[str, float]:
        """Train the next epoch; returns its row of the curves."""
        number = len(self.curves)
        side = self.recipe.small_side if number < self.recipe.small_epochs else ferplus.SIDE
        order = np.random.default_rng([self.recipe.seed, number]).permutation(len(self._x))
        batches = np.array_split(order, self._steps)
        for batch in progress.bar(batches, f"epoch {number + 1} of {self.recipe.epochs}, {side} px", unit="batch"):
            drawn = self._augmentations[side](scaled(self._x[batch]), training=True)
            self.model.train_on_batch(drawn, self._y[batch])
        row = self._score()
        self.curves = np.concatenate([self.curves, np.array([row], dtype=np.float32)])
        return dict(zip(PRETRAINING_CURVES, row, strict=True))

    def finish(self) -> keras.Model:
        """A model with the averaged weights, which computes in float32 whatever it was trained in."""
        self._optimizer.finalize_variable_values(self.model.trainable_variables)
        finished = backbone(classes=len(ferplus.EXPRESSIONS))
        finished.set_weights(self.model.get_weights())
        return finished

    def state(self) -> bytes:
        """All that the next epoch depends on."""
        variables = {f"{index:04}": ops.convert_to_numpy(each) for index, each in enumerate(self._variables())}
        return arrays.to_bytes({"curves": self.curves, "identity": self.identity, **variables})

    def resume(self, content: bytes) -> bool:
        """Go on from a state; False where it is of another recipe or damaged."""
        try:
            read = arrays.read(content)
            if str(read["identity"]) != self.identity:
                return False
            values = [read[f"{index:04}"] for index in range(len(self._variables()))]
            curves = read["curves"]
        except (arrays.DamagedError, KeyError):
            return False
        for variable, value in zip(self._variables(), values, strict=True):
            variable.assign(value)
        self.curves = curves
        return True

    def _variables(self) -> list:
        augmentations = [variable for each in self._augmentations.values() for variable in each.variables]
        return [*self.model.variables, *self._optimizer.variables, *augmentations]

    def _sgd(self) -> keras.optimizers.Optimizer:
        recipe = self.recipe
        schedule = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=recipe.learning_rate / 100,
            decay_steps=(recipe.epochs - 1) * self._steps,
            warmup_target=recipe.learning_rate,
            warmup_steps=self._steps,
        )
        optimizer = keras.optimizers.SGD(
            schedule,
            momentum=recipe.momentum,
            nesterov=True,
            weight_decay=recipe.weight_decay,
            use_ema=True,
            ema_momentum=recipe.averaging,
        )
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        return optimizer

    def _score(self) -> tuple[float, float]:
        predicted = self.model.predict(self._test_x, batch_size=256, verbose=0)
        likelihood = predicted[np.arange(len(predicted)), self._test_y]
        return float(-np.log(np.maximum(likelihood, 1e-7)).mean()), float(
            (predicted.argmax(axis=1) == self._test_y).mean()
        )


def run(
    data: VoteDataset, recipe: PretrainingRecipe, *, without: Collection[str] = ()
) -> tuple[keras.Model, np.ndarray]:
    """Train the backbone on FER+, or resume where an earlier call stopped.

    Args:
        data, recipe, without: see `Pretraining`.

    Returns:
        The trained model, and its curves, (epochs, 2) float32 in the order of `pretraining.PRETRAINING_CURVES`.

    Raises:
        OutputError: the checkpoints cannot be written.
    """
    checkpoint = paths.outputs("ferplus") / "runs" / "pretraining.npz"
    files.require_writable(checkpoint.parent)
    pretraining = Pretraining(data, recipe, without=without)
    if checkpoint.is_file() and pretraining.resume(checkpoint.read_bytes()):
        progress.say(f"going on after epoch {len(pretraining.curves)}")
    while len(pretraining.curves) < recipe.epochs:
        row = pretraining.epoch()
        if not math.isfinite(row["validation_cross_entropy"]):
            raise OutputError("the loss is no longer a number: remove the checkpoint and lower the learning rate.")
        files.write(checkpoint, pretraining.state())
        progress.say(", ".join(f"{name} {value:.3f}" for name, value in row.items()))
    return pretraining.finish(), pretraining.curves
