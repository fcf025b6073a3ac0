"""Options that several commands have."""

import click

datasets = click.option(
    "--dataset",
    "chosen_datasets",
    multiple=True,
    default=["sample"],
    show_default=True,
    help="sample, yale, or the path of a folder of faces; may be given several times.",
)

jobs = click.option(
    "--jobs", default=0, show_default="as many as cores", type=click.IntRange(min=0), help="Processes to train with."
)
