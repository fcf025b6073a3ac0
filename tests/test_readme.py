import re
import subprocess

import pytest

from fer_utils.common import files, paths
from fer_utils.common.errors import OutputError
from fer_utils.publishing import readme


def test_blocks_are_filled_once_and_again():
    text = "a\n<!-- x -->\n<!-- end x -->\nb\n"
    once = readme.filled(text, {"x": "1"})
    assert once == "a\n<!-- x -->\n1\n<!-- end x -->\nb\n"
    assert readme.filled(once, {"x": "1"}) == once
    assert "2" in readme.filled(once, {"x": "2"})
    with pytest.raises(OutputError, match=r"speed\.md needs the markers"):
        readme.filled(text, {"y": "1"}, page="speed.md")


def test_figures_are_filled_with_their_words(outputs):
    files.write(outputs / "yale" / "figures" / "03-x.png", b"")
    origin = outputs / "yale" / "figures" / "03-x.json"
    files.write(origin, '{"alt": "A [red]\\nline.", "caption": "All of it."}')
    assert readme.figure_block("03-x") == "![A (red) line.](outputs/yale/figures/03-x.png)\n\n*All of it.*"
    origin.unlink()
    with pytest.raises(OutputError, match=r"03-x\.json is missing"):
        readme.figure_block("03-x")


def test_a_block_of_a_wrong_name_is_named_with_its_page(tmp_path):
    page = tmp_path / "speed.md"
    page.write_text("<!-- benhc -->\n<!-- end benhc -->\n", encoding="utf-8")
    with pytest.raises(OutputError, match=r"speed\.md: there is no block named 'benhc'"):
        readme.text(page)


def test_readme_and_docs_say_what_the_committed_results_hold(monkeypatch):
    monkeypatch.delenv("FER_OUTPUT_DIR")
    changed = subprocess.run(
        ["git", "status", "--porcelain", "outputs/yale"], cwd=paths.PROJECT, capture_output=True, text=True, check=False
    )
    if changed.returncode or ".csv" in changed.stdout:
        pytest.skip("the results on Yale that lie here are not the committed ones")
    assert readme.stale() == []
    assert {"README.md", "results.md", "speed.md", "reliability.md"} <= {page.name for page in readme.pages()}


def test_the_readme_is_one_screen():
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    shown = re.sub(r"<!--.*?-->|(?<=\])\([^)]*\)", " ", text)
    assert len(shown.split()) <= 900


def _anchors(page) -> set[str]:
    """Of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("place", ["README.md", "CONTRIBUTING.md", "docs", "data/README.md", "weights/README.md"])
def test_links_of_the_pages_lead_somewhere(place):
    where = paths.PROJECT / place
    every = sorted(where.glob("*.md")) if where.is_dir() else [where]
    wrong = []
    for page in every:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            file, _, anchor = target.partition("#")
            to = page.parent / file if file else page
            if not to.exists() or (anchor and anchor not in _anchors(to)):
                wrong.append(f"{page.name}: {target}")
    assert wrong == []
