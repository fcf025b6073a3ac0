"""The report as Markdown that is committed, and the report made again from what is committed."""

import re
import shutil

import nbformat
import pytest
from click.testing import CliRunner
from small_report import HARM, code, make, picture, words, write

from fer_utils.cli import main
from fer_utils.common import files, paths
from fer_utils.publishing import executed_copies, report, staleness


@pytest.fixture
def made(outputs):
    make("tiny")
    executed_copies.note("tiny", "01_part", seconds=12.3, failure="")
    report.build("tiny")
    return outputs / "tiny"


def committed(folder):
    names = ["REPORT.md", *sorted(f"pages/{path.name}" for path in (folder / "pages").iterdir())]
    return {name: (folder / name).read_bytes() for name in names}


def test_every_link_of_the_text_leads_to_a_file(made):
    texts = [made / "REPORT.md", *(made / "pages").glob("*.md")]
    assert {path.name for path in texts} == {"REPORT.md", "01_part.md", "02_part.md"}
    for path in texts:
        text = path.read_text()
        links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "secret" not in link and "http" not in link]
        assert len(links) >= 2
        assert [link for link in links if not (path.parent / link).is_file()] == []
    report_page = (made / "REPORT.md").read_text()
    for part in ("Does `it` work?", "It works in part 2.", "Budget quick", "| baseline |", "numpy 2.0"):
        assert part in report_page
    page = (made / "pages" / "01_part.md").read_text()
    assert page.index("../figures/01-noise.png") < page.index("*Noise of")
    assert "all told" in page
    assert "10 %" not in page
    assert "training: 100%" not in page


def test_links_of_a_notebook_are_seen_from_its_page(outputs):
    text = "# 01 Part\n\n[words](../docs/glossary.md), [on](02_part.ipynb), [web](https://example.org/a.ipynb)"
    write("tiny", "01_part", [words(text, number=0), code("x", [], number=1)])
    report.build("tiny")
    page = (outputs / "tiny" / "pages" / "01_part.md").read_text()
    assert "[words](../../../docs/glossary.md), [on](02_part.md), [web](https://example.org/a.ipynb)" in page


def test_names_from_the_data_are_no_elements_of_the_text(made):
    found = (made / "REPORT.md").read_text()
    assert HARM.replace("<", "&lt;") in found
    assert HARM not in found
    page = (made / "pages" / "01_part.md").read_text()
    assert "onclick" not in page
    assert HARM not in page.partition("## First things")[2]


def test_the_report_is_made_again_from_what_is_committed(made):
    """Without the executed notebooks, which stay on the machine that ran them."""
    text, pages = committed(made), {path.name: path.read_text() for path in (made / "report").glob("*.html")}
    shutil.rmtree(made / "notebooks")
    shutil.rmtree(made / "report")
    report.build("tiny")
    assert committed(made) == text
    again = {path.name: path.read_text() for path in (made / "report").glob("*.html")}
    assert set(again) == set(pages)
    commit = re.compile(r"<dd>[0-9a-f]{12}( with changes)?</dd>|<dd>not noted</dd>")
    assert commit.sub("", again["01_part.html"]) == commit.sub("", pages["01_part.html"])


def test_a_copy_holds_no_bytes_of_a_picture_and_no_folder_of_this_machine(outputs):
    shown = nbformat.v4.new_output("display_data", {"image/png": "AAAA"})
    cell = code(f"photo = {str(outputs / 'me.jpg')!r}", [shown], number=1)
    cell.metadata["tags"] = ["injected-parameters"]
    write("tiny", "06_photo", [words("# 06 Photo", number=0), cell])
    path = outputs / "tiny" / "notebooks" / "06_photo.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.papermill.parameters = {"photo": str(outputs / "me.jpg")}
    nbformat.write(notebook, path)
    report.build("tiny")
    for copy in [*(outputs / "tiny" / "pages").iterdir(), *(outputs / "tiny" / "report").glob("*.html")]:
        text = copy.read_text()
        assert str(outputs) not in text
        assert "me.jpg" in text or copy.name == "index.html"
    assert "AAAA" not in (outputs / "tiny" / "pages" / "06_photo.ipynb").read_text()
    assert "A picture stood here" in (outputs / "tiny" / "pages" / "06_photo.md").read_text()


@pytest.mark.parametrize("content", ["A" * 9745, "?", "é", ["AAAA"]])
def test_a_picture_of_damaged_bytes_is_left_out(outputs, content):
    """Found by the hunt."""
    shown = nbformat.v4.new_output("display_data", {"image/png": content})
    write("tiny", "01_part", [words("# 01 Part", number=0), code("x", [shown], number=1)])
    report.build("tiny")
    assert "A picture stood here" in (outputs / "tiny" / "pages" / "01_part.md").read_text()


def test_a_fence_is_longer_than_any_in_the_text(outputs):
    told = nbformat.v4.new_output("stream", name="stdout", text="```\n<b>\n````\n")
    write("tiny", "01_part", [words("# 01 Part", number=0), code("x", [told], number=1)])
    report.build("tiny")
    assert "`````text\n```\n<b>\n````\n`````" in (outputs / "tiny" / "pages" / "01_part.md").read_text()


def test_pages_that_say_something_else_are_found(made, monkeypatch):
    stored = made.parent / "stored"
    monkeypatch.setattr(paths, "NOTEBOOKS", stored)
    for path in (made / "notebooks").glob("*.ipynb"):
        files.write(stored / path.name, path.read_bytes())
    assert staleness.pages("tiny") == []
    (made / "pages" / "01_part.md").write_text("By hand.")
    (found,) = staleness.pages("tiny")
    assert "tiny/pages/01_part.md: is not what its notebooks found" in found
    report.build("tiny")
    notebook = nbformat.read(stored / "02_part.ipynb", as_version=4)
    notebook.cells[0].source = "# Another question"
    nbformat.write(notebook, stored / "02_part.ipynb")
    (found,) = staleness.pages("tiny")
    assert "02_part: its notebook says something else now: run it again" in found


def test_a_changed_picture_is_no_longer_shown_as_the_notebook_s(made):
    shutil.rmtree(made / "notebooks")
    (made / "figures" / "01-noise.png").write_bytes(picture(seed=9))
    report.build("tiny")
    assert "01-noise" in (made / "report" / "01_part.html").read_text()


def test_nothing_to_report(outputs):
    found = CliRunner().invoke(main, ["report", "--dataset", "sample"])
    assert found.exit_code == 1
    assert "no executed notebooks" in found.output
