"""The first page of a report: what the numbers are, the tables, the data, and how all of it was made."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from fer_utils.common import paths
from fer_utils.common.errors import OutputError
from fer_utils.data import datasets, manifests
from fer_utils.experiments import origins as origin_files
from fer_utils.experiments import tables as results
from fer_utils.findings import comparison
from fer_utils.publishing import executed_copies, report_markup
from fer_utils.publishing.executed_copies import Executed
from fer_utils.publishing.report_pages import Page, Picture

_BROKEN = (KeyError, IndexError, ValueError, TypeError, AttributeError)  # of a table with other columns or cells


def overview(dataset: str, pages: list[Page]) -> dict:
    """Everything that the index template shows besides the pages.

    Args:
        dataset: as given to `fer run`: a name, or the path of a folder.
        pages: the data set's notebooks.

    Returns:
        `name, title, anchor, badges, lead, hero, tables, counts, card, made, times, missing, failed, commit`. A table that
        is missing or damaged has a `problem` instead of its `html`.
    """
    name = paths.dataset_name(dataset)
    every = [page.executed for page in pages]
    origins = [picture.origin for page in pages for picture in page.pictures if picture.origin]
    shared = facts(dataset, every, origins)
    commit = executed_copies.commit()
    return shared | {
        "name": name,
        "anchor": f"dataset-{report_markup.anchor(name)}",
        "badges": shared["badges"] + _of_other_images(dataset, pages),
        "lead": report_markup.markdown(shared["lead"]) if shared["lead"] else "",
        "hero": _hero(pages),
        "tables": _results(dataset, shared["title"]),
        "card": _card(name),
        "made": shared["made"] + _made(every, commit),
        "times": _times(every),
        "missing": sorted({path.stem for path in paths.notebooks()} - {page.stem for page in pages}),
        "failed": [page.stem for page in pages if page.executed.failure],
        "commit": commit,
    }


def facts(dataset: str, every: Sequence[Executed], origins: Sequence[dict]) -> dict:
    """What the first page says of the data and of the runs, the same wherever and whenever the report is made.

    Args:
        every: the executed copies.
        origins: of the figures that they show.

    Returns:
        `title`, `badges` (each `text` and `kind`), `lead` (Markdown that says what the results come to,
        empty where it cannot be said), `counts` and `made` (pairs of words).
    """
    name = paths.dataset_name(dataset)
    budgets = _budgets(every, origins)
    versions = {
        f"{name} {version}" for origin in origins for name, version in dict(origin.get("versions") or {}).items()
    }
    made = [
        ("Budget", ", ".join(sorted(budgets)) or "no training"),
        ("Versions", ", ".join(sorted(versions)) or "not noted"),
        ("Data (SHA-256)", ", ".join(sorted({str(origin.get("data")) for origin in origins})) or "not noted"),
    ]
    return {
        "title": _title(name, every),
        "badges": _badges(name, every, budgets),
        "lead": _lead(dataset),
        "counts": _counts(dataset),
        "made": made,
    }


def _title(name: str, every: Sequence[Executed]) -> str:
    if name in datasets.NAMED:
        return datasets.NAMED[name]
    given = [str(each.parameters["dataset"]) for each in every if "dataset" in each.parameters]
    return re.split(r"[/\\]", given[0].rstrip("/\\"))[-1] if given else name


def _badges(name: str, every: Sequence[Executed], budgets: set[str]) -> list[dict]:
    rendered = name in datasets.RENDERED
    faces = "Rendered faces: the numbers say nothing about real ones" if rendered else "Real faces"
    badges = [{"text": faces, "kind": "careful" if rendered else "good"}]
    if budgets == {"standard"}:
        badges.append({"text": "Budget standard: the full experiment", "kind": "good"})
    elif budgets == {"quick"}:
        badges.append({"text": "Budget quick: far fewer epochs than the experiment needs", "kind": "careful"})
    elif budgets:
        badges.append({"text": f"Budgets differ between notebooks: {', '.join(sorted(budgets))}", "kind": "careful"})
    failed = [each.stem for each in every if each.failure]
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


def _budgets(every: Sequence[Executed], origins: Sequence[dict]) -> set[str]:
    parameters = [origin.get("parameters") for origin in origins] + [each.parameters for each in every]
    return {str(each["budget"]) for each in parameters if isinstance(each, dict) and "budget" in each}


def _lead(dataset: str) -> str:
    try:
        return comparison.in_short(*(results.read(dataset, name) for name in ("scores", "comparisons")))
    except (OutputError, *_BROKEN):
        return ""  # it is about models that these results do not hold


def _hero(pages: list[Page]) -> tuple[Page, Picture] | None:
    """The picture that says most, and the page that it stands on; None where no notebook shows it."""
    shown = {Path(picture.file).stem: (page, picture) for page in pages for picture in page.pictures}
    return next((shown[name] for name in executed_copies.HEROES if name in shown), None)


def _results(dataset: str, title: str) -> list[dict]:
    """The main tables."""
    words = {
        "scores": "People left out: every image is predicted once, by a model that did not learn from this set's images of the person.",
        "comparisons": "Differences on the same images, in points of accuracy.",
    }
    tables = []
    for name, makes in (
        ("scores", lambda table: comparison.score_table(table)),
        ("comparisons", comparison.comparison_table),
    ):
        try:
            read = results.read(dataset, name)
            html = frame(makes(read), title=f"{title}, {name}")
            lone = comparison.untaught(read) if name == "scores" else ""
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
    return tables


def _origins(dataset: str, name: str) -> list[dict]:
    """Where the rows of a table come from, one origin for each notebook that wrote some; empty where that is not known."""
    found = origin_files.parts(origin_files.noted(paths.outputs(dataset) / f"{name}.csv"))
    return found if all(set(each) >= origin_files.KNOWN for each in found) else []


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


def _made(every: Sequence[Executed], commit: str) -> list[tuple[str, str]]:
    """When and at which commit, which differs from run to run."""
    ran = sorted({each.commit for each in every} - {""})
    seconds = [each.seconds for each in every if each.seconds is not None]
    rows = [
        ("Notebooks run at commit", ", ".join(ran) or "not noted"),
        ("Report made at commit", commit or "not known: this is no git repository"),
    ]
    if seconds:
        rows.append(("Time taken", f"{_duration(sum(seconds))}; trainings kept from earlier runs are not repeated"))
    return rows


def _times(every: Sequence[Executed]) -> Markup:
    table = pd.DataFrame(
        [(each.stem, _state(each), _took(each)) for each in every], columns=["notebook", "state", "took"]
    )
    return frame(table.set_index("notebook"), title="the notebooks")


def _state(executed: Executed) -> str:
    return "failed" if executed.failure else "ran to its end"


def _took(executed: Executed) -> str:
    return "not noted" if executed.seconds is None else _duration(executed.seconds)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
