"""Kernels that are ready when their notebook's turn comes: started, and its modules imported, while the one before runs.

What every figure's origin needs, the hash of the notebook's code, is computed there ahead too.
"""

import ast
import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from jupyter_client import AsyncKernelManager, BlockingKernelClient
from jupyter_core.utils import run_sync

from fer_utils.common import files, paths, surroundings

# Run in a namespace of its own, so that the notebook finds none of it; what fails here is the notebook's to tell.
_IMPORTS = """
import contextlib, importlib
for name in {names}:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
with contextlib.suppress(Exception):
    from pathlib import Path
    from fer_utils.common import code_hash, keras_setup
    code_hash.of_notebook(Path({notebook!r}))
    if {keras}:
        keras_setup.import_keras()
"""
# What it computes is kept nowhere, so it always needs Keras, which no module of it imports before it is used.
_NEED_KERAS = ("06_own_photos",)


class Kernel:
    """A kernel in the project's folder that imports what a notebook imports; making one does not wait for that.

    Args:
        notebook: the stored notebook.
        scratch: a folder for IPython's files, so that the user's own settings and start-up code stay out.

    Attributes:
        manager: for papermill.
    """

    def __init__(self, notebook: Path, scratch: str) -> None:
        # The variable of pydevd turns off a notice of the debugger, in every kernel.
        environment = os.environ | {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "IPYTHONDIR": scratch}
        environment[surroundings.UNATTENDED] = "1"
        for name in ("MPLBACKEND", "PYTHONSTARTUP"):
            environment.pop(name, None)
        self.manager = AsyncKernelManager(kernel_name="python3")
        how = {"cwd": str(paths.PROJECT), "env": environment, "extra_arguments": ["--log-level=40"]}  # errors only
        run_sync(self.manager.start_kernel)(**how)
        # Open until the end: what is sent before the kernel listens would be lost on closing.
        self._client = BlockingKernelClient()
        self._client.load_connection_info(self.manager.get_connection_info())
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        words = {"names": imported(notebook), "notebook": str(notebook), "keras": notebook.stem in _NEED_KERAS}
        code = _IMPORTS.format(**words)
        self._client.execute(f"exec({code!r}, {{}})", silent=True, store_history=False)

    def end(self) -> None:
        """End it, whatever it does."""
        self._client.stop_channels()
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            run_sync(self.manager.shutdown_kernel)(now=True)


def ahead(notebooks: Sequence[Path]) -> Iterator[Kernel]:
    """Each notebook's kernel in turn, the next one's prepared meanwhile; each is ended when the following one is asked for."""
    prepared: list[Kernel] = []
    waiting = list(notebooks)
    with tempfile.TemporaryDirectory(prefix="fer-", ignore_cleanup_errors=True) as scratch:
        try:
            for _ in notebooks:
                while waiting and len(prepared) < 2:
                    prepared.append(Kernel(waiting.pop(0), scratch))
                yield prepared[0]
                prepared.pop(0).end()
        finally:
            for kernel in prepared:
                kernel.end()


def imported(notebook: Path) -> list[str]:
    """Modules that a notebook's cells import, in order; of `from a import b` both `a` and `a.b`, which may be none."""
    names: list[str] = []
    for cell in files.cells(notebook):
        with contextlib.suppress(SyntaxError):  # IPython's own words
            tree = ast.parse(cell["source"] if cell["cell_type"] == "code" else "")
            for node in tree.body:
                if isinstance(node, ast.Import):
                    names += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return list(dict.fromkeys(names))
