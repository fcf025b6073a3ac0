"""Differences between two models on the same images: the rows of `comparisons.csv`."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from fer_utils.common.errors import ParameterError
from fer_utils.evaluation import significance
from fer_utils.evaluation.intervals import difference_interval

COLUMNS = (
    "model", "reference", "protocol", "difference", "low", "high", "low_90", "high_90", "p", "holm_p", "verdict",
    "within_5_points", "n", "seeds",
)  # fmt: skip
TEXT = ("model", "reference", "protocol", "verdict", "within_5_points", "seeds")


def compare(
    predictions: pd.DataFrame, model: str, reference: str, *, protocol: str, seedless: Collection[str] = ()
) -> pd.DataFrame:
    """One row: the difference in accuracy of two models on the same images.

    The intervals are `difference_interval`'s, over people and seeds, for 95 and for 90 %; p is `significance.sign_flips` over
    people, means over seeds. `holm_p` and `verdict` are of this one comparison alone, see `corrected`.

    Args:
        predictions: columns `model, protocol, seed, subject, image, truth, predicted`, and `training_accuracy` where it is known.
        seedless: models of which nothing is random but a pretraining.

    Raises:
        ParameterError: the two models did not predict the same images.
    """
    chosen = predictions[predictions["protocol"] == protocol]
    groups = {name: chosen[chosen["model"] == name] for name in (model, reference)}
    right = {name: _right(group) for name, group in groups.items()}
    # An image that one seed lacks would otherwise drop out of sums unseen.
    whole = not any(each.isna().any(axis=None) for each in right.values())
    if not whole or not right[model].index.equals(right[reference].index):
        raise ParameterError(f"{model} and {reference} did not predict the same images under {protocol}.")
    of_subjects = {name: each.astype(float).groupby(level="subject") for name, each in right.items()}
    after, before = (of_subjects[name].sum().to_numpy() for name in (model, reference))
    counts = of_subjects[model].size().to_numpy()
    found = difference_interval(after, before, counts)
    narrow = difference_interval(after, before, counts, level=significance.TOST_LEVEL)
    p = float(significance.sign_flips(after.mean(axis=1) - before.mean(axis=1)))
    seeds = {name: each.shape[1] for name, each in right.items()}
    judged = significance.verdict(
        found.low,
        found.high,
        p,
        seeds=min((count for name, count in seeds.items() if name not in seedless), default=2),
        trained=all(trained(group) for group in groups.values()),
    )
    equal = significance.equality(narrow.low, narrow.high, judged)
    row = (
        model, reference, protocol, found.value, found.low, found.high, narrow.low, narrow.high, p, p, str(judged), equal,
        len(right[model]), f"{seeds[model]}/{seeds[reference]}",
    )  # fmt: skip
    return pd.DataFrame([row], columns=list(COLUMNS))


def corrected(compared: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of `compare` as one table, with `holm_p`, corrected for their number by Holm's method, and the verdicts that follow."""
    if not compared:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(compared, ignore_index=True)
    table["holm_p"] = significance.holm(table["p"].to_numpy())
    refused = (significance.Verdict.ONE_SEED, significance.Verdict.UNTRAINED)
    table["verdict"] = [
        row.verdict if row.verdict in refused else str(significance.verdict(row.low, row.high, row.holm_p, seeds=2))
        for row in table.itertuples()
    ]
    return table


def training_accuracy(group: pd.DataFrame) -> float:
    """Mean accuracy of a model's networks on their own training images; not a number where nothing is known of it.

    Args:
        group: predictions of one model under one protocol.
    """
    if "training_accuracy" not in group:
        return float("nan")
    return float(group.groupby(["seed", "fold"])["training_accuracy"].first().round(significance.DECIMALS).mean())


def trained(group: pd.DataFrame) -> bool:
    """Whether a model may be judged: its networks have learned their training images, or it is not known to have such.

    Args:
        group: as for `training_accuracy`.
    """
    reached = training_accuracy(group)
    chance = float(group["truth"].value_counts(normalize=True).max())
    return bool(np.isnan(reached)) or significance.learned(reached, chance)


def _right(group: pd.DataFrame) -> pd.DataFrame:
    found = group.assign(right=group["truth"] == group["predicted"])
    table = found.pivot_table(index=["subject", "image"], columns="seed", values="right", aggfunc="first")
    return table.sort_index()
