"""`python -m benchmarks.precision`: whether training in bfloat16 finds the same as in float32.

Trains models of the Yale faces under `loso` in both precisions, with the same random seeds, on this machine alone: published
records are left aside. What is trained is kept (outputs/yale/runs), so a stopped call goes on, and other models can be added
later. Writes benchmarks/precision.csv (name, value, low, high, unit) and benchmarks/precision.png, the loss curves side by side.

The difference's interval resamples people and seeds. Two sets of seeds would differ with one precision too: `_between_seeds` is the standard deviation of one seed's accuracy in float32, and `_noise_of_difference` what it comes to
for the difference of two means of so many seeds.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from fer_utils.common import cache, files, progress
from fer_utils.data import cleaning
from fer_utils.engine.recipe import PRECISIONS
from fer_utils.engine.record import Record
from fer_utils.evaluation import intervals
from fer_utils.experiments.experiment import Experiment
from fer_utils.experiments.recipes import MODELS, recipe_for
from fer_utils.experiments.run import Run

HERE = Path(__file__).resolve().parent
TABLE, PICTURE = HERE / "precision.csv", HERE / "precision.png"
STUDIED = ("baseline", "baseline-face", "updated-face")
COLUMNS = ("name", "value", "low", "high", "unit")


def runs_of(experiment: Experiment, model: str, precision: str, seeds: int) -> list[Run]:
    """Every fold with every seed, seeds first."""
    recipe = recipe_for(model, protocol="loso", budget="standard", precision=precision)
    return [
        Run(model, "loso", fold, seed, recipe, keep_weights=False, input=MODELS[model].input)
        for seed in range(1, seeds + 1)
        for fold in experiment.folds("loso")
    ]


def right(experiment: Experiment, runs: Sequence[Run], records: Sequence[Record], seeds: int) -> np.ndarray:
    """Right images, (people, seeds)."""
    counts = [
        int((record.probabilities.argmax(axis=1) == experiment.fold(run).test_labels).sum())
        for run, record in zip(runs, records, strict=True)
    ]
    return np.array(counts).reshape(seeds, -1).T.astype(float)


def rows(model: str, hits: dict[str, np.ndarray], counts: np.ndarray) -> list[tuple]:
    """What the table says of a model."""
    seeds = hits["float32"].shape[1]
    found: list[tuple] = [(f"{model}_seeds", seeds, seeds, seeds, "of each precision")]
    for precision in PRECISIONS:
        accuracy = hits[precision].sum(axis=0) / counts.sum()
        found.append((f"{model}_{precision}", accuracy.mean(), accuracy.min(), accuracy.max(), "accuracy"))
    difference = intervals.difference_interval(hits["bfloat16"], hits["float32"], counts)
    found.append((f"{model}_difference", difference.value, difference.low, difference.high, "accuracy"))
    deviation = (hits["float32"].sum(axis=0) / counts.sum()).std(ddof=1)
    found.append((f"{model}_between_seeds", deviation, deviation, deviation, "accuracy"))
    noise = deviation * np.sqrt(2 / seeds)
    return [*found, (f"{model}_noise_of_difference", noise, noise, noise, "accuracy")]


def draw(curves: dict[tuple[str, str], np.ndarray]) -> bytes:
    """Cross-entropy on the test people over epochs, mean and standard deviation over folds and seeds, as PNG."""
    import io

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from fer_utils.drawing import charts

    charts.use_style()
    models = list(dict.fromkeys(model for model, _ in curves))
    figure, axes = plt.subplots(1, len(models), figsize=(4 * len(models), 3.2), squeeze=False)
    for ax, model in zip(axes[0], models, strict=True):
        lines = {precision: curves[model, precision] for precision in PRECISIONS}
        charts.learning_curves(lines, ylabel="cross-entropy on people left out (nats)", ax=ax)
        ax.set_title(model)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


@click.command(help=__doc__)
@click.option("--model", "models", multiple=True, default=STUDIED, show_default=True, type=click.Choice(STUDIED))
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(min=2), help="Of each precision.")
@click.option("--jobs", default=0, show_default="as many as cores", type=click.IntRange(min=0))
def main(models: tuple[str, ...], seeds: int, jobs: int) -> None:
    """See the module."""
    os.environ[cache.FRESH] = "1"
    experiment = Experiment(*cleaning.load_clean("yale"), budget="standard", jobs=jobs)
    counts = np.array([len(test) for _, test in experiment.folds("loso").values()], dtype=float)
    table = pd.read_csv(TABLE) if TABLE.is_file() else pd.DataFrame(columns=list(COLUMNS))
    curves: dict[tuple[str, str], np.ndarray] = {}
    for model in models:
        hits = {}
        for precision in PRECISIONS:
            progress.say(f"{model} in {precision}, {seeds} seeds")
            runs = runs_of(experiment, model, precision, seeds)
            records = experiment.records(runs)
            hits[precision] = right(experiment, runs, records, seeds)
            curves[model, precision] = np.stack([each.curves["validation_cross_entropy"] for each in records])
        fresh = pd.DataFrame(rows(model, hits, counts), columns=list(COLUMNS))
        others = table[~table["name"].str.startswith(f"{model}_")]
        table = pd.concat([others, fresh]) if len(others) else fresh
        files.write(TABLE, table.round(6).to_csv(index=False))
        progress.say(fresh.to_string(index=False))
    files.write(PICTURE, draw(curves))


if __name__ == "__main__":
    main()
