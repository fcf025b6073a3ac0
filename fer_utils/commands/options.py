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

precision = click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "float32", "bfloat16"]),
    help="Numbers to train in. bfloat16 is for processors with AMX; auto is float32.",
)

layout = click.option(
    "--layout",
    default="",
    metavar="NAME",
    show_default="found by looking",
    help="How a folder of one's own is laid out; `fer inspect --help` names the layouts.",
)
