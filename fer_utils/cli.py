"""The `fer` command."""

import ast
import os
import sys
from pathlib import Path

import click

from fer_utils import __version__
from fer_utils.errors import FerError, OutputError


class _Group(click.Group):
    """Shows a clear message instead of a traceback for errors that the user can put right."""

    def invoke(self, context: click.Context):
        try:
            return super().invoke(context)
        except FerError as error:
            click.echo(f"fer: {error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("fer: stopped; finished runs are kept, the next call goes on from here", err=True)
            sys.exit(130)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    r"""Small-data facial expression recognition: run the notebooks, keep every figure.

    Results go to outputs/<dataset>/ in the project, or below FER_OUTPUT_DIR where that is set.
    The Yale faces are read from $FER_DATA_DIR/yalefaces or data/raw/yalefaces, else downloaded.

    \b
    Examples:
      fer run                                  all notebooks on the default data set
      fer run --dataset yale --budget standard the full experiment on the Yale faces
      fer run 03 04 -p jobs 1                  two notebooks, training on one core
      fer run --dataset path/to/my/faces       a folder of one's own
      fer list                                 notebooks and their parameters
      fer predict photo.jpg                    the expressions of the faces in a photo of one's own
    """


@main.command()
@click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("--dataset", default="sample", show_default=True, help="sample, yale, or the path of a folder of faces.")
@click.option(
    "--budget",
    default="quick",
    show_default=True,
    type=click.Choice(["quick", "standard"]),
    help="How much training: quick takes minutes and says so on every figure, standard is the full experiment.",
)
@click.option(
    "--jobs", default=0, show_default="as many as cores", type=click.IntRange(min=0), help="Processes to train with."
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    show_default="the environment's DASK_SCHEDULER_ADDRESS",
    help="Train on the workers of this Dask scheduler, such as tcp://host:8786, and not on this machine.",
)
@click.option(
    "-p", "--parameter", "extra", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a notebook's parameter."
)
def run(
    names: tuple[str, ...],
    dataset: str,
    budget: str,
    jobs: int,
    scheduler: str | None,
    extra: tuple[tuple[str, str], ...],
) -> None:
    """Execute notebooks in order, without a browser; all of them unless some are named (by number or name).

    Runs kept from before are used again, so a second call takes seconds, and a stopped one goes on.
    """
    from fer_utils import batch, datasets

    demanded = {name: _value(text) for name, text in extra}
    chosen = batch.notebooks(names)
    if dataset not in datasets.NAMED:
        dataset = str(Path(dataset).expanduser().absolute())
    reading = {name: demanded[name] for name in ("subject_pattern", "unreadable") if name in demanded}
    datasets.load(dataset, **reading)  # a bad file or name is told here, before anything runs
    if scheduler is not None:
        # Told to the notebooks' kernels this way, it stays out of the executed copies: they are the same from anywhere.
        os.environ["DASK_SCHEDULER_ADDRESS"] = scheduler
    batch.run(chosen, dataset=dataset, settings={"budget": budget, "jobs": jobs}, demanded=demanded)


@main.command("list")
def list_notebooks() -> None:
    """Show the notebooks and the parameters of each."""
    from fer_utils import batch

    for path in batch.notebooks():
        click.echo(path.stem)
        for name, comment in batch.known_parameters(path).items():
            click.echo(f"    {name:<18} {comment}")


@main.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO_OR_FOLDER...")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line on standard output, nothing else.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="outputs/predictions",
    help="Folder for the annotated pictures.",
)
@click.option("--no-pictures", is_flag=True, help="Write no annotated pictures, which saves time with many photos.")
def predict(photos: tuple[str, ...], as_json: bool, out: Path | None, no_pictures: bool) -> None:
    r"""Find every face in ordinary photos and say what it expresses.

    Takes JPEG, PNG, TIFF, WebP, GIF and more, of any size and colour, turned as their EXIF flag says; of a folder, the
    photos directly in it. The network was pretrained on FER+ and knows eight expressions; the percentages are
    calibrated on FER+'s validation faces, so that a face with 80 % is right about eight times in ten on such faces.
    An annotated copy of each photo with a face goes to outputs/predictions/<photo>.png; no photo is written to.

    \b
    With --json, one line a face, coordinates in pixels of the upright photo:
      {"file", "face", "box": [x, y, width, height], "left_eye": [x, y], "right_eye": [x, y],
       "confidence", "expression", "probabilities": {...}}
    A photo without a face gives {"file", "note"}, one that cannot be used {"file", "error"}.

    The exit status is 1 where a photo could not be used (the others are done all the same); no face is no failure.

    \b
    Examples:
      fer predict party.jpg                    a table, and outputs/predictions/party.png
      fer predict holiday/ --no-pictures       a folder, the table alone
      fer predict *.jpg --json > faces.jsonl   for another program
    """
    from fer_utils import prediction_report

    if not prediction_report.run(photos, as_json=as_json, out=out, pictures=not no_pictures):
        sys.exit(1)


@main.command()
def pretrain() -> None:
    """Train the backbone on FER+ and write weights/, its model card too; some one to two hours on two cores.

    FER+ is read from ferplus/ or ferplus.tar in $FER_DATA_DIR or data/raw (data/README.md tells where it comes from).
    The weights in the repository were made this way: call this only to make them anew. A stopped call goes on from the
    last whole epoch.
    """
    from fer_utils import ferplus, model_card, pretraining

    data, recipe = ferplus.load(), pretraining.PretrainingRecipe()
    model, curves = pretraining.run(data, recipe)
    found = model_card.ship(model, curves, recipe=recipe, data=data)["scores"]["accuracy"]
    click.echo(
        f"weights/ written: {found['value']:.1%} of {found['n']} validation faces ({found['low']:.1%} to {found['high']:.1%})"
    )


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if the README is not up to date.")
def readme(check: bool) -> None:
    """Fill the README's tables from outputs/yale/ (its committed standard results)."""
    from fer_utils import readme as page

    if check and not page.is_filled():
        raise OutputError("README.md does not say what outputs/yale/ holds: run `fer readme`.")
    if not check:
        click.echo("README.md filled" if page.fill() else "README.md is up to date")


def _value(text: str) -> object:
    """A parameter's value as a Python literal where it is one, else as text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
