import matplotlib
import numpy as np
import pandas as pd
import pytest
import sheets

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.container import ErrorbarContainer

from fer_utils.drawing import deeper_error_charts as charts
from fer_utils.drawing.chart import Chart
from fer_utils.drawing.charts import PALETTE


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def words(chart: Chart, *parts: str) -> None:
    """Caption and alt text hold these words."""
    assert isinstance(chart, Chart)
    for part in parts:
        assert part in chart.caption, part
        assert part in chart.alt, part


def intervals(ax) -> list[tuple[float, float, float]]:
    """Value, low and high of every horizontal error bar."""
    found = []
    for each in ax.containers:
        if isinstance(each, ErrorbarContainer):
            values = each.lines[0].get_xdata() if each.lines[0] else [None] * len(each.lines[2][0].get_segments())
            segments = each.lines[2][0].get_segments()
            found += [(v, s[0][0], s[1][0]) for v, s in zip(values, segments, strict=True)]
    return found


def suspects(count: int) -> pd.DataFrame:
    table = pd.DataFrame({"truth": ["happy"] * count, "suggested": ["very_sad"] * count})
    return table.assign(probability_of_label=0.07, probability_of_suggested=np.linspace(0.9, 0.5, count))


def picture(grey: int = 90) -> np.ndarray:
    return np.full((8, 8), grey, dtype=np.uint8)


def test_suspect_labels_stand_before_the_persons_other_faces():
    planted = {"found": 0.74, "true": 0.31}
    faces = [[("happy", picture(10)), ("sad", picture(11)), ("calm", picture(12))], [("happy", picture(20))]]
    chart = charts.suspect_labels(suspects(3), faces, planted=planted, model="some_model")
    for text in ("2 of 3 suspect labels", "`some_model`", "74% are found", "31% of what is named"):
        assert text in chart.caption
    assert "happy 7% rather very_sad 90%?; happy 7% rather very_sad 70%?" in chart.alt
    shown = sheets.cells(chart.figure)
    assert [cell.grey for cell in shown] == [10, 11, 12, 20]
    below = [text.get_text() for cell in shown for text in cell.below]
    assert below == ["happy 7%\nvery_sad 90%?", "sad", "calm", "happy 7%\nvery_sad 70%?"]
    assert [cell.frame for cell in shown] == ["--", "", "", "--"]
    none = charts.suspect_labels(suspects(0), [], planted=planted, model="m")
    assert "0 of 0" in none.caption
    assert not sheets.cells(none.figure)


def read(*representations: str) -> pd.DataFrame:
    rows = []
    for index, name in enumerate(representations):
        rows.append((name, "expression", 0.64 - 0.1 * index, 0.5, 0.71, 0.17, 89))
        rows.append((name, "person", 0.9, 0.85, 0.95, 0.07, 89))
    return pd.DataFrame(rows, columns=["representation", "question", "value", "low", "high", "chance", "n"])


def test_person_or_expression():
    chart = charts.person_or_expression(read("pixels", "last_layer"))
    words(chart, "pixels: expression 64%; pixels: person 90%", "last_layer: expression 54%")
    assert "n = 89 images" in chart.caption
    own = charts.person_or_expression(read("pixels", "last_layer"), own={"last_layer": 0.55}).figure.axes[0]
    stroke = next(each for each in own.collections if each.get_label() == "its network's own accuracy")
    assert stroke.get_segments()[0].tolist() == [[0.55, 0.75], [0.55, 1.25]]
    (ax,) = chart.figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["pixels", "last_layer"]
    found = intervals(ax)
    assert np.array(found) == pytest.approx(
        np.array([(0.64, 0.5, 0.71), (0.54, 0.5, 0.71), (0.9, 0.85, 0.95), (0.9, 0.85, 0.95)])
    )
    dotted = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]
    assert dotted == [0.17, 0.07]
    alone = charts.person_or_expression(read("pixels").head(1))
    assert [text.get_text() for text in alone.figure.axes[0].get_legend().get_texts()] == ["expression"]


def test_embeddings_are_marked_by_expression_and_joined_by_person():
    points = np.arange(12.0).reshape(6, 2)
    expressions, people = np.array([0, 2, 0, 2, 0, 2]), np.array(list("ppqqrr"))
    planes = {"pixels": points, "last_layer": points + 100}
    classes = ["happy", "sad", "very_calm"]
    chart = charts.embeddings(planes, expressions, people, classes=classes, read=read("pixels", "a third one"))
    assert "pixels, last_layer, each in its two main directions" in chart.caption
    assert chart.alt.endswith("pixels: expression 64%; pixels: person 90%")  # of what is drawn alone
    axes = np.array(chart.figure.axes).reshape(2, 2)
    assert [ax.get_title() for ax in axes[0]] == ["pixels,\nby expression", "last_layer,\nby expression"]
    above, below = axes[:, 0]
    # Nobody shows "sad": the mark of the others keeps its name.
    assert [each.get_label() for each in above.collections] == ["happy", "very_calm"]
    assert (above.collections[1].get_offsets() == points[1::2]).all()
    assert [text.get_text() for text in below.texts] == ["p", "q", "r"]
    assert [text.get_position() for text in below.texts] == [(1, 2), (5, 6), (9, 10)]  # in the middle of each
    assert len(below.lines) == 6 and below.lines[0].get_xydata().tolist() == [[1, 2], [0, 1]]
    assert [text.get_text() for text in chart.figure.legends[0].get_texts()] == ["happy", "very_calm"]
    one = charts.embeddings({"pixels": points}, np.zeros(6, int), people, classes=["happy"], read=read("pixels"))
    assert len(one.figure.axes) == 2


def effects(model: str) -> pd.DataFrame:
    columns = ["condition", "difference", "low", "high", "n", "verdict"]
    rows = [("glasses", -0.164, -0.4, 0.05, 2, "no detectable effect"), ("left_light", 0.39, 0.2, 0.58, 1, "raises it")]
    return pd.DataFrame(rows, columns=columns).assign(model=model)


def test_conditions_show_people_and_their_mean():
    answers = pd.DataFrame({"condition": ["glasses", "glasses", "left_light"], "probability_plain": [0.5, 0.9, 0.1]})
    answers["probability_changed"] = [0.25, 0.8, 0.49]
    both = pd.concat([effects("one"), effects("another_one")])
    chart = charts.conditions({"one": answers, "another_one": answers[:0]}, both)
    assert "one: glasses -16 (no detectable effect), left_light +39 (raises it); another_one: glasses -16" in chart.alt
    assert chart.caption.startswith(
        "Detected: one raises it with left_light, +39 points (+20 to +58); another_one raises it"
    )
    first, second = chart.figure.axes
    assert [first.get_title(), second.get_title()] == ["one", "another_one"]
    assert [text.get_text() for text in first.get_yticklabels()] == ["glasses (n = 2)", "left_light (n = 1)"]
    assert first.collections[0].get_offsets()[:, 0].tolist() == pytest.approx([-25, -10])
    found = intervals(first)
    assert np.array(found) == pytest.approx(np.array([(-16.4, -40, 5), (39, 20, 58)]))
    colors = [each.lines[0].get_color() for each in first.containers]
    assert colors == ["0.45", PALETTE[0]]
    legend = [text.get_text() for text in chart.figure.legends[0].get_texts()]
    assert legend == ["raises it", "lowers it", "no detectable effect, or one seed"]
    nothing = charts.conditions({"one": answers}, effects("one").assign(verdict="one seed, no verdict"))
    assert nothing.caption.startswith("No condition has a detected effect.")
    control = effects("one").assign(control=[True, False])
    last = charts.conditions({"one": answers}, control).figure.axes[0]
    assert [text.get_text() for text in last.get_yticklabels()] == ["left_light (n = 1)", "glasses (n = 2)"]
    assert len(charts.conditions({"one": answers}, effects("one")).figure.axes) == 1


def test_turned_answers_stand_in_pairs():
    turned = pd.DataFrame(
        {"condition": ["glasses", "left_light", "glasses"], "said_plain": ["normal", "sad", "normal"]}
    )
    turned = turned.assign(said_changed=["very_sad", "normal", "sad"], neutral=[False, True, False])
    pictures = [[picture(1), picture(2)], [picture(3), picture(4)]]
    chart = charts.turned_answers(turned, pictures, model="some_model", count=57)
    assert chart.caption == (
        "`some_model`: of 57 pairs of neutral faces 3 are read as neutral on one side only, 1 with the condition, 2 without it; "
        "2 are shown."
    )
    assert "glasses: normal, then very_sad; left_light: sad, then normal" in chart.alt
    shown = sheets.cells(chart.figure)
    assert [cell.grey for cell in shown] == [1, 2, 3, 4]
    assert [cell.title for cell in shown] == ["glasses", "left_light", "", ""]
    assert [text.get_text() for cell in shown for text in cell.below] == ["normal", "sad", "very_sad", "normal"]
    assert [cell.frame for cell in shown] == ["-", "--", "--", "-"]


def test_people_with_a_trait_against_the_others():
    row = {
        "trait": "full_beard",
        "difference": -0.04,
        "low": -0.28,
        "high": 0.21,
        "q": 0.5,
        "n_having": 4,
        "n_others": 11,
    }
    other = row | {"model": "another_one", "difference": 0.5, "low": 0.25, "high": 0.75, "q": 0.01}
    chart = charts.people(pd.DataFrame([{"model": "m"} | row, other]))
    words(chart, "m, full_beard: -4 (-28 to +21)", "another_one, full_beard: +50 (+25 to +75)")
    assert chart.caption.startswith("1 of 2 differences between people with a trait and the others are detected.")
    (ax,) = chart.figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["full_beard\n(4 and 11)"]
    assert np.array(intervals(ax)).astype(float) == pytest.approx(np.array([(-4, -28, 21), (50, 25, 75)]))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["m", "another_one"]


def test_people_whom_no_trait_divides():
    chart = charts.people(pd.DataFrame())
    words(chart, "no trait divides these people")
    (ax,) = chart.figure.axes
    assert not ax.containers
    assert ax.get_legend() is None
