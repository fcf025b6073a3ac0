import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from fer_utils.drawing import comparison_charts
from fer_utils.evaluation import scores as scoring


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def scores(**accuracy: float) -> pd.DataFrame:
    """Rows of scores.csv with these accuracies, and macro-F1 a tenth below them."""
    rows = []
    for model, value in accuracy.items():
        rows += [
            (model, "loso", "accuracy", value, value - 0.1, value + 0.1, 40, 3),
            (model, "loso", "chance", 0.2, 0.2, 0.2, 40, 3),
            (model, "loso", "macro_f1", value - 0.1, value - 0.2, value, 40, 3),
            (model, "original-split", "accuracy", 0.99, 0.9, 1.0, 12, 1),
        ]
    return pd.DataFrame(rows, columns=list(scoring.SCORE_COLUMNS))


def test_the_forest_shows_accuracy_and_f1_of_every_model():
    chart = comparison_charts.loso_forest(scores(plain=0.3, my_model=0.75), lead="All of them", note=", 95 % intervals")
    assert chart.caption == "All of them, n = 40 images, 95 % intervals. Accuracy: plain 30.0%; my_model 75.0%."
    assert chart.alt.endswith("Accuracy: plain 30.0%; my_model 75.0%; chance 20.0%.")
    left, right = chart.figure.axes
    assert list(left.containers[0].lines[0].get_xdata()) == [0.3, 0.75]
    assert list(right.containers[0].lines[0].get_xdata()) == pytest.approx([0.2, 0.65])
    assert [text.get_text() for text in left.get_yticklabels()] == ["plain", "my_model"]
    assert left.get_legend() is not None
    assert right.get_legend() is None


def test_the_forest_grows_with_the_models():
    heights = [
        comparison_charts.loso_forest(scores(**dict.fromkeys("abcdef"[:count], 0.5)), lead="x").figure.get_figheight()
        for count in (1, 4, 6)
    ]
    assert heights == [2.6, 3.2, 3.6]
