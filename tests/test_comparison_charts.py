import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sheets

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


def curves(epochs: int = 3, **changes: np.ndarray) -> dict[str, np.ndarray]:
    """Learning curves that rise; losses are three times as high."""
    rising = np.linspace(0.2, 0.8, epochs)
    names = ("accuracy", "validation_accuracy", "augmented_validation_accuracy")
    return dict.fromkeys(names, rising) | {"loss": 3 * rising, "validation_loss": 3 * rising} | changes


def drawn(ax) -> dict[str, list[float]]:
    """Legend to the values of each line."""
    return {line.get_label(): list(line.get_ydata()) for line in ax.lines}


def test_curves_of_the_original_split():
    both = {"plain": curves(), "my_model": curves(validation_accuracy=np.array([0.5, 0.4, 0.333]))}
    chart = comparison_charts.original_split_curves(both, held_out="01-03")
    assert chart.caption.startswith("Learning curves with subjects 01-03 held out.")
    assert chart.caption.endswith("plain 80.0% and 80.0%; my_model 80.0% and 33.3%")
    assert chart.alt.startswith("Four charts")
    loss, accuracy = chart.figure.axes[2:]
    assert loss.get_title() == accuracy.get_title() == "my_model"
    assert drawn(loss)["training"] == pytest.approx([0.6, 1.5, 2.4])
    assert drawn(accuracy)["validation"] == [0.5, 0.4, 0.333]
    assert accuracy.get_ylim() == (0, 1)


def test_curves_of_one_model_take_one_row():
    chart = comparison_charts.original_split_curves({"plain": curves(epochs=1)}, held_out="01")
    assert len(chart.figure.axes) == 2
    assert chart.alt.startswith("Two charts")


def test_jumps_of_both_ways_to_validate():
    chart = comparison_charts.augmented_validation(
        {
            "validation_accuracy": np.array([0.5, 0.6, 0.5]),
            "augmented_validation_accuracy": np.array([0.2, 0.6, 0.4]),
        }
    )
    assert "augmented validation, as the original 30.0 points" in chart.caption
    assert chart.caption.endswith("validation images as they are 10.0 points")
    assert drawn(chart.figure.axes[0]) == {
        "augmented validation, as the original": [0.2, 0.6, 0.4],
        "validation images as they are": [0.5, 0.6, 0.5],
    }


def test_predictions_on_held_out_subjects():
    predictions = pd.DataFrame(
        {
            "truth": ["sad", "wink"],
            "predicted": ["happy", "very_happy"],
            "p_sad": [0.1, 0.2],
            "p_happy": [0.9, 0.0],
            "p_very_happy": [0.0, 0.55],
        },
        index=[7, 3],
    )
    images = [np.full((4, 4), grey, dtype=np.uint8) for grey in (10, 200)]
    chart = comparison_charts.held_out_predictions(images, predictions, word="incorrect", total=18)
    assert chart.caption == "`updated`, incorrect predictions on held-out subjects (2 of 18)."
    assert chart.alt == "Frames of faces: sad as happy 90%; wink as very_happy 55%"
    first, second = sheets.cells(chart.figure)
    below = [text.get_text() for cell in (first, second) for text in cell.below]
    assert below == ["sad\nas happy 90%", "wink\nas very_happy 55%"]
    assert [first.grey, second.grey] == [10, 200]
    assert first.frame == "--"  # wrong


def test_curves_over_folds_are_means_of_each_model():
    folds = [("a", curves(accuracy=np.array([0.2, 0.4]), validation_accuracy=np.array([0.0, 0.5])))]
    folds += [("my_model", curves(epochs=3)), ("a", curves(epochs=2))]
    chart = comparison_charts.loso_curves(folds)
    left, right = chart.figure.axes
    assert [left.get_title(), right.get_title()] == ["a", "my_model"]
    assert drawn(left)["training"] == pytest.approx([0.2, 0.6])
    assert drawn(left)["left-out subject"] == pytest.approx([0.1, 0.65])
    assert len(left.collections) == 2  # a band for each line
    assert drawn(right)["training"] == pytest.approx([0.2, 0.5, 0.8])
    assert not right.collections  # one fold has no spread
    assert chart.figure.get_figwidth() == 6


def test_the_schedule_is_marked_where_it_ends():
    chart = comparison_charts.schedule(np.linspace(0.0, 1.0, 11), short=3)
    assert chart.caption == "`updated` on `original-split`: 20% training accuracy after 3 epochs, 100% after 11."
    assert chart.alt.endswith("a dashed mark at epoch 3.")
    assert drawn(chart.figure.axes[0])["training accuracy, smoothed"] == pytest.approx(np.linspace(0, 1, 11))
    assert chart.figure.axes[0].lines[1].get_xdata()[0] == 3


def test_a_schedule_longer_than_the_run_ends_with_it():
    chart = comparison_charts.schedule(np.array([0.1, 0.3]), short=20)
    assert "30% training accuracy after 20 epochs, 30% after 2." in chart.caption


def test_the_parts_of_the_loss_add_up_to_it():
    penalty, cross_entropy = np.array([3.0, 2.0, 1.0]), np.array([2.0, 0.7, 0.25])
    chart = comparison_charts.loss_parts(
        {"penalty": penalty, "smoothed_cross_entropy": cross_entropy}, floor=0.5, explanation="Half of it is a penalty."
    )
    assert chart.alt.endswith("remaining cross-entropy. Half of it is a penalty.")
    floor, middle, rest = (area.get_paths()[0].vertices for area in chart.figure.axes[0].collections)
    tops = [[float(area[area[:, 0] == epoch, 1].max()) for epoch in (1, 2, 3)] for area in (floor, middle, rest)]
    assert tops[0] == pytest.approx([0.5, 0.5, 0.25])
    assert tops[1] == pytest.approx([3.5, 2.5, 1.25])
    assert tops[2] == pytest.approx(penalty + cross_entropy)
    legend = [text.get_text() for text in chart.figure.axes[0].get_legend().get_texts()]
    assert legend == ["floor set by label smoothing", "L2 penalty on the weights", "cross-entropy left to learn"]
