"""Markdown and HTML of notebooks as HTML that can do no harm: nothing in it runs, or loads anything from elsewhere."""

import re
import unicodedata

import nh3
from bs4 import BeautifulSoup
from markupsafe import Markup, escape
from nbconvert.filters.ansi import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_TABLE_TAGS = frozenset({"b", "br", "caption", "code", "em", "i", "p", "strong", "table", "tbody", "td", "tfoot"}) | {
    "th", "thead", "tr",
}  # fmt: skip
_SPANS = {"colspan", "rowspan"}
_FOLDED = re.compile(r"<details><summary>[\w ]+</summary>|</details>")
_TABLE_ATTRIBUTES = {"td": _SPANS, "th": _SPANS, "*": set()}  # without "*", nh3 keeps lang and title of every element


_NUMBER = re.compile(r"(< )?[+-]?[\d,]*\.?\d+(e[+-]?\d+)?\s?%?")


class _Renderer(IPythonRenderer):
    """Raw HTML is text, except for what folds a hint; links lead to the web or nowhere; pictures from elsewhere become their words."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)

    def block_html(self, html: str) -> str:
        return html if _FOLDED.fullmatch(html.strip()) else super().block_html(html)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return str(escape(text))

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not url.startswith(("http://", "https://", "mailto:")):
            return text  # a file beside the notebook: the report is sent without it
        return f'<a href="{escape(url)}" rel="noreferrer">{text}</a>'


def markdown(text: str) -> Markup:
    """Markdown as HTML."""
    return Markup(MarkdownWithMath(renderer=_Renderer()).render(text))


def inline(text: str) -> Markup:
    """A line of text, in which only `code` is marked up: captions hold names with stars and underscores."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def plain(text: str) -> str:
    """Plain output without colours; of a line that was written over again and again only its last state."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in strip_ansi(text).split("\n"))


def table(html: str) -> Markup:
    """An HTML output, such as a pandas table, less everything but tables and plain text."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(["script", "style", "template", "iframe", "object", "title"]):
        element.decompose()
    return Markup(nh3.clean(str(soup), tags=_TABLE_TAGS, attributes=_TABLE_ATTRIBUTES))


def arranged(html: str, *, prefix: str, title: str) -> tuple[Markup, list[dict]]:
    """Make rendered cells ready for a page: tables scroll, headings have ids.

    Args:
        html: from `markdown`, `table` and the notebook template.
        prefix: of the ids, so that several notebooks fit on one page.
        title: of the notebook, for the names of its tables.

    Returns:
        The HTML, and its headings in order: `level, text, id`.
    """
    soup = BeautifulSoup(html, "html.parser")
    for number, each in enumerate(soup.find_all("table"), start=1):
        _make_accessible(each)
        name = f"Table {number} of {title}" if title else f"Table {number}"
        each.wrap(soup.new_tag("div", attrs={"class": "table", "role": "region", "tabindex": "0", "aria-label": name}))
    headings, taken = [], set()
    for each in soup.find_all(re.compile(r"^h[1-6]$")):
        text = each.get_text().strip()
        identifier = f"{prefix}--{anchor(text)}"
        while identifier in taken:
            identifier += "-again"
        taken.add(identifier)
        each["id"] = identifier
        headings.append({"level": int(each.name[1]), "text": text, "id": identifier})
    return Markup(str(soup)), headings


def lowered(html: str) -> Markup:
    """The same HTML with every heading one level lower, for a page that holds several notebooks."""
    return Markup(re.sub(r"<(/?)h([1-5])\b", lambda found: f"<{found[1]}h{int(found[2]) + 1}", html))


def anchor(text: str) -> str:
    """Words as part of an id: letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "section"


def _make_accessible(each) -> None:
    _join_index_names(each.select("thead tr"))
    for cell in each.select("thead th"):
        if not cell.get_text().strip():
            cell.name = "td"
        else:
            cell["scope"] = "colgroup" if cell.has_attr("colspan") else "col"
    for cell in each.select("tbody th"):
        cell["scope"] = "rowgroup" if cell.has_attr("rowspan") else "row"
    for cell in each.select("tbody td"):
        if _NUMBER.fullmatch(cell.get_text().strip()):
            cell["class"] = "number"


def _join_index_names(rows: list) -> None:
    """Put pandas' second header row, which holds only the names of the index, into the gaps of the first."""
    if len(rows) != 2:
        return
    above, below = (row.find_all("th", recursive=False) for row in rows)
    names = [cell.get_text().strip() for cell in below]
    count = len(names) - names.count("")
    gaps = not any(cell.get_text().strip() or cell.has_attr("colspan") for cell in above[:count])
    if len(above) == len(below) and all(names[:count]) and count and gaps:
        for cell, name in zip(above, names[:count], strict=False):
            cell.string = name
        rows[1].decompose()
