"""Executed notebooks without the bytes of their pictures: small enough to be committed, whole enough for a report.

Each stands in `outputs/<dataset>/pages/NN_name.ipynb`. A picture that `figures/` holds is named in its place, and comes back
when the copy is read. Nothing in a copy says where on a machine it was made.
"""

import base64
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from fer_utils.common import files, parameters, paths

FOLDER = "pages"
INJECTED = "injected-parameters"  # papermill's tag of the cell with the parameters given


def light(notebook: NotebookNode, *, dataset: str) -> NotebookNode:
    """A copy without pictures, progress bars and paths of a machine.

    Args:
        dataset: as given to `fer run`.
    """
    saved = {files.sha256(path.read_bytes()): path for path in sorted(_figures(dataset).glob("[!.]*.png"))}
    given = bare_parameters(notebook)
    cells = []
    for cell in notebook.cells:
        copied = NotebookNode({**cell, "metadata": {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}})
        if cell.cell_type == "code":
            copied.outputs = [_light(each, saved) for each in cell.outputs if each.get("name") != "stderr"]
        cells.append(copied)
    kernel = {name: notebook.metadata[name] for name in ("kernelspec", "language_info") if name in notebook.metadata}
    metadata = NotebookNode(kernel | {"papermill": {"parameters": given}})
    return NotebookNode({**notebook, "cells": cells, "metadata": metadata})


def bare_parameters(notebook: NotebookNode) -> dict:
    """The parameters given to a run, and in the notebook's own cell of them too, without the folders of this machine."""
    given = notebook.metadata.get("papermill", {}).get("parameters", {})
    bare = {name: parameters.without_place(value) for name, value in sorted(given.items())}
    for cell in notebook.cells:
        if INJECTED in cell.metadata.get("tags", []):
            cell.source = "# Parameters\n" + "\n".join(f"{name} = {value!r}" for name, value in bare.items())
    return bare


def whole(notebook: NotebookNode, *, dataset: str) -> NotebookNode:
    """A copy with its pictures, as far as `figures/` holds them, and without the folders of this machine."""
    bare_parameters(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = Path(str(output.get("metadata", {}).get("figure", ""))).name
            picture = _figures(dataset) / f"{name}.png"
            if name and picture.is_file():
                words = {"alt": str(output.metadata.get("alt", ""))}
                output.data = NotebookNode({"image/png": base64.b64encode(picture.read_bytes()).decode()})
                output.metadata = NotebookNode({"image/png": words})
    return notebook


def alt_text(output: NotebookNode, kind: str) -> str:
    """The words that stand for an output's picture, where renderers look for them; empty where there are none."""
    metadata = output.get("metadata", {})
    return " ".join(str(metadata.get("alt") or metadata.get(kind, {}).get("alt") or "").split())


def link(alt: str, file: str) -> str:
    """A picture in Markdown."""
    return f"![{re.sub(r'[][<>]', '', ' '.join(alt.split()))}]({file})"


def text(notebook: NotebookNode) -> str:
    """A notebook as the text of its file."""
    return nbformat.writes(notebook, indent=1) + "\n"


def _light(output: NotebookNode, saved: dict[str, Path]) -> NotebookNode:
    encoded = output.get("data", {}).get("image/png")
    if encoded is None:
        return output
    try:
        found = saved.get(files.sha256(base64.b64decode(encoded)))
    except (ValueError, TypeError):
        found = None  # damaged, which its own page says
    if found is None:
        words = {"text/markdown": "A picture stood here that is not kept."}
        return nbformat.v4.new_output("display_data", words)
    alt = alt_text(output, "image/png")
    shown = {"text/markdown": link(alt, f"../figures/{found.stem}.png")}
    return nbformat.v4.new_output("display_data", shown, metadata={"figure": found.stem, "alt": alt})


def _figures(dataset: str) -> Path:
    return paths.outputs(dataset) / "figures"
