"""Filling the README's results from the committed tables and figures, between markers."""

import re
from pathlib import Path

import pandas as pd

from fer_utils.common import csv_files, files, paths
from fer_utils.common.errors import OutputError
from fer_utils.data import datasets, manifests
from fer_utils.experiments import tables
from fer_utils.findings import comparison, original_questions, wording
from fer_utils.transfer import overlap, pretrained

DATASET = "yale"
README = paths.PROJECT / "README.md"
BENCH = paths.PROJECT / "benchmarks" / "bench.csv"
_BENCH = csv_files.schema(("name", "value", "low", "high", "unit"), text=("name", "unit"))
_BENCH_WORDS = {
    "loso_baseline_vs_original": "leaving one subject out, `baseline`, against the original's loop",
    "loso_updated_vs_original": "leaving one subject out, `updated`, against the original's loop",
    "baseline_engine_all_cores": "training `baseline`, all cores",
    "baseline_vs_torch": "the same against a plain PyTorch loop",
    "updated_engine_all_cores": "training `updated`, all cores",
    "updated_vs_torch": "the same against a plain PyTorch loop",
    "baseline_share_of_sgemm": "of the machine's rate of matrix products, training `baseline`",
    "warm_figures_yale_s": "all notebooks on Yale, every run kept",
    "memory_growth_15_to_150": "growth of a training process from run 15 to run 150",
    "import_s": "`import fer_utils`",
}
_FIGURE = re.compile(r"<!-- (figure ([\w.-]+)) -->")


def filled(text: str, blocks: dict[str, str]) -> str:
    """Put each block between its markers `<!-- name -->` and `<!-- end name -->`.

    Raises:
        OutputError: a marker is missing.
    """
    for name, block in blocks.items():
        pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end {re.escape(name)} -->)", re.DOTALL)
        text, count = pattern.subn(lambda match, block=block: f"{match[1]}{block}\n{match[2]}", text)
        if count != 1:
            raise OutputError(f"README.md needs the markers <!-- {name} --> and <!-- end {name} --> once each.")
    return text


def blocks() -> dict[str, str]:
    """The README's generated parts, from `outputs/yale/`.

    Raises:
        OutputError: a table is missing or damaged, or lacks a model.
    """
    scores = tables.read(DATASET, "scores", models=["classical", "transfer"])
    comparisons = tables.read(DATASET, "comparisons")
    table = comparison.score_table(scores)
    return {
        "found": comparison.in_short(scores, comparisons),
        "results": wording.as_table(table),
        "comparisons": wording.as_table(comparison.comparison_table(comparisons)),
        "overlap": _overlap(),
        "details": comparison.summary(scores, comparisons),
        "bench": wording.as_table(_bench()),
        "original": wording.as_table(original_questions.answers(DATASET).set_index("the original wrote")),
    }


def figure_blocks(text: str) -> dict[str, str]:
    """A picture with its alt text and caption for every marker `<!-- figure NN-slug -->` in a text.

    Raises:
        OutputError: a figure is missing, or its origin is damaged.
    """
    found = {}
    for marker, name in _FIGURE.findall(text):
        picture = paths.outputs(DATASET) / "figures" / f"{name}.png"
        try:
            origin = files.read_checked_json(picture.with_suffix(".json"))
            alt, caption = (" ".join(origin[word].split()) for word in ("alt", "caption"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise OutputError(
                f"{picture.with_suffix('.json')} is missing or damaged: run the notebook again."
            ) from error
        if not picture.is_file():
            raise OutputError(f"{picture} is missing: run the notebook again.")
        alt = alt.replace("[", "(").replace("]", ")")
        found[marker] = f"![{alt}](outputs/{DATASET}/figures/{name}.png)\n\n*{caption}*"
    return found


def is_filled(path: Path = README) -> bool:
    """Whether the README says what the tables hold."""
    old = path.read_text(encoding="utf-8")
    return filled(old, blocks() | figure_blocks(old)) == old


def fill(path: Path = README) -> bool:
    """Fill the README; returns whether that changed it."""
    old = path.read_text(encoding="utf-8")
    new = filled(old, blocks() | figure_blocks(old))
    if new != old:
        files.write(path, new)
    return new != old


def _overlap() -> str:
    """Whether the pretrained network has seen anybody of the data set, and how `transfer` reads the others."""
    data = manifests.data_hash(datasets.checksums(DATASET))
    seen = overlap.seen_in_training(DATASET, data=data, about=pretrained.metadata())
    return comparison.without_seen(tables.read(DATASET, "predictions"), seen)


def _bench() -> pd.DataFrame:
    """What `make bench` measured, in words; what it left out, for want of PyTorch or of the Yale faces, is left out here.

    Raises:
        OutputError: the table is missing or damaged.
    """
    try:
        table = csv_files.read(BENCH, _BENCH).set_index("name")
        table = table.loc[[name for name in _BENCH_WORDS if name in table.index]]
        numbers = table[["value", "low", "high"]].map(lambda value: f"{float(f'{value:.3g}'):,g}")
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"{BENCH} is missing or damaged ({error}): run `make bench`.") from error
    told = [f"{row.value} ({row.low} to {row.high})" for row in numbers.itertuples()]
    columns = {
        "what": [_BENCH_WORDS[name] for name in table.index],
        "median (lowest to highest)": told,
        "unit": table["unit"].to_list(),
    }
    return pd.DataFrame(columns).set_index("what")
