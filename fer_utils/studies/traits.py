"""Accuracy on people with a trait, such as a beard, against that on the others."""

from collections.abc import Mapping

import pandas as pd

from fer_utils.evaluation import groups


def compare(accuracies: Mapping[str, pd.Series], have: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on people with a trait against that on the others.

    People cannot be given a beard for an experiment: those who have a trait may differ in more than it. Intervals and p are
    those of `groups.between_groups`; q is p after Benjamini and Hochberg's correction over traits and models.

    Args:
        accuracies: model to accuracy by subject.
        have: from `people.traits`.

    Returns:
        Columns `model, trait, having, others, difference, low, high, p, q, n_having, n_others`; empty where no trait is left.
    """
    from scipy.stats import false_discovery_control

    rows = []
    for model, accuracy in accuracies.items():
        for trait in have:
            member = have[trait].reindex(accuracy.index).to_numpy(dtype=bool)
            values = accuracy.to_numpy(dtype=float)
            found, p_value = groups.between_groups(values, member, limit=1)
            row = {"model": model, "trait": trait, "having": values[member].mean(), "others": values[~member].mean()}
            row |= {"difference": found.value, "low": found.low, "high": found.high, "p": p_value}
            rows.append(row | {"n_having": int(member.sum()), "n_others": int((~member).sum())})
    table = pd.DataFrame(rows)
    return table.assign(q=false_discovery_control(table["p"])) if len(table) else table


def subject_accuracy(predictions: pd.DataFrame) -> pd.Series:
    """Accuracy by subject, over all seeds.

    Args:
        predictions: rows of predictions.csv of one model on people left out.
    """
    right = predictions["truth"] == predictions["predicted"]
    return right.groupby(predictions["subject"].to_numpy()).mean()
