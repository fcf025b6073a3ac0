"""Hashes of what code does: of the training code, and of everything that a notebook reaches.

Comments, layout, docstrings and Python's version never count. Files are read whenever a hash is asked for, but the same text
is parsed once in a process: a notebook asks for its hash with every figure.
"""

import ast
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_utils.common import files

PACKAGE = Path(__file__).resolve().parents[1]
_DYNAMIC = {"__import__", "import_module", "exec", "eval", "run_module", "run_path", "system"}
_HARMLESS_MAGICS = {"matplotlib", "config"}


def of_folder(folder: Path) -> str:
    """Hash of all Python files below a folder; their names and their imports do not count, so that a move changes nothing."""
    forms = sorted(_form_without_imports(_text(path)) for path in folder.rglob("*.py"))
    return files.sha256("\n".join(forms).encode())


def of_files(sources: Iterable[Path]) -> str:
    """Hash of some Python files, with their names.

    Args:
        sources: in any order.

    Raises:
        FileNotFoundError: one of them is missing.
    """
    parts = [f"{source.name}\n{_module(_text(source)).form}\n" for source in sorted(sources)]
    return files.sha256("".join(parts).encode())


def of_notebook(notebook: Path, *, package: Path = PACKAGE) -> str:
    """Hash of a notebook's code and of every module of the package that it uses, directly or through others.

    Modules that the notebook cannot reach, such as those of the command line and of the report, do not count: a change there
    makes no figure stale. Where an import cannot be followed (`Reach.unknown`), every module counts.

    Args:
        notebook: a stored notebook; where there is none, the hash is over all modules.
        package: folder of the package.
    """
    cells = _code_cells(notebook) if notebook.is_file() else []
    reach = _reach(cells, package)
    modules = (
        reach.files if cells and not reach.unknown else {_dotted(path, package): path for path in package.rglob("*.py")}
    )
    parts = [f"{name}\n{_module(_text(path)).form}\n" for name, path in sorted(modules.items())]
    return files.sha256("".join([*parts, *reach.unknown, *(form(cell) for cell in cells)]).encode())


def unknown_imports(notebook: Path, *, package: Path = PACKAGE) -> tuple[str, ...]:
    """What of a notebook's code, or of the modules that it reaches, cannot be followed; whoever asks must take it for changed."""
    return _reach(_code_cells(notebook), package).unknown


def form(value: object) -> str:
    """A syntax tree as text without docstrings; unlike `ast.dump`, the same in all versions of Python that we support."""
    if isinstance(value, list):
        return f"[{','.join(form(each) for each in value)}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    fields = dict(ast.iter_fields(value))
    documented = isinstance(value, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    if documented and ast.get_docstring(value, clean=False) is not None:
        fields["body"] = fields["body"][1:]
    # Fields that newer versions add are empty for code that older ones can read.
    inside = ",".join(f"{name}={form(field)}" for name, field in fields.items() if field not in (None, []))
    return f"{type(value).__name__}({inside})"


@dataclass(frozen=True)
class _Module:
    """What is asked of a module's text.

    Attributes:
        form: see `form`.
        imports: nodes of its syntax tree that import something, or may.
        bound: names that it defines or imports, anywhere in it.
    """

    form: str
    imports: tuple[ast.AST, ...]
    bound: frozenset[str]


@functools.cache
def _module(source: str) -> _Module:
    tree = ast.parse(source)
    return _Module(form(tree), _importing(tree), frozenset(_bound(tree)))


@functools.cache
def _form_without_imports(source: str) -> str:
    return form(_without_imports(ast.parse(source)))


@dataclass(frozen=True)
class Reach:
    """What some code imports from the package.

    Attributes:
        files: dotted name to file, of every module reached.
        unknown: in words, what could not be followed.
    """

    files: dict[str, Path]
    unknown: tuple[str, ...]


class _Follower:
    """Follows imports from file to file, at any depth."""

    def __init__(self, package: Path) -> None:
        self._root, self._name = package.parent, package.name
        self._places: dict[str, Path | None] = {}
        self.files: dict[str, Path] = {}
        self.unknown: set[str] = set()

    def follow(self, nodes: Iterable[ast.AST], *, module: str, is_package: bool) -> None:
        """Everything that nodes of a module import, from `_importing`."""
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._reach(alias.name, module)
            elif isinstance(node, ast.ImportFrom):
                self._follow_from(node, module, is_package)
            else:
                self._follow_dynamic(node, _dynamic(node), module)

    def _follow_from(self, node: ast.ImportFrom, module: str, is_package: bool) -> None:
        base = node.module or ""
        if node.level:
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package]
            base = ".".join([*above, *([node.module] if node.module else [])])
        if not self._is_ours(base):
            return
        self._reach(base, module)
        file = self._file(base)
        for alias in node.names:
            if alias.name == "*":
                below = file.parent.glob("*.py") if file and file.name == "__init__.py" else ()
                for path in below:
                    self._reach(f"{base}.{path.stem}" if path.stem != "__init__" else base, module)
            elif self._file(f"{base}.{alias.name}"):
                self._reach(f"{base}.{alias.name}", module)
            elif file and alias.name not in _module(_text(file)).bound:
                self.unknown.add(f"{module} imports {alias.name} from {base}, which does not define it")

    def _follow_dynamic(self, node: ast.Call, name: str, module: str) -> None:
        first = node.args[0] if node.args else None
        if name in ("__import__", "import_module") and isinstance(first, ast.Constant) and isinstance(first.value, str):
            self._reach(first.value, module)
        else:
            self.unknown.add(f"{module} calls {name}")

    def _reach(self, name: str, importer: str) -> None:
        if not self._is_ours(name):
            return
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            each = ".".join(parts[:length])
            path = self._file(each)
            if path is None:
                self.unknown.add(f"{importer} imports {each}, which is not there")
                return
            if each not in self.files:
                self.files[each] = path
                imports = _module(_text(path)).imports
                self.follow(imports, module=each, is_package=path.name == "__init__.py")

    def _is_ours(self, name: str) -> bool:
        return name.partition(".")[0] == self._name

    def _file(self, name: str) -> Path | None:
        if name not in self._places:
            place = self._root.joinpath(*name.split("."))
            files_of_it = (place / "__init__.py", place.with_name(f"{place.name}.py"))
            self._places[name] = next((path for path in files_of_it if path.is_file()), None)
        return self._places[name]


def _reach(cells: Iterable[ast.AST], package: Path) -> Reach:
    follower = _Follower(package)
    for cell in cells:
        follower.follow(_importing(cell), module="the notebook", is_package=False)
    return Reach(follower.files, tuple(sorted(follower.unknown)))


def _code_cells(notebook: Path) -> list[ast.AST]:
    """Syntax trees of the code cells; IPython's own words, such as %matplotlib, become the calls that they stand for."""
    from IPython.core.inputtransformer2 import TransformerManager

    sources = [cell["source"] for cell in files.cells(notebook) if cell["cell_type"] == "code"]
    return [_cell(TransformerManager().transform_cell(source)) for source in sources]


def _cell(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # never to be run as it is; it counts by its text, and cannot be followed
        return ast.parse(f"exec({source!r})")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _dotted(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")


def _importing(tree: ast.AST) -> tuple[ast.AST, ...]:
    """The imports in a syntax tree, anywhere in it, and the calls that may import (`_dynamic`)."""
    return tuple(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) or (isinstance(node, ast.Call) and _dynamic(node))
    )


def _dynamic(node: ast.Call) -> str:
    """The name of a call that may import or run code that is not written there; empty for any other call."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in ("run_line_magic", "run_cell_magic"):
        magic = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        return "" if magic in _HARMLESS_MAGICS else f"%{magic}"
    if name == "system" and ast.unparse(node.func) == "platform.system":  # only the system's name
        return ""
    builtin = isinstance(node.func, ast.Name) or name in ("import_module", "run_module", "run_path", "system")
    return name if name in _DYNAMIC and builtin else ""


def _bound(tree: ast.Module) -> Iterator[str]:
    """Names that a module defines or imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)


class _WithoutImports(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, name, None), list):
                setattr(node, name, [each for each in statements if not isinstance(each, ast.Import | ast.ImportFrom)])
        return node


def _without_imports(tree: ast.AST) -> ast.AST:
    return _WithoutImports().visit(tree)
