import itertools
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sheets

from fer_utils.data import cleaning
from fer_utils.drawing import error_charts
from fer_utils.evaluation import calibration, intervals, people
from fer_utils.findings import errors

CLASSES = ["happy", "sad"]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def cells(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


# Of two people with four images each, one has one or three right.
DEALT = people.Dealt(
    ("01", "02"), np.full(2, 4.0), np.array([1.0, 3.0]), np.array([[1.0, 3.0], [3.0, 1.0], [1.0, 3.0]])
)


def titles(axes) -> list[str]:
    return [ax.get_title() for ax in axes]


def answers(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Predictions with these truths, answers and confidences."""
    table = pd.DataFrame(rows, columns=["truth", "predicted", "confidence"])
    return table.assign(p_happy=table["confidence"], p_sad=1 - table["confidence"])


def pictures(*greys: int) -> list[np.ndarray]:
    return [np.full((4, 4), grey, dtype=np.uint8) for grey in greys]


def test_confusion_in_counts_shares_and_errors():
    chart = error_charts.confusion(
        np.array([[3, 1], [6, 2]]), classes=CLASSES, model="my_model", seeds=2, people={"happy": 2, "sad": 3}
    )
    worst = "Most often mistaken: sad for happy, 6 of 8 images."
    assert chart.caption == f"Confusion of `my_model` on people left out, n = 12 images, mean of 2 seed(s). {worst}"
    assert chart.alt == f"Three 2 by 2 tables for my_model. {worst}"
    counts, share, wrong = chart.figure.axes
    assert cells(counts) == ["3.0", "1.0", "6.0", "2.0"]
    assert cells(share) == ["75%", "25%", "75%", "25%"]
    assert cells(wrong) == ["1.0", "6.0"]
    share = intervals.Interval(0.75, 0.5, 0.9)
    assert error_charts.worst_confusion(np.array([[3, 1], [6, 2]]), CLASSES, share).endswith(
        "(75%, 50% to 90% over people)."
    )
    assert [text.get_text() for text in counts.get_yticklabels()] == CLASSES
    assert (counts.get_xlabel(), counts.get_ylabel()) == ("predicted", "truth")


def test_a_class_that_one_person_shows_is_said_not_to_be_learned():
    words = {"classes": CLASSES, "model": "m", "seeds": 1}
    chart = error_charts.confusion(np.array([[3, 1], [2, 0]]), people={"happy": 3, "sad": 1}, **words)
    assert chart.caption.endswith("its recall, and what it takes from accuracy and macro-F1, say nothing.")
    assert "One person alone shows `sad`:" in chart.caption
    assert cleaning.shown_by_one({"happy": 2}) == ""
    assert "`happy`, `sad`" in cleaning.shown_by_one({"happy": 1, "sad": 1})


def test_tables_of_many_classes_stand_one_below_the_other_and_leave_room_for_every_name():
    names = [f"an expression with a long name {index:02}" for index in range(30)]
    words = {"model": "m", "seeds": 1, "people": dict.fromkeys(names, 2)}
    figure = error_charts.confusion(np.full((30, 30), 9999), classes=names, **words).figure
    figure.canvas.draw()
    for ax in figure.axes:
        for labels in (ax.get_xticklabels(), ax.get_yticklabels(), ax.texts):
            boxes = [label.get_window_extent() for label in labels]
            assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    assert len(figure.axes[0].texts) == 900
    many = [f"c{index}" for index in range(60)]
    figure = error_charts.confusion(np.ones((60, 60), dtype=int), classes=many, model="m", seeds=1, people={}).figure
    assert not figure.axes[0].texts


@pytest.mark.parametrize("counts", [[[3, 0], [0, 4]], [[3, 0], [0, 0]]], ids=["all right", "a class without images"])
def test_confusion_without_a_mistake(counts):
    chart = error_charts.confusion(np.array(counts), classes=CLASSES, model="m", seeds=1, people={"happy": 2, "sad": 3})
    assert chart.caption.endswith("1 seed(s). Nothing was mistaken.")
    assert cells(chart.figure.axes[1])[0] == "100%"


def test_confusion_of_one_class():
    assert cells(
        error_charts.confusion(np.array([[5]]), classes=["sad"], model="m", seeds=1, people={"sad": 2}).figure.axes[0]
    ) == ["5"]


def test_surest_predictions_are_framed_by_whether_they_were_right():
    table = answers(("happy", "happy", 0.875), ("sad", "happy", 0.75))
    chart = error_charts.surest_predictions(pictures(10, 20), table, model="my_model", word="correct")
    assert chart.caption == "`my_model`, the 2 surest correct predictions."
    assert chart.alt == "Faces: happy as happy 88%; sad as happy 75%"
    right, wrong = sheets.cells(chart.figure)
    assert [right.frame, wrong.frame] == ["-", "--"]
    assert [text.get_text() for text in wrong.below] == ["sad\nas happy 75%"]
    assert (wrong.image == 20).all()


def test_subject_by_expression():
    easy = pd.DataFrame({"happy": [1.0, 0.5], "sad": [np.nan, 0.25]}, index=["01", "anna_b"])
    chart = error_charts.subject_by_expression(
        {"reference": easy, "my_model": 1 - easy},
        model="my_model",
        accuracy=pd.Series({"01": 0.125, "anna_b": 0.875}),
        dealt=DEALT,
    )
    people = (
        "`my_model` by subject: 12% to 88%; with each expression's answers shuffled among people, on average 25% to 75% "
        "(p 1.00 that people differ)."
    )
    assert chart.caption == f"Accuracy by subject and expression. {people}"
    assert chart.alt.startswith("Two tables, a row per subject")
    assert chart.alt.endswith(people)
    left, right = chart.figure.axes
    assert titles((left, right)) == ["reference", "my_model"]
    assert cells(left) == ["100%", "50%", "25%"]  # nothing where there is no image
    assert cells(right) == ["0%", "50%", "75%"]
    assert [text.get_text() for text in left.get_yticklabels()] == ["01", "anna_b"]


def test_one_model_has_one_table():
    table = pd.DataFrame({"sad": [0.5]}, index=["01"])
    chart = error_charts.subject_by_expression({"m": table}, model="m", accuracy=table["sad"], dealt=DEALT)
    assert len(chart.figure.axes) == 1
    assert chart.alt.startswith("A table, a row per subject")


def test_mistakes_stand_above_the_images_nearest_to_them():
    table = answers(("happy", "sad", 0.9), ("sad", "happy", 0.8)).assign(nearest_label=["sad", "very_sad"])
    chart = error_charts.confident_mistakes([pictures(1, 2), pictures(3, 4)], table, model="my_model")
    assert chart.caption.startswith("`my_model`: the surest mistakes")
    assert chart.alt == "Pairs of faces: happy as sad, near a sad; sad as happy, near a very_sad"
    cells = sheets.cells(chart.figure)
    assert [cell.title for cell in cells] == ["happy\nas sad 90%", "sad\nas happy 80%", "sad", "very_sad"]
    assert [cell.grey for cell in cells] == [1, 2, 3, 4]


def test_heat_maps_lie_over_right_and_wrong_predictions():
    table = answers(("sad", "happy", 0.9), ("happy", "happy", 0.8), ("sad", "sad", 0.7))
    heat = np.stack([np.full((4, 4), value) for value in (0.1, 0.2, 0.3)])
    chart = error_charts.grad_cam(pictures(1, 2, 3), heat, table, model="my_model", face_share=(0.625, 0.31))
    on_face = "62% of the heat lies in the face's box, which takes 31% of the picture."
    assert chart.caption == f"Grad-CAM of `my_model`: above right, below wrong. {on_face}"
    assert chart.alt.endswith(on_face)
    cells = sheets.cells(chart.figure)
    assert [cell.title for cell in cells] == ["happy\nas happy", "sad\nas sad", "sad\nas happy"]
    assert [(cell.grey, float(cell.over[0].max())) for cell in cells] == [(2, 0.2), (3, 0.3), (1, 0.1)]
    tops = [image.get_extent()[3] for image in chart.figure.axes[0].images[:3]]
    assert tops[0] == tops[1] < tops[2]


def test_no_more_heat_maps_than_there_is_room_for():
    table = answers(*[("sad", "sad", 0.9)] * 9)
    chart = error_charts.grad_cam(pictures(*range(9)), np.zeros((9, 4, 4)), table, model="m", face_share=(0.5, 0.5))
    assert [len(cell.over) for cell in sheets.cells(chart.figure)] == [1] * 7


def test_reliability_of_two_models():
    sure = calibration.reliability(np.array([0.9, 0.9, 0.3]), np.array([True, False, True]), bins=5)
    unsure = calibration.reliability(np.array([0.5]), np.array([True]), bins=5)
    chart = error_charts.reliability(
        {"reference": unsure, "my_model": sure}, calibration_error={"reference": 0.5, "my_model": 0.123}
    )
    assert chart.caption.endswith("Expected calibration error: reference 0.50, my_model 0.12")
    assert "for both models" in chart.alt
    ax = chart.figure.axes[0]
    assert [container.get_label() for container in ax.containers] == [
        "reference: calibration error 0.50",
        "my_model: calibration error 0.12",
    ]
    assert ax.containers[1].lines[0].get_xydata().tolist() == [[0.3, 1.0], [0.9, 0.5]]
    assert cells(ax) == ["n=1", "n=1", "n=2"]


def test_what_notebook_04_found_is_counted():
    study = SimpleNamespace(
        model="my_model",
        classes=CLASSES,
        confusion=np.array([[3, 1], [6, 2]]),
        worst=intervals.Interval(0.75, 0.5, 0.9),
        person_effect=DEALT,
        subject_accuracy=pd.Series({"01": 0.25, "02": 0.75}),
        right=np.array([True, False, False, False]),
        confidence=np.array([0.9, 0.9, 0.5, 0.85]),
        calibration_error=0.4,
        predictions=pd.DataFrame({"subject": ["01", "01", "02", "02"]}),
        by_subject=pd.DataFrame({"happy": [0.5, 1.0], "sad": [0.0, np.nan]}, index=["01", "02"]),
        nearest_training_images=lambda *, count: pd.DataFrame(
            {"predicted": ["sad", "happy"], "nearest_label": ["sad", "sad"]}
        ),
    )
    reference = SimpleNamespace(model="plain", face_share=(0.6, 0.3), right=np.array([False, True]))
    lines = errors.summary(study, reference).splitlines()
    assert len(lines) == 6
    assert (
        "Most often mistaken: sad for happy, 6 of 8 images (75%, 50% to 90% over people). Recall is lowest for sad (25%)"
        in lines[0]
    )
    assert "highest for happy (75%). One person alone shows `sad`" in lines[0]
    assert "25% to 75%; with each" in lines[1]
    assert lines[1].endswith("Nothing shows that people differ; what differs is expressions.")
    assert "In 50% of its mistakes" in lines[2]
    assert "(2 mistakes of the first seed)" in lines[2]
    assert "`plain`: 60% of the Grad-CAM heat lies in the face's box, which takes 30% of its picture" in lines[3]
    assert "`my_model` is right in 25% of the predictions, `plain` in 50%" in lines[3]
    assert "0.40; 67% of its mistakes" in lines[4]
    assert "from 1 persons" in lines[5]
