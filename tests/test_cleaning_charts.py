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
        images=np.stack([np.full((40, 50), 10 * index % 250, dtype=np.uint8) for index in range(len(files))]),
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


def frames(chart: Chart) -> list[tuple[str, int]]:
    """Of each frame around a pair: style of the line, and how many images wide it is."""
    (ax,) = chart.figure.axes
    width = ax.images[0].get_extent()[1] - ax.images[0].get_extent()[0]
    return [(patch.get_linestyle(), round(patch.get_width() / width)) for patch in ax.patches]


def test_the_conditions_of_the_first_person_are_shown_with_expressions_before_the_others():
    chart = cleaning_charts.conditions(FACES)
    assert greys(chart) == [0, 10, 20]
    assert titles(chart) == ["half_sad", "happy", "lamp"]
    assert [text.get_color() for text in chart.figure.axes[0].texts] == ["black", "black", "0.45"]
    assert chart.caption.startswith("Of 3 pictures of subject 1, 2 show an expression")
    assert chart.alt.endswith("Expressions: half_sad, happy. Other conditions: lamp.")
    rows = [image.get_extent()[2] for image in chart.figure.axes[0].images]
    assert rows[0] == rows[1] < rows[2]


def test_more_than_twelve_conditions_are_cut_off():
    chart = cleaning_charts.conditions(made_up(*[("1", f"number {index}") for index in range(14)]))
    assert greys(chart) == list(range(0, 120, 10))
    assert "number 11." in chart.alt


def test_a_person_with_expressions_alone_has_no_other_conditions():
    chart = cleaning_charts.conditions(made_up(("1", "happy"), ("1", "half_sad")))
    assert chart.caption == "All 2 pictures of subject 1 show an expression."
    assert chart.alt.endswith("Expressions: happy, half_sad.")


def test_identical_pairs_share_a_frame_and_two_expressions_come_first_and_red():
    pairs = [("subject1.happy", "subject1.lamp"), ("subject2.half_sad", "subject3_b.happy"), ("subject1.half_sad",) * 2]
    chart = cleaning_charts.identical_pairs(FACES, pairs)
    assert greys(chart) == [30, 50, 10, 20, 0, 0]
    assert titles(chart) == ["2.half_sad", "3_b.happy", "1.happy", "1.lamp", "1.half_sad", "1.half_sad"]
    assert frames(chart) == [("--", 2), ("-", 2), ("-", 2)]
    assert chart.caption.startswith(
        "Of 3 pairs of files with the same bytes, 1 carries two different expressions (red, dashed)"
    )
    assert "subject2.half_sad and subject3_b.happy; subject1.happy" in chart.alt


def test_one_pair_makes_one_row_and_ten_pairs_are_shown_at_most():
    pair = ("subject1.happy", "subject1.lamp")
    one = cleaning_charts.identical_pairs(FACES, [pair])
    assert greys(one) == [10, 20]
    assert one.caption == "Of 1 pair of files with the same bytes, none carries two different expressions."
    many = cleaning_charts.identical_pairs(FACES, [pair] * 11)
    assert greys(many) == [10, 20] * 10
    assert many.caption.startswith("Of 11 pairs")


def test_near_duplicates_stand_side_by_side_with_their_distance():
    rows = [("subject1.happy", "subject2.half_sad", 2), ("subject1.lamp", "subject3_b.lamp", 5)]
    table = pd.DataFrame(rows, columns=["first", "second", "distance"])
    chart = cleaning_charts.near_duplicates(FACES, table, largest_distance=7)
    assert greys(chart) == [10, 30, 20, 40]
    assert titles(chart) == ["1.happy", "2.half_sad: 2 bits", "1.lamp", "3_b.lamp: 5 bits"]
    assert chart.caption.endswith("2 pairs of different files differ in at most 7 of 256 bits, the nearest in 2.")


def test_near_duplicates_of_identical_files_are_shown_once_and_eight_pairs_at_most():
    same = dataclasses.replace(FACES, hashes=FACES.hashes[[0, 1, 1, 3, 4, 5]])  # happy and lamp of subject 1
    rows = [("subject1.happy", "subject2.half_sad", 2), ("subject1.lamp", "subject2.half_sad", 2)]
    table = pd.DataFrame(rows, columns=["first", "second", "distance"])
    assert greys(cleaning_charts.near_duplicates(same, table, largest_distance=7)) == [10, 30]
    many = made_up(*((str(number), "lamp") for number in range(11)))
    names = many.file_names
    table = pd.DataFrame({"first": names[:-1], "second": names[1:], "distance": 3})
    assert len(greys(cleaning_charts.near_duplicates(many, table, largest_distance=7))) == 16


FACE = Face(3.0, 4.0, 20.0, 25.0, 0.99, (8.0, 9.0), (18.0, 10.0))


def test_four_people_and_every_failure_are_shown_with_boxes_and_eyes():
    chart = cleaning_charts.detections(FACES, [[FACE], [], [FACE], [FACE, FACE], [FACE], [FACE]])
    cells = sheets.cells(chart.figure)
    assert [cell.grey for cell in cells] == [
        0,
        50,
        10,
        30,
    ]  # subjects 1 and 3_b by different conditions; then the failures
    assert [cell.title for cell in cells] == ["1.half_sad", "3_b.happy", "1.happy: no faces", "2.half_sad: 2 faces"]
    assert [len(cell.boxes) for cell in cells] == [1, 1, 0, 2]
    np.testing.assert_allclose(cells[0].boxes, [[3, 4, 20, 25]])
    np.testing.assert_allclose(cells[0].marks, [[[8, 9], [18, 10]]])
    assert chart.caption == "Exactly one face was found in 4 of 6 images. Shown are 2 examples and 2 of 2 failures."
    many = made_up(*((str(number), "lamp") for number in range(30)))
    assert len(greys(cleaning_charts.detections(many, [[FACE]] * 30))) == 4
    assert len(greys(cleaning_charts.detections(many, [[]] * 30))) == 12


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
    assert "1 file: corrupt (says the Readme)" in chart.alt
    assert chart.caption == "3 of 6 files serve to train and test."


def test_bars_of_files_that_all_stay():
    chart = cleaning_charts.kept_and_excluded(pd.DataFrame({"kept": [True, True], "reason": ["", ""]}))
    assert [bar.get_width() for bar in chart.figure.axes[0].patches] == [2]
    assert chart.alt == "2 files: kept"


def manifest(*reasons: str) -> pd.DataFrame:
    columns = {
        "subject": FACES.subjects,
        "label": [CLASSES[label] if label >= 0 else None for label in FACES.labels],
        "reason": reasons,
    }
    shown = {"image": FACES.file_names, "condition": FACES.conditions, "width": 50}
    return pd.DataFrame(columns | shown).assign(kept=[not each for each in reasons])


def test_aligned_faces_stand_under_their_expressions_and_gaps_say_why():
    excluded = manifest("", "blurred (says the Readme)", "a lamp", "", "a lamp", "")
    chart = cleaning_charts.aligned(FACES, np.array([0, 3, 5]), excluded)  # not subject 1's happy face
    assert greys(chart) == [0, 30, 50]
    assert {cell.image.shape for cell in sheets.cells(chart.figure)} == {(96, 96)}
    left = [image.get_extent()[0] for image in chart.figure.axes[0].images]
    assert left[0] == left[1] > left[2]  # under half_sad, half_sad, happy
    notes = [text.get_text() for text in chart.figure.axes[0].texts if text.get_color() == "0.35"]
    assert notes == ["blurred", "no image", "no image"]
    assert sheets.names(chart.figure) == (["1", "2", "3_b"], list(CLASSES))
    assert chart.alt == "3 rows of upright faces, one per person, columns happy, half_sad."


def test_the_summary_counts_files_faces_and_pairs():
    table = manifest("", "no face found", "a lamp", "", "a lamp", "")
    text = findings.summary(
        FACES, table, faces=[[1], [], [1], [1], [1, 2], [1]], pairs=[], candidates=pd.DataFrame(index=range(7))
    )
    assert "Of 6 files, **3 images** of 3 subjects and 2 expressions remain" in text
    assert "- 0 pairs of files have the same bytes.\n" in text
    assert "- 7 further pairs" in text
    assert "found in 4 of 6 images. Of the other 2, 1 is excluded for another reason anyway." in text
    assert "- 2 × a lamp." in text


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
    reasons = pd.DataFrame({"subject": everybody.subjects, "label": "happy", "kept": True, "reason": ""})
    for data, count in ((everybody, 7), (yale, 4)):
        chart = cleaning_charts.aligned(data, np.arange(14), reasons)
        assert len(sheets.names(chart.figure)[0]) == count
        assert ("pictures of 4 people" in chart.caption) == (count == 4)
        failures = cleaning_charts.detections(data, [[] for _ in range(14)])
        assert len(greys(failures)) == min(2 * count, 12)
        assert ("pictures of 4 people" in failures.caption) == (count == 4)
    pairs = [("subject01.happy", "subject04.happy"), ("subject04.happy", "subject05.happy")]
    assert len(greys(cleaning_charts.identical_pairs(yale, pairs))) == 2
    table = pd.DataFrame([(*pair, 3) for pair in pairs], columns=["first", "second", "distance"])
    chart = cleaning_charts.near_duplicates(yale, table, largest_distance=7)
    assert len(greys(chart)) == 2
    assert "2 pairs of different files" in chart.caption
    nobody = cleaning_charts.near_duplicates(yale, table[1:], largest_distance=7)
    assert not greys(nobody)
