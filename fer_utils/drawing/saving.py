"""Saving a figure: the picture, its alt text, and where it comes from."""

import io
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from fer_utils.common import code_hash, files, locks, paths
from fer_utils.data.datasets import FaceDataset
from fer_utils.drawing import glyphs
from fer_utils.drawing.chart import Chart

DPI = 200  # sharp on screens with small pixels
SHOWN_DPI = 110  # what a page takes for an inch
_EDGE = 0.1  # inches of white around a figure
_COLOURS = 256  # a file of a third of the size; the eye sees no difference
_NEARLY_WHITE = 252
_PACKAGES = ("keras", "matplotlib", "mtcnn", "numpy", "pillow", "tensorflow")
_BUDGET_NOTE = {"quick": "budget quick: far fewer epochs than the experiment needs", "standard": "budget standard"}
_LEAKING_NOTE = "LEAKING: nobody knows who is shown, so the same people are trained on and tested"


@dataclass(frozen=True)
class Context:
    """What all figures of one notebook have in common.

    Attributes:
        notebook: file name without suffix, `NN_name`.
        dataset: the data shown.
        parameters: the notebook's parameters, as given.
        budget: "quick" or "standard" where figures show models whose training depends on it, else None.
        shows: what the figures show instead of the data set, for the small print; empty where they show the data set.
    """

    notebook: str
    dataset: FaceDataset
    parameters: dict = field(default_factory=dict)
    budget: str | None = None
    shows: str = ""

    @property
    def footer(self) -> str:
        """Small print under every figure: the data, whether the faces are real, how much training."""
        faces = "rendered: says nothing about real faces" if self.dataset.rendered else "real faces"
        note = f" · {_BUDGET_NOTE[self.budget]}" if self.budget else ""
        note += "" if self.dataset.people_known else f" · {_LEAKING_NOTE}"
        return (self.shows or f"{self.dataset.title} ({faces})") + note

    @property
    def origin(self) -> dict:
        """Where a result of the running cell comes from: notebook, cell, parameters, hashes of data and code, versions.

        It holds no commit: a commit changes with every change to anything, so that the same figure would have other bytes after
        each. The commit is noted beside the executed notebooks, which are not committed.
        """
        notebook = paths.NOTEBOOKS / f"{self.notebook}.ipynb"
        return {
            "notebook": self.notebook,
            "cell": _cell(notebook),
            "parameters": self.parameters | {"dataset": self.dataset.name},
            "data": self.dataset.data_hash,
            "code": code_hash.of_notebook(notebook),
            "versions": {name: version(name) for name in _PACKAGES},
        }


def save(chart: Chart, name: str, *, context: Context) -> None:
    """Save a chart in `outputs/<dataset>/figures/`, with a JSON file of its origin beside it, close it, and show it.

    The same figure gives the same bytes: nothing in the file depends on the time or the machine.

    Args:
        name: `NN-slug`, NN the number of the notebook.
        context: of the notebook.

    Raises:
        OutputError: the folder cannot be written.
    """
    import matplotlib.pyplot as plt

    # Below the figure: the tight bounding box makes room for it.
    chart.figure.text(0.005, -0.01, context.footer, fontsize=7, color="0.35", ha="left", va="top")
    glyphs.provide(chart.figure)
    content = _drawn(chart.figure)
    plt.close(chart.figure)
    picture = paths.outputs(context.dataset.name) / "figures" / f"{name}.png"
    origin = context.origin | {"caption": chart.caption, "alt": chart.alt, "sha256": files.sha256(content)}
    with locks.held(paths.outputs(context.dataset.name)):
        files.write(picture, content)
        files.write_checked_json(picture.with_suffix(".json"), origin)
    _show(content, caption=chart.caption, alt=chart.alt)


def _drawn(figure: Figure) -> bytes:
    """A figure as PNG of 256 colours."""
    from PIL import Image

    buffer = io.BytesIO()
    words = {"facecolor": "white", "pil_kwargs": {"compress_level": 1}}  # decoded again at once
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches=_bounds(figure), **words)
    with Image.open(buffer) as image:
        few = image.convert("RGB").quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    # Octrees make white nearly white, which a white page shows.
    palette = few.getpalette()
    entries = [palette[place : place + 3] for place in range(0, len(palette), 3)]
    few.putpalette([level for entry in entries for level in ([255] * 3 if min(entry) >= _NEARLY_WHITE else entry)])
    buffer = io.BytesIO()
    few.save(buffer, "PNG", dpi=(DPI, DPI))
    return buffer.getvalue()


def _bounds(figure: Figure) -> Bbox | str:
    """What of a figure is saved: all that is drawn.

    Matplotlib draws a figure once more to find that out; where nothing is laid out, its places are known before.
    """
    if figure.get_layout_engine() is not None:
        return "tight"
    figure.dpi = DPI
    return figure.get_tightbbox().padded(_EDGE)


def _cell(notebook: Path) -> str | None:
    """Id of the stored notebook's cell that runs now; None outside a notebook, or where the cell was changed."""
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None else cell_of(notebook, shell.user_ns["In"][-1])


def _show(picture: bytes, *, caption: str, alt: str) -> None:
    """Display the saved bytes in a notebook, with the alt text where renderers look for it."""
    from IPython import get_ipython
    from IPython.display import Image, Markdown, display

    if get_ipython() is not None:
        width = round(int.from_bytes(picture[16:20]) * SHOWN_DPI / DPI)  # of PNG's first chunk
        display(Image(picture, format="png", width=width, alt=alt, metadata={"alt": alt}))
        display(Markdown(f"*{caption}*"))


def cell_of(notebook: Path, source: str) -> str | None:
    """Id of the cell of a stored notebook that holds this code, or None where no cell or more than one does."""
    if not notebook.is_file():
        return None
    same = [cell.get("id") for cell in files.cells(notebook) if cell["source"].strip() == source.strip()]
    return same[0] if len(same) == 1 else None
