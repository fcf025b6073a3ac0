"""Files for those who carry on: they can be read, and say what the project does."""

import re
import shlex
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOW = ".github/workflows/ci.yml"
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
TEXTS = ("CONTRIBUTING.md", "CHANGELOG.md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def job() -> dict:
    (only,) = yaml.safe_load(read(WORKFLOW))["jobs"].values()
    return only


def hooks() -> dict[str, dict]:
    repositories = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    return {hook["id"]: hook for repository in repositories for hook in repository["hooks"]}


def test_tests_run_on_every_python_that_is_promised():
    promised = SpecifierSet(PROJECT["project"]["requires-python"])
    every = [f"3.{minor}" for minor in range(100) if f"3.{minor}.0" in promised]
    assert job()["strategy"]["matrix"] == {"python": every}
    assert job()["steps"][-1]["run"] == "make test PYTHON=python${{ matrix.python }}"


def test_actions_are_pinned_to_a_major_version():
    used = [step["uses"] for step in job()["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", name) for name in used)


def test_there_are_templates_for_a_bug_and_for_a_data_set():
    assert [path.stem for path in TEMPLATES] == ["bug", "data-set-not-read"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_issue_templates_ask_for_no_faces(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    asked = {part["id"]: part for part in form["body"] if part["type"] != "markdown"}
    assert asked.keys() >= {"command", "message"}
    assert all(part["attributes"]["label"] for part in asked.values())
    assert "attach no images of faces" in form["body"][0]["attributes"]["value"]


def test_the_citation_is_complete_and_of_this_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation.keys() >= {"message", "title", "authors", "license"}
    assert citation["version"] == PROJECT["project"]["version"]
    (author,) = citation["authors"]
    assert author["name"].removeprefix("The ") in read("LICENSE")


def test_hooks_are_programs_of_the_development_extra():
    extra = " ".join(PROJECT["project"]["optional-dependencies"]["development"])
    programs = {shlex.split(hook["entry"])[0] for hook in hooks().values()}
    assert programs == {".venv/bin/nbstripout", ".venv/bin/ruff", ".venv/bin/lint-imports"}
    assert all(hook["language"] == "system" for hook in hooks().values())
    assert all(f"{name}>=" in extra for name in ("import-linter", "nbstripout", "pre-commit", "ruff"))


def test_the_hook_for_notebooks_leaves_those_that_are_stored_as_they_are():
    program, *options = shlex.split(hooks()["nbstripout"]["entry"])
    command = [str(Path(sysconfig.get_path("scripts")) / Path(program).name), *options, "--verify"]
    notebooks = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert all(re.search(hooks()["nbstripout"]["files"], path) for path in notebooks)
    done = subprocess.run([*command, *notebooks], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_floor_plan_is_the_import_rule():
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    floors = [layer.split(" | ") for layer in contract["layers"]]
    written = re.findall(r"^\| (\d+) \| `(\w+)` \|", read("CONTRIBUTING.md"), re.MULTILINE)
    assert written == [(str(len(floors) - above), room) for above, rooms in enumerate(floors) for room in rooms]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_name_files_and_targets_that_exist(name):
    text = read(name)
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / link).exists(), link
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make (\w+)", text)) <= targets


def test_the_page_for_contributors_is_one_page():
    assert len(read("CONTRIBUTING.md").splitlines()) <= 100
