"""Importing Keras without the large packages that it uses where they are installed and does without where they are not."""

import sys

from fer_utils import backend

# What Keras takes them for: wrappers, galleries, data frames as inputs. Together a third of its time to import.
_SPARED = ("matplotlib", "pandas", "sklearn")


def import_keras() -> None:
    """Import Keras and its backend; does nothing where Keras is imported already.

    A package that is in use already is left to Keras, and all can be imported as ever afterwards.
    """
    if "keras" in sys.modules:
        return
    spared = [name for name in _SPARED if name not in sys.modules]
    sys.modules |= dict.fromkeys(spared)  # None there makes an import fail as if the package were not installed
    try:
        backend.quiet()
        import keras  # noqa: F401
    finally:
        for name in spared:
            del sys.modules[name]
