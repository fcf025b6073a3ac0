"""Figures of the comparison of models: how they learn, what they predict, how they score."""

import matplotlib.pyplot as plt
import pandas as pd

from fer_utils.drawing import charts
from fer_utils.drawing.chart import Chart


def loso_forest(scores: pd.DataFrame, *, lead: str, note: str = "") -> Chart:
    """Accuracy and macro-F1 of every model under `loso`, each with its interval.

    Args:
        scores: rows of scores.csv; those of other protocols are left out.
        lead: first words of the caption.
        note: further words of the caption, after the number of images.
    """
    loso = scores[scores["protocol"] == "loso"]
    accuracy = loso[loso["metric"] == "accuracy"]
    chance = float(loso.loc[loso["metric"] == "chance", "value"].iloc[0])
    figure, axes = plt.subplots(1, 2, figsize=(10, round(2.4 + 0.2 * len(accuracy), 1)), sharey=True)
    charts.forest(loso, metric="accuracy", chance=chance, ax=axes[0])
    charts.forest(loso, metric="macro_f1", ax=axes[1])
    text = "; ".join(f"{row.model} {row.value:.1%}" for row in accuracy.itertuples())
    return Chart(
        figure,
        caption=f"{lead}, n = {int(loso['n'].iloc[0])} images{note}. Accuracy: {text}.",
        alt=f"Dots with bars for each model. Accuracy: {text}; chance {chance:.1%}.",
    )
