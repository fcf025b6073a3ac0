import contextlib
import json
import os
import signal

import nbformat
import psutil
import pytest
from jupyter_client import BlockingKernelClient

from fer_utils.publishing import executed_copies, kernels, run_notebooks


def notebook(folder, name, *cells):
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}))
    return path


def answer(kernel, expression: str) -> str:
    client = BlockingKernelClient()
    client.load_connection_info(kernel.get_connection_info())
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        reply = client.execute_interactive("", user_expressions={"it": expression}, timeout=60)
        return reply["content"]["user_expressions"]["it"]["data"]["text/plain"]
    finally:
        client.stop_channels()


def test_what_a_notebook_imports(tmp_path):
    path = notebook(
        tmp_path, "01_x", "%matplotlib inline", "import os.path\nfrom a import b, c", "def f():\n    import d"
    )
    assert kernels.imported(path) == ["os.path", "a", "a.b", "a.c"]


def test_a_kernel_runs_no_start_up_code_of_the_user_and_draws_into_the_notebook(tmp_path, monkeypatch):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "01.py").write_text("theirs = 1")
    (tmp_path / "startup.py").write_text("theirs = 2")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    with contextlib.closing(kernels.ahead([notebook(tmp_path, "01_x", "1")])) as ready:
        kernel = next(ready).manager
        assert answer(kernel, "'theirs' in globals()") == "False"
        assert "inline" in answer(kernel, "__import__('os').environ['MPLBACKEND']")


def test_a_kernel_has_hashed_its_code_and_imports_keras_where_it_is_always_needed(tmp_path):
    paths = [notebook(tmp_path, name, "from fer_utils.common import files") for name in ("01_x", "06_own_photos")]
    parsed = "__import__('fer_utils.common.code_hash').common.code_hash._module.cache_info().currsize"
    with contextlib.closing(kernels.ahead(paths)) as ready:
        for keras in (False, True):
            kernel = next(ready).manager
            assert int(answer(kernel, parsed)) > 1
            assert answer(kernel, "'keras' in __import__('sys').modules") == str(keras)


def test_the_next_kernel_has_imported_its_modules_and_none_is_left(tmp_path):
    names = ("01_x", "02_x", "03_x")
    paths = [notebook(tmp_path, name, "import colorsys\nimport no_such_one") for name in names]
    before = set(psutil.Process().children())
    with contextlib.closing(kernels.ahead(paths)) as ready:
        first = next(ready)
        assert len(set(psutil.Process().children()) - before) == 2
        second = next(ready)
        assert not first.manager.has_kernel
        assert answer(second.manager, "'colorsys' in __import__('sys').modules") == "True"
        assert (
            answer(second.manager, "[name for name in ('colorsys', 'names', 'importlib') if name in globals()]") == "[]"
        )
        assert answer(second.manager, "In[-1]") == "''"  # nothing of it stands in the notebook's history
    _, alive = psutil.wait_procs(set(psutil.Process().children()) - before, timeout=10)
    assert alive == []
    assert sum(1 for _ in kernels.ahead(paths[:1])) == 1
    assert list(kernels.ahead([])) == []


def stored(folder, code: str):
    cells = [
        nbformat.v4.new_code_cell('dataset: str = "sample"  # name', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(code),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "01_dies.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


@pytest.mark.parametrize("moment", ["before its first answer", "in a cell"])
def test_a_kernel_that_dies_is_told_in_one_line_and_its_copy_is_kept(tmp_path, outputs, monkeypatch, moment):
    path = stored(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    ahead = kernels.ahead

    def dead(notebooks):
        for kernel in ahead(notebooks):
            os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
            yield kernel

    if moment == "before its first answer":
        monkeypatch.setattr(kernels, "ahead", dead)
    with pytest.raises(
        run_notebooks.NotebookError, match=r"^01_dies: the kernel died \(.*\); too little memory, perhaps\n"
    ):
        run_notebooks.run([path], dataset="three", settings={}, demanded={})
    (copy,) = executed_copies.read("three")
    assert "the kernel died" in copy.failure
    assert copy.notebook.cells[-1].source.startswith("import os")
