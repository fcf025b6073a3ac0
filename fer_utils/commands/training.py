"""`fer train`: a model of one's own faces as one file."""

from pathlib import Path

import click

from fer_utils.commands import options
from fer_utils.common.errors import ParameterError, printable


@click.command()
@click.option(
    "--dataset",
    default="sample",
    show_default=True,
    help="sample, yale, or the path of a folder of faces. All of its people are learned from.",
)
@click.option(
    "--model",
    default="transfer",
    show_default=True,
    metavar="NAME",
    help="transfer, or a network that is trained from fresh weights: baseline-face, updated-face, baseline, updated.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    show_default="outputs/<dataset>/models/<model>.keras",
    help="The file to write, FILE.keras.",
)
@click.option(
    "--budget",
    type=click.Choice(["quick", "standard"]),
    show_default="that of outputs/<dataset>/scores.csv, else quick",
    help="How long a network trains; transfer needs no budget.",
)
@options.precision
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Of a network's chance.")
@options.layout
@click.option(
    "-p",
    "--parameter",
    "extra",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="How the folder is read, as in fer run: subject_pattern, unreadable, last_frames, random_split.",
)
def train(
    dataset: str,
    model: str,
    output: Path | None,
    budget: str | None,
    precision: str,
    seed: int,
    layout: str,
    extra: tuple[tuple[str, str], ...],
) -> None:
    """Train a model on ALL people of a data set, to be taken home as one file.

    The recipe is exactly the one whose accuracy on people left out `fer run` measures (notebook 05 for transfer, 03 for the
    others). Nobody is left out here, so that nothing is left to measure it on: run the notebooks first, and the file's card
    says what the recipe reached there. transfer takes seconds, and wins on small data sets.

    \b
    FILE.keras holds the network and its card (classes, inputs, temperature, accuracy, data, versions):
      fer predict --model FILE.keras photo.jpg      asks it
      unzip -p FILE.keras card.json                 shows the card
    It is a file of Keras, without pickle or code of its own. From Python, one import before loading it:
      import fer_utils.export.layers, keras
      model = keras.models.load_model("FILE.keras")
      model({"face": ..., "near": ..., "fine": ...})     greys 0 to 255, (images, side, side), as the card says
    The result is float32 (images, classes): calibrated probabilities, in the order of the card's classes.

    \b
    Examples:
      fer train --dataset path/to/faces             transfer on one's own faces
      fer train --dataset yale --output yale.keras
      fer train --dataset path/to/faces --model updated-face --budget standard
      fer train --dataset path/to/faces -p unreadable skip
    """  # noqa: D301  (see cli.main)
    from fer_utils.common import files, keras_setup, paths
    from fer_utils.data import cleaning, datasets, own_folders
    from fer_utils.experiments import recipes
    from fer_utils.export import measured, training

    keras_setup.name()
    training.require(model)
    (whole,) = datasets.resolved([dataset])
    reading = _reading(extra, layout)
    name = paths.dataset_name(whole)
    target = _target(output, paths.outputs(name) / "models" / f"{model}.keras")
    datasets.folder_of(whole)  # what is not there is said before anything is written
    if whole not in datasets.NAMED:
        own_folders.claim(whole)
    files.require_writable(target.parent)
    data, manifest = cleaning.load_clean(whole, **reading)
    if data.read_as:
        click.echo(printable(data.read_as))
    job = training.Job(
        model,
        data,
        manifest,
        budget=budget or measured.budget(name) or "quick",
        precision=recipes.resolved_precision(precision),
        seed=seed,
        reading=reading,
    )
    click.echo(printable(job.plan()))
    trained = training.train(job)
    training.write(target, trained)
    click.echo(printable("\n".join(trained.card.lines())))
    click.echo(printable(f"written: {target} ({target.stat().st_size / 1e6:.1f} MB)"))


def _reading(extra: tuple[tuple[str, str], ...], layout: str) -> dict[str, object]:
    from fer_utils.common import parameters
    from fer_utils.data import datasets, layouts

    found = dict(datasets.load.__kwdefaults__)
    for name, text in (*extra, *([("layout", layout)] if layout else [])):
        if name not in found:
            raise ParameterError(f"fer train has no parameter {name!r}: known are {', '.join(sorted(found))}.")
        found[name] = parameters.from_text(name, text, type(found[name]).__name__)
    layouts.require(str(found["layout"]))
    return found


def _target(output: Path | None, usual: Path) -> Path:
    from fer_utils.common import paths

    target = paths.given(output) if output else usual
    if target.suffix != ".keras":
        raise ParameterError(
            f"{target}: Keras reads files of the name FILE.keras alone. Give --output {target.stem}.keras"
        )
    if target.resolve().is_relative_to(paths.PROJECT / "data"):
        raise ParameterError(f"{target}: data/ is for what is read. Give --output another folder.")
    return target
