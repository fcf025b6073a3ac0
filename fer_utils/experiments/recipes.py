"""What is trained: the models by name, and how much training a budget buys."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.common import cache
from fer_utils.common.errors import ParameterError
from fer_utils.engine.recipe import PRECISIONS, Recipe
from fer_utils.evaluation import protocols


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
# Heads on features that nothing of this data set has trained: no networks of theirs, but they can be fitted again in no time.
WITHOUT_NETWORKS = ("transfer", "classical")
PROTOCOL_MODELS = {"original-split": ("baseline", "updated")} | {name: tuple(MODELS) for name in protocols.PEOPLE}
PROTOCOLS = (*PROTOCOL_MODELS, "image-wise")
BUDGETS = ("quick", "standard")
# What "auto" means. benchmarks/precision.csv has what bfloat16 does to the scores; until that covers `updated-face` too, it is
# for those who ask for it.
AUTO_PRECISION = "float32"
# The original's settings, but for the epochs: (architecture, policy, label smoothing).
_ORIGINAL = {
    "baseline": {"policy": "none", "label_smoothing": 0.0},
    "updated": {"policy": "original", "label_smoothing": 0.1},
}
EPOCHS = {
    ("quick", "original-split"): {"baseline": 100, "updated": 10},
    ("quick", "people"): {"baseline": 20, "updated": 4},
    ("standard", "original-split"): {"baseline": 100, "updated": 1000},
    ("standard", "people"): {"baseline": 100, "updated": 300},
}
# Images up to which these are the epochs. A larger set gets as many updates in `quick`, so that a network takes as long; in
# `standard` updates grow with the root of the number of images. Two epochs are the least.
_AS_MANY = 100
_SHRINKING = {"quick": 1.0, "standard": 0.5}
_FEWEST_EPOCHS = 2
_SEEDS = {
    "quick": {"baseline": (1,), "updated": (1,)},
    "standard": {"baseline": (1, 2, 3), "updated": (1, 2, 3)},
}


def epochs_for(epochs: int, *, images: int, budget: str) -> int:
    """What becomes of a number of epochs where a data set has many images.

    Args:
        epochs: on a data set of the size of Yale.
        images: of the data set.
    """
    if images <= _AS_MANY:
        return epochs
    return min(epochs, max(_FEWEST_EPOCHS, round(epochs * (_AS_MANY / images) ** _SHRINKING[budget])))


def images_for(images: int, *, budget: str) -> int:
    """Of how many images of a data set something is asked that costs as much for each: of all up to the size of Yale.

    Of a larger set in `quick` as many as that, in `standard` as many as grow with the root of their number.
    """
    return min(images, round(_AS_MANY * max(1, images / _AS_MANY) ** (1 - _SHRINKING[budget])))


def recipe_for(model: str, *, protocol: str, budget: str, precision: str = "float32", images: int = 0) -> Recipe:
    """The recipe of a model under a protocol, with the epochs that the budget buys.

    Args:
        images: of the data set, see `epochs_for`; 0 for one of the size of Yale.

    Raises:
        ParameterError: unknown model, protocol, budget or precision.
    """
    _check(model, protocol, budget)
    architecture = MODELS[model].architecture
    return Recipe(
        architecture=architecture,
        epochs=epochs_for(
            EPOCHS[budget, "people" if protocol in protocols.PEOPLE else protocol][architecture],
            images=images,
            budget=budget,
        ),
        augmented_validation=protocol == "original-split",
        precision=precision,
        **_ORIGINAL[architecture],
    )


def seeds_for(model: str, *, protocol: str, budget: str) -> tuple[int, ...]:
    """Seeds that the budget buys for a model under a protocol."""
    _check(model, protocol, budget)
    return _SEEDS[budget][MODELS[model].architecture] if protocol in protocols.PEOPLE else (1,)


def resolved_precision(demanded: str) -> str:
    """The precision that "auto", "float32" or "bfloat16" asks for.

    Raises:
        ParameterError: it is none of these.
    """
    if demanded not in ("auto", *PRECISIONS):
        raise ParameterError(f"no precision named {demanded!r}: use one of auto, {', '.join(PRECISIONS)}.")
    return AUTO_PRECISION if demanded == "auto" else demanded


def resolved_budget(demanded: str, *, published: bool) -> str:
    """The budget that "auto", "quick" or "standard" asks for.

    Args:
        published: results of the full experiment are published with the data set (`store.is_published`), so that it takes
            minutes.

    Raises:
        ParameterError: it is none of these.
    """
    if demanded == "auto":
        return "standard" if published else "quick"
    require_budget(demanded)
    return demanded


def require_network(model: str) -> None:
    """Check that a model is trained fold by fold, so that there are networks of it to look into.

    Raises:
        ParameterError: it is not, such as `transfer`, which has classifiers on the features of one pretrained network.
    """
    if model not in MODELS:
        raise ParameterError(f"model {model!r} has no networks to look into: use one of {', '.join(MODELS)}.")


def require_readable(model: str) -> None:
    """Check that a model can be looked into: by its networks, or by heads that are fitted again.

    Raises:
        ParameterError: it cannot, such as `transfer-tuned`, whose networks are not kept.
    """
    if model not in (*MODELS, *WITHOUT_NETWORKS):
        known = ", ".join((*MODELS, *WITHOUT_NETWORKS))
        raise ParameterError(f"model {model!r} cannot be looked into: use one of {known}.")


def readable(text: str) -> tuple[str, ...]:
    """Models that a text such as "transfer, classical" names, each once; none where it is empty.

    Raises:
        ParameterError: one of them cannot be looked into.
    """
    names = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    for each in names:
        require_readable(each)
    return names


def require_budget(budget: str) -> None:
    """Check the name of a budget.

    Raises:
        ParameterError: it is not known.
    """
    if budget not in BUDGETS:
        raise ParameterError(f"no budget named {budget!r}: use one of {', '.join(BUDGETS)}.")


def overview(
    dataset: str,
    *,
    budget: str,
    classes: int,
    protocol: str = protocols.LOSO,
    precision: str = "float32",
    images: int = 0,
) -> pd.DataFrame:
    """A row for each model under each protocol: its parameters, input, epochs, seeds, augmentation and precision.

    Args:
        dataset: its short name; beside its runs the numbers of parameters are kept, so that nothing imports Keras for them.
        classes: number of expressions, on which the number of parameters depends.
        protocol: under which people are left out.
        images: of the data set.

    Raises:
        ParameterError: unknown budget.
    """
    require_budget(budget)
    parameters = _parameters(dataset, classes)
    rows = []
    shown = ("original-split", protocol)
    for protocol, model in ((each, model) for each in shown for model in PROTOCOL_MODELS[each]):
        recipe = recipe_for(model, protocol=protocol, budget=budget, precision=precision, images=images)
        rows.append(
            {
                "protocol": protocol,
                "model": model,
                "parameters": parameters[recipe.architecture],
                "input": MODELS[model].input,
                "epochs": recipe.epochs,
                "seeds": len(seeds_for(model, protocol=protocol, budget=budget)),
                "policy": recipe.policy,
                "label smoothing": recipe.label_smoothing,
                "precision": precision,
            }
        )
    return pd.DataFrame(rows).set_index(["protocol", "model"])


def _parameters(dataset: str, classes: int) -> dict[str, int]:
    """The number of parameters of each architecture, kept on disk."""

    def fit() -> dict[str, np.ndarray]:
        from fer_utils.engine import networks  # imports TensorFlow

        return {name: np.array(networks.build(name, classes=classes).count_params()) for name in _ORIGINAL}

    counted = cache.arrays(dataset, "parameters", fit, code=("engine.networks",), inputs=(*_ORIGINAL, classes))
    return {name: int(count) for name, count in counted.items()}


def _check(model: str, protocol: str, budget: str) -> None:
    for word, value, known in (
        ("model", model, MODELS),
        ("protocol", protocol, PROTOCOL_MODELS),
        ("budget", budget, BUDGETS),
    ):
        if value not in known:
            raise ParameterError(f"no {word} named {value!r}: use one of {', '.join(known)}.")
