"""Which results are stale: made from other data or by other code than lie here now, or not what they are computed from."""

from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.common import code_hash, files, paths
from fer_utils.common.errors import FerError, OutputError
from fer_utils.data import datasets, manifests
from fer_utils.engine.record import Record
from fer_utils.experiments import origins, store
from fer_utils.experiments import tables as results
from fer_utils.experiments.store import Archive
from fer_utils.publishing import executed_copies, light_copies, readme, report_index, report_text
from fer_utils.tasks import enrolment

_TOLERANCE = 2e-6  # tables hold six decimals


def problems(dataset: str) -> list[str]:
    """Everything stale in `outputs/<dataset>/`, one line each; empty where all is up to date.

    Figures and tables are compared with the present code (of their notebook and of the modules it uses) and the present
    data; of a named data set these are the committed checksums, so that no image need be here. A table and a figure must be
    the one that its notebook wrote; `scores.csv` and `comparisons.csv` are computed again from `predictions.csv`, which is compared
    with the archived records, or else the kept runs that lie here, and `manifest.csv` with the data. What of the code cannot be
    followed counts as changed. Nothing is written and nothing is trained.

    Args:
        dataset: as given to `fer run`: a name, or the path of a folder.

    Raises:
        ParameterError, DatasetError: the data set is neither known nor a folder of faces.
        OutputError: there are no results of it.
    """
    folder = paths.outputs(dataset)
    if not folder.is_dir():
        raise OutputError(f"{folder} is missing: there is nothing to check. Run the notebooks first (fer run).")
    hashes = _hashes(dataset)
    found = _results(folder, data=manifests.data_hash(hashes)) + _manifest(dataset, folder, hashes) + _tables(dataset)
    found += _archive(dataset)
    return [f"outputs/{folder.name}/{line}" for line in found]


def text_problems() -> list[str]:
    """What README, `docs/` and `REPORT.md` say other than `outputs/yale/` and `benchmarks/` hold, as `problems` gives it."""
    try:
        found = [f"{page}: numbers or figures are not those of the tables: fer readme" for page in readme.stale()]
        return found + pages(readme.DATASET)
    except FerError as error:
        return [f"README.md and docs: {error}"]


def pages(dataset: str) -> list[str]:
    """Which pages of the report in Markdown do not say what their light copies, the stored notebooks and the tables hold.

    Args:
        dataset: as given to `fer run`.
    """
    folder = paths.outputs(dataset)
    place, remedy = f"outputs/{folder.name}", f"fer report --dataset {folder.name}"
    if not (folder / report_text.REPORT).is_file():
        return [f"{place}/{report_text.REPORT}: missing: {remedy}"]
    every = executed_copies.read(dataset, only_light=True)
    found = [
        f"{place}/{light_copies.FOLDER}/{each.stem}: its notebook says something else now: run it again"
        for each in every
        if each.notebook and not _says_the_same(each.notebook.cells, paths.NOTEBOOKS / f"{each.stem}.ipynb")
    ]
    facts = report_index.facts(dataset, every, report_text.origins(dataset, every))
    for file, text in report_text.texts(dataset, every, facts).items():
        if not (folder / file).is_file() or (folder / file).read_text(encoding="utf-8") != text:
            found.append(f"{place}/{file}: is not what its notebooks found: {remedy}")
    return found


def _says_the_same(cells: list[dict], notebook: Path) -> bool:
    if not notebook.is_file():
        return False
    given = [str(each["source"]) for each in cells if light_copies.INJECTED not in each["metadata"].get("tags", [])]
    return [each.strip() for each in given] == [str(each["source"]).strip() for each in files.cells(notebook)]


def _hashes(dataset: str) -> dict[str, str]:
    if dataset in datasets.NAMED:
        return datasets.checksums(dataset)
    own = datasets.load(dataset, **origins.reading(dataset) | {"unreadable": "skip"})
    return dict(zip(own.file_names.tolist(), own.hashes.tolist(), strict=True))


def _results(folder: Path, *, data: str) -> list[str]:
    """What is wrong with figures and tables, by the origins beside them."""
    found, budgets, code = [], set(), _Code()
    pictures = {path.with_suffix("") for path in (folder / "figures").glob("[!.]*.png")}
    noted = {path.with_suffix("") for path in (folder / "figures").glob("[!.]*.json")}
    tables = {folder / name for name in results.TABLES if (folder / f"{name}.csv").is_file()}
    found += [f"figures/{path.name}.json: its picture is missing" for path in sorted(noted - pictures)]
    for path in sorted(pictures | tables):
        file = f"{path.name}.csv" if path in tables else f"figures/{path.name}.png"
        try:
            whole = origins.read(path)
            every = [_Origin(each) for each in origins.parts(whole)]
            content = whole["sha256"] if path in tables else whole.get("sha256")
            if not every:
                raise ValueError("no origin")
        except FileNotFoundError:
            found.append(f"{file}: its origin, {path.name}.json, is missing")
            continue
        except (OSError, ValueError, KeyError, TypeError):
            found.append(f"{file}: its origin, {path.name}.json, is damaged")
            continue
        budgets |= {budget for each in every for budget in each.budget}
        found += [f"{file}: {line}" for each in every for line in each.stale(code, data=data)]
        if content is not None and content != files.sha256((folder / file).read_bytes()):
            wrote = " and ".join(each.notebook[:2] for each in every)
            found.append(f"{file}: is not what notebook {wrote} wrote: run it again")
    if len(budgets) > 1:
        found.append(f"figures and tables: of different budgets ({', '.join(sorted(map(str, budgets)))})")
    return code.problems + found


class _Code:
    """The present code of notebooks, looked up once each."""

    def __init__(self) -> None:
        self._hashes: dict[str, str] = {}
        self.problems: list[str] = []

    def of(self, stem: str, notebook: Path) -> str:
        if stem not in self._hashes:
            self._hashes[stem] = code_hash.of_notebook(notebook)
            self.problems += [
                f"notebook {stem[:2]}: {words}: counts as changed" for words in code_hash.unknown_imports(notebook)
            ]
        return self._hashes[stem]


class _Origin:
    """Where a figure comes from, or some models' rows of a table: each is judged by the notebook that made it."""

    def __init__(self, noted: dict) -> None:
        self.notebook, self._data, self._code = str(noted["notebook"]), noted["data"], noted["code"]
        self.budget = {noted["parameters"]["budget"]} if "budget" in noted["parameters"] else set()
        self._models = [str(model) for model in noted.get("models", [])]

    def stale(self, code: _Code, *, data: str) -> list[str]:
        notebook = paths.NOTEBOOKS / f"{self.notebook}.ipynb"
        if not notebook.is_file():
            return [f"its notebook {self.notebook} is no longer there"]
        present = code.of(self.notebook, notebook)
        words = [word for word, old, new in (("code", self._code, present), ("data", self._data, data)) if old != new]
        whose = f" (rows of {', '.join(self._models)})" if self._models else ""
        return [f"{' and '.join(words)} changed since: run notebook {self.notebook[:2]} again{whose}"] if words else []


def _manifest(dataset: str, folder: Path, hashes: dict[str, str]) -> list[str]:
    if not (folder / "manifest.csv").is_file():
        return ["manifest.csv: missing: run notebook 01"]
    try:
        listed, noted = manifests.hashes(manifests.read(dataset)), manifests.origin(dataset)
    except OutputError as error:
        return [f"manifest.csv: {error}"]
    if listed != hashes:
        return ["manifest.csv: lists other files than the data set has: run notebook 01"]
    if noted is None:
        return ["manifest.csv: its origin, manifest.json, is missing: run notebook 01"]
    return ["manifest.csv: code changed since: run notebook 01 again"] if noted["code"] != manifests.code() else []


def _tables(dataset: str) -> list[str]:
    try:
        predictions = results.parsed(dataset, "predictions")
    except OutputError as error:
        return [f"predictions.csv: {error}"]
    try:
        computed = dict(zip(("scores", "comparisons"), results.computed(predictions), strict=True))
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        return [f"predictions.csv: damaged ({error}): run notebook 03 again"]
    found = []
    for name, wanted in computed.items():
        try:
            same = _equal(results.parsed(dataset, name), wanted)
        except OutputError as error:
            found.append(f"{name}.csv: {error}")
            continue
        if not same:
            found.append(f"{name}.csv: is not what predictions.csv comes to: run notebook 03 again")
    return found + _enrolment(dataset) + _against_records(dataset, predictions)


def _enrolment(dataset: str) -> list[str]:
    """Whether the scores of the models that were given a neutral photo are those of their answers; nothing where there are none."""
    if not (paths.outputs(dataset) / "enrolment.csv").is_file():
        return []
    try:
        wanted = enrolment.scored(results.parsed(dataset, "enrolment_predictions"))
        same = _equal(results.parsed(dataset, "enrolment"), wanted)
    except (FerError, ValueError, KeyError, TypeError) as error:
        return [f"enrolment.csv: {error}"]
    return [] if same else ["enrolment.csv: is not what enrolment_predictions.csv comes to: run notebook 05 again"]


def _equal(table: pd.DataFrame, wanted: pd.DataFrame) -> bool:
    if list(table.columns) != list(wanted.columns) or len(table) != len(wanted):
        return False
    numbers = wanted.select_dtypes("number").columns
    words = wanted.columns.difference(numbers)
    if not table[words].astype(str).equals(wanted[words].astype(str)):
        return False
    given = table[numbers].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    return np.allclose(given, wanted[numbers].to_numpy(dtype=float), rtol=0, atol=_TOLERANCE)


def _against_records(dataset: str, predictions: pd.DataFrame) -> list[str]:
    """Runs of `predictions.csv` that are archived or kept here with other answers; others say nothing."""
    columns = [name for name in predictions if name.startswith("p_")]
    archived, runs = Archive.read(dataset), paths.outputs(dataset) / "runs"
    found = []
    for (protocol, model, fold, seed), rows in predictions.groupby(["protocol", "model", "fold", "seed"], sort=False):
        stem = f"{protocol}-{model}-{paths.slug(fold)}-seed{seed}"
        records = archived.of(stem) or [record for path in runs.glob(f"{stem}-*.npz") if (record := _record(path))]
        kept = [record.probabilities for record in records]
        given = rows[columns].to_numpy(dtype=float)
        if kept and not any(each.shape == given.shape and np.allclose(each, given, atol=_TOLERANCE) for each in kept):
            found.append(f"predictions.csv: {model}, {protocol} {fold}, seed {seed} is not what the kept run answered")
    return found


def _archive(dataset: str) -> list[str]:
    """Whether the archived records are whole, and were made by the present training code."""
    packed = Archive.read(dataset)
    records = packed.records()
    found = []
    if damaged := len(packed.members) - len(records):
        found.append(f"{store.NAME}: {damaged} records are damaged: git checkout brings them back")
    if other := len(records) - len(store.present(records)):
        found.append(
            f"{store.NAME}: {other} records are of other training code: train again (fer run), then fer archive"
        )
    return found


def _record(path: Path) -> Record | None:
    try:
        return Record.from_bytes(path.read_bytes())
    except (OSError, OutputError):
        return None  # a damaged record is told, and made again, by the next run
