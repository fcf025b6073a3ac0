"""`fer predict`: the expressions of the faces in ordinary photos."""

import sys
from pathlib import Path

import click

from fer_utils.common.errors import ParameterError


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO_OR_FOLDER...")
@click.option(
    "--model",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    show_default="the pretrained network",
    help="A file of fer train.",
)
@click.option(
    "--prior",
    default="training",
    show_default=True,
    type=click.Choice(["training", "uniform"]),
    help="How frequent expressions are taken to be: as among FER+'s training faces, or all alike.",
)
@click.option(
    "--neutral",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PHOTO",
    help="A photo of the one person whom all photos show, with a neutral face.",
)
@click.option("--recursive", is_flag=True, help="Look into the subfolders of folders too.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line on standard output, nothing else.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table of comma-separated values, nothing else.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="outputs/predictions",
    help="Folder for the annotated pictures.",
)
@click.option("--no-pictures", is_flag=True, help="Write no annotated pictures, which saves time with many photos.")
def predict(
    photos: tuple[str, ...],
    model: Path | None,
    prior: str,
    neutral: Path | None,
    recursive: bool,
    as_json: bool,
    as_csv: bool,
    out: Path | None,
    no_pictures: bool,
) -> None:
    """Find every face in ordinary photos and say what it expresses.

    Takes JPEG, PNG, TIFF, WebP, GIF and more, of any size and colour, turned as their EXIF flag says; HEIC where the package
    pillow-heif is installed; of a folder, the photos directly in it, or with --recursive those below it too. The network was
    pretrained on FER+ and knows eight expressions; the percentages are calibrated on FER+'s validation faces, so that a face
    with 80 % is right about eight times in ten on such faces. --model FILE asks a model of one's own faces (fer train), which
    knows their expressions; the first lines say which, and how well its recipe did on people left out.

    The percentages of the pretrained network assume that expressions are as frequent as among FER+'s faces, where disgust, fear and
    contempt are rare. --prior uniform takes all for equally frequent: it names the rare ones more often, rightly where they are not
    rare. --neutral PHOTO is for photos of one person: what the network makes of the face at rest is taken off, which makes the
    percentages better and seldom changes the answer (benchmarks/priors.csv and neutral_photo.csv).
    An annotated copy of each photo with a face goes to outputs/predictions/<photo>.png; no photo is written to.

    \b
    With --json, one line a face, coordinates in pixels of the upright photo:
      {"file", "model", "face", "box": [x, y, width, height], "left_eye": [x, y], "right_eye": [x, y],
       "confidence", "expression", "probabilities": {...}}
    A photo without a face gives {"file", "model", "note"}, one that cannot be used {"file", "model", "error"}.
    With --csv, a row for each of these lines, with a column p_<expression> for each probability.

    The exit status is 1 where a photo or folder could not be used (the others are done all the same); no face is no failure.

    \b
    Examples:
      fer predict party.jpg                    a table, and outputs/predictions/party.png
      fer predict holiday/ --no-pictures       a folder, the table alone
      fer predict *.jpg --json > faces.jsonl   for another program
      fer predict archive/ --recursive --csv --no-pictures > faces.csv
      fer predict --model mine.keras party.jpg by a model of one's own faces
      fer predict --prior uniform faces/       where disgust and fear are as frequent as smiles
      fer predict --neutral me.jpg selfies/    photos of one person
    """  # noqa: D301  (see cli.main)
    from fer_utils.photos import command
    from fer_utils.photos.network import Asked

    if as_json and as_csv:
        raise ParameterError("--json and --csv cannot both be printed: choose one.")
    form = "json" if as_json else "csv" if as_csv else "table"
    asked = Asked(model, prior, neutral)
    if not command.run(photos, form=form, out=out, pictures=not no_pictures, asked=asked, recursive=recursive):
        sys.exit(1)
