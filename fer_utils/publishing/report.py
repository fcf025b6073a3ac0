"""Executed notebooks to a report in `outputs/<dataset>/report/`: pages that open by double click, offline."""

import base64
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from fer_utils.common import files, paths
from fer_utils.common.errors import OutputError
from fer_utils.publishing import executed_copies, report_index, report_markup, report_pages, report_pdf, report_text
from fer_utils.publishing.report_pages import Page


def build(dataset: str, *, single_file: bool = False, pdf: bool = False, home: str = "") -> dict:
    """Write the report of a data set: `index.html`, a page per notebook, and the figures.

    Each file is written whole or not at all, pictures before the pages that show them, and what an older report left
    is removed last. The same executed notebooks give the same bytes at the same commit.

    Args:
        dataset: as given to `fer run`: a name, or the path of a folder.
        single_file: also write `<dataset>.html`, which holds everything in itself.
        pdf: also write `<dataset>.pdf`.
        home: link to an index over several data sets, seen from `index.html`; empty for none.

    Returns:
        What `report_index.overview` says, and `folder`.

    Raises:
        OutputError: there are no executed notebooks, or the folder cannot be written.
        report_pdf.BrowserError: a PDF is wanted and no Chromium is installed, or it fails.
    """
    if pdf:
        report_pdf.browser()  # told before the work, not after
    every = executed_copies.read(dataset)
    pages = [report_pages.page(each, dataset=dataset) for each in every]
    overview = report_index.overview(dataset, pages)
    folder = paths.outputs(dataset) / "report"
    written = {picture.file: picture.content for page in pages for picture in page.pictures}
    for number, page in enumerate(pages):
        around = {"before": pages[number - 1] if number else None, "after": (*pages, None)[number + 1]}
        written[f"{page.stem}.html"] = _rendered(
            "notebook.html", title=f"{page.title} · {overview['title']}", page=page, overview=overview, **around
        )
    written["index.html"] = _rendered(
        "index.html", title=f"{overview['title']}: report", pages=pages, overview=overview, home=home
    )
    name = overview["name"]
    if single_file or pdf:
        whole = _whole(pages, overview)
        if single_file:
            written[f"{name}.html"] = whole
        if pdf:
            written[f"{name}.pdf"] = report_pdf.printed(whole)
    for file, content in written.items():
        files.write(folder / file, content)
    _remove_others(folder, set(written))
    report_text.write(dataset, every, report_index.facts(dataset, every, report_text.origins(dataset, every)))
    return overview | {"folder": folder}


def build_several(datasets: Sequence[str], **options: bool) -> Path:
    """Write the report of each data set, and where there are several an index over all of them, `outputs/index.html`.

    Args:
        datasets: as given to `fer run`.
        options: of `build`.

    Returns:
        The page to open.

    Raises:
        OutputError: one of them has no executed notebooks, or something cannot be written.
    """
    if len(datasets) == 1:
        return build(datasets[0], **options)["folder"] / "index.html"
    overviews = [build(dataset, **options, home="../../index.html") for dataset in datasets]
    index = overviews[0]["folder"].parent.parent / "index.html"
    files.write(index, _rendered("class.html", title=f"{len(overviews)} data sets", overviews=overviews))
    return index


def _rendered(template: str, **content: object) -> str:
    style = (report_pages.TEMPLATES / "style.css").read_text(encoding="utf-8").strip()
    return report_pages.environment().get_template(template).render(style=Markup(style), **content)


def _whole(pages: list[Page], overview: dict) -> str:
    """Everything on one page, pictures inside."""
    embedded = {picture.file: _data_address(picture) for page in pages for picture in page.pictures}

    def embed(found: re.Match) -> str:
        return f'src="{embedded[found[1]]}"'

    bodies = {}
    for page in pages:
        body = re.sub(r'src="(figures/[^"]+)"', embed, report_markup.lowered(page.body))
        body = re.sub(r'<dt>File</dt><dd class="file">.*?</dd>', "", body, flags=re.DOTALL)
        body = re.sub(r'<a href="figures/[^"]+">(<img [^>]*>)</a>', r"\1", body.replace(' loading="lazy"', ""))
        bodies[page.stem] = Markup(body)
    if overview["hero"]:
        page, picture = overview["hero"]
        overview = overview | {"hero": (page, dataclasses.replace(picture, file=embedded[picture.file]))}
    title = f"{overview['title']}: report"
    return _rendered("whole.html", title=title, pages=pages, overview=overview, bodies=bodies)


def _data_address(picture: report_pages.Picture) -> str:
    kind = picture.file.rpartition(".")[2]
    return f"data:image/{kind};base64,{base64.b64encode(picture.content).decode()}"


def _remove_others(folder: Path, written: set[str]) -> None:
    try:
        for path in folder.rglob("*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in written:
                path.unlink()
    except OSError as error:
        raise OutputError(f"cannot remove an older report's {path}: {error.strerror}. Remove it by hand.") from error
