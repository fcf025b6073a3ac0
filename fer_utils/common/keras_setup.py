"""How Keras and TensorFlow are set up, before they are first imported."""

import os
import sys

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3"}
# A worker's environment: results then do not depend on the number of cores.
ONE_THREAD = _QUIET | {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
# What Keras takes them for: wrappers, galleries, data frames as inputs. Together a third of its time to import.
_SPARED = ("matplotlib", "pandas", "sklearn")


def name() -> str:
    """Keras' backend: "tensorflow" unless the environment's KERAS_BACKEND says "jax" or "torch"."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def worker_environment() -> dict[str, str]:
    """Settings of a process that trains; to be in its environment before Keras is imported there.

    TensorFlow is kept on the processor, where it gives the same bytes again, which a GPU's convolutions do not promise.
    JAX and PyTorch use a GPU where there is one.
    """
    return ONE_THREAD | ({"CUDA_VISIBLE_DEVICES": "-1"} if name() == "tensorflow" else {})


def device() -> str:
    """What this process computes on, such as "cpu" or "gpu:0"."""
    if name() == "torch":  # keras.distribution knows the other two backends only
        import torch

        return "gpu:0" if torch.cuda.is_available() else "cpu"
    import keras

    gpus = [each for each in keras.distribution.list_devices() if not each.startswith("cpu")]
    return gpus[0] if gpus else "cpu"


def quiet() -> None:
    """Import TensorFlow without its start-up notices, if Keras is to run on it; call before `import keras`.

    Some notices come before TensorFlow reads any setting, so standard error is closed to them while it is imported.
    """
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    if name() != "tensorflow" or "tensorflow" in sys.modules:
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def import_keras() -> None:
    """Import Keras and its backend; does nothing where Keras is imported already.

    A package that is in use already is left to Keras, and all can be imported as ever afterwards.
    """
    if "keras" in sys.modules:
        return
    spared = [name for name in _SPARED if name not in sys.modules]
    sys.modules |= dict.fromkeys(spared)  # None there makes an import fail as if the package were not installed
    try:
        quiet()
        import keras  # noqa: F401
    finally:
        for name in spared:
            del sys.modules[name]
