"""Names of files, classes and data sets that try to do harm, through the report's code into a real Chromium."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pandas as pd

from benchmarks.soak import processes
from benchmarks.soak.hunt import Hunt
from fer_utils.common import files, paths, progress
from fer_utils.common.errors import FerError
from fer_utils.experiments import tables
from fer_utils.publishing import report, report_pdf

sys.path.append(str(processes.TESTS))
import small_report

RAN = "window.harm"
NAMES = (
    "<script>window.harm=1;alert(1)</script>", "<ScRiPt>window.harm=1</sCrIpT>", "<script>window.harm=1",
    "</script><script>window.harm=1</script>", "<img src=x onerror=window.harm=1>", "<svg onload=window.harm=1>",
    "<svg><script>window.harm=1</script></svg>", "<iframe srcdoc='<script>parent.harm=1</script>'>",
    "<body onload=window.harm=1>", "<a href='javascript:window.harm=1'>x</a>", "[x](javascript:window.harm=1)",
    "![x](javascript:window.harm=1)", "![x](x\"onerror=\"window.harm=1)", "javascript:window.harm=1",
    "data:text/html,<script>window.harm=1</script>", "<math><mtext><img src=x onerror=window.harm=1></mtext></math>",
    "<style>@import 'http://example.org/x.css';</style>", "<link rel=stylesheet href=http://example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:window.harm=1'>", "<base href=http://example.org/>",
    "<form action=http://example.org><button autofocus onfocus=window.harm=1>", "<details open ontoggle=window.harm=1>",
    "\" onmouseover=\"window.harm=1", "' autofocus onfocus='window.harm=1", "`onload=window.harm=1`",
    "--><script>window.harm=1</script><!--", "]]><script>window.harm=1</script>", "{{ 7 * 7 }}", "{% raw %}{{ x }}",
    "{}", "{0}", "{name!r}", "%s", "%(name)s", "$(touch harm)", "`touch harm`", "; touch harm", "| touch harm", "$HOME", "~",
    "..", "../../harm", "..\\..\\harm", "/etc/passwd", "C:\\harm", "CON", "NUL.txt", "-rf", "--help", "*", "?", "a\x00b",
    "a\nb", "a\rb", "a\tb", "a\x1b[31mb", "a\x07b", "\u202eevil", "\u200b", "\ufeff", "مرحبا", "怒り", "😀" * 20, "e\u0301",
    "x" * 250, "x" * 5000, "$happy$", "\\frac{1}{2}", "_a_*b*", "# a heading", "| a | b |", "```", "&lt;script&gt;", "&amp;",
    "nan", "None", "0", "1e5", "True", "=cmd|'/c calc'!A1", "\"", "'", "''\"\"", "a,b", "a;b", " ", "\ud800",
)  # fmt: skip


def run(hunt: Hunt) -> None:
    """Put a name everywhere that a name can stand, make the report, and open its pages."""
    try:
        browser_path = report_pdf.browser()
        from playwright.sync_api import sync_playwright
    except (ImportError, report_pdf.BrowserError) as error:
        progress.say(f"{hunt.name} is left out: {error}")
        return
    hunt.expect("tracebacks", "wrong")
    hunt.count("scripts_run", 0)
    before = os.environ.get("FER_OUTPUT_DIR")
    os.environ["FER_OUTPUT_DIR"] = str(hunt.folder)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
            for number, chance in enumerate(hunt.trials()):
                # Each name once, then two of them joined.
                name = NAMES[number] if number < len(NAMES) else "".join(chance.sample(NAMES, 2))
                _try(hunt, browser, name)
            browser.close()
    finally:
        os.environ.pop("FER_OUTPUT_DIR") if before is None else os.environ.update(FER_OUTPUT_DIR=before)


def _try(hunt: Hunt, browser, name: str) -> None:
    try:
        make("hostile", name)
        folder = report.build("hostile", single_file=True)["folder"]
    except FerError as error:
        if not str(error).strip():
            hunt.found("wrong", f"{name[:60]!r}: an empty message")
        return
    except Exception as error:
        hunt.found("tracebacks", f"{name[:60]!r}: {error!r}")
        return
    if outside := [path for path in hunt.folder.iterdir() if path.name != "hostile"]:
        hunt.found("wrong", f"{name[:60]!r}: wrote {outside}")
    context = browser.new_context()
    context.set_default_timeout(20_000)
    for path in sorted(folder.glob("*.html")):
        ran, asked = _visit(context, path)
        if ran:
            hunt.count("scripts_run", 1)
            progress.say(f"a script ran: {name[:60]!r} in {path.name}")
        if asked:
            hunt.found("wrong", f"{name[:60]!r} in {path.name}: {asked[0]}")
    context.close()


def _visit(context, path: Path) -> tuple[bool, list[str]]:
    """Whether a page ran a script, and what else it did that a report does not: dialogs, requests, ways to run one later."""
    page = context.new_page()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on(
        "request", lambda request: asked.append(request.url[:80]) if request.url.startswith(("http", "ws")) else None
    )
    page.goto(path.as_uri())
    ran = bool(page.evaluate(RAN)) or any(each.startswith("dialog") for each in asked)
    active = page.evaluate(
        """() => [...document.querySelectorAll('*')].flatMap(each => [...each.attributes]
            .filter(one => one.name.startsWith('on') || /^\\s*javascript:/i.test(one.value)).map(one => one.name))
            .concat([...document.querySelectorAll('script, iframe, object, embed, base, form')].map(each => each.tagName))"""
    )
    page.close()
    return ran, asked + [f"active: {each}" for each in active]


def make(dataset: str, name: str) -> None:
    """Executed notebooks, tables, figures and a manifest with a name as person, class, image, file and data set."""
    small_report.make(dataset)
    guessed = small_report.predictions()
    guessed["truth"] = guessed["truth"].replace("sad", name)
    guessed["predicted"] = guessed["predicted"].replace("sad", name)
    guessed["subject"] = guessed["subject"].replace("03", name)
    guessed["image"] = guessed["image"].str.replace("sad", name, regex=False)
    guessed = guessed.rename(columns={"p_sad": f"p_{name}"})
    tables.write(dataset, guessed, origin=small_report.origin_of("03_tables") | {"parameters": {"dataset": name}})
    folder = paths.outputs(dataset)
    columns = ("image", "subject", "condition", "label", "kept", "reason")
    pd.DataFrame([[name, name, name, name, "True", name]], columns=columns).to_csv(folder / "manifest.csv", index=False)
    notebook = nbformat.read(folder / "notebooks" / "01_part.ipynb", as_version=4)
    notebook.metadata["papermill"]["parameters"]["dataset"] = name
    frame = pd.DataFrame({name: [name], "other": [1]}, index=[name])
    shown = [
        small_report.display({"text/html": frame.to_html(), "text/plain": name}),
        small_report.display({"text/markdown": f"- `{name}`: {name}"}),
        nbformat.v4.new_output("stream", name="stdout", text=name),
        nbformat.v4.new_output("error", ename=name, evalue=name, traceback=[name]),
    ]
    notebook.cells.append(small_report.code(f"x = {name!r}", shown, number=20))
    notebook.cells.append(small_report.words(f"## {name}\n\n{name}", number=21))
    files.write(folder / "notebooks" / "01_part.ipynb", nbformat.writes(notebook))
    for path in (folder / "figures").glob("*.json"):
        noted = json.loads(path.read_text(encoding="utf-8")) | {"caption": name, "alt": name}
        files.write(path, json.dumps(noted))
