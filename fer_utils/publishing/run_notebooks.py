"""Running notebooks with papermill, each in a kernel of its own, and keeping clean copies of what they made."""

import contextlib
import csv
import json
import logging
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fer_utils.common import files, keras_setup, parameters, paths, progress
from fer_utils.common.errors import DatasetError, FerError, ParameterError
from fer_utils.data import layouts
from fer_utils.data.datasets import FaceDataset
from fer_utils.experiments import recipes
from fer_utils.publishing import executed_copies

if TYPE_CHECKING:
    from fer_utils.publishing.kernels import Kernel

# Tags of the cells that papermill adds, each with an id made by chance.
_ADDED = {"injected-parameters", "papermill-error-cell-tag"}
# Notebook 05 chooses by people left out of those who remain when one is left out; 09 reads what it says.
_PEOPLE = {"05_transfer_learning": 3, "09_deeper_errors": 3}
_CHECKS = {
    "budget": recipes.require_budget,
    "layout": layouts.require,
    "model": recipes.require_readable,
    "beside": recipes.readable,
    "reference": recipes.require_network,
}
_KERNEL_NOTICE = re.compile(r"I\d{4} |WARNING: All log messages before absl|TCP without encryption")


class NotebookError(FerError):
    """A notebook stopped; the message names the notebook and the cell."""


def known_parameters(notebook: Path) -> dict[str, str]:
    """Names of a notebook's parameters with what their comments say."""
    from papermill import inspect_notebook

    return {name: entry["help"] for name, entry in inspect_notebook(str(notebook)).items()}


def demanded(chosen: Sequence[Path], given: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Values of parameters from what a command line says, each of the type that the notebooks give it.

    Args:
        chosen: notebooks, at least one of which must have each parameter.
        given: names and texts.

    Raises:
        ParameterError: no notebook has such a parameter, the text is no value of its type, or the data set is given this way;
            no such budget, model or photo is there; or Keras' backend is not.
    """
    keras_setup.name()
    kinds = {name: kind for path in chosen for name, kind in parameters.declared(path).items()}
    values = {}
    for name, text in given:
        if name not in kinds:
            raise ParameterError(f"no notebook has a parameter {name!r}: known are {', '.join(sorted(kinds))}.")
        if name == "dataset":
            raise ParameterError(f"the data set is not given by -p: call fer run --dataset {text}.")
        values[name] = parameters.from_text(name, text, kinds[name])
        if name in _CHECKS:
            _CHECKS[name](values[name])
        if name == "photo" and text:
            photo = paths.given(text)
            if not photo.exists():
                raise ParameterError(f"{photo}: no such photo or folder. Give one that is there: -p photo PATH.")
            values[name] = str(photo)
    return values


def possible(chosen: Sequence[Path], data: FaceDataset, demanded: Mapping[str, object], *, named: bool) -> list[Path]:
    """The notebooks for which a data set has people enough; says which are left out, and how a folder was read.

    Args:
        chosen: notebooks to run.
        data: as it is on disk; whom cleaning takes out is not known yet.
        demanded: parameters, see `demanded`.
        named: the user has asked for just these.

    Raises:
        DatasetError: a notebook that was asked for needs more people.
    """
    if data.read_as:
        progress.say(data.read_as)
    needed, count = _needed(demanded), len(set(data.subjects[data.labels >= 0]))
    left_out = [path.stem for path in chosen if needed.get(path.stem, 0) > count]
    if left_out and named:
        raise DatasetError(f"{_too_few(data.name, count, left_out)}. Add people, or leave that out.")
    if left_out:
        progress.say(f"{_too_few(data.name, count, left_out)}: left out")
    return [path for path in chosen if path.stem not in left_out]


def _needed(demanded: Mapping[str, object]) -> dict[str, int]:
    """The fewest people by notebook, where it is not enough that there are two."""
    reads_transfer = demanded.get("answers", "transfer") == "transfer"
    return {name: count for name, count in _PEOPLE.items() if reads_transfer or not name.startswith("09")}


def _too_few(name: str, count: int, stems: Sequence[str]) -> str:
    return (
        f"{name}: {count} people are too few for {' and '.join(stems)} (fewest: {max(_PEOPLE[each] for each in stems)})"
    )


def _kept_people(dataset: str) -> int:
    """People of whom the manifest keeps an image, as a notebook that has just run wrote it; many where none did."""
    try:
        with (paths.outputs(dataset) / "manifest.csv").open(encoding="utf-8", newline="") as file:
            return len({row["subject"] for row in csv.DictReader(file) if row["kept"] == "True" and row["label"]})
    except (OSError, KeyError, ValueError):  # the notebook tells of it
        return sys.maxsize


def run(
    chosen: Sequence[Path], *, dataset: str, settings: Mapping[str, object], demanded: Mapping[str, object]
) -> None:
    """Execute notebooks in order into `outputs/<dataset>/notebooks/`.

    Args:
        chosen: notebooks to run.
        dataset: name or folder of the data set; passed on as the parameter `dataset`.
        settings: given to those notebooks that have such a parameter.
        demanded: likewise, and before `settings`.

    Raises:
        NotebookError: a notebook failed; its partly executed copy is kept, later ones have not run.
    """
    values = {"dataset": dataset, **settings, **demanded}
    from fer_utils.publishing import kernels

    started = time.monotonic()
    with contextlib.closing(kernels.ahead(chosen)) as ready:
        for number, (path, kernel) in enumerate(zip(chosen, ready, strict=True), start=1):
            progress.say(f"[{number}/{len(chosen)}] {path.stem} on {dataset}")
            begun = time.monotonic()
            # Cleaning may have taken people out; who asks for the notebook alone is answered by the notebook.
            if number > 1 and _needed(demanded).get(path.stem, 0) > (count := _kept_people(dataset)):
                progress.say(f"      {_too_few(paths.dataset_name(dataset), count, [path.stem])}: left out")
                continue
            given = {name: values[name] for name in parameters.declared(path) if name in values}
            _execute(path, dataset, given, kernel)
            progress.say(f"      done in {time.monotonic() - begun:.0f} s")
    progress.say(f"figures and tables are in {paths.outputs(dataset)} ({time.monotonic() - started:.0f} s)")


def _execute(notebook: Path, dataset: str, given: dict[str, object], kernel: "Kernel") -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError

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
                parameters=given,
                kernel_name="python3",
                progress_bar=False,
                stderr_file=_Notices(),
                km=kernel.manager,
                request_save_on_cell_execute=False,  # but every half minute, and in the end: pictures make it slow
            )
        except papermill.PapermillExecutionError as error:
            failure = f"cell {error.cell_index} failed:\n{_indented(error.source)}\n{error.ename}: {error.evalue}"
        except CellTimeoutError as error:
            failure = str(error)
        except (
            RuntimeError
        ) as error:  # nbclient's DeadKernelError; jupyter_client's where it died before its first answer
            failure = f"the kernel died ({error}); too little memory, perhaps"
        if not temporary.stat().st_size:  # it died before anything was saved
            shutil.copyfile(notebook, temporary)
        _clean(temporary, given, failed=failure is not None)
    told = _without_machine_paths(failure or "", given)
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


def _clean(path: Path, given: Mapping[str, object], *, failed: bool) -> None:
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
    notebook = _mapped(notebook, lambda text: _without_machine_paths(text, given))
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _mapped(content: object, function: Callable[[str], str]) -> object:
    """JSON's content with every text in it replaced, but for the keys."""
    if isinstance(content, str):
        return function(content)
    if isinstance(content, list):
        return [_mapped(each, function) for each in content]
    return {key: _mapped(each, function) for key, each in content.items()} if isinstance(content, dict) else content


def _without_machine_paths(text: str, given: Mapping[str, object]) -> str:
    named = [Path(given.get(name, "")) for name in ("dataset", "photo")]
    places = [(path, path.name) for path in named if path.is_absolute()]
    if (shared := paths.shared_data()) is not None:
        places.append((shared, "$FER_DATA_DIR"))
    places += [(paths.PROJECT, "."), (Path(sys.prefix), "venv"), (Path.home(), "~")]
    for folder, name in places:
        if len(folder.parts) > 1:  # a home of "/" is in every path, and in much that is none
            text = re.sub(rf"{re.escape(str(folder))}(?![\w-]|\.\w)", lambda _, name=name: name, text)
    return text
