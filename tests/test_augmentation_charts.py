"""The figures of notebook 02, from made-up numbers."""

import matplotlib
import numpy as np
import pytest
import sheets

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fer_utils.drawing import augmentation_charts
from fer_utils.engine.augmentation import Policy
from fer_utils.findings import augmentation as findings


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize(("draws", "word"), [(1, "one random"), (2, "two random"), (12, "12 random")])
def test_the_input_stands_before_its_variants(draws, word):
    images = np.array([10, 20], dtype=np.uint8).reshape(2, 1, 1, 1) * np.ones((2, 6, 8, 1), dtype=np.uint8)
    variants = np.arange(2 * draws, dtype=np.float32).reshape(2, draws, 1, 1, 1) / 100 * np.ones((6, 8, 1))
    names = {"name": "face_flip", "source": "face", "classes": ["happy", "half_sad"]}
    chart = augmentation_charts.policy(images, variants, **names)
    greys = np.array([cell.grey for cell in sheets.cells(chart.figure)]).reshape(2, draws + 1)
    assert greys[:, 0].tolist() == [10, 20]
    np.testing.assert_allclose(greys[:, 1:], variants[:, :, 0, 0, 0])
    columns = ["input", *[f"draw {number}" for number in range(1, draws + 1)]]
    assert sheets.names(chart.figure) == (["happy", "half_sad"], columns)
    assert chart.caption == (
        "Policy `face_flip` on the aligned face, 8x6 pixels: look whether each expression can still be named."
    )
    assert word in chart.alt
    assert "(happy, half_sad)" in chart.alt


def test_the_caption_says_what_a_policy_acts_on():
    images = np.zeros((1, 4, 4, 1), dtype=np.uint8)
    chart = augmentation_charts.policy(images, images[:, None] / 255, name="a", source="frame", classes=["happy"])
    assert "on the whole frame, 4x4 pixels: smears at the sides are the nearest edge" in chart.caption


def test_extremes_stand_in_a_row_for_each_parameter_and_a_block_for_each_policy():
    plain = np.full((4, 4), 0.5, dtype=np.float32)
    rows = [
        {"name": "original: flip", "images": [plain, plain, plain / 2], "titles": ["no", "as it is", "yes"]},
        {"name": "face: flip", "images": [plain / 4, plain / 4, plain], "titles": ["no", "as it is", "yes"]},
        {"name": "face: zoom", "images": [plain / 5, plain, plain], "titles": ["-6 %", "as it is", "+6 %"]},
    ]
    chart = augmentation_charts.extremes(rows)
    cells = sheets.cells(chart.figure)
    assert [cell.grey for cell in cells] == pytest.approx([0.5, 0.25, 0.125, 0.5, 0.1, 0.5, 0.5])
    assert [cell.title for cell in cells] == ["as it is", "yes"] * 2 + ["-6 %", "as it is", "+6 %"]
    rows, columns = sheets.names(chart.figure)
    assert (rows, [name for name in columns if name]) == (["flip", "zoom"], ["original", "face"])
    assert [text.get_text() for text in chart.figure.axes[0].texts].count("not used") == 1  # the zoom of `original`
    assert chart.alt.endswith("for flip, zoom.")


def test_bars_say_how_often_a_policy_cuts_off_a_face():
    shares = {"first_one": np.array([[1.0, 0.5], [0.95, 0.2], [0.9, 0.9]]), "second": np.ones((3, 2))}
    chart = augmentation_charts.face_in_frame(shares)
    (ax,) = chart.figure.axes
    some, much = ([bar.get_width() for bar in bars] for bars in ax.containers)
    assert some == pytest.approx([4 / 6, 0])  # 95 % inside is not more than 5 % cut off
    assert much == pytest.approx([2 / 6, 0])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["policy first_one", "policy second"]
    assert (
        "more than 5% of the face box: `first_one` in 67%, `second` in 0% of the draws (2 of each of 3 images)"
        in chart.caption
    )


def test_bars_show_how_often_each_accuracy_came_out():
    chart = augmentation_charts.augmented_validation(0.75, np.array([0.25, 0.5, 0.5, 1.0]), n=4)
    (ax,) = chart.figure.axes
    bars = {round(bar.get_x() + bar.get_width() / 2, 6): bar.get_height() for bar in ax.patches}
    assert bars == {0.25: 0.25, 0.5: 0.5, 1.0: 0.25}
    assert list(ax.lines[0].get_xdata()) == [0.75, 0.75]
    assert "the same 4 images" in ax.get_xlabel()
    assert chart.caption.startswith(
        "The same network scores anything from 25% to 100% on the same 4 images if they are augmented, and"
    )
    assert "always 75%" in chart.caption
    assert chart.alt.endswith("from 25% to 100%, with a line at 75%.")


def test_a_table_says_what_each_policy_changes():
    policies = {"a": Policy(rotation=15, flip=True), "b": Policy(shift=0.04, brightness=0.1, contrast=0.2)}
    lines = findings.allowed(policies).splitlines()
    assert lines[0] == "| change | `a` | `b` | why |"
    cells = [line.split(" | ")[:3] for line in lines[2:]]
    assert cells == [
        ["| horizontal flip", "yes", "no"],
        ["| rotation", "±15°", "no"],
        ["| shift", "no", "±4 %"],
        ["| zoom", "no", "no"],
        ["| brightness, contrast", "no", "±10 %, ±20 %"],
    ]


def test_one_score_makes_one_bar():
    chart = augmentation_charts.augmented_validation(0.5, np.array([0.5]), n=2)
    assert [bar.get_height() for bar in chart.figure.axes[0].patches] == [1]


def test_the_summary_has_a_line_for_each_policy_and_the_range_of_scores():
    shares = {"original": np.array([[0.5, 0.92]]), "face": np.ones((1, 2))}
    lines = findings.summary(shares, 0.6, np.array([0.2, 0.4, 0.8]), n=5).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("- Policy `original`")
    assert "in 0% of the draws, at least 90 % of it in 50%" in lines[0]
    assert "in 100% of the draws" in lines[1]
    assert "scores **60%** on 5 validation images, and anything from **20% to 80%**" in lines[2]
    assert "One image of 5 is 20.0%" in lines[3]
