"""How Keras and TensorFlow are set up, before they are first imported."""

import os

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
    """Keep TensorFlow's start-up notices off the screen. Has no effect once TensorFlow is imported."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
