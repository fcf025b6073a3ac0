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
    with pytest.raises(OutputError, match="needs the markers"):
        readme.filled(text, {"y": "1"})


def test_figures_are_filled_with_their_words(outputs):
    files.write(outputs / "yale" / "figures" / "03-x.png", b"")
    origin = outputs / "yale" / "figures" / "03-x.json"
    files.write(origin, '{"alt": "A [red]\\nline.", "caption": "All of it."}')
    text = "<!-- figure 03-x -->\n<!-- end figure 03-x -->"
    block = "![A (red) line.](outputs/yale/figures/03-x.png)\n\n*All of it.*"
    assert readme.figure_blocks(text) == {"figure 03-x": block}
    assert block in readme.filled(text, readme.figure_blocks(text))
    origin.unlink()
    with pytest.raises(OutputError, match=r"03-x\.json is missing"):
        readme.figure_blocks(text)


def test_readme_says_what_the_committed_results_hold(monkeypatch):
    monkeypatch.delenv("FER_OUTPUT_DIR")
    changed = subprocess.run(
        ["git", "status", "--porcelain", "outputs/yale"], cwd=paths.PROJECT, capture_output=True, text=True, check=False
    )
    if changed.returncode or ".csv" in changed.stdout:
        pytest.skip("the results on Yale that lie here are not the committed ones")
    assert readme.is_filled()


def test_links_of_the_readme_lead_somewhere():
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert len(targets) > 10
    assert [target for target in targets if not (paths.PROJECT / target).exists()] == []
