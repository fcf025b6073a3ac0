"""The `fer` command."""

import os
import sys

import click

from fer_utils import __version__
from fer_utils.commands import across, inspection, maintenance, options, prediction, training
from fer_utils.common.errors import FerError, OutputError, printable


class _Group(click.Group):
    """Shows a clear message instead of a traceback for errors that the user can put right."""

    def invoke(self, context: click.Context):
        from fer_utils.common import surroundings

        try:
            surroundings.settle()
            return super().invoke(context)
        except FerError as error:
            click.echo(f"fer: {error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("fer: stopped; finished runs are kept, and the next call resumes from here", err=True)
            sys.exit(130)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Small-data facial expression recognition: run the notebooks, keep every figure.

    Results go to outputs/<dataset>/ in the project, or below FER_OUTPUT_DIR where that is set.
    The Yale faces are read from $FER_DATA_DIR/yalefaces or data/raw/yalefaces, else downloaded.

    \b
    Examples:
      fer run                                  all notebooks on the default data set
      fer run --dataset yale --budget standard the full experiment on the Yale faces
      fer run 03 04 -p jobs 1                  two notebooks, training on one core
      fer inspect path/to/my/faces             what would be read of a folder of one's own
      fer run --dataset path/to/my/faces       the notebooks on it
      fer run --dataset a --dataset b --html   several data sets, and a report over all of them
      fer report --dataset yale --pdf          a report from notebooks that have run
      fer check                                are the committed figures, tables and numbers up to date?
      fer list                                 notebooks and their parameters
      fer predict photo.jpg                    the expressions of the faces in a photo of one's own
      fer train --dataset path/to/my/faces     a model of them as one file, for fer predict --model FILE
      fer across yale path/to/my/faces         learned from one data set, asked about another
    """  # noqa: D301  (for click, a backspace keeps the lines of a paragraph; a raw text has none)


@main.command()
@click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
@options.datasets
@click.option(
    "--budget",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "quick", "standard"]),
    help="How much training: quick takes minutes and says so on every figure, standard is the full experiment. auto is "
    "standard where its results are published with the data set (records.zip and kept.zip), else quick.",
)
@options.jobs
@options.precision
@options.layout
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    show_default="the environment's DASK_SCHEDULER_ADDRESS",
    help="Train on the workers of this Dask scheduler, such as tcp://host:8786, and not on this machine.",
)
@click.option(
    "-p", "--parameter", "extra", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a notebook's parameter."
)
@click.option("--html", is_flag=True, help="Make a report in the end, as `fer report` does, also if a notebook fails.")
@click.option(
    "--plan", "only_plan", is_flag=True, help="Run nothing; say how many networks it would train, and how long."
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Train here what is published in records.zip too; what this machine has trained is kept.",
)
def run(
    names: tuple[str, ...],
    chosen_datasets: tuple[str, ...],
    budget: str,
    jobs: int,
    precision: str,
    layout: str,
    scheduler: str | None,
    extra: tuple[tuple[str, str], ...],
    html: bool,
    only_plan: bool,
    fresh: bool,
) -> None:
    """Execute notebooks in order, without a browser; all of them unless some are named (by number or name).

    Published records (records.zip) and runs kept from before are used again, so a second call takes seconds, and a stopped one
    resumes. With several data sets, a notebook that fails on one of them does not keep the others from running.
    """
    from fer_utils.common import cache, paths
    from fer_utils.data import datasets
    from fer_utils.experiments import recipes, store
    from fer_utils.publishing import run_notebooks

    chosen = paths.notebooks(names)
    demanded = run_notebooks.demanded(chosen, (*extra, ("layout", layout)) if layout else extra)
    every = datasets.resolved(chosen_datasets)
    reading = {name: demanded[name] for name in datasets.READING if name in demanded}
    if only_plan:
        from fer_utils.studies import plan

        protocol = str(demanded.get("protocol", ""))
        for dataset in every:
            data = datasets.load(dataset, **reading)
            chosen_budget = recipes.resolved_budget(budget, published=store.is_published(dataset))
            table = plan.of_dataset(data, budget=chosen_budget, jobs=jobs, protocol=protocol)
            click.echo(plan.in_words(data, table, budget=chosen_budget))
        return
    possible = {}
    for dataset in every:  # what is bad is named here, before anything runs
        data = datasets.load(dataset, **reading)
        possible[dataset] = run_notebooks.possible(chosen, data, demanded, named=bool(names))
    if scheduler is not None:
        # Told to the notebooks' kernels this way, it stays out of the executed copies: they are the same from anywhere.
        os.environ["DASK_SCHEDULER_ADDRESS"] = scheduler
    if fresh:
        os.environ[cache.FRESH] = "1"
    failures = []
    for dataset in every:
        try:
            chosen_budget = recipes.resolved_budget(budget, published=not fresh and store.is_published(dataset))
            settings = {"budget": chosen_budget, "jobs": jobs, "precision": precision}
            run_notebooks.run(possible[dataset], dataset=dataset, settings=settings, demanded=demanded)
        except run_notebooks.NotebookError as error:
            failures.append(str(error))
    if html:
        _report(every)
    if failures:
        raise run_notebooks.NotebookError("\n".join(failures))


@main.command()
@options.datasets
@click.option("--single-file", is_flag=True, help="Also write <dataset>.html, which contains everything.")
@click.option("--pdf", is_flag=True, help="Also write <dataset>.pdf; needs an installed Chromium or Chrome.")
def report(chosen_datasets: tuple[str, ...], single_file: bool, pdf: bool) -> None:
    """Make a report from notebooks that have run: outputs/<dataset>/report/index.html, to be opened by double click.

    The folder can be sent as it is. Several data sets get an index over all of them, outputs/index.html.
    """
    from fer_utils.data import datasets

    _report(datasets.resolved(chosen_datasets), single_file=single_file, pdf=pdf)


@main.command()
@click.option(
    "--dataset", "chosen_datasets", multiple=True, default=["yale"], show_default=True, metavar="NAME", help="Which."
)
@click.option(
    "--retrain",
    "count",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Also train N of the published records again, each kind of network first, and compare them bit by bit.",
)
@options.jobs
def check(chosen_datasets: tuple[str, ...], count: int, jobs: int) -> None:
    """Say which figures, tables and README numbers are stale, and exit with 1 if any is.

    Compares them with the present code, data and kept runs; README.md and docs with outputs/yale and
    benchmarks. Changes nothing. What is trained again
    (--retrain) must be equal to the last bit where versions and kind of processor are those of the published records; where
    they are not, the differences are shown.
    """
    from fer_utils.data import datasets
    from fer_utils.experiments import retraining
    from fer_utils.publishing import staleness

    every = datasets.resolved(chosen_datasets)
    stale = [line for dataset in every for line in staleness.problems(dataset)]
    stale += staleness.text_problems() if "yale" in every else []
    for dataset in every if count else ():
        compared = retraining.compare(dataset, count, jobs=jobs)
        click.echo(printable("\n".join(each.words for each in compared)))
        stale += [each.words for each in compared if not each.as_promised]
    click.echo(printable("\n".join(stale or ["everything is up to date"])))
    if stale:
        words = "1 result is" if len(stale) == 1 else f"{len(stale)} results are"
        raise OutputError(f"{words} stale. Run the notebooks again, then `fer readme`.")


@main.command("list")
def list_notebooks() -> None:
    """Show the notebooks and the parameters of each."""
    from fer_utils.common import paths
    from fer_utils.publishing import run_notebooks

    for path in paths.notebooks():
        click.echo(path.stem)
        for name, comment in run_notebooks.known_parameters(path).items():
            click.echo(f"    {name:<18} {comment}")


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if a page is not up to date.")
def readme(check: bool) -> None:
    """Fill the numbers of README.md and docs/ from outputs/yale/ (its committed standard results) and benchmarks/."""
    from fer_utils.publishing import readme as pages

    if check and (stale := pages.stale()):
        raise OutputError(f"{', '.join(stale)}: not what the tables say. Run `fer readme`.")
    if not check:
        click.echo("\n".join(f"{page} filled" for page in pages.fill()) or "README.md and docs are up to date")


def _report(every: list[str], **options: bool) -> None:
    from fer_utils.publishing import report as reports

    click.echo(f"report: {reports.build_several(every, **options)}")


for command in (
    inspection.inspect,
    training.train,
    prediction.predict,
    across.across,
    maintenance.pretrain,
    maintenance.overlap,
    maintenance.learn_units,
    maintenance.archive,
):
    main.add_command(command)
