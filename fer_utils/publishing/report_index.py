"""The first page of a report: what the numbers are, the tables, the data, and how all of it was made."""

import re

import pandas as pd
from markupsafe import Markup

from fer_utils.common import paths
from fer_utils.common.errors import OutputError
from fer_utils.data import datasets, manifests
from fer_utils.experiments import origins
from fer_utils.experiments import tables as results
from fer_utils.findings import comparison
from fer_utils.publishing import executed_copies, report_markup
from fer_utils.publishing.executed_copies import Executed
from fer_utils.publishing.report_pages import Page

_BROKEN = (KeyError, IndexError, ValueError, TypeError, AttributeError)  # of a table with other columns or cells


def overview(dataset: str, pages: list[Page]) -> dict:
    """Everything that the index template shows besides the pages.

    Args:
        dataset: as given to `fer run`: a name, or the path of a folder.
        pages: the data set's notebooks.

    Returns:
        `name, title, anchor, badges, lead, tables, counts, card, made, times, missing, failed, commit`. A table that
        is missing or damaged has a `problem` in place of its `html`.
    """
    name = paths.dataset_name(dataset)
    title = _title(name, pages)
    tables, lead = _results(dataset, title)
    commit = executed_copies.commit()
    return {
        "name": name,
        "title": title,
        "anchor": f"dataset-{report_markup.anchor(name)}",
        "badges": _badges(name, pages) + _of_other_images(dataset, pages),
        "lead": lead,
        "tables": tables,
        "counts": _counts(dataset),
        "card": _card(name),
        "made": _made(pages, commit),
        "times": _times(pages),
        "missing": sorted({path.stem for path in paths.notebooks()} - {page.stem for page in pages}),
        "failed": [page.stem for page in pages if page.executed.failure],
        "commit": commit,
    }


def _title(name: str, pages: list[Page]) -> str:
    if name in datasets.NAMED:
        return datasets.NAMED[name]
    given = [str(page.executed.parameters["dataset"]) for page in pages if "dataset" in page.executed.parameters]
    return re.split(r"[/\\]", given[0].rstrip("/\\"))[-1] if given else name


def _badges(name: str, pages: list[Page]) -> list[dict]:
    rendered = name in datasets.RENDERED
    faces = "Rendered faces: the numbers say nothing about real ones" if rendered else "Real faces"
    badges = [{"text": faces, "kind": "careful" if rendered else "good"}]
    budgets = _budgets(pages)
    if budgets == {"standard"}:
        badges.append({"text": "Budget standard: the full experiment", "kind": "good"})
    elif budgets == {"quick"}:
        badges.append({"text": "Budget quick: far fewer epochs than the experiment needs", "kind": "careful"})
    elif budgets:
        badges.append({"text": f"Budgets differ between notebooks: {', '.join(sorted(budgets))}", "kind": "careful"})
    failed = [page.stem for page in pages if page.executed.failure]
    if failed:
        badges.append({"text": f"Failed: {', '.join(failed)}", "kind": "careful"})
    return badges


def _of_other_images(dataset: str, pages: list[Page]) -> list[dict]:
    """A warning where figures show other images than the manifest lists, such as those of another folder of the same name."""
    try:
        listed = manifests.listed(dataset)
    except OutputError:
        return []  # said where the images are counted
    other = [
        page.stem
        for page in pages
        if listed and any(picture.origin.get("data", listed) != listed for picture in page.pictures)
    ]
    words = f"Of other images than manifest.csv lists: {', '.join(other)}. Run them again"
    return [{"text": words, "kind": "careful"}] if other else []


def _budgets(pages: list[Page]) -> set[str]:
    return {
        str(picture.origin["parameters"]["budget"])
        for page in pages
        for picture in page.pictures
        if isinstance(picture.origin.get("parameters"), dict) and "budget" in picture.origin["parameters"]
    } | {str(page.executed.parameters["budget"]) for page in pages if "budget" in page.executed.parameters}


def _results(dataset: str, title: str) -> tuple[list[dict], Markup]:
    """The main tables, and one paragraph that says what they come to where it can be said."""
    words = {
        "scores": "People left out: every image is predicted once, by a network that never saw the person.",
        "comparisons": "Differences on the same images, in points of accuracy.",
    }
    tables, read = [], {}
    for name, makes in (
        ("scores", lambda table: comparison.score_table(table)),
        ("comparisons", comparison.comparison_table),
    ):
        try:
            read[name] = results.read(dataset, name)
            html = frame(makes(read[name]), title=f"{title}, {name}")
            lone = comparison.untaught(read[name]) if name == "scores" else ""
            tables.append(
                {
                    "words": report_markup.inline(f"{words[name]} {lone}".rstrip()),
                    "html": html,
                    "file": f"{name}.csv",
                    "origins": _origins(dataset, name),
                }
            )
        except OutputError as error:
            tables.append({"html": "", "problem": str(error).replace(str(paths.outputs(dataset)), "outputs")})
        except _BROKEN:
            problem = f"{name}.csv is damaged: remove it and run notebook 03 again (fer run 03)."
            tables.append({"html": "", "problem": problem})
    try:
        lead = report_markup.inline(comparison.in_short(read["scores"], read["comparisons"]))
    except (OutputError, *_BROKEN):
        lead = Markup("")  # the sentence is about models that these results do not hold
    return tables, lead


def _origins(dataset: str, name: str) -> list[dict]:
    """Where the rows of a table come from, one origin for each notebook that wrote some; empty where that is not known."""
    found = origins.parts(origins.noted(paths.outputs(dataset) / f"{name}.csv"))
    known = {"notebook", "cell", "parameters", "data", "code", "versions"}
    return found if all(known <= set(each) for each in found) else []


def frame(table: pd.DataFrame, *, title: str) -> Markup:
    """A table of ours as HTML that scrolls; its index becomes the first column."""
    html, _ = report_markup.arranged(
        report_markup.table(table.reset_index().to_html(index=False, na_rep="")), prefix="table", title=title
    )
    return html


def _counts(dataset: str) -> str:
    if not (paths.outputs(dataset) / "manifest.csv").is_file():
        return ""
    try:
        manifest = manifests.read(dataset)
        kept = manifest[manifest["kept"]]
    except OutputError as error:
        return str(error).replace(str(paths.outputs(dataset)), "outputs")
    except KeyError:
        return ""
    return (
        f"{len(manifest)} image files, of which {len(kept)} are kept: {kept['subject'].nunique()} people, "
        f"expressions {', '.join(sorted(set(kept['label'])))}."
    )


def _card(name: str) -> Markup:
    """The data set's part of data/README.md; for a folder of one's own a sentence that says there is none."""
    text = (paths.PROJECT / "data" / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(name)}:(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        return Markup("<p>A folder of one's own. Where it comes from and what it may be used for, its owner knows.</p>")
    card, _ = report_markup.arranged(
        report_markup.markdown("**" + found[1].strip().replace("\n", "**\n", 1)), prefix="card", title=""
    )
    return card


def _made(pages: list[Page], commit: str) -> list[tuple[str, Markup | str]]:
    origins = [picture.origin for page in pages for picture in page.pictures if picture.origin]
    versions = sorted(
        {f"{name} {version}" for origin in origins for name, version in dict(origin.get("versions") or {}).items()}
    )
    data = sorted({str(origin.get("data")) for origin in origins})
    ran = sorted({page.executed.commit for page in pages} - {""})
    seconds = [page.executed.seconds for page in pages if page.executed.seconds is not None]
    rows = [
        ("Budget", ", ".join(sorted(_budgets(pages))) or "no training"),
        ("Notebooks run at commit", ", ".join(ran) or "not noted"),
        ("Report made at commit", commit or "not known: this is no git repository"),
        ("Versions", ", ".join(versions) or "not noted"),
        ("Data (SHA-256)", Markup(", ").join(Markup("<code>{}</code>").format(each) for each in data) or "not noted"),
    ]
    if seconds:
        rows.append(("Time taken", f"{_duration(sum(seconds))}; trainings kept from earlier runs are not repeated"))
    return rows


def _times(pages: list[Page]) -> Markup:
    table = pd.DataFrame(
        [(page.stem, _state(page.executed), _took(page.executed)) for page in pages],
        columns=["notebook", "state", "took"],
    )
    return frame(table.set_index("notebook"), title="the notebooks")


def _state(executed: Executed) -> str:
    return "failed" if executed.failure else "ran to its end"


def _took(executed: Executed) -> str:
    return "not noted" if executed.seconds is None else _duration(executed.seconds)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
