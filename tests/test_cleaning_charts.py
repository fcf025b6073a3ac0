"""The figures of notebook 01, from made-up images."""

import dataclasses
import hashlib

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sheets

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fer_utils.data.alignment import Face
from fer_utils.data.datasets import FaceDataset
from fer_utils.drawing import cleaning_charts
from fer_utils.drawing.chart import Chart
from fer_utils.findings import cleaning as findings

CLASSES = ("happy", "half_sad")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def made_up(*files: tuple[str, str]) -> FaceDataset:
    """A data set of (subject, condition), each image of one grey, its position in the data set times ten."""
    subjects, conditions = (np.array(column) for column in zip(*files, strict=True))
    names = np.array([f"subject{subject}.{condition}" for subject, condition in files])
    return FaceDataset(
        name="made-up",
        title="Made up",
        rendered=True,
        images=np.stack([np.full((40, 50), 10 * index, dtype=np.uint8) for index in range(len(files))]),
        labels=np.array([CLASSES.index(name) if name in CLASSES else -1 for name in conditions]),
        subjects=subjects,
        conditions=conditions,
        file_names=names,
        hashes=np.array([hashlib.sha256(name.encode()).hexdigest() for name in names]),
        class_names=CLASSES,
        eyes=np.tile([[20.0, 15.0], [30.0, 15.0]], (len(files), 1, 1)),
    )


FACES = made_up(("1", "half_sad"), ("1", "happy"), ("1", "lamp"), ("2", "half_sad"), ("3_b", "lamp"), ("3_b", "happy"))


def greys(chart: Chart) -> list[float]:
    """The greys of the images, row by row."""
    return [cell.grey for cell in sheets.cells(chart.figure)]


def titles(chart: Chart) -> list[str]:
    return [cell.title for cell in sheets.cells(chart.figure)]


def test_the_conditions_of_the_first_person_are_shown_with_expressions_in_black():
    chart = cleaning_charts.conditions(FACES)
    assert greys(chart) == [0, 10, 20]
    assert titles(chart) == ["half_sad", "happy", "lamp"]
    assert [text.get_color() for text in chart.figure.axes[0].texts] == ["black", "black", "0.45"]
    assert chart.caption.startswith("The conditions of subject 1.")
    assert chart.alt.endswith("half_sad, happy, lamp.")


def test_more_than_twelve_conditions_are_cut_off():
    chart = cleaning_charts.conditions(made_up(*[("1", f"number {index}") for index in range(14)]))
    assert greys(chart) == list(range(0, 120, 10))
    assert "number 11." in chart.alt


def test_pairs_stand_side_by_side_in_two_rows():
    pairs = [("subject1.happy", "subject1.lamp"), ("subject2.half_sad", "subject3_b.lamp"), ("subject1.half_sad",) * 2]
    chart = cleaning_charts.identical_pairs(FACES, pairs)
    assert greys(chart) == [10, 20, 0, 0, 30, 40]
    assert titles(chart) == ["1.happy", "1.lamp", "1.half_sad", "1.half_sad", "2.half_sad", "3_b.lamp"]
    assert chart.caption == "3 pairs of files hold the same bytes."
    assert "subject2.half_sad and subject3_b.lamp; subject1.half_sad" in chart.alt


def test_one_pair_makes_one_row_and_ten_pairs_are_shown_at_most():
    pair = ("subject1.happy", "subject1.lamp")
    assert greys(cleaning_charts.identical_pairs(FACES, [pair])) == [10, 20]
    many = cleaning_charts.identical_pairs(FACES, [pair] * 11)
    assert greys(many) == [10, 20] * 10
    assert many.caption.startswith("11 pairs")


def test_near_duplicates_stand_one_above_the_other():
    rows = [("subject1.happy", "subject2.half_sad", 2), ("subject1.lamp", "subject3_b.lamp", 5)]
    table = pd.DataFrame(rows, columns=["first", "second", "distance"])
    chart = cleaning_charts.near_duplicates(FACES, table, largest_distance=7)
    assert greys(chart) == [10, 20, 30, 40]
    assert titles(chart) == ["1.happy", "1.lamp", "2.half_sad", "3_b.lamp"]
    assert chart.caption == "The nearest of 2 pairs that differ in at most 7 of 256 bits."
    assert len(greys(cleaning_charts.near_duplicates(FACES, pd.concat([table] * 5), largest_distance=7))) == 16


def test_every_face_has_its_box_and_eyes_in_its_cell():
    face = Face(3.0, 4.0, 20.0, 25.0, 0.99, (8.0, 9.0), (18.0, 10.0))
    chart = cleaning_charts.detections(FACES, [[face], [], [face], [face, face], [face], []])
    cells = sheets.cells(chart.figure)
    assert [cell.grey for cell in cells] == [0, 10, 20, 30, 50, 40]
    assert [len(cell.boxes) for cell in cells] == [1, 0, 1, 2, 0, 1]
    np.testing.assert_allclose(cells[0].boxes, [[3, 4, 20, 25]])
    np.testing.assert_allclose(cells[0].marks, [[[8, 9], [18, 10]]])
    assert sheets.names(chart.figure) == (["1", "2", "3_b"], ["half_sad", "happy", "lamp"])
    assert chart.caption.endswith("Exactly one face in 3 of 6 images.")
    assert chart.alt.startswith("3 rows of frames")


def test_a_person_with_two_images_of_one_condition_is_shown_by_the_first():
    chart = cleaning_charts.detections(made_up(("1", "lamp"), ("1", "lamp")), [[], []])
    assert greys(chart) == [0]


def test_bars_count_what_became_of_the_files():
    reasons = ["", "", "", "no face found", "corrupt (says the Readme)", "corrupt (says somebody else)"]
    chart = cleaning_charts.kept_and_excluded(pd.DataFrame({"kept": [not each for each in reasons], "reason": reasons}))
    (ax,) = chart.figure.axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert dict(zip(names, [bar.get_width() for bar in ax.patches], strict=True)) == {
        "kept": 3,
        "corrupt": 2,
        "no face found": 1,
    }
    assert [text.get_text() for text in ax.texts] == ["3", "2", "1"]
    assert chart.alt.split("; ")[0] == "3 files: kept"
    assert "1 files: corrupt (says the Readme)" in chart.alt


def test_bars_of_files_that_all_stay():
    chart = cleaning_charts.kept_and_excluded(pd.DataFrame({"kept": [True, True], "reason": ["", ""]}))
    assert [bar.get_width() for bar in chart.figure.axes[0].patches] == [2]
    assert chart.alt == "2 files: kept"


def test_aligned_faces_stand_under_their_expressions_and_excluded_ones_leave_a_gap():
    chart = cleaning_charts.aligned(FACES, np.array([0, 3, 5]))  # not subject 1's happy face
    assert greys(chart) == [0, 30, 50]
    assert {cell.image.shape for cell in sheets.cells(chart.figure)} == {(96, 96)}
    left = [image.get_extent()[0] for image in chart.figure.axes[0].images]
    assert left[0] == left[1] > left[2]  # under half_sad, half_sad, happy
    assert sheets.names(chart.figure) == (["1", "2", "3_b"], list(CLASSES))
    assert chart.alt == "3 rows of upright faces, one per person, columns happy, half_sad."


def manifest(*reasons: str) -> pd.DataFrame:
    columns = {"subject": FACES.subjects, "label": [CLASSES[label] for label in FACES.labels], "reason": reasons}
    shown = {"image": FACES.file_names, "condition": FACES.conditions, "width": 50}
    return pd.DataFrame(columns | shown).assign(kept=[not each for each in reasons])


def test_the_summary_counts_files_faces_and_pairs():
    table = manifest("", "", "a lamp", "", "a lamp", "")
    text = findings.summary(
        FACES, table, faces=[[1], [], [1], [1], [1, 2], [1]], pairs=[], candidates=pd.DataFrame(index=range(7))
    )
    assert "Of 6 files, **4 images** of 3 subjects and 2 expressions remain" in text
    assert "- 0 pairs of files hold the same bytes.\n" in text
    assert "- 7 further pairs" in text
    assert "found in 4 of 6 images" in text
    assert text.endswith("- 2 × a lamp.")


def test_the_summary_names_pairs_of_two_expressions_only():
    table = manifest(*[""] * 6)
    rest = {"faces": [[]] * 6, "candidates": pd.DataFrame()}
    across = ("subject1.half_sad", "subject1.happy")
    lit = ("subject1.happy", "subject1.lamp")
    text = findings.summary(FACES, table, pairs=[across, lit], **rest)
    assert "Under two different expressions: `subject1.half_sad` and `subject1.happy`." in text
    assert "None of them carries two different expressions." in findings.summary(FACES, table, pairs=[lit], **rest)


def test_faces_that_may_not_be_redistributed_are_shown_of_four_people():
    everybody = made_up(*((f"{number:02}", condition) for number in range(1, 8) for condition in CLASSES))
    yale = dataclasses.replace(everybody, name="yale")
    for data, people in ((everybody, 7), (yale, 4)):
        for chart in (
            cleaning_charts.aligned(data, np.arange(14)),
            cleaning_charts.detections(data, [[] for _ in range(14)]),
        ):
            assert len(sheets.names(chart.figure)[0]) == people
            assert ("pictures of 4 people" in chart.caption) == (people == 4)
    pairs = [("subject01.happy", "subject04.happy"), ("subject04.happy", "subject05.happy")]
    assert len(greys(cleaning_charts.identical_pairs(yale, pairs))) == 2
    table = pd.DataFrame([(*pair, 3) for pair in pairs], columns=["first", "second", "distance"])
    chart = cleaning_charts.near_duplicates(yale, table, largest_distance=7)
    assert len(greys(chart)) == 2
    assert "nearest of 2 pairs" in chart.caption
