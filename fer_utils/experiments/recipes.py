"""What is trained: the models by name, and how much training a budget buys."""

from dataclasses import dataclass

from fer_utils.common.errors import ParameterError
from fer_utils.engine.recipe import Recipe

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
PROTOCOL_MODELS = {"original-split": ("baseline", "updated"), "loso": tuple(MODELS)}
PROTOCOLS = (*PROTOCOL_MODELS, "image-wise")
BUDGETS = ("quick", "standard")
# The original's settings, but for the epochs: (architecture, policy, label smoothing).
_ORIGINAL = {
    "baseline": {"policy": "none", "label_smoothing": 0.0},
    "updated": {"policy": "original", "label_smoothing": 0.1},
}
EPOCHS = {
    ("quick", "original-split"): {"baseline": 100, "updated": 10},
    ("quick", "loso"): {"baseline": 20, "updated": 4},
    ("standard", "original-split"): {"baseline": 100, "updated": 1000},
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
        augmented_validation=protocol == "original-split",
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
