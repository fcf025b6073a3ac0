"""What is trained: the models by name, and how much training a budget buys."""

from dataclasses import dataclass

from fer_utils.errors import ParameterError

OPTIMIZER_NAMES = ("adam", "sgd", "momentum")
PRETRAINING_CURVES = (
    "validation_cross_entropy",
    "validation_accuracy",
)  # nats, and a fraction; of the weights as they are


@dataclass(frozen=True)
class Variant:
    """How a `baseline` differs from the original project's; the defaults are its own.

    Attributes:
        blocks: convolutions, each with a pooling behind it; 1 to 4 fit into 48 pixels.
        filters: of the first convolution; each further one has twice as many.
        dropout: rate after each pooling and after the hidden layer, in [0, 1).
        l2: factor of the penalty on every kernel's squares.
        normalization: momentum of the moving statistics of a batch normalization behind each convolution; 0 leaves it out.
    """

    blocks: int = 3
    filters: int = 32
    dropout: float = 0.0
    l2: float = 0.0
    normalization: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.blocks <= 4 or self.filters < 1:
            raise ParameterError("blocks must be 1 to 4, and filters at least 1.")
        if not (0 <= self.dropout < 1 and 0 <= self.normalization < 1 and self.l2 >= 0):
            raise ParameterError("dropout and normalization must lie in [0, 1), and l2 must not be negative.")


ORIGINAL = Variant()


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        architecture: name in `models.ARCHITECTURES`.
        epochs: fixed in advance; nothing is chosen by looking at test subjects.
        batch_size: images per update; the last batch of an epoch may be smaller, as in Keras.
        learning_rate: of the optimizer, constant.
        label_smoothing: in [0, 1).
        policy: augmentation of the training images, a name in `augment.POLICIES`.
        optimizer: name in `OPTIMIZER_NAMES`.
        augmented_validation: also score augmented copies of the test images after each epoch, the original project's
            mistake, for the learning curves alone.
        variant: changes to the layers of `baseline`.
    """

    architecture: str
    epochs: int
    batch_size: int = 32
    learning_rate: float = 0.001
    label_smoothing: float = 0.0
    policy: str = "none"
    optimizer: str = "adam"
    augmented_validation: bool = False
    variant: Variant = ORIGINAL

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZER_NAMES:
            raise ParameterError(f"no optimizer named {self.optimizer!r}: use one of {', '.join(OPTIMIZER_NAMES)}.")
        if self.epochs < 1 or self.batch_size < 1:
            raise ParameterError("epochs and batch_size must be at least 1.")
        if self.architecture != "baseline" and self.variant != ORIGINAL:
            raise ParameterError(f"{self.architecture!r} has no variants: only 'baseline' has.")


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

    @property
    def epochs(self) -> int:
        """All epochs."""
        return self.small_epochs + self.full_epochs


@dataclass(frozen=True)
class ModelCard:
    """A model of the comparison: an architecture and the input it sees, "frame" or "face"."""

    architecture: str
    input: str


MODELS = {
    "baseline": ModelCard(architecture="baseline", input="frame"),
    "updated": ModelCard(architecture="updated", input="frame"),
    "baseline-face": ModelCard(architecture="baseline", input="face"),
    "updated-face": ModelCard(architecture="updated", input="face"),
}
PROTOCOL_MODELS = {"seed-split": ("baseline", "updated"), "loso": tuple(MODELS)}
BUDGETS = ("quick", "standard")
# The original's settings, but for the epochs: (architecture, policy, label smoothing).
_ORIGINAL = {
    "baseline": {"policy": "none", "label_smoothing": 0.0},
    "updated": {"policy": "seed", "label_smoothing": 0.1},
}
EPOCHS = {
    ("quick", "seed-split"): {"baseline": 100, "updated": 10},
    ("quick", "loso"): {"baseline": 20, "updated": 4},
    ("standard", "seed-split"): {"baseline": 100, "updated": 1000},
    ("standard", "loso"): {"baseline": 100, "updated": 300},
}
_SEEDS = {
    "quick": {"baseline": (1,), "updated": (1,)},
    "standard": {"baseline": (1, 2, 3), "updated": (1, 2, 3)},
}


def recipe_for(model: str, *, protocol: str, budget: str) -> Recipe:
    """The recipe of a model under a protocol, with the epochs that the budget buys.

    Raises:
        ParameterError: unknown model, protocol or budget.
    """
    _check(model, protocol, budget)
    architecture = MODELS[model].architecture
    return Recipe(
        architecture=architecture,
        epochs=EPOCHS[budget, protocol][architecture],
        augmented_validation=protocol == "seed-split",
        **_ORIGINAL[architecture],
    )


def seeds_for(model: str, *, protocol: str, budget: str) -> tuple[int, ...]:
    """Seeds that the budget buys for a model under a protocol."""
    _check(model, protocol, budget)
    return _SEEDS[budget][MODELS[model].architecture] if protocol == "loso" else (1,)


def _check(model: str, protocol: str, budget: str) -> None:
    for word, value, known in (
        ("model", model, MODELS),
        ("protocol", protocol, PROTOCOL_MODELS),
        ("budget", budget, BUDGETS),
    ):
        if value not in known:
            raise ParameterError(f"no {word} named {value!r}: use one of {', '.join(known)}.")
