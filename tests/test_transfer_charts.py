import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fer_utils.data import ferplus
from fer_utils.data.folders import words
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
        "recipe": {"small_epochs": 2, "small_side": 40},
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
    assert chart.caption.startswith(f"The shipped weights name {text} as most voters did.")
    assert "28,000 images of FER+" in chart.caption
    assert "over 3 epochs" in chart.alt
    assert text in chart.alt
    (ax,) = chart.figure.axes
    assert list(ax.lines[0].get_xdata()) == [1, 2, 3]
    assert list(ax.lines[0].get_ydata()) == [0.4, 0.6, 0.7]
    np.testing.assert_allclose(ends_of_bars(ax), [[[3, 0.75], [3, 0.84]]])
    assert [list(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "--"] == [[2.5, 2.5]]
    assert cells(ax) == ["faces of 40 pixels until here"]
    assert legend(ax) == ["after each epoch", "shipped weights"]


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
    assert chart.caption.startswith(
        "The pretrained network recognises wide_open best (100% of 1) and happy worst (67% of 3)."
    )
    assert chart.caption.endswith("by 22.5 points on average (temperature 1.23).")
    left, right = chart.figure.axes
    assert cells(left) == ["67%", "33%", "0%", "100%"]
    assert (labels(left.xaxis), labels(left.yaxis)) == (NAMES, ["happy (3)", "wide_open (1)"])
    points = right.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(points, [[0.75, 0], [0.95, 1]])


def test_ferplus_confusion_leaves_a_class_without_faces_at_zero(about):
    validation = pd.DataFrame({"truth": ["happy"], "predicted": ["happy"], "p_happy": [0.9], "p_wide_open": [0.1]})
    chart = transfer_charts.ferplus_confusion(validation, about)
    assert cells(chart.figure.axes[0]) == ["100%", "0%", "0%", "0%"]
    assert "happy best (100% of 1) and happy worst" in chart.caption


def test_by_itself_counts_what_the_network_calls_each_expression():
    truth, answers = np.array([0, 0, 0, 1]), np.array([2, 2, 0, 1])
    names = ["happiness", "fear", "neutral", "contempt"]
    chart = transfer_charts.by_itself(truth, answers, classes=[*NAMES, "absent"], names=names)
    assert chart.caption == (
        "Without any training here, 1 of 4 images get the word that fits (orange frames). It has no word for wide_open and absent. "
        "It never says contempt."
    )
    assert chart.alt == "A table of counts. Most often: happy: neutral (2 of 3); wide_open: fear (1 of 1)"
    (ax,) = chart.figure.axes
    assert cells(ax) == ["1", "0", "2", "0", "1", "0", "0", "0", "0"]
    assert labels(ax.yaxis) == ["happy (3)", "wide_open (1)", "absent (0)"]
    assert labels(ax.xaxis) == ["happiness", "fear", "neutral"]
    assert [patch.get_xy() for patch in ax.patches] == [(0, 0)]


def test_words_of_data_sets_have_their_like_in_ferplus():
    assert [ferplus.named(word) for word in ("Happy", "normal", "contempt", "wink")] == [
        "happiness",
        "neutral",
        "contempt",
        "",
    ]
    assert {ferplus.named(word) for word in words.KNOWN_EXPRESSIONS} - {""} == set(ferplus.EXPRESSIONS)


def test_unit_scores_are_drawn_from_the_top_with_their_intervals():
    scores = pd.DataFrame({"unit": ["jaw_open", "smile"], "value": [0.9, -0.1], "low": [0.8, -0.4], "high": [0.95, 0]})
    chart = transfer_charts.unit_scores(scores, faces=600, people=60)
    text = "jaw_open 0.90 (0.80 to 0.95); smile -0.10 (-0.40 to 0.00)"
    assert chart.caption.startswith(
        "Read best: jaw_open, R² 0.90; worst: smile, -0.10. From 600 faces of 60 rendered people"
    )
    assert chart.alt.endswith(f"{text}.")
    (ax,) = chart.figure.axes
    assert labels(ax.yaxis) == ["jaw_open", "smile"]
    assert ax.yaxis_inverted()
    np.testing.assert_allclose(ends_of_bars(ax)[:, :, 0], [[0.8, 0.95], [-0.4, 0]])


def test_units_are_scattered_in_two_pairs_of_axes_and_who_reaches_farthest_is_coloured():
    places = pd.DataFrame([[0.1, 0.2, 0.3, 0.4], [0.3, 0.4, 0.5, 0.6], [1, 0, 1, 0]], columns=["a", "b", "c", "d"])
    places.loc[3] = 0.0
    chart = transfer_charts.units(places, np.array([0, 0, 2, 3]), classes=["happy", "absent", "wide_open", "plain"])
    assert chart.caption.startswith(
        "Who reaches farthest, on average: a: wide_open (1.00); b: happy (0.30); c: wide_open (1.00)"
    )
    assert "Means of a, b, c, d: happy 0.20 and 0.30 and 0.40 and 0.50; wide_open 1.00 and" in chart.alt
    left, right = chart.figure.axes
    assert [(ax.get_xlabel(), ax.get_ylabel()) for ax in (left, right)] == [("a", "b"), ("c", "d")]
    assert [points.get_offsets().tolist() for points in left.collections] == [
        [[0, 0]],
        [[1, 0]],
        [[0.1, 0.2], [0.3, 0.4]],
    ]
    assert legend(left) == legend(right) == ["others", "wide_open", "happy"]


def test_groups_differ_by_shape_as_well_as_by_colour():
    chart = transfer_charts.embedding(
        np.ones((9, 2)),
        np.ones(2),
        labels=np.arange(9),
        subjects=np.array(list("aaabbbccc")),
        classes=list("ABCDEFGHI"),
    )
    points = chart.figure.axes[0].collections
    shapes = [each.get_paths()[0].vertices.tobytes() for each in points]
    colors = [tuple(each.get_facecolor()[0]) for each in points]
    assert len(set(shapes[:8])) == len(set(colors[:8])) == 8
    assert (shapes[8], colors[8]) == (shapes[1], colors[0])


def test_confusion_shows_percent_of_the_images_of_a_row():
    rows = [("transfer", "happy", "happy"), ("transfer", "wide_open", "happy")]
    rows += [("transfer-tuned", "wide_open", "wide_open")] * 3 + [("transfer-tuned", "happy", "wide_open")] * 2
    predictions = pd.DataFrame(rows, columns=["model", "truth", "predicted"]).assign(subject=list("abababa"), seed=1)
    chart = transfer_charts.confusion(predictions, classes=NAMES)
    text = "`transfer` is wrong in 1 of 2 images; `transfer-tuned` is wrong in 2 of 5 images"
    assert chart.caption.startswith(f"On people left out, {text}. Cells are percent of the images of a row")
    assert chart.alt == f"2 tables with 2 rows and columns, most images on their diagonals: {text}."
    left, right = chart.figure.axes
    assert (cells(left), cells(right)) == (["100", "0", "100", "0"], ["0", "100", "0", "100"])
    assert (left.get_title(), right.get_title()) == ("transfer", "transfer-tuned")
    assert labels(left.yaxis) == ["happy (1)", "wide_open (1)"]
    twice = pd.concat([predictions, predictions.assign(seed=2)])
    assert transfer_charts.confusion(twice, classes=NAMES).caption == chart.caption


def test_confusion_of_a_single_class_is_one_cell():
    predictions = pd.DataFrame(
        {"model": ["a", "b"], "truth": ["happy"] * 2, "predicted": ["happy"] * 2, "subject": "a", "seed": 1}
    )
    chart = transfer_charts.confusion(predictions, classes=["happy"])
    assert [cells(ax) for ax in chart.figure.axes] == [["100"], ["100"]]
    assert "`a` is wrong in 0 of 1 images" in chart.caption
    assert "One person alone shows `happy`" in chart.caption


def test_learning_curve_has_intervals_chance_and_what_others_reach_from_all_people():
    curve = pd.DataFrame({"subjects": [2, 14], "value": [0.4, 0.7], "low": [0.3, 0.6], "high": [0.5, 0.85]})
    chart = transfer_charts.learning_curve(curve, chance=0.22, others={"plain": 0.6, "my_model": 0.9})
    assert chart.caption == (
        "How many people it takes: what `plain` reaches from 14 people (60%), `transfer` reaches from 14; what `my_model` reaches "
        "from 14 people (90%), `transfer` does not reach."
    )
    assert chart.alt.startswith("A line with bars: 2 people 40%; 14 people 70%;")
    (ax,) = chart.figure.axes
    assert ax.containers[0].lines[0].get_xydata().tolist() == [[2, 0.4], [14, 0.7]]
    np.testing.assert_allclose(ends_of_bars(ax)[:, :, 1], [[0.3, 0.5], [0.6, 0.85]])
    assert [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"] == [0.6, 0.9]
    assert "chance 22%" in legend(ax)
    assert labels(ax.xaxis) == ["2", "14"]


def test_a_learning_curve_of_a_single_number_is_a_point():
    curve = pd.DataFrame({"subjects": [2], "value": [0.4], "low": [0.4], "high": [0.4]})
    chart = transfer_charts.learning_curve(curve, chance=0.2, others={})
    assert chart.figure.axes[0].containers[0].lines[0].get_xydata().tolist() == [[2, 0.4]]
    assert chart.caption.endswith("from 40% to 40%.")


def test_embedding_joins_the_faces_of_a_person_and_says_what_explains_their_places():
    plane = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    subjects, shares = np.array(["NA", "a_b", "NA", "a_b"]), np.array([0.41, 0.17])
    chart = transfer_charts.embedding(plane, shares, labels=np.array([1, 1, 0, 0]), subjects=subjects, classes=NAMES)
    (ax,) = chart.figure.axes
    assert [points.get_offsets().tolist() for points in ax.collections] == [[[4, 1], [4, 3]], [[0, 1], [0, 3]]]
    assert legend(ax) == NAMES
    assert [line.get_xydata().tolist() for line in ax.lines[:2]] == [[[2, 1], [0, 1]], [[2, 1], [4, 1]]]
    # Of the variance, 4 lies between the expressions and 1 between the people.
    assert "the expression explains 80% of where a face lies, the person 20%" in chart.caption
    assert "groups drawn at random would explain 33% and 33%" in chart.caption
    assert ax.get_xlabel() == "direction 1 (41% of the variance)"
    assert ax.get_ylabel() == "direction 2 (17%)"
