"""Names of every script in figures: shown as they are where a font has the letters, else one line that says so."""

import itertools
import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager

from fer_utils.common import paths
from fer_utils.data import datasets
from fer_utils.drawing import charts, deeper_error_charts, galleries, glyphs, saving, transfer_charts
from fer_utils.drawing.chart import Chart


@pytest.fixture(autouse=True)
def style(monkeypatch):
    monkeypatch.setattr(glyphs, "_said", set())
    with plt.rc_context():
        charts.use_style()
        yield
    plt.close("all")


def titled(*titles: str):
    figure, axes = plt.subplots(1, len(titles), squeeze=False)
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title)
    return figure


def drawn(figure) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def test_letters_that_the_usual_font_lacks_come_from_another_one(capsys):
    plt.rcParams["font.family"] = "cmr10"  # comes with Matplotlib; Latin letters only
    figure = titled("Жαسعيد")
    glyphs.provide(figure)
    families = figure.axes[0].title.get_fontfamily()
    assert families[0] == "cmr10"
    assert len(families) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn(figure)
    assert capsys.readouterr().err == ""


def test_letters_that_no_font_has_are_told_once_by_their_script(capsys, monkeypatch):
    plain = [font_manager.findfont("DejaVu Sans")]
    monkeypatch.setattr(glyphs, "_installed", lambda: plain)
    glyphs._font.cache_clear()
    for _ in range(2):
        glyphs.provide(titled("怒り", "happy"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "no installed font has" in line
    assert "script: CJK, HIRAGANA" in line
    glyphs._font.cache_clear()


def test_a_font_that_has_a_box_for_every_letter_does_not_count():
    assert not [path for path in glyphs._installed() if 0x10FFFD in glyphs._letters(path)]


def test_a_figure_with_boxes_is_saved_without_a_flood_of_warnings(monkeypatch):
    monkeypatch.setattr(glyphs, "_font", lambda letter: None)
    chart = Chart(titled("\U00012000怒り"), "caption", "alt")  # cuneiform
    with warnings.catch_warnings(record=True) as said:
        charts.use_style()
        saving.save(chart, "01-x", context=saving.Context("01_data_cleaning", datasets.load("sample")))
    assert not said
    assert (paths.outputs("sample") / "figures" / "01-x.png").is_file()


def test_plain_names_are_drawn_as_before():
    plain = drawn(titled("happy", "Grüße", "naïve"))
    figure = titled("happy", "Grüße", "naïve")
    glyphs.provide(figure)
    assert np.array_equal(drawn(figure), plain)


def test_a_damaged_font_is_passed_over(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert glyphs._letters(str(tmp_path / "broken.ttf")) == frozenset()
    assert ord("a") in glyphs._letters(font_manager.findfont("DejaVu Sans"))


def test_a_dollar_is_a_dollar():
    assert not np.array_equal(drawn(titled("$happy$")), drawn(titled("happy")))
    with plt.rc_context({"text.parse_math": True}):
        as_formula = drawn(titled(r"\$happy\$"))
    assert np.array_equal(drawn(titled("$happy$")), as_formula)


def test_names_that_begin_with_an_underscore_stand_in_legends():
    names, labels = ["_joy", "sad"], np.arange(4) % 2
    words = {"labels": labels, "subjects": np.array(list("aabb")), "classes": names}
    one = transfer_charts.embedding(np.eye(4, 2), np.array([0.5, 0.4]), **words).figure.axes[0].get_legend()
    assert [text.get_text().lstrip("\u2060") for text in one.get_texts()] == names
    _, ax = plt.subplots()
    deeper_error_charts._points(np.eye(4, 2), np.array(names)[labels], ax=ax)
    assert [text.lstrip("\u2060") for text in ax.get_legend_handles_labels()[1]] == names


def test_thirty_long_names_do_not_touch_each_other():
    names = [f"an expression with a long name {index:02}" for index in range(30)]
    figure = galleries.Sheet([[np.zeros((8, 8), dtype=np.uint8)] * 30], rows=["01"], columns=names).figure
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts[:30]]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))
    words = {"labels": np.arange(60) % 30, "subjects": np.array(["a"] * 60), "classes": names}
    figure = transfer_charts.embedding(np.random.default_rng(0).random((60, 2)), np.array([0.5, 0.4]), **words).figure
    figure.canvas.draw()
    (legend,) = figure.legends
    boxes = [text.get_window_extent() for text in legend.get_texts()]
    assert len(boxes) == 30
    assert not any(legend.get_window_extent().overlaps(ax.get_window_extent()) for ax in figure.axes)
