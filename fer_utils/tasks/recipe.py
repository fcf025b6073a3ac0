"""The recipe of a model that learns from a small set, as one hash: the code that makes its answers from an image file, and the weights.

Settings stand in the code. A result that carries the hash says which recipe it is of, and whether that one was changed since.
"""

from collections.abc import Mapping

from fer_utils.common import code_hash, files
from fer_utils.common.errors import ParameterError
from fer_utils.transfer import classical, pretrained

TRANSFER, CLASSICAL = "transfer", classical.MODEL
# From the file to the aligned face, the folds of people, and the heads; dotted below `fer_utils`.
_SHARED = (
    "data.alignment",
    "data.cleaning",
    "data.detection",
    "data.images",
    "data.mtcnn_cascade",
    "data.mtcnn_networks",
    "evaluation.protocols",
    "experiments.folds",
    "transfer.features",
    "transfer.ridge",
    "transfer.small_set",
)
MODULES: Mapping[str, tuple[str, ...]] = {
    CLASSICAL: (*_SHARED, "transfer.classical", "transfer.descriptors"),
    TRANSFER: (*_SHARED, "engine.fused", "engine.scaling", "transfer.backbone", "transfer.pretrained"),
}


def parts(model: str) -> dict[str, str]:
    """What a recipe consists of: each module, and the pretrained weights where they belong to it, with its SHA-256.

    Comments, layout and docstrings of a module do not count.

    Raises:
        ParameterError: no such model.
        WeightsError: the pretrained weights are missing or damaged.
    """
    if model not in MODULES:
        raise ParameterError(f"no recipe of a model named {model!r}: use one of {', '.join(MODULES)}.")
    found = {
        name: code_hash.of_files([code_hash.PACKAGE.joinpath(*name.split(".")).with_suffix(".py")])
        for name in sorted(MODULES[model])
    }
    return found | ({"weights/ferplus.keras": pretrained.metadata()["sha256"]} if model == TRANSFER else {})


def digest(model: str) -> str:
    """SHA-256 over a recipe's `parts`."""
    return files.sha256("\n".join(f"{name} {each}" for name, each in parts(model).items()).encode())
