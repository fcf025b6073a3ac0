"""How a network is trained: its recipe, and how it may differ from the original project's."""

from dataclasses import dataclass

from fer_utils.common.errors import ParameterError

OPTIMIZER_NAMES = ("adam", "sgd", "momentum")
PRECISIONS = ("float32", "bfloat16")


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
        architecture: name in `networks.ARCHITECTURES`.
        epochs: fixed in advance; nothing is chosen by looking at test subjects.
        batch_size: images per update; the last batch of an epoch may be smaller, as in Keras.
        learning_rate: of the optimizer, constant.
        label_smoothing: in [0, 1).
        policy: augmentation of the training images, a name in `augmentation.POLICIES`.
        optimizer: name in `OPTIMIZER_NAMES`.
        augmented_validation: also score augmented copies of the test images after each epoch, the original project's
            mistake, for the learning curves alone.
        variant: changes to the layers of `baseline`.
        precision: of the numbers between weights and answer, a name in `PRECISIONS`; see `precision.computing_in`.
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
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ParameterError(f"no precision named {self.precision!r}: use one of {', '.join(PRECISIONS)}.")
        if self.optimizer not in OPTIMIZER_NAMES:
            raise ParameterError(f"no optimizer named {self.optimizer!r}: use one of {', '.join(OPTIMIZER_NAMES)}.")
        if self.epochs < 1 or self.batch_size < 1:
            raise ParameterError("epochs and batch_size must be at least 1.")
        if self.architecture != "baseline" and self.variant != ORIGINAL:
            raise ParameterError(f"{self.architecture!r} has no variants: only 'baseline' has.")
