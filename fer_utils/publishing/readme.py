"""Filling the README and the pages of `docs/` from the committed tables and figures, between markers.

A block belongs to a name, wherever its markers `<!-- name -->` and `<!-- end name -->` stand.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from fer_utils.common import csv_files, files, paths
from fer_utils.common.errors import OutputError
from fer_utils.data import datasets, manifests
from fer_utils.experiments import tables
from fer_utils.findings import comparison, original_questions, wording
from fer_utils.publishing import study_blocks
from fer_utils.transfer import overlap, pretrained

DATASET = "yale"
BENCHMARKS = paths.PROJECT / "benchmarks"
_BENCH = csv_files.schema(("name", "value", "low", "high", "unit"), text=("name", "unit"))
_MEASURED = csv_files.schema(("name", "value", "unit"), text=("name", "unit"))
_BENCH_WORDS = {
    "loso_baseline_vs_original": "leaving one subject out, `baseline`, against the original's loop",
    "loso_updated_vs_original": "leaving one subject out, `updated`, against the original's loop",
    "baseline_engine_all_cores": "training `baseline`, all cores",
    "baseline_vs_torch": "the same against a plain PyTorch loop",
    "updated_engine_all_cores": "training `updated`, all cores",
    "updated_vs_torch": "the same against a plain PyTorch loop",
    "baseline_share_of_sgemm": "of the machine's rate of matrix products, training `baseline`",
    "baseline_bf16_vs_float32": "training `baseline` in bfloat16 against float32",
    "updated_bf16_vs_float32": "training `updated` in bfloat16 against float32",
    "pretraining_epoch_s": "an epoch of the pretraining, all cores",
    "detection_frames_per_s": "finding the face in frames of 320x243, all cores",
    "predict_faces_per_s": "`fer predict` on 60 photos with four people each, start included",
    "clone_to_report_s": "from a clone to the report on the sample faces, packages downloaded before",
    "warm_figures_yale_s": "all notebooks on Yale, every run kept",
    "memory_growth_15_to_150": "growth of a training process from run 15 to run 150",
    "import_s": "`import fer_utils`",
}
_HUNTS = {
    "damaged_images": "images damaged at random: bits, cut short, headers exchanged",
    "damaged_results": "records, archives, tables, weights and caches damaged at random",
    "hostile_names": "hostile names of files, classes and data sets, through to the report in a browser",
    "full_disk": "runs on a disk that fills up",
    "concurrent_runs": "two runs at once on one folder of outputs",
    "kernel_killed": "notebook kernels killed",
    "worker_killed": "one of two Dask workers killed",
    "kills": "runs killed at a random moment, then resumed",
}
_OUTCOMES = {"wrong": "wrong results", "tracebacks": "tracebacks", "lost_records": "lost records"}
_MARKER = re.compile(r"<!-- (?!end )([\w .-]+) -->")
_NEEDS = ("clone_to_report_s", "clone_to_report_memory", "clone_to_report_disk")


def pages() -> list[Path]:
    """The files that have blocks: the README, and what lies in `docs/`."""
    every = [paths.PROJECT / "README.md", *sorted((paths.PROJECT / "docs").glob("*.md"))]
    return [path for path in every if _MARKER.search(path.read_text(encoding="utf-8"))]


def filled(text: str, blocks: dict[str, str], *, page: str = "README.md") -> str:
    """Put each block between its markers `<!-- name -->` and `<!-- end name -->`.

    Args:
        text: of a page.
        blocks: by name.
        page: the page's file name, for the message.

    Raises:
        OutputError: a marker is missing.
    """
    for name, block in blocks.items():
        pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end {re.escape(name)} -->)", re.DOTALL)
        text, count = pattern.subn(lambda match, block=block: f"{match[1]}{block}\n{match[2]}", text)
        if count != 1:
            raise OutputError(f"{page} needs the markers <!-- {name} --> and <!-- end {name} --> once each.")
    return text


def figure_block(name: str) -> str:
    """A picture of `outputs/yale/figures/` with its alt text and caption; its address is from the project's folder.

    Raises:
        OutputError: the figure is missing, or its origin is damaged.
    """
    picture = paths.outputs(DATASET) / "figures" / f"{name}.png"
    try:
        origin = files.read_checked_json(picture.with_suffix(".json"))
        alt, caption = (" ".join(origin[word].split()) for word in ("alt", "caption"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(f"{picture.with_suffix('.json')} is missing or damaged: run the notebook again.") from error
    if not picture.is_file():
        raise OutputError(f"{picture} is missing: run the notebook again.")
    alt = alt.replace("[", "(").replace("]", ")")
    return f"![{alt}](outputs/{DATASET}/figures/{name}.png)\n\n*{caption}*"


def text(path: Path) -> str:
    """A page as it should be: every block filled from the tables.

    Args:
        path: from `pages`.

    Raises:
        OutputError: a table, a figure or a marker is missing or damaged, or a block has no such name.
    """
    old = path.read_text(encoding="utf-8")
    blocks = {name: _block(name, path.name) for name in _MARKER.findall(old)}
    if path.parent != paths.PROJECT:
        blocks = {name: block.replace("](outputs/", "](../outputs/") for name, block in blocks.items()}
    return filled(old, blocks, page=path.name)


def stale() -> list[str]:
    """Pages that do not say what the tables hold, by their path in the project."""
    return [
        path.relative_to(paths.PROJECT).as_posix() for path in pages() if path.read_text(encoding="utf-8") != text(path)
    ]


def fill() -> list[str]:
    """Fill all pages; returns those that changed, by their path in the project."""
    changed = stale()
    for name in changed:
        files.write(paths.PROJECT / name, text(paths.PROJECT / name))
    return changed


def _block(name: str, page: str) -> str:
    if name.startswith("figure "):
        return figure_block(name.removeprefix("figure "))
    if name not in _BLOCKS:
        raise OutputError(
            f"{page}: there is no block named {name!r}; use figure NN-name or one of {', '.join(_BLOCKS)}."
        )
    return _BLOCKS[name]()


def _scores() -> pd.DataFrame:
    return tables.read(DATASET, "scores", models=["classical", "transfer"])


def _found() -> str:
    return comparison.in_short(_scores(), tables.read(DATASET, "comparisons"))


def _results() -> str:
    return wording.as_table(comparison.score_table(_scores()))


def _comparisons() -> str:
    return wording.as_table(comparison.comparison_table(tables.read(DATASET, "comparisons")))


def _original() -> str:
    return wording.as_table(original_questions.answers(DATASET).set_index("the original wrote"))


def _overlap() -> str:
    """Whether the pretrained network has seen anybody of the data set, and how `transfer` reads the others."""
    data = manifests.data_hash(datasets.checksums(DATASET))
    seen = overlap.seen_in_training(DATASET, data=data, about=pretrained.metadata())
    return comparison.without_seen(tables.read(DATASET, "predictions"), seen)


def _measured(name: str, schema: csv_files.Schema = _MEASURED) -> pd.DataFrame:
    """A table of `benchmarks/`, by the names of its rows.

    Raises:
        OutputError: it is missing or damaged.
    """
    path = BENCHMARKS / f"{name}.csv"
    try:
        return csv_files.read(path, schema).set_index("name")
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"{path} is missing or damaged ({error}): measure it again.") from error


def _number(value: float) -> str:
    return f"{float(f'{value:.3g}'):,g}"


def _bench() -> str:
    """What `make bench` measured, in words; what it left out, for want of PyTorch or of the Yale faces, is left out here."""
    table = _measured("bench", _BENCH)
    table = table.loc[[name for name in _BENCH_WORDS if name in table.index]]
    columns = {
        "what": [_BENCH_WORDS[name] for name in table.index],
        "median (lowest to highest)": [
            f"{_number(row.value)} ({_number(row.low)} to {_number(row.high)})" for row in table.itertuples()
        ],
        "unit": table["unit"].to_list(),
    }
    return wording.as_table(pd.DataFrame(columns).set_index("what"))


def _needs() -> str:
    """What `make figures` takes on the sample faces, in one sentence."""
    table = _measured("bench", _BENCH)["value"]
    if missing := [name for name in _NEEDS if name not in table.index]:
        raise OutputError(f"{BENCHMARKS / 'bench.csv'} lacks {', '.join(missing)}: run `make bench`.")
    seconds, memory, disk = (table[name] for name in _NEEDS)
    return (
        f"From the clone to the report it takes {seconds / 60:.1f} minutes on two cores once packages are downloaded, "
        f"{memory:.1f} GiB of memory and {disk:.1f} GiB of disk."
    )


def _reliability() -> str:
    """What `make soak` tried, and how often the outcome was not as it should be."""
    table = _measured("reliability")["value"]
    rows = []
    for name, words in _HUNTS.items():
        outcomes = [
            f"{int(table[f'{name}_{each}'])} {what}"
            for each, what in _OUTCOMES.items()
            if f"{name}_{each}" in table.index
        ]
        rows.append({"what": words, "trials": int(table[name]), "outcome": ", ".join(outcomes)})
    return wording.as_table(pd.DataFrame(rows).set_index("what"))


_BLOCKS: dict[str, Callable[[], str]] = {
    "found": _found,
    "results": _results,
    "comparisons": _comparisons,
    "overlap": _overlap,
    "original": _original,
    "bench": _bench,
    "needs": _needs,
    "reliability": _reliability,
    "across_sets": study_blocks.across_sets,
    "peers": study_blocks.peers,
    "priors": study_blocks.priors,
    "neutral_photo": study_blocks.neutral_photo,
}
