"""Running notebooks with papermill, each in a kernel of its own, and keeping clean copies of what they made."""

import ast
import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fer_utils.common import files, paths, progress
from fer_utils.common.errors import FerError, ParameterError
from fer_utils.publishing import executed_copies

if TYPE_CHECKING:
    from fer_utils.publishing.kernels import Kernel

# Tags of the cells that papermill adds, each with an id made by chance.
_ADDED = {"injected-parameters", "papermill-error-cell-tag"}
_KERNEL_NOTICE = re.compile(r"I\d{4} |WARNING: All log messages before absl|TCP without encryption")


class NotebookError(FerError):
    """A notebook stopped; the message names the notebook and the cell."""


def known_parameters(notebook: Path) -> dict[str, str]:
    """Names of a notebook's parameters with what their comments say."""
    from papermill import inspect_notebook

    return {name: entry["help"] for name, entry in inspect_notebook(str(notebook)).items()}


def value(text: str) -> object:
    """A parameter's value as a Python literal where it is one, else as text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def run(
    chosen: Sequence[Path], *, dataset: str, settings: Mapping[str, object], demanded: Mapping[str, object]
) -> None:
    """Execute notebooks in order into `outputs/<dataset>/notebooks/`.

    Args:
        chosen: notebooks to run.
        dataset: name or folder of the data set; passed on as the parameter `dataset`.
        settings: given to those notebooks that have such a parameter.
        demanded: likewise, but at least one of the notebooks must have it.

    Raises:
        ParameterError: a demanded parameter that none of the notebooks has; nothing has run then.
        NotebookError: a notebook failed; its partly executed copy is kept, later ones have not run.
    """
    parameters = {path: known_parameters(path) for path in chosen}
    everything = {name for names in parameters.values() for name in names}
    for name in demanded:
        if name not in everything:
            raise ParameterError(f"no notebook has a parameter {name!r}: known are {', '.join(sorted(everything))}.")
    values = {"dataset": dataset, **settings, **demanded}
    from fer_utils.publishing import kernels

    started = time.monotonic()
    with contextlib.closing(kernels.ahead(chosen)) as ready:
        for number, (path, kernel) in enumerate(zip(chosen, ready, strict=True), start=1):
            progress.say(f"[{number}/{len(chosen)}] {path.stem} on {dataset}")
            begun = time.monotonic()
            given = {name: value for name, value in values.items() if name in parameters[path]}
            _execute(path, dataset, given, kernel)
            progress.say(f"      done in {time.monotonic() - begun:.0f} s")
    progress.say(f"figures and tables are in {paths.outputs(dataset)} ({time.monotonic() - started:.0f} s)")


def _execute(notebook: Path, dataset: str, parameters: dict[str, object], kernel: "Kernel") -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    # Papermill only warns of a wrong name, and says so in the log; names are checked before this.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # after Ctrl-C, it would tell of the interrupted cell
    target = paths.outputs(dataset) / "notebooks" / notebook.name
    started = time.monotonic()
    failure = None
    with files.replacing(target) as temporary:
        try:
            papermill.execute_notebook(
                str(notebook),
                str(temporary),
                parameters=parameters,
                kernel_name="python3",
                progress_bar=False,
                stderr_file=_Notices(),
                km=kernel.manager,
                request_save_on_cell_execute=False,  # but every half minute, and in the end: pictures make it slow
            )
        except papermill.PapermillExecutionError as error:
            failure = f"cell {error.cell_index} failed:\n{_indented(error.source)}\n{error.ename}: {error.evalue}"
        except DeadKernelError as error:
            failure = f"the kernel died ({error}); too little memory, perhaps"
        except CellTimeoutError as error:
            failure = str(error)
        _clean(temporary, dataset=dataset, failed=failure is not None)
    told = _without_machine_paths(failure or "", dataset)
    executed_copies.note(dataset, notebook.stem, seconds=time.monotonic() - started, failure=told)
    if failure:
        raise NotebookError(f"{notebook.stem}: {failure}\nThe partly executed copy is {target}")


def _indented(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.splitlines())


class _Notices:
    """Passes a kernel's standard error on to ours (progress bars, warnings), less TensorFlow's start-up notices."""

    def write(self, text: str) -> None:
        if not _KERNEL_NOTICE.search(text):
            sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _clean(path: Path, *, dataset: str, failed: bool) -> None:
    """Take out of an executed copy what differs from run to run: times, bars, widget state, paths of this machine."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"].pop("widgets", None)
    kept = notebook["metadata"].get("papermill", {})
    notebook["metadata"]["papermill"] = {name: kept[name] for name in ("parameters", "version") if name in kept}
    for number, cell in enumerate(notebook["cells"]):
        if _ADDED & set(cell["metadata"].get("tags", [])) or "id" not in cell:
            cell["id"] = f"added-{number:02}"
        for name in ("papermill", "execution", "collapsed", "scrolled"):
            cell["metadata"].pop(name, None)
        if cell["cell_type"] == "code" and not failed:
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path.write_text(_without_machine_paths(text, dataset), encoding="utf-8")


def _without_machine_paths(text: str, dataset: str) -> str:
    places = [(paths.PROJECT, "."), (Path(sys.prefix), "venv"), (Path.home(), "~")]
    if (shared := paths.shared_data()) is not None:
        places.insert(0, (shared, "$FER_DATA_DIR"))
    if Path(dataset).is_absolute():
        places.insert(0, (Path(dataset), Path(dataset).name))
    for folder, name in places:
        text = text.replace(str(folder), name)
    return text
