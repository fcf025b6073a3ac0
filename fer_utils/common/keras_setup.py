"""How Keras and TensorFlow are set up, before they are first imported."""

import importlib.util
import json
import logging
import os
import sys
from pathlib import Path

from fer_utils.common.errors import ParameterError

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3"}
# A worker's environment: results then do not depend on the number of cores.
ONE_THREAD = _QUIET | {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
# What Keras takes them for: wrappers, galleries, data frames as inputs. Together a third of its time to import.
_SPARED = ("matplotlib", "pandas", "sklearn")
BACKENDS = ("tensorflow", "jax", "torch")
# With a keras.json of ours, so that Keras reads none of the user's: theirs may be years old, and say float16.
_HOME = Path(__file__).parent / "keras_home"
# Each of these changes numbers, or makes Keras another package; web pages advise some of them against start-up notices.
_REMOVED = (
    "DNNL_DEFAULT_FPMATH_MODE",
    "KERAS_MAX_EPOCHS",
    "KERAS_MAX_STEPS_PER_EPOCH",
    "KERAS_NNX_ENABLED",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_USE_LEGACY_KERAS",
    "TF_XLA_FLAGS",
)


def name() -> str:
    """Keras' backend: "tensorflow" unless the environment's KERAS_BACKEND says "jax" or "torch".

    Raises:
        ParameterError: KERAS_BACKEND names another one, or one that is not installed.
    """
    chosen = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if chosen in BACKENDS and importlib.util.find_spec(chosen) is not None:
        return chosen
    wrong = f"the package {chosen} is not installed" if chosen in BACKENDS else "no such backend is known"
    there = [each for each in BACKENDS if importlib.util.find_spec(each) is not None]
    raise ParameterError(
        f"KERAS_BACKEND is {chosen!r}, but {wrong}. Unset KERAS_BACKEND, or set it to one that is installed: {', '.join(there)}."
    )


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

    Keras' settings are the project's from here on, whatever the user's `keras.json` and environment say of them. Some notices
    come before TensorFlow reads any setting, so standard error is closed to them while it is imported.

    Raises:
        ParameterError: see `name`; or Keras was imported before, with other settings.
    """
    logging.getLogger("tensorflow").addFilter(_is_meant)
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    for variable in _REMOVED:
        os.environ.pop(variable, None)
    os.environ |= {"KERAS_HOME": str(_HOME), "KERAS_BACKEND": name()}
    if "keras" in sys.modules:
        _require_ours()
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


def _is_meant(record: logging.LogRecord) -> bool:
    """Whether a message of TensorFlow's is for the user: not that our loop is "retraced".

    Every network has a loop of its own, which is traced once. TensorFlow counts traces by the code of what is traced, which all
    loops share, and from the fifth network in a process on takes them for one function that is traced over and over.
    """
    message = record.getMessage()
    return not ("retracing" in message and "GraphLoop" in message)


def _require_ours() -> None:
    """Refuse a Keras that somebody imported before us with settings of their own: their networks may depend on these."""
    from keras import config

    ours = json.loads((_HOME / "keras.json").read_text(encoding="utf-8")) | {"backend": name()}
    for setting, wanted in ours.items():
        if (found := getattr(config, setting)()) != wanted:
            raise ParameterError(
                f"Keras was imported before fer_utils, with {setting} {found!r} where {wanted!r} is needed: import fer_utils first."
            )


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
