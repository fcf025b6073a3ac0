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


SURE = intervals.Interval(0.75, 0.5, 0.9)


def confusion(*tables, classes=CLASSES, people=None):
    counts = {f"model{number}": np.array(table) for number, table in enumerate(tables)}
    words = {"seeds": dict.fromkeys(counts, 2), "worst": dict.fromkeys(counts, SURE)}
    return error_charts.confusions(counts, classes=classes, people=people or dict.fromkeys(classes, 2), **words)


def test_confusions_stand_side_by_side_as_shares():
    chart = confusion([[3, 1], [6, 2]], [[4, 0], [1.5, 6.5]])
    first = "`model0`: Most often mistaken: sad for happy, 6 of 8 images (75%, 50% to 90% over people)."
    assert chart.caption.startswith(f"{first} `model1`: Most often mistaken: sad for happy, 1.5 of 8 images")
    assert chart.caption.endswith("n = 12 images; each counts once, as the mean over seeds (model0 2, model1 2).")
    assert chart.alt.startswith(f"Tables of 2 by 2 shares, one for each model. {first}")
    one, two = chart.figure.axes
    assert cells(one) == ["75%", "25%", "75%", "25%"]
    assert cells(two) == ["100%", "0%", "19%", "81%"]
    assert titles((one, two)) == ["model0", "model1"]
    assert [text.get_text() for text in one.get_yticklabels()] == ["happy (n = 4)", "sad (n = 8)"]
    assert (one.get_xlabel(), one.get_ylabel()) == ("the model says", "the image shows")
    assert len(confusion(*[[[3, 1], [6, 2]]] * 3).figure.axes) == 4  # two in a row, one place stays empty


def test_a_class_that_one_person_shows_is_said_not_to_be_learned():
    chart = confusion([[3, 1], [2, 0]], people={"happy": 3, "sad": 1})
    assert chart.caption.endswith("its recall, and what it takes from accuracy and macro-F1, say nothing.")
    assert "One person alone shows `sad`:" in chart.caption
    assert cleaning.shown_by_one({"happy": 2}) == ""
    assert "`happy`, `sad`" in cleaning.shown_by_one({"happy": 1, "sad": 1})


def test_tables_of_many_classes_stand_one_below_the_other_and_leave_room_for_every_name():
    names = [f"an expression with a long name {index:02}" for index in range(30)]
    figure = confusion(np.full((30, 30), 9999), np.ones((30, 30)), classes=names).figure
    figure.canvas.draw()
    for ax in figure.axes:
        for labels in (ax.get_xticklabels(), ax.get_yticklabels(), ax.texts):
            boxes = [label.get_window_extent() for label in labels]
            assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
    assert len(figure.axes[0].texts) == 900
    many = [f"c{index}" for index in range(60)]
    assert not confusion(np.ones((60, 60), dtype=int), classes=many).figure.axes[0].texts


@pytest.mark.parametrize("counts", [[[3, 0], [0, 4]], [[3, 0], [0, 0]]], ids=["all right", "a class without images"])
def test_confusion_without_a_mistake(counts):
    chart = confusion(counts)
    assert chart.caption.startswith("`model0`: Nothing was mistaken.")
    assert cells(chart.figure.axes[0])[0] == "100%"


def test_confusion_of_one_class():
    assert cells(confusion([[5]], classes=["sad"]).figure.axes[0]) == ["100%"]


def test_surest_predictions_are_framed_by_whether_they_were_right():
    table = answers(("happy", "happy", 0.875), ("sad", "happy", 0.75))
    chart = error_charts.surest_predictions(pictures(10, 20), table, model="my_model", word="correct")
    assert chart.caption == "`my_model`: 2 correct predictions, of each expression the surest."
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
    assert chart.caption.startswith(f"{people} Accuracy by subject and expression, both in the order")
    assert chart.alt.startswith("Two tables, a row per subject")
    assert chart.alt.endswith(people)
    left, right = chart.figure.axes
    assert titles((left, right)) == ["reference", "my_model"]
    # `my_model` reads happy worst, of "01" nothing.
    assert cells(left) == ["100%", "50%", "25%"]  # nothing where there is no image
    assert cells(right) == ["0%", "50%", "75%"]
    assert [text.get_text() for text in left.get_yticklabels()] == ["01", "anna_b"]
    assert [text.get_text() for text in left.get_xticklabels()] == ["happy", "sad"]
    turned = error_charts.subject_by_expression(
        {"m": easy}, model="m", accuracy=pd.Series({"01": 0.875, "anna_b": 0.125}), dealt=DEALT
    ).figure.axes[0]
    assert [text.get_text() for text in turned.get_yticklabels()] == ["anna_b", "01"]
    assert [text.get_text() for text in turned.get_xticklabels()] == ["sad", "happy"]


def test_of_many_people_those_at_both_ends_are_drawn():
    names = [f"{number:03}" for number in range(60)]
    table = pd.DataFrame({"sad": np.arange(60) / 59}, index=names)
    chart = error_charts.subject_by_expression({"m": table}, model="m", accuracy=table["sad"], dealt=DEALT)
    (ax,) = chart.figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == names[:20] + names[-20:]
    assert cells(ax)[0] == "0%" and cells(ax)[-1] == "100%"
    assert "Of 60 subjects the 20 read worst and the 20 read best are drawn." in chart.caption
    assert chart.figure.get_size_inches()[1] < 20


def test_one_model_has_one_table():
    table = pd.DataFrame({"sad": [0.5]}, index=["01"])
    chart = error_charts.subject_by_expression({"m": table}, model="m", accuracy=table["sad"], dealt=DEALT)
    assert len(chart.figure.axes) == 1
    assert chart.alt.startswith("A table, a row per subject")


def test_mistakes_stand_above_the_images_nearest_to_them():
    table = answers(("happy", "sad", 0.9), ("sad", "happy", 0.8)).assign(nearest_label=["sad", "very_sad"])
    chart = error_charts.confident_mistakes([pictures(1, 2), pictures(3, 4)], table, model="my_model")
    assert chart.caption.startswith(
        "In 1 of these 2 surest mistakes of `my_model` the nearest training image carries the label"
    )
    assert chart.alt == "Pairs of faces: happy as sad, near a sad; sad as happy, near a very_sad"
    cells = sheets.cells(chart.figure)
    assert [cell.title for cell in cells] == ["happy\nas sad 90%", "sad\nas happy 80%", "sad", "very_sad"]
    assert [cell.grey for cell in cells] == [1, 2, 3, 4]
    assert [cell.frame for cell in cells] == ["", "", "--", ""]


def test_heat_maps_lie_over_right_and_wrong_predictions():
    table = answers(("sad", "happy", 0.9), ("happy", "happy", 0.8), ("sad", "sad", 0.7))
    heat = np.stack([np.full((4, 4), value) for value in (0.1, 0.2, 0.3)])
    boxes = [(0.25, 0.25, 0.75, 1.0)] * 3
    chart = error_charts.grad_cam(
        pictures(1, 2, 3), heat, table, model="my_model", face_share=(0.625, 0.31), boxes=boxes
    )
    on_face = "62% of the heat lies in the face's box, which takes 31% of the picture."
    assert chart.caption.startswith(f"`my_model`: {on_face} Grad-CAM, each map to its own maximum")
    assert sheets.cells(chart.figure)[0].boxes == [
        pytest.approx([0.5, 0.5, 2, 3])
    ]  # pixels are counted from their centres
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


def test_reliability_has_a_panel_for_each_model():
    sure = calibration.reliability(np.array([0.9, 0.9, 0.3]), np.array([True, False, True]), bins=5)
    unsure = calibration.reliability(np.array([0.5]), np.array([True]), bins=5)
    gap = {"reference": intervals.Interval(-0.5, -0.75, -0.25), "my_model": intervals.Interval(0.0333, -0.1, 0.2)}
    chart = error_charts.reliability(
        {"reference": unsure, "my_model": sure}, calibration_error={"reference": 0.5, "my_model": 0.123}, gap=gap
    )
    text = "`reference` -50 points (-75 to -25), calibration error 0.50; `my_model` +3 points (-10 to +20), calibration error 0.12"
    assert chart.caption.startswith(f"Mean confidence minus accuracy (above 0: surer than right): {text}.")
    assert text in chart.alt
    first, second = chart.figure.axes
    assert titles((first, second)) == ["reference\n1 images", "my_model\n3 images"]
    dots = second.collections[-1]
    assert dots.get_offsets().tolist() == [[0.3, 1.0], [0.9, 0.5]]
    small, large = dots.get_sizes()
    assert (large - 8) == pytest.approx(2 * (small - 8))  # two images and one


def found(**changed) -> SimpleNamespace:
    """A study of four answers, with networks."""
    words = {
        "model": "my_model",
        "trained": True,
        "has_networks": True,
        "classes": CLASSES,
        "confusion": np.array([[3, 1], [6, 2]]),
        "worst": SURE,
        "person_effect": DEALT,
        "subject_accuracy": pd.Series({"01": 0.25, "02": 0.75}),
        "right": np.array([True, False, False, False]),
        "confidence": np.array([0.9, 0.9, 0.5, 0.85]),
        "calibration_error": 0.4,
        "confidence_gap": intervals.Interval(0.54, 0.25, 0.75),
        "predictions": pd.DataFrame({"subject": ["01", "01", "02", "02"], "fold": ["01", "01", "02", "02"]}),
        "by_subject": pd.DataFrame({"happy": [0.5, 1.0], "sad": [0.0, np.nan]}, index=["01", "02"]),
        "nearest_training_images": lambda *, to_show: pd.DataFrame(
            {"predicted": ["sad", "happy"], "nearest_label": ["sad", "sad"]}
        ),
    }
    return SimpleNamespace(**(words | changed))


def reference(**changed) -> SimpleNamespace:
    words = {"model": "plain", "trained": True, "face_share": (0.6, 0.3), "right": np.array([False, True])}
    return SimpleNamespace(**(words | changed))


def test_what_notebook_04_found_is_counted():
    lines = errors.summary(found(), reference(), [found(model="another_one")]).splitlines()
    assert len(lines) == 7
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
    assert "+54 points (+25 to +75), expected calibration error 0.40; 67% of its mistakes" in lines[4]
    assert "from 1 people" in lines[5]
    assert lines[6].startswith("7. **`another_one`** is right in 25%. Most often mistaken: sad for happy")


def test_notebook_04_says_what_it_does_not_ask_or_cannot_judge():
    heads = errors.summary(found(model="transfer", has_networks=False), reference())
    assert "`transfer` has no networks of its own, so neither this was asked nor where it looks." in heads
    assert "nearest training image" not in heads
    untrained = errors.summary(found(trained=False), reference(trained=False))
    assert (
        "`my_model`: not trained enough to judge." in untrained and "`plain`: not trained enough to judge." in untrained
    )
    assert "Recall" not in untrained and "Grad-CAM" not in untrained
    assert "nearest training image" not in errors.summary(
        found(nearest_training_images=lambda *, to_show: pd.DataFrame()), reference()
    )
