"""The report as plain Markdown, for the page of a code host: `REPORT.md`, and a page for each notebook in `pages/`.

Pictures are linked from `figures/`, so that the text is small enough to be committed with the results.
"""

import re
from collections.abc import Sequence

import pandas as pd
from bs4 import BeautifulSoup
from nbformat import NotebookNode

from fer_utils.common import files, paths
from fer_utils.common.errors import OutputError
from fer_utils.experiments import tables
from fer_utils.findings import comparison, wording
from fer_utils.publishing import executed_copies, light_copies, report_markup
from fer_utils.publishing.executed_copies import Executed

REPORT = "REPORT.md"
_DEFAULTS = "parameters"  # tag of a cell that says nothing of this run


def write(dataset: str, every: Sequence[Executed], facts: dict) -> None:
    """Write the text of a report, and the light copies that it can be made from again.

    Args:
        dataset: as given to `fer run`.
        every: the executed copies, in order.
        facts: from `report_index.facts`.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = paths.outputs(dataset)
    lights = {each.stem: light_copies.light(each.notebook, dataset=dataset) for each in every if each.notebook}
    for stem, notebook in lights.items():
        files.write(folder / light_copies.FOLDER / f"{stem}.ipynb", light_copies.text(notebook))
    for file, text in texts(dataset, every, facts).items():
        files.write(folder / file, text)


def texts(dataset: str, every: Sequence[Executed], facts: dict) -> dict[str, str]:
    """What `write` writes as Markdown, by path below `outputs/<dataset>/`."""
    shown = [each for each in every if each.notebook]
    found = {REPORT: _report(dataset, shown, facts)}
    for number, each in enumerate(shown):
        around = (shown[number - 1] if number else None, (*shown, None)[number + 1])
        found[f"{light_copies.FOLDER}/{each.stem}.md"] = _page(dataset, each, *around)
    return found


def origins(dataset: str, every: Sequence[Executed]) -> list[dict]:
    """Of the figures that notebooks show, as far as they are known."""
    found = []
    for each in (each for each in every if each.notebook):
        for cell in light_copies.light(each.notebook, dataset=dataset).cells:
            names = [
                output.metadata["figure"]
                for output in cell.get("outputs", [])
                if "figure" in output.get("metadata", {})
            ]
            found += [_origin(dataset, name) for name in names]
    return [origin for origin in found if origin]


def _report(dataset: str, every: Sequence[Executed], facts: dict) -> str:
    badges = ". ".join(badge["text"] for badge in facts["badges"])
    parts = [f"# {_tame(facts['title'])}: report", f"*{_tame(badges)}.*", _tame(facts["lead"]), _hero(dataset)]
    parts.append("## What was asked, and what was found")
    for each in every:
        link = f"### [{_tame(each.title)}]({light_copies.FOLDER}/{each.stem}.md)"
        parts += [link, each.question and f"**Question.** {_tame(each.question)}", _tame(each.found)]
    parts += ["## Results", *_results(dataset), "## The data", _tame(facts["counts"]), "## How it was made"]
    parts.append(wording.as_table(pd.DataFrame(facts["made"], columns=["what", "which"]).set_index("what")))
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(dataset: str, name: str) -> dict:
    try:
        return files.read_checked_json(paths.outputs(dataset) / "figures" / f"{name}.json")
    except (OSError, ValueError):
        return {}


def _hero(dataset: str) -> str:
    for name in executed_copies.HEROES:
        if origin := _origin(dataset, name):
            alt, caption = (str(origin.get(word, "")) for word in ("alt", "caption"))
            return f"{light_copies.link(alt, f'figures/{name}.png')}\n\n*{_tame(caption)}*"
    return ""


def _results(dataset: str) -> list[str]:
    made = {"scores": comparison.score_table, "comparisons": comparison.comparison_table}
    try:
        return [wording.as_table(makes(tables.read(dataset, name))) for name, makes in made.items()]
    except (OutputError, KeyError, IndexError, ValueError, TypeError):
        return ["Not all results are there: run notebook 03."]


def _page(dataset: str, executed: Executed, before: Executed | None, after: Executed | None) -> str:
    ways = [f"[Report](../{REPORT})"]
    ways += [
        f"[{word} {each.stem[:2]}]({each.stem}.md)" for word, each in (("back to", before), ("on to", after)) if each
    ]
    parts = [" · ".join(ways)]
    if executed.failure:
        parts.append(f"**This notebook did not run to its end:** {_tame(executed.failure)}")
    for cell in light_copies.light(executed.notebook, dataset=dataset).cells:
        if cell.cell_type == "markdown":
            parts.append(_linked_from_here(cell.source))
        elif cell.cell_type == "code" and cell.source.strip() and _DEFAULTS not in cell.metadata.get("tags", []):
            parts += [*_code(cell), *(_output(output) for output in cell.outputs)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _linked_from_here(text: str) -> str:
    """A notebook's text, whose links to files of the project are seen from `notebooks/`, for a page in `outputs/<dataset>/pages/`."""
    return re.sub(r"\]\(\.\./", "](../../../", re.sub(r"\]\(([\w-]+)\.ipynb\)", r"](\1.md)", text))


def _code(cell: NotebookNode) -> list[str]:
    lines = len(cell.source.splitlines())
    injected = light_copies.INJECTED in cell.metadata.get("tags", [])
    label = "Parameters of this run" if injected else f"Code ({lines} line{'s' * (lines != 1)})"
    return [f"<details><summary>{label}</summary>", _fenced(cell.source, "python"), "</details>"]


def _output(output: NotebookNode) -> str:
    data = output.get("data", {})
    if "text/markdown" in data:
        return data["text/markdown"] if "figure" in output.get("metadata", {}) else _tame(data["text/markdown"])
    if "text/html" in data:
        return _table(data["text/html"])
    text = str(output.get("text") or data.get("text/plain") or "\n".join(output.get("traceback", [])))
    return _fenced(report_markup.plain(text).rstrip(), "text") if text.strip() else ""


def _fenced(text: str, language: str) -> str:
    """Text as it is, whatever backticks it holds."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _table(html: str) -> str:
    """Rows without blank lines, which would end the table on a code host."""
    soup = BeautifulSoup(str(report_markup.table(html)), "html.parser")
    return "\n".join(line.strip() for line in str(soup).splitlines() if line.strip())


def _tame(text: str) -> str:
    """Markdown in which a name from the data cannot become an element of the page."""
    return text.replace("<", "&lt;")
