"""The figures of notebook 06, from made-up numbers, and the sheet of images that stands for a photo."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fer_utils import notebook
from fer_utils.data import datasets
from fer_utils.data.alignment import Face
from fer_utils.drawing import photo_charts
from fer_utils.drawing.charts import PALETTE
from fer_utils.findings import photos as findings
from fer_utils.photos import reading
from fer_utils.photos.expressions import FaceExpression, Prediction

CLASSES = ("neutral", "happiness", "some_other")
SURE = {"happiness": 0.9, "neutral": 0.08, "some_other": 0.02}
UNSURE = {"some_other": 0.4, "neutral": 0.35, "happiness": 0.25}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_photo_keeps_its_pixels_and_the_words_number_its_faces():
    picture = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    chart = photo_charts.annotated(picture, ["happiness", "some_other"], number=3)
    (ax,) = chart.figure.axes
    assert np.array_equal(ax.images[0].get_array(), picture)
    assert chart.figure.get_size_inches().tolist() == [9, 4.5]
    assert chart.caption.startswith("Photo 3: 2 face(s)")
    assert chart.alt.endswith("1 happiness; 2 some_other.")


def test_a_photo_without_a_face_says_so():
    chart = photo_charts.annotated(np.zeros((9, 9, 3), dtype=np.uint8), [], number=1)
    assert chart.caption.startswith("Photo 1: 0 face(s)")
    assert chart.alt.endswith("no face found.")


def test_bars_stand_beside_their_face_and_the_likeliest_is_orange():
    crops = [np.full((4, 4), grey, dtype=np.uint8) for grey in (10, 20)]
    chart = photo_charts.probabilities(crops, [SURE, UNSURE], classes=CLASSES)
    axes = np.array(chart.figure.axes).reshape(2, 2)
    assert [ax.images[0].get_array()[0, 0] for ax in axes[:, 0]] == [10, 20]
    assert [ax.get_title() for ax in axes[:, 0]] == ["face 1", "face 2"]
    for ax, shares, best in zip(axes[:, 1], (SURE, UNSURE), (1, 2), strict=True):
        assert [label.get_text() for label in ax.get_yticklabels()] == list(CLASSES)
        assert [bar.get_width() for bar in ax.patches] == [shares[name] for name in CLASSES]
        assert [bar.get_facecolor()[:3] == to_rgb(PALETTE[1]) for bar in ax.patches] == [
            place == best for place in range(3)
        ]
    assert chart.alt.endswith("happiness 90%; some_other 40%.")


def test_one_face_makes_one_row():
    chart = photo_charts.probabilities([np.zeros((4, 4), dtype=np.uint8)], [SURE], classes=CLASSES)
    assert len(chart.figure.axes) == 2
    assert chart.alt.endswith("bars: happiness 90%.")


def prediction(*answers: dict) -> Prediction:
    face = Face(0.0, 0.0, 9.0, 9.0, 1.0, (3.0, 3.0), (6.0, 3.0))
    return Prediction("photo", tuple(FaceExpression(face, np.zeros((4, 4)), each) for each in answers))


def test_the_summary_counts_faces_and_names_the_surest():
    text = findings.summary([prediction(SURE, UNSURE), prediction(SURE), prediction()])
    assert "3 faces in 3 photos; 1 without a face." in text
    assert "**happiness** (2), **some_other** (1)" in text
    assert "The surest face is happiness with 90%, the least sure some_other with 40%; their mean is 73%." in text
    assert "1 of 3 get under 50%" in text
    assert findings.summary([prediction()]) == "- 0 faces in 1 photo; 1 without a face."


def test_the_sheet_has_an_image_of_each_person_with_expressions_in_turn(three_people):
    data = datasets.load(three_people)
    sheet = reading.sheet_of_people(data, people=2)
    expected = reading.contact_sheet([data.images[0], data.images[7]], columns=3)  # of six images each
    assert np.array_equal(sheet.grey, expected)
    assert data.subjects[7] != data.subjects[0]
    everybody = reading.sheet_of_people(data, people=99)
    assert everybody.grey.shape[1] == 3 * everybody.grey.shape[0] * data.images.shape[2] // data.images.shape[1]


def test_photos_of_ones_own_are_shown_without_any_data_set(outputs):
    parameters = {"dataset": "no such folder", "photo": "a.png"}
    page = notebook.Page("06_own_photos", parameters)
    photos = reading.as_dataset([reading.from_greys(np.zeros((40, 40), dtype=np.uint8), name="a.png")])
    chart = photo_charts.annotated(np.zeros((9, 9, 3), dtype=np.uint8), [], number=1)
    page.show("photo-1", chart, data=photos)
    assert {path.name for path in (outputs / "photos" / "figures").iterdir()} == {"06-photo-1.png", "06-photo-1.json"}
