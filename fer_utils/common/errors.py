"""Errors meant for the person at the keyboard: one clear message, no traceback."""

import unicodedata

_CONTROLS = frozenset({"Cc", "Zl", "Zp"})  # categories of Unicode


def printable(text: str, *, but: str = "\n\t") -> str:
    """A text without characters that a terminal obeys, such as those of a file's name: each becomes its escape in Python.

    Args:
        but: control characters that stay.
    """
    if text.isprintable():
        return text
    return "".join(
        each.encode("unicode_escape").decode() if each not in but and unicodedata.category(each) in _CONTROLS else each
        for each in text
    )


class FerError(Exception):
    """Something the user can put right; the message names the file or word and says what to do."""

    def __str__(self) -> str:
        return printable(super().__str__())

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for showing an exception: the message alone, without the stack.

        Source: https://ipython.readthedocs.io/en/stable/config/integrating.html#custom-exception-tracebacks
        """
        return [f"{type(self).__name__}: {self}"]


class DatasetError(FerError):
    """A data set, an image file or a table of labels is missing, damaged or unusable."""


class OutputError(FerError):
    """A result could not be written, or a kept result is missing or damaged."""


class ParameterError(FerError):
    """A name or value given to a command, a notebook or a function is not known."""


class PhotoError(FerError):
    """A photo is missing, damaged, too small or too large to look for faces in."""


class WeightsError(FerError):
    """The pretrained weights are missing, damaged, or of another version than this code reads."""


class InstallationError(FerError):
    """An installed copy of the package, without the notebooks, data and weights of the project."""


class ClusterError(FerError):
    """A Dask scheduler cannot be reached, or its workers cannot train what was asked."""
