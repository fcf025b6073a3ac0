"""Labels that a model's answers speak against: confident learning, and how far to trust it on so few images."""

import numpy as np
import pandas as pd

PLANTED = 0.1  # share of the labels that the check makes wrong
REPEATS = 200
_SEED = 7


def suspects(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Images whose label the out-of-fold answers speak against, most suspect first.

    Confident learning (Northcutt et al. 2021, doi:10.1613/jair.1.12125): an image is suspect where another class is more
    probable than that class usually is for its own images. The answers are those of models that did not learn from the person's images.

    Args:
        predictions: rows of predictions.csv of one model on people left out; probabilities are averaged over seeds.
        classes: names of the columns `p_<class>`, in the order of the labels.

    Returns:
        Columns `image, subject, truth, suggested, probability_of_label, probability_of_suggested`.
    """
    table = _mean_over_seeds(predictions, classes)
    probabilities = table[[f"p_{name}" for name in classes]].to_numpy(dtype=float)
    labels = np.array([classes.index(name) for name in table["truth"]])
    order = _issues(labels, probabilities)
    chosen = table.iloc[order]
    best = probabilities[order].argmax(axis=1)
    return pd.DataFrame(
        {
            "image": chosen["image"].to_numpy(),
            "subject": chosen["subject"].to_numpy(),
            "truth": chosen["truth"].to_numpy(),
            "suggested": np.array(classes)[best],
            "probability_of_label": probabilities[order, labels[order]],
            "probability_of_suggested": probabilities[order].max(axis=1),
        }
    )


def to_show(suspects: pd.DataFrame) -> pd.DataFrame:
    """The same rows, the most suspect of each person and expression before all others: images of one sequence look the same."""
    return suspects.iloc[suspects.duplicated(["subject", "truth"]).to_numpy().argsort(kind="stable")]


def planted(predictions: pd.DataFrame, classes: list[str]) -> dict[str, float]:
    """How well the search finds labels that were made wrong on purpose, mean over many draws.

    A tenth of the labels is exchanged for another class, drawn by chance; the answers stay. The networks were trained with
    the true labels, so this is the kindest case: where labels are wrong in training too, less is found.

    Returns:
        "found": share of the planted wrong labels that are suspect; "true": share of the suspects that were planted.
    """
    table = _mean_over_seeds(predictions, classes)
    probabilities = table[[f"p_{name}" for name in classes]].to_numpy(dtype=float)
    labels = np.array([classes.index(name) for name in table["truth"]])
    generator = np.random.default_rng(_SEED)
    count = max(1, round(PLANTED * len(labels)))
    found, named = 0, 0
    for _ in range(REPEATS):
        wrong = generator.choice(len(labels), count, replace=False)
        changed = labels.copy()
        changed[wrong] = (changed[wrong] + generator.integers(1, len(classes), count)) % len(classes)
        issues = _issues(changed, probabilities)
        found += len(set(issues) & set(wrong))
        named += len(issues)
    return {"found": found / (count * REPEATS), "true": found / named if named else float("nan")}


def _mean_over_seeds(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    columns = [f"p_{name}" for name in classes]
    table = predictions.groupby(["image", "subject", "truth"], sort=False)[columns].mean().reset_index()
    table[columns] = table[columns].div(table[columns].sum(axis=1), axis=0)  # read from six decimals
    return table


def _issues(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    from cleanlab.filter import find_label_issues

    return find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
