"""In which numbers a network computes: float32 throughout, or bfloat16 between its weights and its answer."""

import contextlib
import platform
from collections.abc import Iterator
from pathlib import Path

from fer_utils.common import keras_setup

keras_setup.quiet()

import keras  # noqa: E402  (TensorFlow is imported quietly first)

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
_CPU_INFORMATION = Path("/proc/cpuinfo")
# Matrix units. Processors with avx512_bf16 alone multiply bfloat16 too, but take longer over it than over float32.
_UNITS = "amx_bf16"


@contextlib.contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers built in this block compute in a precision (Micikevicius et al. 2018, arXiv:1710.03740; Kalamkar et al. 2019,
    arXiv:1905.12322).

    With "bfloat16", convolutions and products take and give bfloat16. Weights, their gradients and the optimizer stay float32,
    and so do the statistics of batch normalization, the last layer with its softmax, all losses and the augmentation.

    Args:
        precision: "float32" or "bfloat16".
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def has_bfloat16_units() -> bool:
    """Whether this machine's processor has units that make bfloat16 faster than float32; False where it does not say."""
    if platform.system() != "Linux" or not _CPU_INFORMATION.is_file():
        return False
    lines = _CPU_INFORMATION.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(_UNITS in line.split() for line in lines if line.startswith("flags"))
