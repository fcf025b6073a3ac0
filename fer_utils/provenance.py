"""Where a result comes from: a hash of the code that it depends on, and the commit that the files stand at.

A figure's `.json` holds the hash and no commit: a commit changes with every change to anything, so the same figure would
have other bytes after each, and a figure can never hold the commit that it is part of. The hash says what matters, whether
the code that drew the figure is the present one. The commit is noted beside the executed notebooks (`executed.py`), which
are not committed, and shown in the report.
"""

import ast
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fer_utils import files, paths, syntax

_PACKAGE = Path(__file__).parent


def code_hash(notebook: Path) -> str:
    """Hash of a notebook's code and of every module of `fer_utils` that it uses, directly or through another.

    Comments, layout, docstrings and Python's version do not count. Modules that the notebook cannot reach, such as those
    of the command line and of the report, do not count either: a change there makes no figure stale.

    Args:
        notebook: a stored notebook; where there is none, the hash is over all modules.
    """
    cells = _code_cells(notebook) if notebook.is_file() else []
    trees = [_parsed(cell) for cell in cells]
    waiting = {name for tree in trees for name in _imported(tree)} if cells else _module_names()
    modules: dict[str, ast.AST] = {}
    while waiting:
        name = waiting.pop()
        modules[name] = ast.parse((_PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
        waiting |= set(_imported(modules[name])) - set(modules)
    parts = [f"{name}\n{syntax.form(tree)}\n" for name, tree in sorted(modules.items())]
    return files.sha256("".join([*parts, *(syntax.form(tree) for tree in trees)]).encode())


def cell_of(notebook: Path, source: str) -> str | None:
    """Id of the cell of a stored notebook that holds this code, or None where no cell or more than one does."""
    if not notebook.is_file():
        return None
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    same = [cell.get("id") for cell in cells if "".join(cell["source"]).strip() == source.strip()]
    return same[0] if len(same) == 1 else None


def commit() -> str:
    """The commit that the project's files stand at, such as "0123456789ab" or "0123456789ab with changes".

    Only changes to notebooks and code count. Empty where the project is no git repository, or git is missing.
    """
    try:
        found = _git("rev-parse", "--short=12", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", "fer_utils", "notebooks", "requirements.txt")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{found} with changes" if changed.strip() else found


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=paths.PROJECT, capture_output=True, text=True, check=True, timeout=20
    ).stdout


def _code_cells(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def _parsed(cell: str) -> ast.AST:
    try:
        return ast.parse(cell)
    except SyntaxError:  # IPython's own words, such as %matplotlib: the text itself counts
        return ast.Module(body=[ast.Expr(ast.Constant(cell)), ast.Pass()], type_ignores=[])


def _module_names() -> set[str]:
    return {path.stem for path in _PACKAGE.glob("*.py")}


def _imported(tree: ast.AST) -> Iterator[str]:
    """Modules of this package that a tree imports, anywhere in it."""
    known = _module_names()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == _PACKAGE.name:
            names = [f"{_PACKAGE.name}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, _, module = name.partition(".")
            if package == _PACKAGE.name and module in known:
                yield module
