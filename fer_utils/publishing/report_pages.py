"""Executed notebooks as pages of a report: their cells as HTML, their figures with caption and origin."""

import base64
import copy
import functools
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markupsafe import Markup, escape
from nbconvert import HTMLExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbformat import NotebookNode
from PIL import Image

from fer_utils.common import files, paths
from fer_utils.drawing import saving
from fer_utils.experiments import origins
from fer_utils.publishing import light_copies, report_markup
from fer_utils.publishing.executed_copies import Executed

TEMPLATES = Path(__file__).parent / "templates"
PREDICT = "**Predict before you look"  # stands before a notebook's key figure
_SHOWN = ["text/html", "text/markdown", "image/png", "image/jpeg", "text/plain"]
_NOTHING = Markup("")
_PAPERMILL_ERROR = "papermill-error-cell-tag"


@dataclass(frozen=True)
class Picture:
    """A picture that a notebook shows.

    Attributes:
        file: where it stands in the report, `figures/NN-slug.webp`, or `.png` where that is smaller.
        content: the bytes of the file, the same pixels as in the notebook.
        width, height: on the page, in its pixels: a file of more dots an inch than a page shows is sharper, not larger.
        alt, caption: words for it.
        origin: what its `.json` says; empty where the picture is not the one in `outputs/<dataset>/figures/`.
        notebook: name of the notebook.
        cell: id of its cell in the executed copy.
        cell_anchor, anchor: where the cell and the picture stand on the page.
        commit: of the run that drew it.
    """

    file: str
    content: bytes
    width: int
    height: int
    alt: str
    caption: Markup
    origin: dict
    notebook: str
    cell: str
    cell_anchor: str
    anchor: str
    commit: str


@dataclass(frozen=True)
class Page:
    """A notebook, ready for the page template.

    Attributes:
        executed: the copy it was made from.
        title: the notebook's first heading.
        question: what it asks, one line of HTML.
        answer: the first sentence of what it found, one line of HTML.
        findings: all that it found, as HTML; these three are empty where the notebook does not say.
        body: its cells as HTML.
        headings: `level, text, id` of each heading.
        pictures: in order.
    """

    executed: Executed
    title: str
    question: Markup = _NOTHING
    answer: Markup = _NOTHING
    findings: Markup = _NOTHING
    body: Markup = _NOTHING
    headings: list[dict] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)

    @property
    def key_picture(self) -> Picture | None:
        """The first picture after the cell that asks for a prediction, else the last one; None without pictures."""
        cells = self.executed.notebook.cells if self.executed.notebook else []
        asked = next((number for number, cell in enumerate(cells) if PREDICT in cell.source), len(cells))
        after = {cell.id for cell in cells[asked:]}
        return next(
            (each for each in self.pictures if each.cell in after), self.pictures[-1] if self.pictures else None
        )

    @property
    def stem(self) -> str:
        """Name of the notebook."""
        return self.executed.stem


@functools.cache
def environment() -> jinja2.Environment:
    """The templates of our own pages; what is put into them is escaped unless it is Markup."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )


def page(executed: Executed, *, dataset: str) -> Page:
    """Render a notebook. A damaged one gives a page without cells."""
    if executed.notebook is None:
        return Page(executed, title=executed.stem)
    pictures = _Pictures(executed, dataset)
    notebook = _prepared(copy.deepcopy(executed.notebook))
    title = executed.title
    highlighted = _Highlighted()
    filters = {
        "as_code": highlighted.placeholder,
        "as_figure": pictures.html,
        "as_markdown": report_markup.markdown,
        "as_table": report_markup.table,
        "as_text": lambda text: escape(report_markup.plain(text)),
        "cell_anchor": lambda cell: _anchor(executed.stem, cell.id),
        "code_label": _code_label,
    }
    exporter = HTMLExporter(
        template_name="notebook",
        extra_template_basedirs=[str(TEMPLATES)],
        filters=filters,
        config={"NbConvertBase": {"display_data_priority": _SHOWN}},
    )
    html, _ = exporter.from_notebook_node(notebook)
    body, headings = report_markup.arranged(html, prefix=executed.stem, title=title)
    body = highlighted.filled_in(body)
    found, _ = report_markup.arranged(
        report_markup.markdown(executed.found), prefix=f"{executed.stem}--found", title=""
    )
    return Page(
        executed=executed,
        title=title,
        question=_paragraph(executed.question) if executed.question else _NOTHING,
        answer=_paragraph(executed.answer) if executed.answer else _NOTHING,
        findings=found,
        body=body,
        headings=headings,
        pictures=pictures.found,
    )


class _Highlighted:
    """Coloured code, put into the page last: it is most of its HTML, and nothing in it is to be arranged."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.highlight = Highlight2HTML(pygments_lexer="ipython3")

    def placeholder(self, source: str) -> str:
        self.blocks.append(self.highlight(source).replace("<pre>", '<pre tabindex="0">', 1))
        return f'<i data-code="{len(self.blocks) - 1}"></i>'  # neither Markdown nor tables can hold such an element

    def filled_in(self, html: str) -> Markup:
        return Markup(re.sub(r'<i data-code="(\d+)"></i>', lambda found: self.blocks[int(found[1])], html))


class _Pictures:
    """Finds the origin of each picture by its content: what `figures/` holds may be newer than the notebook."""

    def __init__(self, executed: Executed, dataset: str) -> None:
        self.executed = executed
        self.found: list[Picture] = []
        folder = paths.outputs(dataset) / "figures"
        self.saved = {files.sha256(path.read_bytes()): path for path in sorted(folder.glob("[!.]*.png"))}

    def html(self, output: NotebookNode, cell: NotebookNode, kind: str) -> Markup:
        """The picture of an output as a <figure>; text in its place where the bytes are no picture."""
        try:
            content = base64.b64decode(output.data[kind])
            (width, height), format_name, small = _smaller(kind.removeprefix("image/"), content)
        except Exception:  # Pillow's decoders raise nearly anything at damaged bytes
            return Markup('<p class="notice">A picture stood here; its bytes are damaged.</p>')
        saved = self.saved.get(files.sha256(content))
        name = saved.stem if saved else f"{self.executed.stem[:2]}-unsaved-{files.sha256(content)[:8]}"
        origin = _origin(saved) if saved else {}
        alt = light_copies.alt_text(output, kind)
        repeated = sum(other.file.startswith(f"figures/{name}.") for other in self.found)
        picture = Picture(
            file=f"figures/{name}.{format_name}",
            content=small,
            width=width,
            height=height,
            alt=alt or str(origin.get("alt") or f"A picture without description, made by {cell.id} of this notebook."),
            caption=report_markup.inline(str(output.get("caption") or origin.get("caption") or "")),
            origin=origin,
            notebook=self.executed.stem,
            cell=cell.id,
            cell_anchor=_anchor(self.executed.stem, cell.id),
            anchor=f"figure-{report_markup.anchor(name)}" + "-again" * repeated,
            commit=self.executed.commit,
        )
        self.found.append(picture)
        return Markup(environment().get_template("figure.html").render(picture=picture))


def _smaller(format_name: str, content: bytes) -> tuple[tuple[int, int], str, bytes]:
    """Size, format and bytes of a picture: a PNG as lossless WebP, which takes about half, where that is smaller.

    All of it is decoded, so that a damaged one is found here.
    """
    with Image.open(io.BytesIO(content)) as image:
        finer = max(1.0, round(image.info.get("dpi", (0, 0))[0]) / saving.SHOWN_DPI)
        colours = image.convert("RGB")
    size = (round(colours.width / finer), round(colours.height / finer))
    if format_name == "png":
        buffer = io.BytesIO()
        colours.save(buffer, "WEBP", lossless=True, quality=20, method=1)
        if buffer.tell() < len(content):
            return size, "webp", buffer.getvalue()
    return size, format_name, content


def _origin(saved: Path) -> dict:
    try:
        found = files.read_checked_json(saved.with_suffix(".json"))
    except (OSError, ValueError):
        return {}
    return found if set(found) >= origins.KNOWN else {}


def _prepared(notebook: NotebookNode) -> NotebookNode:
    """The notebook without papermill's banners and progress bars, and with each caption moved into its picture."""
    cells = [cell for cell in notebook.cells if _PAPERMILL_ERROR not in cell.metadata.get("tags", [])]
    for cell in cells:
        if cell.cell_type != "code":
            continue
        outputs = []
        for output in cell.outputs:
            if output.get("name") == "stderr":
                continue
            words = str(output.get("data", {}).get("text/markdown", "")).strip()
            is_caption = re.fullmatch(r"\*[^*].*\*", words, re.DOTALL) and not words.startswith("**")
            if outputs and is_caption and "image/png" in outputs[-1].get("data", {}):
                outputs[-1]["caption"] = words[1:-1]
            else:
                outputs.append(output)
        cell.outputs = outputs
    return NotebookNode({**notebook, "cells": cells})


def _paragraph(text: str) -> Markup:
    return Markup(report_markup.markdown(text).strip().removeprefix("<p>").removesuffix("</p>"))


def _anchor(stem: str, cell: str) -> str:
    return f"{stem}--{report_markup.anchor(cell)}"


def _code_label(cell: NotebookNode) -> str:
    tags = cell.metadata.get("tags", [])
    words = "Parameters of this run" if "injected-parameters" in tags else "Code"
    words = "Parameters and their defaults" if "parameters" in tags else words
    lines = len(cell.source.splitlines())
    return f"{words} ({escape(cell.id)}, {lines} line{'s' * (lines != 1)})"
