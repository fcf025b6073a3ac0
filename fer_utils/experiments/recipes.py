"""What is trained: the models by name, and how much training a budget buys."""

from dataclasses import dataclass

import pandas as pd

from fer_utils.common.errors import ParameterError
from fer_utils.engine.recipe import PRECISIONS, Recipe


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
# What "auto" means. On processors with matrix units bfloat16 is about twice as fast, and benchmarks/precision.csv has what it
# does to the scores; until that covers `updated-face` too, it is for those who ask for it.
AUTO_PRECISION = "float32"
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


def recipe_for(model: str, *, protocol: str, budget: str, precision: str = "float32") -> Recipe:
    """The recipe of a model under a protocol, with the epochs that the budget buys.

    Raises:
        ParameterError: unknown model, protocol, budget or precision.
    """
    _check(model, protocol, budget)
    architecture = MODELS[model].architecture
    return Recipe(
        architecture=architecture,
        epochs=EPOCHS[budget, protocol][architecture],
        augmented_validation=protocol == "original-split",
        precision=precision,
        **_ORIGINAL[architecture],
    )


def seeds_for(model: str, *, protocol: str, budget: str) -> tuple[int, ...]:
    """Seeds that the budget buys for a model under a protocol."""
    _check(model, protocol, budget)
    return _SEEDS[budget][MODELS[model].architecture] if protocol == "loso" else (1,)


def resolved_precision(demanded: str) -> str:
    """The precision that "auto", "float32" or "bfloat16" asks for.

    Raises:
        ParameterError: it is none of these.
    """
    if demanded not in ("auto", *PRECISIONS):
        raise ParameterError(f"no precision named {demanded!r}: use one of auto, {', '.join(PRECISIONS)}.")
    return AUTO_PRECISION if demanded == "auto" else demanded


def require_network(model: str) -> None:
    """Check that a model is trained fold by fold, so that there are networks of it to look into.

    Raises:
        ParameterError: it is not, such as `transfer`, which has classifiers on the features of one pretrained network.
    """
    if model not in MODELS:
        raise ParameterError(f"model {model!r} has no networks to look into: use one of {', '.join(MODELS)}.")


def require_budget(budget: str) -> None:
    """Check the name of a budget.

    Raises:
        ParameterError: it is not known.
    """
    if budget not in BUDGETS:
        raise ParameterError(f"no budget named {budget!r}: use one of {', '.join(BUDGETS)}.")


def overview(*, budget: str, classes: int, precision: str = "float32") -> pd.DataFrame:
    """A row for each model under each protocol: its parameters, input, epochs, seeds, augmentation and precision.

    Args:
        classes: number of expressions, on which the number of parameters depends.

    Raises:
        ParameterError: unknown budget.
    """
    from fer_utils.engine import networks  # imports TensorFlow

    rows = []
    for protocol, model in ((protocol, model) for protocol, models in PROTOCOL_MODELS.items() for model in models):
        recipe = recipe_for(model, protocol=protocol, budget=budget)
        rows.append(
            {
                "protocol": protocol,
                "model": model,
                "parameters": networks.build(recipe.architecture, classes=classes).count_params(),
                "input": MODELS[model].input,
                "epochs": recipe.epochs,
                "seeds": len(seeds_for(model, protocol=protocol, budget=budget)),
                "policy": recipe.policy,
                "label smoothing": recipe.label_smoothing,
                "precision": precision,
            }
        )
    return pd.DataFrame(rows).set_index(["protocol", "model"])


def _check(model: str, protocol: str, budget: str) -> None:
    for word, value, known in (
        ("model", model, MODELS),
        ("protocol", protocol, PROTOCOL_MODELS),
        ("budget", budget, BUDGETS),
    ):
        if value not in known:
            raise ParameterError(f"no {word} named {value!r}: use one of {', '.join(known)}.")
