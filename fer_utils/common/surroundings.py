"""What a command makes of where it was called: the terminal, the working folder, the home folder, how it was installed."""

import atexit
import codecs
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from fer_utils.common import paths

UNATTENDED = "FER_UNATTENDED"  # in the environment of kernels of a batch run
_ESCAPED = "fer-escaped"


def settle() -> None:
    """Make what follows independent of them; to be called once, before a command does anything.

    Raises:
        InstallationError: this is not the clone, see `paths.require_clone`.
        ParameterError: a folder in the environment cannot be found, see `paths.given`.
    """
    for stream in (sys.stdout, sys.stderr):
        # What has another error handler will not stop at a character, but surrogates would come out as bytes that are no text.
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors=_ESCAPED)
    paths.require_clone()
    _provide_home()
    for variable in paths.VARIABLES:
        if value := os.environ.get(variable):
            # Notebooks' kernels start in another folder, and would look for it there.
            os.environ[variable] = str(paths.given(value, name=variable))


def attended() -> bool:
    """Whether somebody may be looking at the running notebook: not in a batch run, whose kernels know it by the environment."""
    return not os.environ.get(UNATTENDED)


def _provide_home() -> None:
    """A home for the time of the command where there is none, as for a user number without a name; Jupyter insists on one."""
    try:
        Path.home()
    except RuntimeError:
        folder = tempfile.mkdtemp(prefix="fer-home-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["HOME"] = folder


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""Characters that an encoding lacks as `\uXXXX`, pairs of them beyond U+FFFF: inside JSON they stay what they are."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


codecs.register_error(_ESCAPED, _escape)
