"""The floor plan: rooms import downwards only, chains of imports stay short, and no room or module outgrows its size."""

import ast
import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import grimp
import pytest

import fer_utils

PACKAGE = Path(fer_utils.__file__).parent
ROOT = PACKAGE.parent
LONGEST_CHAIN = 12  # files
LONGEST_MODULE = 310  # lines
FULLEST_ROOM = 14  # files, besides __init__.py


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    """What `make lint` runs, on the package that lies in a folder."""
    command = [str(Path(sysconfig.get_path("scripts")) / "lint-imports"), "--no-cache", "--no-logo"]
    environment = os.environ | {"COLUMNS": "200"}  # or it breaks lines at 80
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


@pytest.fixture
def copied(tmp_path) -> Path:
    """The package and its rule, to plant imports in."""
    shutil.copytree(PACKAGE, tmp_path / "fer_utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_no_room_imports_upward_or_from_a_neighbour():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("room", "line", "forbidden"),
    [
        pytest.param("common", "from fer_utils import data", "data", id="upward"),
        pytest.param("engine", "from ..experiments import folds", "experiments", id="upward, relative"),
        pytest.param("evaluation", "import fer_utils.engine", "engine", id="neighbour"),
        pytest.param(
            "photos", "def late():\n    from fer_utils.publishing import report", "publishing", id="in a function"
        ),
    ],
)
def test_a_planted_import_breaks_the_rule(copied, room, line, forbidden):
    (copied / "fer_utils" / room / "planted.py").write_text(f"{line}\n")
    done = lint_imports(copied)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"fer_utils.{room} is not allowed to import fer_utils.{forbidden}" in done.stdout
    assert f"fer_utils.{room}.planted -> fer_utils.{forbidden}" in done.stdout


def test_a_room_without_a_floor_breaks_the_rule(copied):
    (copied / "fer_utils" / "attic.py").write_text("")
    done = lint_imports(copied)
    assert done.returncode == 1
    assert "not listed as layers" in done.stdout
    assert "fer_utils.attic" in done.stdout


def test_importing_the_package_itself_loads_no_room():
    assert not grimp.build_graph("fer_utils", cache_dir=None).find_modules_directly_imported_by("fer_utils")


def test_chains_of_imports_are_short():
    # What is imported for annotations alone costs nothing, and nobody follows it.
    graph = grimp.build_graph("fer_utils", cache_dir=None, exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    chain = longest_chain(imports)
    assert len(chain) <= LONGEST_CHAIN, " -> ".join(chain)


def test_a_circle_of_imports_is_found():
    assert longest_chain({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == ["a", "b", "c"]
    with pytest.raises(AssertionError, match="a -> b -> a"):
        longest_chain({"a": {"b"}, "b": {"a"}})


def longest_chain(imports: dict[str, set[str]]) -> list[str]:
    """The longest chain of modules that each import the next; a circle fails the test."""
    longest = {}

    def visit(module: str, above: list[str]) -> list[str]:
        assert module not in above, f"a circle: {' -> '.join([*above, module])}"
        if module not in longest:
            chains = [visit(each, [*above, module]) for each in sorted(imports[module])]
            longest[module] = [module, *max(chains, key=len, default=[])]
        return longest[module]

    return max((visit(module, []) for module in sorted(imports)), key=len)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_outgrows_its_size(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE


def test_no_room_outgrows_its_size():
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= FULLEST_ROOM, f"{folder.name}: {sorted(modules)}"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_import_neither_publishing_nor_the_command(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{each.name}" for each in node.names]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        assert not any(f"{name}.".startswith(("fer_utils.publishing.", "fer_utils.cli.")) for name in names), names
