import matplotlib
import numpy as np
import pandas as pd
import pytest
import sheets

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.container import ErrorbarContainer

from fer_utils.data.alignment import REGIONS
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


def test_suspect_labels_stand_under_their_faces():
    planted = {"found": 0.74, "true": 0.31}
    chart = charts.suspect_labels(suspects(3), [picture(10), picture(20)], planted=planted, model="some_model")
    for text in ("2 of 3 suspect label(s)", "`some_model`", "74% are found", "31% of what is named"):
        assert text in chart.caption
    assert "happy 7% rather very_sad 90%?; happy 7% rather very_sad 70%?" in chart.alt
    shown = sheets.cells(chart.figure)
    assert [cell.grey for cell in shown] == [10, 20]
    below = [text.get_text() for cell in shown for text in cell.below]
    assert below == ["happy 7%\nvery_sad 90%?", "happy 7%\nvery_sad 70%?"]
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


def test_embeddings_are_marked_by_expression_and_by_person():
    points = np.arange(12.0).reshape(6, 2)
    expressions, people = np.array([0, 2, 0, 2, 0, 2]), np.array(list("ppqqrr"))
    planes = {"pixels": points, "last_layer": points + 100}
    classes = ["happy", "sad", "very_calm"]
    chart = charts.embeddings(planes, expressions, people, classes=classes, read=read("pixels"))
    assert "pixels, last_layer, each in its two main directions" in chart.caption
    assert chart.alt.endswith("pixels: expression 64%; pixels: person 90%")
    axes = np.array(chart.figure.axes).reshape(2, 2)
    assert [ax.get_title() for ax in axes[1]] == ["pixels,\nby person", "last_layer,\nby person"]
    above, below = axes[:, 0]
    # Nobody shows "sad": the mark of the others keeps its name.
    assert [each.get_label() for each in above.collections] == ["happy", "very_calm"]
    assert (above.collections[1].get_offsets() == points[1::2]).all()
    assert [each.get_label() for each in below.collections] == ["p", "q", "r"]
    assert (axes[1, 1].collections[2].get_offsets() == points[4:] + 100).all()
    assert [text.get_text() for text in chart.figure.legends[0].get_texts()] == ["happy", "very_calm"]
    one = charts.embeddings({"pixels": points}, np.zeros(6, int), people, classes=["happy"], read=read("pixels"))
    assert len(one.figure.axes) == 2


def test_occlusion_overlays_each_face_to_its_own_maximum():
    heat = np.zeros((48, 48))
    heat[40, 24], heat[0, 0] = 0.4, -0.9
    names = ["happy", "very_sad"]
    shares = pd.DataFrame(
        {"expression": np.repeat(names, 2), "region": ["eyes", "mouth"] * 2, "value": [0.5, 2.25, 1, np.nan]}
    )
    faces = {"happy": np.full((48, 48), 7, np.uint8), "very_sad": np.full((48, 48), 9, np.uint8)}
    chart = charts.occlusion(faces, {"happy": heat, "very_sad": np.zeros((48, 48))}, shares, model="some_model")
    words(chart, "happy: eyes 0.5, mouth 2.2; very_sad: eyes 1.0, mouth nan")
    assert "`some_model`" in chart.caption
    first, second = sheets.cells(chart.figure)
    assert [first.title, second.title] == names
    assert (first.image == 7).all()
    (over,) = first.over
    assert (over[40, 24], over[0, 0]) == (1, 0)
    assert not second.over[0].any()  # nothing falls, and nothing is divided by it
    left, top, right, bottom = REGIONS["brows"]
    assert first.boxes[0] == pytest.approx([48 * each for each in (left, top, right - left, bottom - top)])
    assert len(first.boxes) == len(REGIONS)


def effects(model: str) -> pd.DataFrame:
    columns = ["condition", "difference", "low", "high", "n", "verdict"]
    rows = [("glasses", -0.164, -0.4, 0.05, 2, "no detectable effect"), ("left_light", 0.39, 0.2, 0.58, 1, "raises it")]
    return pd.DataFrame(rows, columns=columns).assign(model=model)


def test_conditions_show_people_and_their_mean():
    answers = pd.DataFrame({"condition": ["glasses", "glasses", "left_light"], "probability_plain": [0.5, 0.9, 0.1]})
    answers["probability_changed"] = [0.25, 0.8, 0.49]
    both = pd.concat([effects("one"), effects("another_one")])
    chart = charts.conditions({"one": answers, "another_one": answers[:0]}, both)
    words(chart, "one: glasses -16 (no detectable effect), left_light +39 (raises it)", "; another_one: glasses -16")
    first, second = chart.figure.axes
    assert [first.get_title(), second.get_title()] == ["one", "another_one"]
    assert [text.get_text() for text in first.get_yticklabels()] == ["glasses (n = 2)", "left_light (n = 1)"]
    assert first.collections[0].get_offsets()[:, 0].tolist() == pytest.approx([-25, -10])
    found = intervals(first)
    assert np.array(found) == pytest.approx(np.array([(-16.4, -40, 5), (39, 20, 58)]))
    colors = [each.lines[0].get_color() for each in first.containers]
    assert colors == ["0.45", PALETTE[3]]
    assert len(charts.conditions({"one": answers}, effects("one")).figure.axes) == 1


def test_turned_answers_stand_under_their_faces():
    turned = pd.DataFrame({"condition": ["glasses", "left_light"], "said_plain": ["normal", "sad"]})
    turned = turned.assign(said_changed=["very_sad", "normal"], neutral=[False, True])
    chart = charts.turned_answers(turned, [picture(1), picture(2)], model="some_model", count=57)
    assert chart.caption.startswith("`some_model`: the 2 of 57 neutral faces")
    assert "glasses, normal → very_sad; left_light, sad → normal" in chart.alt
    shown = sheets.cells(chart.figure)
    below = [text.get_text() for cell in shown for text in cell.below]
    assert below == ["glasses\nnormal → very_sad", "left_light\nsad → normal"]
    assert [cell.frame for cell in shown] == ["--", "-"]


def test_people_with_a_trait_and_the_others():
    accuracy = pd.Series({"01": 0.5, "02": 0.25, "03": 0.75})
    have = pd.DataFrame({"full_beard": [True, False, False]}, index=accuracy.index)
    row = {"trait": "full_beard", "having": 0.5, "others": 0.5, "difference": -0.04, "low": -0.28, "high": 0.21}
    compared = pd.DataFrame([{"model": "m"} | row | {"n_having": 1, "n_others": 2}])
    chart = charts.people({"m": accuracy}, have, compared)
    words(chart, "m, full_beard: -4 (-28 to +21)")
    (ax,) = chart.figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["full_beard\n(1 and 2)"]
    having, others = (each.get_offsets()[:, 0].tolist() for each in ax.collections)
    assert (having, others) == ([0.5], [0.25, 0.75])
    assert [line.get_xdata()[0] for line in ax.lines] == [0.5, 0.5]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["with", "without"]


def test_people_whom_no_trait_divides():
    chart = charts.people({"m": pd.Series({"01": 0.5})}, pd.DataFrame(index=["01"]), pd.DataFrame())
    words(chart, "no trait divides these people")
    (ax,) = chart.figure.axes
    assert not ax.collections
    assert ax.get_legend() is None


def test_mirrored_draws_the_changed_answers_alone():
    rows = pd.DataFrame({"part": ["all", "all", "very_happy"], "quantity": ["changed", "accuracy", "changed"]})
    rows = rows.assign(value=[0.29, -0.07, 0.0], low=[0.17, -0.14, 0.0], high=[0.42, 0.02, 0.2])
    chart = charts.mirrored(rows, model="some_model")
    words(chart, "all 29%; very_happy 0%")
    assert "`some_model`" in chart.caption
    (ax,) = chart.figure.axes
    assert [bar.get_width() for bar in ax.patches] == [0.29, 0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["all", "very_happy"]
    assert np.array(intervals(ax))[:, 1:].astype(float) == pytest.approx(np.array([(0.17, 0.42), (0, 0.2)]))
