"""How Keras and TensorFlow are set up, before they are first imported."""

import os
import sys

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3"}
# A worker's environment. Results then do not depend on the number of cores; and they are the same bytes on every
# machine of a kind, which the convolutions of a GPU do not promise.
ONE_THREAD = _QUIET | {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
}


def quiet() -> None:
    """Import TensorFlow without its start-up notices, if Keras is to run on it; call before `import keras`.

    Some notices come before TensorFlow reads any setting, so standard error is closed to them while it is imported.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow" or "tensorflow" in sys.modules:
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
