import dataclasses

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sheets

from fer_utils.data.datasets import FaceDataset
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


def test_the_forest_colours_models_by_what_they_see_and_marks_the_original():
    table = scores(updated=0.3, my_model=0.75, transfer=0.5)
    chart = comparison_charts.loso_forest(table, lead="All of them", original={"updated": 0.33, "absent": 0.9})
    assert chart.caption.startswith(
        "The best accuracy by what a model sees: whole frame 30.0% (`updated`); aligned face 75.0% (`my_model`); "
        "pretrained 50.0% (`transfer`); chance is 20.0%. All of them, n = 40 images"
    )
    assert chart.alt.endswith("Accuracy: updated 30.0%; my_model 75.0%; transfer 50.0%; chance 20.0%.")
    (ax,) = chart.figure.axes
    points = [bars.lines[0].get_xydata().tolist() for bars in ax.containers]
    assert points == [[[0.3, 0]], [[0.75, 1]], [[0.5, 2]]]
    assert len({bars.lines[0].get_color() for bars in ax.containers}) == 3
    assert len({bars.lines[0].get_marker() for bars in ax.containers}) == 3
    (cross,) = [line for line in ax.lines if line.get_marker() == "X"]
    assert cross.get_xydata().tolist() == [[0.33, 0]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["updated", "my_model", "transfer"]
    without = comparison_charts.loso_forest(table, lead="All of them")
    assert not any(line.get_marker() == "X" for line in without.figure.axes[0].lines)
    assert "original" not in without.caption


def test_the_forest_has_the_differences_beside_it_hollow_where_none_is_detected():
    rows = [
        ("my_model", "plain", 0.2, 0.1, 0.3, "higher"),
        ("other", "plain", -0.01, -0.1, 0.05, "no detectable effect"),
    ]
    comparisons = pd.DataFrame(rows, columns=["model", "reference", "difference", "low", "high", "verdict"])
    chart = comparison_charts.loso_forest(scores(plain=0.3, my_model=0.5), lead="x", comparisons=comparisons)
    _, ax = chart.figure.axes
    dots = [bars.lines[0] for bars in ax.containers]
    assert [dot.get_xydata().tolist() for dot in dots] == [[[pytest.approx(20), 0]], [[pytest.approx(-1), 1]]]
    assert [dot.get_markerfacecolor() for dot in dots] == ["0.2", "white"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["my_model\n− plain", "other\n− plain"]
    none = comparison_charts.loso_forest(scores(plain=0.3), lead="x", comparisons=comparisons[:0])
    assert len(none.figure.axes) == 1


def test_figures_are_as_wide_as_a_page_and_the_forest_grows_with_the_models():
    sizes = [
        comparison_charts.loso_forest(scores(**dict.fromkeys("abcdef"[:count], 0.5)), lead="x").figure.get_size_inches()
        for count in (1, 6)
    ]
    assert [width for width, _ in sizes] == [7.8, 7.8]
    assert sizes[0][1] < sizes[1][1]


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
    chart = comparison_charts.original_split_curves(
        both, held_out="01-03", chance=0.2, short={"plain": 2, "my_model": 3}
    )
    text = "`plain` 80% of its training images and 80% of those held out; `my_model` 80% of its training images and 33% of those"
    assert chart.caption.startswith(
        f"Right after the last epoch: {text} held out. `plain` has reached 50% in training at the dashed"
    )
    assert "Subjects 01-03 held out" in chart.caption
    assert chart.alt.startswith("Four charts")
    loss, accuracy = chart.figure.axes[2:]
    assert loss.get_title() == accuracy.get_title() == "my_model"
    assert drawn(loss)["training"] == pytest.approx([0.6, 1.5, 2.4])
    assert drawn(accuracy)["people left out"] == [0.5, 0.4, 0.333]
    assert "chance 20%" in drawn(accuracy)
    marks = [[line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"] for ax in chart.figure.axes]
    assert marks == [[2], [2], [], []]  # the second model trains as long in both protocols
    assert len(chart.figure.legends) == 1 and not any(ax.get_legend() for ax in chart.figure.axes)


def test_curves_of_one_model_take_one_row():
    chart = comparison_charts.original_split_curves({"plain": curves(epochs=1)}, held_out="01", chance=0.2, short={})
    assert len(chart.figure.axes) == 2
    assert chart.alt.startswith("Two charts")
    assert "dashed line" not in chart.caption


def test_long_curves_are_smoothed_over_the_pale_ones():
    jagged = np.tile([0.2, 0.8], 200)
    chart = comparison_charts.original_split_curves({"a": curves(accuracy=jagged)}, held_out="01", chance=0.2, short={})
    pale, dark = chart.figure.axes[1].lines[:2]
    assert list(pale.get_ydata()) == list(jagged) and pale.get_alpha() < 0.5
    assert np.ptp(dark.get_ydata()[10:-10]) < 0.1


def test_jumps_of_both_ways_to_validate():
    chart = comparison_charts.augmented_validation(
        {
            "validation_accuracy": np.array([0.5, 0.6, 0.5]),
            "augmented_validation_accuracy": np.array([0.2, 0.6, 0.4]),
        }
    )
    assert (
        "jumps by 30.0 points on average if the validation images are augmented, by 10.0 if they are not"
        in chart.caption
    )
    lines, bars = chart.figure.axes
    assert drawn(lines) == {"augmented images": [0.2, 0.6, 0.4], "images as they are": [0.5, 0.6, 0.5]}
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([10, 30])


def test_of_many_epochs_the_last_hundred_show_their_jumps():
    flat = dict.fromkeys(("validation_accuracy", "augmented_validation_accuracy"), np.full(250, 0.5))
    lines, bars = comparison_charts.augmented_validation(flat).figure.axes
    assert list(lines.lines[0].get_xdata()) == list(range(151, 251))
    assert [bar.get_height() for bar in bars.patches] == [0, 0]


def held_out(people: int) -> tuple[FaceDataset, pd.DataFrame]:
    """Faces of two expressions a person, the second one mistaken, and what a model said of them."""
    names = [f"{number:02}" for number in range(1, people + 1) for _ in range(2)]
    truth = np.array(["sad", "wink"] * people)
    files = np.array([f"{name}.{each}" for name, each in zip(names, truth, strict=True)])
    data = FaceDataset(
        name="made-up",
        title="Made up",
        rendered=True,
        images=np.stack([np.full((4, 4), 10 * number, dtype=np.uint8) for number in range(2 * people)]),
        labels=np.tile([0, 1], people),
        subjects=np.array(names),
        conditions=truth,
        file_names=files,
        hashes=files,
        class_names=("sad", "wink"),
    )
    columns = {
        "model": "my_model",
        "subject": names,
        "image": files,
        "truth": truth,
        "predicted": "sad",
        "p_sad": 0.9,
        "p_wink": 0.1,
    }
    return data, pd.DataFrame(columns, index=range(50, 50 + 2 * people))


def test_answers_on_held_out_people_stand_under_their_faces_framed_by_right_and_wrong():
    data, predictions = held_out(2)
    chart = comparison_charts.held_out_answers(data, predictions[::-1])
    assert chart.caption.startswith("`my_model` names 2 of 4 expressions of people it never saw.")
    cells = sheets.cells(chart.figure)
    assert [cell.grey for cell in cells] == [0, 10, 20, 30]
    assert [[text.get_text() for text in cell.below] for cell in cells] == [["sad 90%"]] * 4
    assert [cell.frame for cell in cells] == ["-", "--"] * 2
    assert sheets.names(chart.figure) == (["01", "02"], ["sad", "wink"])
    assert "wink as sad 90%" in chart.alt


def test_of_many_held_out_people_six_are_drawn_and_none_who_may_not_be_shown():
    data, predictions = held_out(9)
    chart = comparison_charts.held_out_answers(data, predictions)
    assert len(sheets.names(chart.figure)[0]) == 6
    assert "9 of 18 expressions" in chart.caption
    yale = comparison_charts.held_out_answers(dataclasses.replace(data, name="yale"), predictions)
    assert sheets.names(yale.figure)[0] == ["01", "02", "03", "04"]
    assert "pictures of 4 people" in yale.caption


def test_curves_over_folds_are_means_of_each_model():
    folds = [("a", curves(accuracy=np.array([0.2, 0.4]), validation_accuracy=np.array([0.0, 0.5])))]
    folds += [("my_model", curves(epochs=3)), ("a", curves(epochs=2)), ("third", curves())]
    chart = comparison_charts.loso_curves(folds)
    left, right, third, empty = chart.figure.axes
    assert [ax.get_title() for ax in (left, right, third)] == ["a", "my_model", "third"]
    assert not empty.axison
    assert drawn(left)["training"] == pytest.approx([0.2, 0.6])
    assert drawn(left)["people left out"] == pytest.approx([0.1, 0.65])
    assert len(left.collections) == 2  # a band for each line
    assert drawn(right)["training"] == pytest.approx([0.2, 0.5, 0.8])
    assert not right.collections  # one fold has no spread
    assert "after the last epoch: `a` -5 points; `my_model` 0 points" in chart.caption
    assert len(chart.figure.legends) == 1


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
    assert legend == ["cross-entropy left to learn", "L2 penalty on the weights", "floor set by label smoothing"]
    assert chart.caption.startswith("Of the training loss of `updated`, 100% has nothing to do")
