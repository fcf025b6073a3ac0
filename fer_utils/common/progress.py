"""One kind of progress bar, in the terminal, in JupyterLab, and under papermill."""

import sys
from collections.abc import Iterable

from tqdm import tqdm

from fer_utils.common.errors import printable


def bar(items: Iterable, description: str, *, total: int | None = None, unit: str = "image", delay: float = 0) -> tqdm:
    """Iterate with a bar that shows the remaining time.

    Plain text on standard error: notebooks show it, and papermill passes it on to the terminal. Work that ends within
    `delay` seconds shows none.
    """
    return tqdm(
        items,
        desc=description,
        total=total,
        unit=unit,
        file=sys.stderr,
        mininterval=0.5,
        delay=delay,
        dynamic_ncols=False,
        ncols=100,
    )


def say(message: str) -> None:
    """Tell the user something on standard error, above a running bar."""
    tqdm.write(printable(message), file=sys.stderr)


def result(lines: str) -> None:
    """Print lines of results on standard output, clear of a running bar."""
    tqdm.write(printable(lines), file=sys.stdout)


def share(description: str, *, total: float) -> tqdm:
    """A bar for work counted in arbitrary units: percentage, elapsed and remaining time."""
    return tqdm(
        desc=description,
        total=total,
        file=sys.stderr,
        mininterval=0.5,
        ncols=100,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed} elapsed, {remaining} left{postfix}",
    )
