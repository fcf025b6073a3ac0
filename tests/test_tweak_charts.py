import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fer_utils.drawing import tweak_charts
from fer_utils.drawing.charts import RIGHT, WRONG

REFERENCE = ("reference", "as it is", 0.5, 0, 0, 0, "reference")
TWEAKS = [
    ("depth", "1_block", 0.6, 0.1, 0.05, 0.15, "helps"),
    ("rate", "0.01", 0.48, -0.02, -0.1, 0.06, "no detectable effect"),
    ("depth", "2 blocks", 0.51, 0.01, -0.03, 0.05, "no detectable effect"),
    ("rate", "1", 0.2, -0.3, -0.4, -0.2, "hurts"),
]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def effects(*rows: tuple, seeds: int = 3) -> pd.DataFrame:
    columns = ["factor", "change", "accuracy", "difference", "low", "high", "verdict"]
    return pd.DataFrame([REFERENCE, *rows], columns=columns).assign(n=90, seeds=seeds)


def test_tornado_puts_the_factor_with_the_largest_effect_on_top():
    chart = tweak_charts.tornado(effects(*TWEAKS))
    (ax,) = chart.figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "rate: 0.01",
        "rate: 1",
        "depth: 1_block",
        "depth: 2 blocks",
    ]
    drawn = {each.get_label(): each for each in ax.containers}
    points = {name: each.lines[0].get_xydata().tolist() for name, each in drawn.items()}
    assert points == {
        "helps": [[pytest.approx(10), 2]],
        "hurts": [[pytest.approx(-30), 1]],
        "no detectable effect": [[pytest.approx(-2), 0], [pytest.approx(1), 3]],
    }
    np.testing.assert_allclose(drawn["hurts"].lines[2][0].get_segments()[0][:, 0], [-40, -20])
    assert drawn["helps"].lines[0].get_color() == RIGHT
    assert drawn["hurts"].lines[0].get_color() == WRONG
    assert ax.get_ylim() == (3.6, -0.6)
    assert 1.5 in [line.get_ydata()[0] for line in ax.lines]  # between the factors


def test_tornado_counts_verdicts_and_names_what_helps_and_what_hurts():
    chart = tweak_charts.tornado(effects(*TWEAKS))
    lead = "Of 4 changes 1 help, 1 hurt, 2 have no detectable effect"
    assert chart.figure.axes[0].get_title(loc="right") == "1 of 4 changes help, 2 have no detectable effect"
    assert chart.caption.startswith(
        f"{lead}. One thing is changed at a time; the reference is right in 50.0% of 90 images, mean of 3 seeds."
    )
    assert (
        chart.alt == "A dot with a bar for each tweak around a line at no change. helps: depth 1_block; hurts: rate 1"
    )


def test_tornado_of_one_seed_names_no_effect():
    rows = [(*row[:-1], "one seed, no verdict") for row in TWEAKS]
    chart = tweak_charts.tornado(effects(*rows, seeds=1))
    assert chart.caption.startswith("Of 4 changes 0 help, 4 have one seed and no verdict.")
    assert "mean of 1 seed." in chart.caption
    assert chart.alt.endswith("No tweak helps or hurts.")
    assert len(chart.figure.axes[0].containers) == 1


def test_tornado_of_the_reference_alone_is_empty():
    chart = tweak_charts.tornado(effects())
    (ax,) = chart.figure.axes
    assert not ax.containers
    assert not ax.get_yticklabels()
    assert chart.caption.startswith("Of 0 changes 0 help.")


def test_over_epochs_shows_the_mean_and_the_range_of_the_seeds_for_each_input():
    accuracy = {
        "aligned face": np.array([[0.2, 0.4, 0.6], [0.4, 0.6, 0.9]]),
        "whole_frame": np.array([[0.1, 0.2, 0.3, 0.4]]),
    }
    chart = tweak_charts.over_epochs(accuracy, reference=2, chance=0.17)
    text = "aligned face 50% after 2 and 75% after 3; whole_frame 20% after 2 and 40% after 4 epochs."
    assert chart.caption.startswith(f"What longer training brings: {text}")
    assert chart.alt == f"A line over the epochs for each input. {text}"
    (ax,) = chart.figure.axes
    face, frame, mark, chance = ax.lines
    np.testing.assert_allclose(face.get_xydata(), [[1, 0.3], [2, 0.5], [3, 0.75]])
    np.testing.assert_allclose(frame.get_xydata(), [[1, 0.1], [2, 0.2], [3, 0.3], [4, 0.4]])
    band = ax.collections[0].get_paths()[0].vertices
    assert {(x, y) for x, y in band} == {(1, 0.2), (2, 0.4), (3, 0.6), (1, 0.4), (2, 0.6), (3, 0.9)}
    assert (list(mark.get_xdata()), list(chance.get_ydata())) == ([2, 2], [0.17, 0.17])
    assert face.get_color() != frame.get_color()
    assert len(ax.get_legend().get_texts()) == 4


def test_variants_have_a_row_each_with_one_large_dot():
    table = pd.DataFrame(
        {
            "variant": ["three crops", "three crops", "face_units"],
            "outer_accuracy": [0.4, 0.65, 0.6],
            "accuracy": [0.62, 0.62, 0.6],
        }
    )
    chart = tweak_charts.variants(table)
    assert "between 60.0% and 62.0%" in chart.caption
    assert "three crops 62.0%; face_units 60.0%" in chart.alt
    assert "three crops 62.0%" not in chart.caption
    (ax,) = chart.figure.axes
    each, large = ax.collections
    assert each.get_offsets().tolist() == [[0.4, 0], [0.65, 0], [0.6, 1]]
    assert large.get_offsets().tolist() == [[0.62, 0], [0.6, 1]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["three crops", "face_units"]


def test_candidates_say_how_often_each_was_taken_and_where_the_model_lies():
    table = pd.DataFrame(
        {
            "variant": ["HOG", "HOG", "LBP", "LBP"],
            "outer_accuracy": [0.4, 0.65, 0.6, 0.7],
            "accuracy": [0.62, 0.62, 0.66, 0.66],
            "chosen": [0, 2, 10, 3],
        }
    )
    chart = tweak_charts.candidates(table, accuracy=0.64)
    assert chart.caption.startswith("`classical` recognises 64.0%. Chosen in its 15 folds: HOG in 2, LBP in 13.")
    assert "HOG 62.0%; LBP 66.0%; a dashed line at 64.0%" in chart.alt
    assert chart.figure.axes[0].lines[0].get_xdata() == [0.64, 0.64]
