"""The figures of notebook 06, from made-up numbers, and the sheet of images that stands for a photo."""

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from conftest import copy_faces

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fer_utils import notebook
from fer_utils.data import datasets
from fer_utils.data.alignment import Face
from fer_utils.drawing import photo_charts
from fer_utils.export.card import Card, Crop
from fer_utils.findings import photos as findings
from fer_utils.photos import reading, sheets
from fer_utils.photos.expressions import LEARNED, FaceExpression, Prediction

CLASSES = ("neutral", "happiness", "some_other")
SURE = {"happiness": 0.9, "neutral": 0.08, "some_other": 0.02}
UNSURE = {"some_other": 0.4, "neutral": 0.35, "happiness": 0.25}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_photo_keeps_its_pixels_and_the_words_number_its_faces():
    picture = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    chart = photo_charts.annotated(picture, ["happiness", "some_other"], number=3, model="mine")
    (ax,) = chart.figure.axes
    assert np.array_equal(ax.images[0].get_array(), picture)
    assert chart.figure.get_size_inches().tolist() == [7.8, 3.9]
    assert chart.caption == "Photo 3: 2 faces read by mine."
    assert chart.alt.endswith("1 happiness; 2 some_other.")


def test_a_photo_without_a_face_says_so():
    chart = photo_charts.annotated(np.zeros((9, 9, 3), dtype=np.uint8), [], number=1, model="mine")
    assert chart.caption.startswith("Photo 1: 0 faces")
    assert chart.alt.endswith("no face found.")


def test_under_a_labelled_face_stands_whether_its_label_was_named():
    labels = [(5.0, "happy"), (15.0, "normal"), (25.0, "wink")]
    names = ["happiness", "surprise", "surprise"]
    chart = photo_charts.annotated(
        np.zeros((9, 30, 3), dtype=np.uint8),
        names,
        number=1,
        model="mine",
        classes=(*CLASSES, "surprise"),
        labels=labels,
    )
    (ax,) = chart.figure.axes
    assert [text.get_text() for text in ax.texts] == [
        "shows happy:\nright",
        "shows normal:\nwrong",
        "shows wink:\nno word for it",
    ]
    assert [text.xy[0] for text in ax.texts] == [5, 15, 25]
    assert len({text.get_color() for text in ax.texts}) == 3
    assert chart.caption == "Photo 1: mine names 1 of 2 labels that it has a word for."
    assert chart.alt.endswith("By their labels they show happy, normal, wink.")


def test_tables_of_probabilities_have_a_row_for_each_face_and_frame_the_likeliest():
    crops = [np.full((4, 4), grey, dtype=np.uint8) for grey in (10, 20)]
    own = [{"happy": 0.7, "sad": 0.3}, {"happy": 0.8, "sad": 0.2}]
    answers, classes = {"first": [SURE, UNSURE], "own": own}, {"first": CLASSES, "own": ("happy", "sad")}
    chart = photo_charts.probabilities(crops, answers, classes=classes, labels=["happy", "sad"])
    heads, *tables = chart.figure.axes
    assert [image.get_array()[0, 0] for image in heads.images] == [10, 20]
    assert [text.get_text() for text in heads.get_yticklabels()] == ["1 happy", "2 sad"]
    assert [ax.get_title() for ax in tables] == ["first", "own"]
    assert [text.get_text() for text in tables[0].texts] == ["8", "90", "2", "35", "25", "40"]
    assert [text.get_text() for text in tables[1].texts] == ["70", "30", "80", "20"]
    frames = [[(patch.get_xy(), patch.get_linestyle()) for patch in ax.patches] for ax in tables]
    assert frames == [[((1, 0), "-"), ((2, 1), "-")], [((0, 0), "-"), ((0, 1), "--")]]  # "some_other": no word for sad
    assert len({patch.get_edgecolor() for ax in tables for patch in ax.patches}) == 3
    assert chart.alt.endswith("first: happiness 90%; some_other 40%. own: happy 70%; happy 80%.")


def test_one_face_makes_one_row():
    chart = photo_charts.probabilities([np.zeros((4, 4), dtype=np.uint8)], {"one": [SURE]}, classes={"one": CLASSES})
    heads, table = chart.figure.axes
    assert [text.get_text() for text in heads.get_yticklabels()] == ["1"]
    assert len(table.patches) == 1
    assert chart.alt.endswith("one: happiness 90%.")


def prediction(*answers: dict, notes=(), x: float = 0.0) -> Prediction:
    face = Face(x, 0.0, 9.0, 9.0, 1.0, (3.0, 3.0), (6.0, 3.0))
    return Prediction("photo", tuple(FaceExpression(face, np.zeros((4, 4)), each) for each in answers), notes=notes)


OWN = Card("transfer", "Mine", ("happiness", "neutral"), (Crop("face"),), people=7, images=40)


def test_the_summary_counts_faces_and_names_the_surest():
    found = [prediction(SURE, UNSURE), prediction(SURE), prediction()]
    text = findings.summary({"first": found, OWN.name: found}, own=OWN)
    assert "3 faces in 3 photos; 1 without a face." in text
    assert "- **first** names most often **happiness** (2). " in text
    assert "The surest face is happiness with 90%, the least sure some_other with 40%; their mean is 73%." in text
    assert "1 of 3 get under 50%" in text
    assert "None of 1 stays under 50%." in findings.summary({"first": [prediction(SURE)]})
    assert "**transfer on Mine** learned from all 7 people of the data set, none of these photos among them" in text
    assert "first** names no expression twice" in findings.summary({"first": [prediction(SURE)]})


def test_the_summary_says_what_the_own_model_knew():
    known = [prediction(SURE, notes=(LEARNED,)), prediction(UNSURE)]
    text = findings.summary({"first": known, OWN.name: known}, own=OWN)
    assert "1 photo of these among them, **whose answers say nothing about new people**" in text
    few = findings.summary({"first": [prediction()]})
    assert few.splitlines()[0] == "- 0 faces in 1 photo; 1 without a face."
    assert "too few people for a model of its own" in few
    photo = reading.from_greys(np.zeros((240, 600), dtype=np.uint8), name="sheet")
    sheet = sheets.Sheet(photo, ("a", "b"), ("happiness", "sad"), (300, 300))
    own = [replace(prediction(SURE), found=prediction(SURE).found + prediction(SURE, x=400.0).found)]
    text = findings.summary({"first": own, OWN.name: own}, own=OWN, sheet=sheet)
    assert "learned from 7 people; nobody on the sheet is among them." in text
    assert "names the label of 1 of 2 faces" in text


def test_the_sheet_has_an_image_of_each_person_with_expressions_in_turn(tmp_path):
    data = datasets.load(copy_faces(tmp_path / "four people", subjects=4))
    every = np.arange(len(data))
    sheet = sheets.of_people(data, every, people=6)
    assert len(sheet.people) == 2, "two are not shown, so that a model can learn from them"
    expected = reading.contact_sheet([data.images[0], data.images[7]], columns=4)  # of six images each
    assert np.array_equal(sheet.photo.grey, expected)
    assert sheet.people == (data.subjects[0], data.subjects[7])
    assert sheet.labels == ("happy", "normal")
    faces = [Face(x, 100.0, 80.0, 90.0, 1.0, (1.0, 1.0), (2.0, 1.0)) for x in (100.0, 450.0, 700.0)]
    assert [sheet.label(face) for face in faces] == ["happy", "normal", ""]
    asked = Prediction("sheet", tuple(FaceExpression(face, np.zeros((4, 4)), SURE) for face in faces[:2]), scale=2.0)
    assert sheet.beside(asked) == [(70.0, "happy"), (245.0, "normal")]
    assert len(sheets.of_people(data, every, people=1).people) == 1
    without = sheets.of_people(data, every[every != 7], people=2)
    assert without.labels == ("happy", "sad"), "an image that the manifest leaves out is not shown"
    assert sheet.whom == ""


def test_the_sheet_shows_only_people_who_may_be_shown(tmp_path):
    data = datasets.load(copy_faces(tmp_path / "seven people", subjects=7))
    every = np.arange(len(data))
    sheet = sheets.of_people(replace(data, name="yale"), every, people=6)
    assert len(sheet.people) == 4 and len(sheets.of_people(data, every, people=6).people) == 5
    picture = np.zeros((9, 9, 3), dtype=np.uint8)
    chart = photo_charts.annotated(picture, [], number=1, model="mine", whom=sheet.whom)
    assert chart.caption.endswith(
        "by mine. Only pictures of 4 people are shown: the data set may not be redistributed."
    )


def test_photos_of_ones_own_are_shown_without_any_data_set(outputs):
    parameters = {"dataset": "no such folder", "photo": "a.png"}
    page = notebook.Page("06_own_photos", parameters)
    photos = reading.as_dataset([reading.from_greys(np.zeros((40, 40), dtype=np.uint8), name="a.png")])
    chart = photo_charts.annotated(np.zeros((9, 9, 3), dtype=np.uint8), [], number=1, model="mine")
    page.show("photo-1", chart, data=photos)
    assert {path.name for path in (outputs / "photos" / "figures").iterdir()} == {"06-photo-1.png", "06-photo-1.json"}
