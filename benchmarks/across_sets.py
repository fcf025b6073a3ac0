"""`python -m benchmarks.across_sets --ck PATH`: a data set that shaped nothing, once by each recipe, and across data sets.

`transfer` and `classical` as they are now, which `tasks/recipe.py` hashes, on CK+ by `10-fold` of people; then learned from Yale
alone and asked about CK+, and the other way round, on the expressions that both show. Writes benchmarks/across_sets.csv, its origin
.json (what each recipe consisted of, the data, the versions) and two charts without a face. A recipe has its rows once:
a second call with the same recipe refuses, one with a changed recipe adds rows and keeps those of before, so that the table lists
every look at CK+ that was taken this way.

What "shaped nothing" can mean here. No setting was fitted to CK+, and no list was drawn up from its answers, but CK+ was looked at
before the recipes were frozen: a development trial of heads like those of `transfer` had read about 97 %, a run of all notebooks had
gone over it, and `benchmarks/classical_heads.csv` compares two kinds of heads for `classical` on Yale and on CK+ (ridge heads were
written first, and kept after that comparison). So nothing was chosen by CK+ alone, and CK+ is not blind. Yale shaped `transfer` and
`classical` more: notebook 05 says how.
"""

import datetime
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from fer_utils.common import code_hash, csv_files, files, progress
from fer_utils.common.errors import OutputError
from fer_utils.data import cleaning
from fer_utils.drawing import charts as look
from fer_utils.drawing.chart import Chart
from fer_utils.evaluation import scores as scoring
from fer_utils.experiments import identity
from fer_utils.experiments.experiment import Experiment
from fer_utils.tasks import across, charts, recipe
from fer_utils.tasks.across import Faces
from fer_utils.transfer import classical, overlap, pretrained, small_set

HERE = Path(__file__).resolve().parent
TABLE = HERE / "across_sets.csv"
_TEXT = ("recipe", "date", "model", "learned_on", "tested_on", "protocol", "people", "metric", "truth", "predicted")
COLUMNS = (*_TEXT, "value", "low", "high", "n")
SCHEMA = csv_files.schema(COLUMNS, text=_TEXT)
ALL, UNSEEN = "all", "without those in the pretraining"
_METRICS = ("accuracy", "macro_f1", "log_loss", "calibration_error", "confidence_gap", "chance")
_LEARNERS = {
    recipe.TRANSFER: across.TRANSFER,
    recipe.CLASSICAL: across.Learner(
        classical.MODEL, lambda faces, positions, jobs: classical.seen(faces.dataset, positions, jobs), classical.PLACES
    ),
}
_RUNS = {recipe.CLASSICAL: classical.run, recipe.TRANSFER: small_set.run}


def rows(predictions: pd.DataFrame, *, seen: Sequence[str], **words: str) -> pd.DataFrame:
    """Scores and confusion of one model on one set.

    Args:
        predictions: rows as in `predictions.csv`.
        seen: people of whom an image is in the pretraining.
        words: the columns that say what was tested.
    """
    found = []
    for people, chosen in ((ALL, predictions), (UNSEEN, predictions[~predictions["subject"].isin(seen)])):
        if people == UNSEEN and len(chosen) in (0, len(predictions)):
            continue
        for row in scoring.scores(chosen).itertuples():
            metric, truth = row.metric, ""
            if metric.startswith("recall_"):
                metric, truth = "recall", metric.removeprefix("recall_")
            if metric in (*_METRICS, "recall"):
                found.append((people, metric, truth, "", row.value, row.low, row.high, row.n))
    classes = sorted(set(predictions["truth"]) | set(predictions["predicted"]))
    counts = scoring.confusion(predictions["truth"], predictions["predicted"], classes)
    for (row, column), count in np.ndenumerate(counts):
        found.append((ALL, "images", classes[row], classes[column], count, np.nan, np.nan, counts[row].sum()))
    names = ["people", "metric", "truth", "predicted", "value", "low", "high", "n"]
    return pd.DataFrame(found, columns=names).assign(**words)[list(COLUMNS)]


def seen(faces: Faces) -> list[str]:
    """People of a set of whom an image is in the pretraining, as far as `fer overlap` has looked.

    Raises:
        OutputError: it has not.
    """
    data = faces.dataset
    table = overlap.seen_in_training(data.name, data=data.data_hash, about=pretrained.metadata())
    if table is None:
        raise OutputError(f"{data.name}: nobody has looked for it in the pretraining. Call fer overlap first.")
    return sorted(set(table["subject"]))


def measure(yale: Faces, ck: Faces, model: str, *, jobs: int) -> pd.DataFrame:
    """All rows of one recipe."""
    words = {"recipe": recipe.digest(model), "date": datetime.date.today().isoformat(), "model": model}
    experiment = Experiment(ck.dataset, ck.manifest, budget="quick", protocol="10-fold", jobs=jobs)
    inside = _RUNS[model](experiment).predictions(ck.dataset)
    names = {"learned_on": ck.dataset.name, "tested_on": ck.dataset.name, "protocol": experiment.protocol}
    pretraining = model == recipe.TRANSFER
    found = [rows(inside, seen=seen(ck) if pretraining else (), **words, **names)]
    for source, target in ((yale, ck), (ck, yale)):
        answers = across.run(source, target, learner=_LEARNERS[model], jobs=jobs)
        names = {"learned_on": source.dataset.name, "tested_on": target.dataset.name, "protocol": across.PROTOCOL}
        found.append(rows(answers, seen=seen(target) if pretraining else (), **words, **names))
    return pd.concat(found, ignore_index=True)


def drawn(table: pd.DataFrame) -> dict[str, Chart]:
    """Name to chart, of the newest recipe of each model."""
    newest = table.groupby("model")["recipe"].transform("last")
    now = table[table["recipe"] == newest]
    order = ["model", "learned_on", "tested_on", "protocol"]
    accuracy = now[(now["metric"] == "accuracy") & (now["people"] == ALL)]
    lines = [
        f"{row.tested_on}, {row.protocol} of people (n = {row.n:.0f})"
        if row.learned_on == row.tested_on
        else f"learned from {row.learned_on}, asked about {row.tested_on} (n = {row.n:.0f})"
        for row in accuracy.itertuples()
    ]
    tables = {}
    for (model, learned, tested, _), group in now[now["metric"] == "images"].groupby(order, sort=False):
        names = sorted(set(group["truth"]))
        counts = group.pivot(index="truth", columns="predicted", values="value").loc[names, names].to_numpy()
        tables.setdefault(model, {})[f"{model}: {learned} to {tested}"] = (names, counts)
    forest = charts.shares(accuracy.assign(row=lines), lead="Recipes that were frozen before")
    every = {"across_sets": forest}
    for model, own in tables.items():
        every[f"across_sets_{model}"] = charts.confusions(own)
    return every


def write(table: pd.DataFrame, *, about: dict) -> None:
    """The table, its origin, and the charts."""
    files.write(TABLE, csv_files.text(table, SCHEMA, decimals=6))
    every = drawn(table)
    captions = {f"{name}.png": {"caption": each.caption, "alt": each.alt} for name, each in every.items()}
    files.write_checked_json(TABLE.with_suffix(".json"), about | {"charts": captions})
    for name, each in every.items():
        files.write(HERE / f"{name}.png", picture(each))


def picture(chart: Chart) -> bytes:
    """A chart as PNG, the same bytes for the same chart."""
    import io

    buffer = io.BytesIO()
    chart.figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


@click.command(help=__doc__)
@click.option("--ck", default="", metavar="PATH", help="CK+ at 48x48 pixels, a folder for each expression.")
@click.option("--jobs", default=0, show_default="as many as cores", type=click.IntRange(min=0))
@click.option("--hash", "only_hash", is_flag=True, help="Run nothing; print the recipes' hashes and which have rows.")
@click.option("--draw", "only_draw", is_flag=True, help="Run nothing; draw the charts of the table again.")
def main(ck: str, jobs: int, only_hash: bool, only_draw: bool) -> None:
    """See the module."""
    import matplotlib

    matplotlib.use("Agg")
    look.use_style()
    table = csv_files.read(TABLE, SCHEMA) if TABLE.is_file() else pd.DataFrame(columns=list(COLUMNS))
    open_models = [model for model in recipe.MODULES if recipe.digest(model) not in set(table["recipe"])]
    if only_hash:
        for model in recipe.MODULES:
            there = "no rows yet" if model in open_models else "in the table"
            click.echo(f"{model} {recipe.digest(model)} {there}")
        return
    if only_draw:
        write(table, about=files.read_checked_json(TABLE.with_suffix(".json")))
        return
    if not open_models:
        raise SystemExit(f"{TABLE.name} has the rows of both recipes already: each is run once.")
    if not ck:
        raise click.UsageError("--ck PATH is needed.")
    yale, other = (Faces(*cleaning.load_clean(name)) for name in ("yale", ck))
    about = files.read_checked_json(TABLE.with_suffix(".json")) if len(table) else {"recipes": {}}
    here = identity.here()
    for model in open_models:
        progress.say(f"{model}, recipe {recipe.digest(model)[:12]}")
        fresh = measure(yale, other, model, jobs=jobs)
        table = pd.concat([table, fresh]) if len(table) else fresh
        about["recipes"][recipe.digest(model)] = {
            "model": model,
            "parts": recipe.parts(model),
            "code of fer_utils": code_hash.of_folder(code_hash.PACKAGE),
            "data": {each.dataset.name: each.dataset.data_hash for each in (yale, other)},
            "expressions": {
                usual: [*one, *two]
                for usual, (one, two) in across.shared(yale.dataset.class_names, other.dataset.class_names).items()
            },
            "versions": here["versions"],
            "processor": here["processor"],
        }
        write(table, about=about)
    accuracy = table[(table["metric"] == "accuracy") & (table["people"] == ALL)]
    progress.say(accuracy[["model", "learned_on", "tested_on", "value", "low", "high", "n"]].to_string(index=False))


if __name__ == "__main__":
    main()
