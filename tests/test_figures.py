import io
import json

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sheets
from PIL import Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fer_utils.common import paths
from fer_utils.data import datasets
from fer_utils.drawing import charts, galleries, saving
from fer_utils.drawing.chart import Chart
from fer_utils.engine import networks
from fer_utils.evaluation import calibration
from fer_utils.evaluation import scores as scoring
from fer_utils.publishing import report_pages
from fer_utils.studies import grad_cam


@pytest.fixture
def context(three_people):
    return saving.Context("03_model_comparison", datasets.load(three_people), {"dataset": str(three_people)}, "quick")


def draw(context, **words):
    figure, ax = plt.subplots()
    charts.learning_curves({"training": np.arange(3.0)}, ylabel="loss", ax=ax)
    saving.save(Chart(figure, **words), "03-test", context=context)


def test_same_figure_same_bytes_with_its_origin_beside_it(context, outputs, three_people):
    path = outputs / "three-people" / "figures" / "03-test.png"
    draw(context, caption="A line.", alt="A rising line.")
    first = path.read_bytes()
    draw(context, caption="A line.", alt="A rising line.")
    assert path.read_bytes() == first
    text = path.with_suffix(".json").read_text()
    origin = json.loads(text)
    assert set(origin) == {
        "notebook",
        "cell",
        "parameters",
        "data",
        "code",
        "versions",
        "caption",
        "alt",
        "sha256",
        "checksum",
    }
    assert str(three_people) not in text
    assert not plt.get_fignums()


def test_a_figure_needs_words(context):
    with pytest.raises(ValueError, match="alt text"):
        draw(context, caption="A line.", alt=" ")
    plt.close("all")


def test_footers_say_what_is_shown(context):
    assert "quick" in context.footer
    rendered = saving.Context("01_data_cleaning", datasets.load("sample"))
    assert "rendered" in rendered.footer


def test_charts_draw_into_the_axes_they_are_given():
    figure, axes = plt.subplots(2, 3)
    scores = pd.DataFrame([("a", "loso", "accuracy", 0.5, 0.4, 0.6, 9, 1)], columns=list(scoring.SCORE_COLUMNS))
    assert charts.forest(scores, metric="accuracy", chance=0.2, ax=axes[0, 0]) is axes[0, 0]
    assert charts.learning_curves({"a": np.ones((2, 4))}, ylabel="loss", ax=axes[0, 2]).get_ylabel() == "loss"
    words = {"rows": ["x", "y"], "columns": ["x", "y"], "xlabel": "predicted", "ylabel": "truth"}
    assert charts.matrix(np.eye(2, dtype=int), fmt="d", ax=axes[1, 0], **words).get_xlabel() == "predicted"
    table = calibration.reliability(np.array([0.3, 0.9]), np.array([False, True]), bins=5)
    assert charts.reliability_diagram(table, ax=axes[1, 1]).get_ylabel() == "accuracy"
    plt.close(figure)


def test_sheets_leave_empty_cells_empty():
    image = np.zeros((4, 4), dtype=np.uint8)
    figure = galleries.Sheet([[image, None], [image, image]], rows=["a", "b"], columns=["x", "y"]).figure
    lefts = [extent[0] for extent in (shown.get_extent() for shown in figure.axes[0].images)]
    assert lefts[0] == lefts[1] < lefts[2]
    assert sheets.names(figure) == (["a", "b"], ["x", "y"])
    plt.close(figure)
    figure = galleries.predictions([image] * 7, ["x"] * 7, right=[True] * 7)
    assert len(sheets.cells(figure)) == 7
    plt.close(figure)


def test_a_sheet_keeps_shapes_apart_and_stands_on_one_axes():
    """A hundred axes took Matplotlib seconds to lay out."""
    wide, high = np.zeros((8, 16), dtype=np.uint8), np.zeros((16, 8), dtype=np.float32)
    figure = galleries.Sheet(
        [[wide, high]], rows=["a name of forty letters, which is long___"], above=2, below=1
    ).figure
    (ax,) = figure.axes
    left, right = (image.get_extent() for image in ax.images)
    assert left[1] - left[0] == pytest.approx(2 * (left[2] - left[3]))
    assert right[1] - right[0] == pytest.approx((right[2] - right[3]) / 2)
    assert left[1] < right[0]
    (name,) = ax.texts
    assert name.get_window_extent().x0 >= 0  # the figure has room for it
    plt.close(figure)


def test_a_saved_sheet_is_whole():
    """Names stand outside its axes; it is saved without being drawn to find that out."""
    context = saving.Context("01_data_cleaning", datasets.load("sample"))
    image = np.zeros((4, 4), dtype=np.uint8)

    def sheet():
        return galleries.Sheet([[image] * 6], rows=["someone"], columns=["a long name " * 3, *"vwxyz"]).figure

    bare, printed = io.BytesIO(), io.BytesIO()
    sheet().savefig(bare, dpi=saving.DPI, bbox_inches="tight")
    figure = sheet()
    figure.text(0.005, -0.01, context.footer, fontsize=7, ha="left", va="top")
    figure.savefig(printed, dpi=saving.DPI, bbox_inches="tight")
    saving.save(Chart(sheet(), "caption", "alt"), "01-sheet", context=context)
    width, height = Image.open(paths.outputs("sample") / "figures" / "01-sheet.png").size
    wanted = Image.open(printed).size
    assert abs(width - wanted[0]) <= 2
    assert abs(height - wanted[1]) <= 2
    assert saving.DPI / 11 < height - Image.open(bare).size[1] < saving.DPI / 2.75  # the small print


def test_a_saved_figure_is_white_sharp_and_as_wide_on_a_page_as_before():
    figure, ax = plt.subplots(figsize=(4, 2))
    ax.plot([0, 1])
    saving.save(
        Chart(figure, "caption", "alt"), "01-line", context=saving.Context("01_data_cleaning", datasets.load("sample"))
    )
    content = (paths.outputs("sample") / "figures" / "01-line.png").read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        assert round(image.info["dpi"][0]) == saving.DPI
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
        (width, _), _, _ = report_pages._smaller("png", content)
        assert image.width == pytest.approx(width * saving.DPI / saving.SHOWN_DPI, abs=2)
    assert width < 4.5 * saving.SHOWN_DPI


@pytest.mark.parametrize("architecture", ["baseline", "updated"])
def test_grad_cam_marks_what_a_network_uses(architecture):
    import keras

    keras.utils.set_random_seed(0)
    model = networks.build(architecture)
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1), dtype=np.uint8)
    heat = grad_cam.grad_cam(model, images, np.array([0, 1, 2]))
    assert heat.shape == (3, 48, 48)
    assert heat.min() >= 0
    assert heat.max() == pytest.approx(1)
    assert grad_cam.features(model, images).shape == (3, model.layers[-1].input.shape[-1])


def test_share_of_heat_inside():
    heat = np.zeros((2, 4, 4))
    heat[0, :2] = 1
    inside = np.zeros((2, 4, 4), dtype=bool)
    inside[:, 0] = True
    shares = grad_cam.share_inside(heat, inside)
    assert shares[0] == 0.5
    assert np.isnan(shares[1])
