"""The executed copies of notebooks in `outputs/<dataset>/notebooks/`, and what is known of how each run went.

The copies themselves hold nothing that differs from run to run. What does (seconds, the commit, why a notebook stopped)
stands beside them in `executed.json`, which is never committed. Where a notebook was not run here, its light copy serves
(`light_copies`).
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nbformat

from fer_utils.common import files, locks, paths
from fer_utils.common.errors import OutputError
from fer_utils.publishing import light_copies

HEROES = ("05-loso-forest", "03-loso-forest")  # figures for the top of a report: the first that there is
_QUESTION = re.compile(r"\*\*Question\.\*\*\s*(.+?)(?:\n\s*\n|\Z)", re.DOTALL)
_FOUND = re.compile(r"^#+\s*What we found", re.MULTILINE)


@dataclass(frozen=True)
class Executed:
    """An executed copy.

    Attributes:
        stem: name of the notebook, `NN_name`.
        notebook: its content; None where the file is damaged.
        failure: why it did not run to its end, or cannot be read; empty where all is well.
        seconds: how long its last run took, kept trainings included at no cost; None where nobody noted it.
        commit: where the project's files stood at that run, as `executed_copies.commit` says it; empty where unknown.
    """

    stem: str
    notebook: nbformat.NotebookNode | None
    failure: str
    seconds: float | None
    commit: str

    @property
    def parameters(self) -> dict:
        """The parameters given to the run."""
        return self.notebook.metadata.get("papermill", {}).get("parameters", {}) if self.notebook else {}

    @property
    def title(self) -> str:
        """The notebook's first heading, else its name."""
        heading = re.search(r"^#\s+(.+)$", self._first, re.MULTILINE)
        return heading[1].strip() if heading else self.stem

    @property
    def question(self) -> str:
        """What it asks, Markdown on one line; empty where it does not say."""
        question = _QUESTION.search(self._first)
        return " ".join(question[1].split()) if question else ""

    @property
    def found(self) -> str:
        """What it found, as Markdown; empty where it does not say."""
        texts: list[str] = []
        inside = False
        for cell in self.notebook.cells if self.notebook else []:
            if cell.cell_type == "markdown":
                inside = bool(_FOUND.search(cell.source)) or (inside and not cell.source.lstrip().startswith("#"))
            elif cell.cell_type == "code" and inside:
                texts += [output.get("data", {}).get("text/markdown", "") for output in cell.outputs]
        return "\n\n".join(text for text in texts if text)

    @property
    def answer(self) -> str:
        """The first sentence of what it found, Markdown on one line; empty where it does not say."""
        lines = [re.sub(r"^\s*([-*]|\d+\.)\s+", "", line).strip() for line in self.found.splitlines()]
        first = next((line for line in lines if line and not line.startswith(("|", "#"))), "")
        return re.split(r"(?<=[.!?])\s+(?=[A-Z`])", first, maxsplit=1)[0]

    @property
    def _first(self) -> str:
        cells = self.notebook.cells if self.notebook else []
        return next((cell.source for cell in cells if cell.cell_type == "markdown"), "")


def read(dataset: str, *, only_light: bool = False) -> list[Executed]:
    """All executed copies of a data set, in order; of a notebook that has none here, its light copy.

    Args:
        dataset: as given to `fer run`.
        only_light: leave out what only lies here.

    Raises:
        OutputError: there is none.
    """
    folder = paths.outputs(dataset) / "notebooks"
    places = (paths.outputs(dataset) / light_copies.FOLDER, folder)  # the later one wins
    found = {path.stem: path for place in places[: 1 if only_light else 2] for path in place.glob("[0-9][0-9]_*.ipynb")}
    if not found:
        raise OutputError(
            f"{folder}: no executed notebooks. Run them first: fer run --dataset {dataset} (or make figures)."
        )
    notes = _notes(folder)
    return [
        _executed(path, notes.get(stem, {}) if path.parent == folder else {}, dataset)
        for stem, path in sorted(found.items())
    ]


def note(dataset: str, stem: str, *, seconds: float, failure: str) -> None:
    """Note how a run went, in `outputs/<dataset>/notebooks/executed.json`.

    Args:
        failure: why it stopped; empty where it ran to its end.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = paths.outputs(dataset) / "notebooks"
    entry = {"seconds": round(seconds, 1), "commit": commit(), "failure": failure}
    with locks.held(paths.outputs(dataset)):
        notes = _notes(folder) | {stem: entry}
        files.write_json(folder / "executed.json", dict(sorted(notes.items())))


def _notes(folder: Path) -> dict:
    """What is noted; a damaged file counts as none, since the next run writes it anew."""
    try:
        notes = files.read_json(folder / "executed.json")
    except (OSError, ValueError):
        return {}
    return {stem: entry for stem, entry in notes.items() if isinstance(entry, dict)} if isinstance(notes, dict) else {}


def _executed(path: Path, noted: dict, dataset: str) -> Executed:
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        # Ids are missing in copies of older notebooks; anchors need them.
        for number, cell in enumerate(notebook.cells):
            cell.setdefault("id", f"cell-{number:02}")
        notebook.nbformat_minor = max(notebook.nbformat_minor, 5)  # the first that knows ids
        nbformat.validate(notebook)  # `reads` only warns
        notebook = light_copies.whole(notebook, dataset=dataset)
        failure = noted.get("failure") or _failure(notebook)
    except (OSError, ValueError, LookupError, AttributeError, TypeError, nbformat.ValidationError) as error:
        notebook = None
        failure = f"{path.name} is damaged ({type(error).__name__}): run it again (fer run {path.stem[:2]})."
    seconds = noted.get("seconds")
    return Executed(
        stem=path.stem,
        notebook=notebook,
        failure=str(failure),
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        commit=str(noted.get("commit", "")),
    )


def _failure(notebook: nbformat.NotebookNode) -> str:
    """What the cells tell; the metadata says "completed" even after a dead kernel."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                return f"{cell.id}: {output.ename}: {output.evalue}"
        if cell.execution_count is None:
            return f"{cell.id} and what follows never ran: the kernel died, or the run was stopped."
    return ""


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
