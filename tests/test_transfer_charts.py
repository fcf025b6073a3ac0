import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fer_utils.drawing import transfer_charts

NAMES = ["happy", "wide_open"]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture
def about() -> dict:
    """What `ferplus.json` might say."""
    return {
        "classes": NAMES,
        "recipe": {"small_epochs": 2},
        "scores": {
            "accuracy": {"value": 0.8, "low": 0.75, "high": 0.84, "n": 321},
            "macro-F1": {"value": 0.71, "low": 0.65, "high": 0.78, "n": 321},
        },
        "temperature": 1.234,
        "training_images": 28_000,
    }


def cells(ax) -> list[str]:
    """What is written in a table, row by row."""
    return [text.get_text() for text in ax.texts]


def labels(axis) -> list[str]:
    return [text.get_text() for text in axis.get_ticklabels()]


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def ends_of_bars(ax) -> np.ndarray:
    """(N, 2, 2), x and y of both ends of each error bar."""
    return np.array(ax.containers[0].lines[2][0].get_segments())


def test_pretraining_shows_every_epoch_and_the_shipped_weights_at_the_end(about):
    curves = pd.DataFrame({"epoch": [1, 2, 3], "validation_accuracy": [0.4, 0.6, 0.7]})
    chart = transfer_charts.pretraining(curves, about)
    text = "80.0% (75.0% to 84.0%) of 321 validation faces"
    assert chart.caption == f"Pretraining on 28,000 images of FER+: the shipped weights read {text}."
    assert "over 3 epochs" in chart.alt
    assert text in chart.alt
    (ax,) = chart.figure.axes
    assert list(ax.lines[0].get_xdata()) == [1, 2, 3]
    assert list(ax.lines[0].get_ydata()) == [0.4, 0.6, 0.7]
    np.testing.assert_allclose(ends_of_bars(ax), [[[3, 0.75], [3, 0.84]]])
    assert [list(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "--"] == [[2.5, 2.5]]
    assert legend(ax) == ["validation accuracy", "shipped weights"]


def test_a_single_epoch_of_pretraining_is_drawn(about):
    chart = transfer_charts.pretraining(pd.DataFrame({"validation_accuracy": [0.4]}), about)
    assert list(chart.figure.axes[0].lines[0].get_xdata()) == [1]
    assert "over 1 epochs" in chart.alt


def test_ferplus_confusion_shows_shares_of_rows_and_the_calibration(about):
    validation = pd.DataFrame(
        {
            "truth": ["happy", "happy", "happy", "wide_open"],
            "predicted": ["happy", "happy", "wide_open", "wide_open"],
            "p_happy": [0.95, 0.95, 0.25, 0.05],
            "p_wide_open": [0.05, 0.05, 0.75, 0.95],
        }
    )
    chart = transfer_charts.ferplus_confusion(validation, about)
    # Three faces at 95 % all right, one at 75 % wrong: (3 * 0.05 + 0.75) / 4.
    assert chart.caption == (
        "FER+ validation: macro-F1 0.71 (0.65 to 0.78); expected calibration error 22.5%, temperature 1.23."
    )
    left, right = chart.figure.axes
    assert cells(left) == ["67%", "33%", "0%", "100%"]
    assert labels(left.xaxis) == labels(left.yaxis) == NAMES
    assert cells(right) == ["n=1", "n=3"]
    points = right.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(points, [[0.75, 0], [0.95, 1]])


def test_ferplus_confusion_leaves_a_class_without_faces_at_zero(about):
    validation = pd.DataFrame({"truth": ["happy"], "predicted": ["happy"], "p_happy": [0.9], "p_wide_open": [0.1]})
    chart = transfer_charts.ferplus_confusion(validation, about)
    assert cells(chart.figure.axes[0]) == ["100%", "0%", "0%", "0%"]


def test_by_itself_counts_what_the_network_calls_each_expression():
    truth, answers = np.array([0, 0, 0, 1]), np.array([2, 2, 0, 1])
    chart = transfer_charts.by_itself(truth, answers, classes=[*NAMES, "absent"], names=["joy", "fear", "no_face"])
    text = "Most often: happy: no_face (2 of 3); wide_open: fear (1 of 1)"
    assert chart.caption.endswith(text)
    assert chart.alt == f"A table of counts. {text}"
    (ax,) = chart.figure.axes
    assert cells(ax) == ["1", "0", "2", "0", "1", "0", "0", "0", "0"]
    assert labels(ax.yaxis) == [*NAMES, "absent"]
    assert labels(ax.xaxis) == ["joy", "fear", "no_face"]


def test_unit_scores_are_drawn_from_the_top_with_their_intervals():
    scores = pd.DataFrame({"unit": ["jaw_open", "smile"], "value": [0.9, -0.1], "low": [0.8, -0.4], "high": [0.95, 0]})
    chart = transfer_charts.unit_scores(scores, faces=600, people=60)
    text = "jaw_open 0.90 (0.80 to 0.95); smile -0.10 (-0.40 to 0.00)"
    assert chart.caption == f"How well 2 face units are read from 600 faces of 60 rendered people left out: {text}."
    assert chart.alt.endswith(f"{text}.")
    (ax,) = chart.figure.axes
    assert labels(ax.yaxis) == ["jaw_open", "smile"]
    assert ax.yaxis_inverted()
    np.testing.assert_allclose(ends_of_bars(ax)[:, :, 0], [[0.8, 0.95], [-0.4, 0]])


def test_units_are_scattered_by_expression_in_two_pairs_of_axes():
    places = pd.DataFrame([[0.1, 0.2, 0.3, 0.4], [0.3, 0.4, 0.5, 0.6], [1, 0, 1, 0]], columns=["a", "b", "c", "d"])
    chart = transfer_charts.units(places, np.array([0, 0, 2]), classes=["happy", "absent", "wide_open"])
    text = "Means of a, b, c, d: happy 0.20 and 0.30 and 0.40 and 0.50; wide_open 1.00 and 0.00 and 1.00 and 0.00."
    assert chart.caption == f"Face units as read from every face. {text}"
    assert chart.alt.endswith(text)
    left, right = chart.figure.axes
    assert [(ax.get_xlabel(), ax.get_ylabel()) for ax in (left, right)] == [("a", "b"), ("c", "d")]
    assert [points.get_offsets().tolist() for points in left.collections] == [[[0.1, 0.2], [0.3, 0.4]], [], [[1, 0]]]
    assert right.collections[2].get_offsets().tolist() == [[1, 0]]
    assert legend(left) == ["happy", "absent", "wide_open"]


def test_groups_differ_by_shape_as_well_as_by_colour():
    chart = transfer_charts.units(
        pd.DataFrame(np.ones((9, 4)), columns=list("abcd")), np.arange(9), classes=list("ABCDEFGHI")
    )
    points = chart.figure.axes[0].collections
    shapes = [each.get_paths()[0].vertices.tobytes() for each in points]
    colors = [tuple(each.get_facecolor()[0]) for each in points]
    assert len(set(shapes[:8])) == len(set(colors[:8])) == 8
    assert (shapes[8], colors[8]) == (shapes[1], colors[0])


def test_variants_have_a_row_each_with_one_large_dot():
    table = pd.DataFrame(
        {
            "variant": ["three crops", "three crops", "face_units"],
            "outer_accuracy": [0.4, 0.65, 0.6],
            "accuracy": [0.62, 0.62, 0.6],
        }
    )
    chart = transfer_charts.variants(table)
    assert "between 60.0% and 62.0%" in chart.caption
    assert "three crops 62.0%; face_units 60.0%" in chart.alt
    (ax,) = chart.figure.axes
    each, large = ax.collections
    assert each.get_offsets().tolist() == [[0.4, 0], [0.65, 0], [0.6, 1]]
    assert large.get_offsets().tolist() == [[0.62, 0], [0.6, 1]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["three crops", "face_units"]


def test_candidates_say_how_often_each_was_taken_and_where_the_model_lies():
    table = pd.DataFrame(
        {
            "variant": ["HOG", "HOG", "LBP", "LBP"],
            "outer_accuracy": [0.4, 0.65, 0.6, 0.7],
            "accuracy": [0.62, 0.62, 0.66, 0.66],
            "chosen": [0, 2, 10, 3],
        }
    )
    chart = transfer_charts.candidates(table, accuracy=0.64)
    assert chart.caption.startswith("`classical` reads 64.0%. Of 15 folds took HOG in 2, LBP in 13. Each descriptor")
    assert "HOG 62.0%; LBP 66.0%; a dashed line at 64.0%" in chart.alt
    assert chart.figure.axes[0].lines[0].get_xdata() == [0.64, 0.64]


def test_confusion_counts_each_image_once():
    rows = [("transfer", "happy", "happy"), ("transfer", "wide_open", "happy")]
    rows += [("transfer-tuned", "wide_open", "wide_open")] * 3 + [("transfer-tuned", "happy", "wide_open")] * 2
    predictions = pd.DataFrame(rows, columns=["model", "truth", "predicted"]).assign(subject=list("abababa"), seed=1)
    chart = transfer_charts.confusion(predictions, classes=NAMES)
    text = "`transfer` is wrong in 1 of 2 images; `transfer-tuned` is wrong in 2 of 5 images"
    assert chart.caption == f"Confusion on people left out, images, mean over seeds: {text}."
    assert chart.alt == f"2 tables with 2 rows and columns, most images on their diagonals: {text}."
    left, right = chart.figure.axes
    assert (cells(left), cells(right)) == (["1", "0", "1", "0"], ["0", "2", "0", "3"])
    assert (left.get_xlabel(), right.get_xlabel()) == ("transfer", "transfer-tuned")
    assert labels(left.yaxis) == NAMES
    twice = pd.concat([predictions, predictions.assign(seed=2)])
    assert transfer_charts.confusion(twice, classes=NAMES).caption == chart.caption


def test_confusion_of_a_single_class_is_one_cell():
    predictions = pd.DataFrame(
        {"model": ["a", "b"], "truth": ["happy"] * 2, "predicted": ["happy"] * 2, "subject": "a", "seed": 1}
    )
    chart = transfer_charts.confusion(predictions, classes=["happy"])
    assert [cells(ax) for ax in chart.figure.axes] == [["1"], ["1"]]
    assert "`a` is wrong in 0 of 1 images" in chart.caption
    assert "One person alone shows `happy`" in chart.caption


def test_learning_curve_has_intervals_and_chance():
    curve = pd.DataFrame({"subjects": [2, 14], "value": [0.4, 0.7], "low": [0.3, 0.6], "high": [0.5, 0.85]})
    chart = transfer_charts.learning_curve(curve, chance=0.22)
    assert chart.caption == "Accuracy by the number of people learned from: 2 people 40%; 14 people 70%."
    assert chart.alt == "A line with bars: 2 people 40%; 14 people 70%."
    (ax,) = chart.figure.axes
    assert ax.containers[0].lines[0].get_xydata().tolist() == [[2, 0.4], [14, 0.7]]
    np.testing.assert_allclose(ends_of_bars(ax)[:, :, 1], [[0.3, 0.5], [0.6, 0.85]])
    assert "chance 22%" in legend(ax)


def test_a_learning_curve_of_a_single_number_is_a_point():
    curve = pd.DataFrame({"subjects": [2], "value": [0.4], "low": [0.4], "high": [0.4]})
    chart = transfer_charts.learning_curve(curve, chance=0.2)
    assert chart.figure.axes[0].containers[0].lines[0].get_xydata().tolist() == [[2, 0.4]]
    assert chart.caption.endswith(": 2 people 40%.")


def test_embedding_shows_the_same_points_by_expression_and_by_person():
    plane, subjects = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]), np.array(["NA", "a_b", "NA"])
    shares = np.array([0.41, 0.17])
    chart = transfer_charts.embedding(plane, shares, labels=np.array([1, 0, 1]), subjects=subjects, classes=NAMES)
    left, right = chart.figure.axes
    assert [points.get_offsets().tolist() for points in left.collections] == [[[2, 3]], [[0, 1], [4, 5]]]
    assert legend(left) == NAMES
    (people,) = right.collections
    assert people.get_offsets().tolist() == plane.tolist()
    first, second, third = people.get_array()
    assert first == third != second
    assert cells(right) == ["NA", "a_b", "NA"]
    assert left.get_xlabel() == "direction 1 (41% of the variance)"
    assert right.get_ylabel() == "direction 2 (17%)"
    assert chart.caption.startswith("Embedding of every face")
    assert "by expression and by person" in chart.alt
