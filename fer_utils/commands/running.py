"""What `fer run` says of a plan."""

from collections.abc import Mapping, Sequence

import click


def say_plan(
    chosen_datasets: Sequence[str], reading: Mapping[str, object], *, budget: str, jobs: int, protocol: str
) -> None:
    """Print what a whole run on each data set would train.

    Args:
        reading: options of `datasets.load`.
        protocol: how people are left out, empty for the usual way.
    """
    from fer_utils.data import datasets
    from fer_utils.studies import plan

    for name in chosen_datasets:
        data = datasets.load(name, **reading)
        table = plan.of_dataset(data, budget=budget, jobs=jobs, protocol=protocol)
        click.echo(plan.in_words(data, table, budget=budget))
