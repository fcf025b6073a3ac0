"""What a whole run would train: networks, updates, minutes."""

import math

import pandas as pd

from fer_utils.data.datasets import FaceDataset
from fer_utils.experiments import workers
from fer_utils.experiments.experiment import Experiment
from fer_utils.studies import pitfalls, tweaks


def of_dataset(dataset: FaceDataset, *, budget: str, jobs: int = 0, protocol: str = "") -> pd.DataFrame:
    """What the notebooks would train if nothing were kept and every image that shows an expression could be used.

    Nothing is decoded, detected or trained.

    Returns:
        A row per notebook that trains, and their sum: `networks, updates, minutes` on so many processes, roughly.
    """
    assumed = pd.DataFrame({"image": dataset.file_names, "kept": dataset.labels >= 0})
    experiment = Experiment(dataset, assumed, budget=budget, jobs=jobs, protocol=protocol)
    nothing = pd.DataFrame()
    wanted = {
        "03 model comparison": [*experiment.plan("original-split"), *experiment.plan(experiment.protocol)],
        "07 tweaks": [run for trial in tweaks.trials(experiment, tweaks.TABLE) for run in trial.runs],
        "08 measurement": pitfalls.Study(experiment, nothing, nothing).runs,
    }
    seen, rows = set(), {}
    for name, runs in wanted.items():
        fresh = [run for run in dict.fromkeys(runs) if run not in seen]
        seen |= set(fresh)
        updates, work = 0, 0.0
        for run in fresh:
            images = len(experiment.folds(run.protocol)[run.fold][0])
            updates += run.recipe.epochs * math.ceil(images / run.recipe.batch_size)
            work += run.recipe.epochs * workers.cost(run.recipe, images=images, pixels=run.side**2)
        rows[name] = {"networks": len(fresh), "updates": updates, "minutes": workers.minutes(work, jobs=jobs)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.loc["all"] = table.sum()
    return table.astype({"networks": int, "updates": int})


def in_words(dataset: FaceDataset, table: pd.DataFrame, *, budget: str) -> str:
    """The plan as text for a terminal."""
    shown = table.assign(minutes=table["minutes"].map(_duration)).rename(columns={"minutes": "about"})
    people = len(set(dataset.subjects[dataset.labels >= 0]))
    return (
        f"{dataset.title}: {(dataset.labels >= 0).sum()} images of {people} people, budget {budget}. If nothing is kept:\n"
        f"{shown.to_string()}\n"
        "Published and kept records are not trained again. Reading, aligning and drawing come on top."
    )


def _duration(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
