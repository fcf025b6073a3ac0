"""What Python code does, apart from how it is told: the same text and hash for the same meaning."""

import ast
from collections.abc import Iterable
from pathlib import Path

from fer_utils import files


def code_hash(sources: Iterable[Path]) -> str:
    """Hash of what Python files do: comments, layout, docstrings and Python's version do not count.

    Args:
        sources: Python files; their order does not matter.
    """
    parts = [f"{source.name}\n{form(ast.parse(source.read_text(encoding='utf-8')))}\n" for source in sorted(sources)]
    return files.sha256("".join(parts).encode())


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
