import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fer_utils.drawing import pitfall_charts
from fer_utils.drawing.chart import Chart

SIZES = {"01": 6, "02": 6, "03": 5, "04": 6, "05": 6}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def words(chart: Chart, *expected: str) -> None:
    """Both texts of a chart have these words."""
    for each in expected:
        assert each in chart.caption
        assert each in chart.alt


def labels(axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def vertical(ax, style: str) -> list[float]:
    return [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == style]


def test_splits_have_a_histogram_for_each_model():
    accuracies = {"baseline": np.array([[0.5, 0.5], [0.25, 0.75]]), "a_model": np.array([[1.0, 1.0], [0.75, 1.0]])}
    dealt = {"baseline": (0.25, np.array([0.5, 0.5])), "a_model": (0.5, np.array([1.0]))}
    chart = pitfall_charts.splits(accuracies, few=2, sizes=SIZES, by_chance=dealt)
    words(chart, "baseline 25% to 75% (p 0.25 that people differ); a_model 75% to 100% (p 0.50 that people differ)")
    assert "Accuracy over all 2 ways to choose them" in chart.caption
    first, second = chart.figure.axes
    shares = {
        round(patch.get_x() + patch.get_width() / 2, 9): patch.get_height()
        for patch in first.patches
        if isinstance(patch, Rectangle)
    }
    assert len(shares) == 13  # an image of twelve each, and none
    assert {place: share for place, share in shares.items() if share} == {0.25: 0.25, 0.5: 0.5, 0.75: 0.25}
    assert vertical(first, "-") == [0.5]  # the original's, mean over seeds
    assert vertical(first, ":") == [0.5]
    assert vertical(second, "-") == [1]
    assert vertical(second, ":") == [pytest.approx(0.9375)]
    (legend,) = chart.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "every split",
        "answers shuffled: people alike",
        "the original's split",
    ]
    assert (first.get_title(), second.get_title()) == ("baseline", "a_model")
    assert second.get_xlabel() == "accuracy on 2 subjects"


def test_splits_of_one_model_and_one_seed():
    chart = pitfall_charts.splits(
        {"m": np.array([[0.5], [0.0]])}, few=1, sizes=SIZES, by_chance={"m": (1.0, np.zeros(3))}
    )
    assert len(chart.figure.axes) == 1
    words(chart, "m 0% to 50% (p 1.00 that people differ)")


def test_a_leak_joins_two_marks():
    numbers = {
        "difference": [0.25, -0.125],
        "low": [0.1, -0.2],
        "high": [0.4, -0.05],
        "n": 89,
        "seeds": 3,
        "epochs": 25,
    }
    table = pd.DataFrame(
        {"model": ["a_b", "c"], "subject_wise": [0.25, 0.5], "image_wise": [0.5, 0.375], **numbers, "alike": 0.0}
    )
    chart = pitfall_charts.leak(table, chance=0.2)
    words(chart, "a_b 25% by subject, 50% by image; c 50% by subject, 38% by image")
    assert "chance is 20%" in chart.caption
    assert "n = 89 images, 3 seeds of 25 epochs" in chart.caption
    (ax,) = chart.figure.axes
    assert [list(line.get_xdata()) for line in ax.lines] == [[0.25, 0.5], [0.5, 0.375], [0.2, 0.2]]
    assert [marks.get_offsets()[:, 0].tolist() for marks in ax.collections] == [[0.25, 0.5], [0.5, 0.375]]
    assert [text.get_text() for text in ax.texts] == ["+25.0 points (+10.0 to +40.0)", "-12.5 points (-20.0 to -5.0)"]
    assert labels(ax.yaxis) == ["a_b", "c"]


def spreads(seed: float) -> pd.DataFrame:
    everybody, few = "all subjects", "the original's number of subjects"
    rows = [("seed", everybody, seed), ("subjects", everybody, 0.03), ("seed", few, seed), ("subjects", few, 0.075)]
    return pd.DataFrame(rows, columns=["drawn", "tested", "spread"])


def test_seeds_are_set_against_people():
    by_subject = np.array([0.25, 0.5, 0.5, 1.0])
    chart = pitfall_charts.seeds(
        np.array([0.5, 0.6]), by_subject, spreads(0.02), few=3, dealt=np.full((9, 4), 0.5), p_value=0.25
    )
    words(chart, "seed, all subjects 2.0", "subjects, 3 subjects 7.5")
    dots, bars = chart.figure.axes
    assert [each.get_offsets()[:, 0].tolist() for each in dots.collections[:2]] == [
        [0.5, 0.6],
        by_subject.tolist(),
    ]
    assert len(dots.collections[2].get_segments()) == 4  # where people who are alike would lie
    assert "p 0.25 that people differ" in chart.caption
    levels = dots.collections[1].get_offsets()[:, 1]
    assert levels[1] != levels[2]  # equal ones do not hide each other
    assert [line.get_xdata()[0] for line in dots.lines] == pytest.approx([0.55, 0.5625])
    assert labels(dots.yaxis) == ["2 seeds", "4 people"]
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([2, 3, 2, 7.5])
    assert labels(bars.yaxis) == [
        "seed,\nall subjects",
        "subjects,\nall subjects",
        "seed,\n3 subjects",
        "subjects,\n3 subjects",
    ]


def test_one_seed_has_no_spread():
    chart = pitfall_charts.seeds(
        np.array([0.5]), np.array([0.25, 0.75]), spreads(np.nan), few=1, dealt=np.full((9, 2), 0.5), p_value=1.0
    )
    words(chart, "seed, all subjects nan", "subjects, all subjects 3.0")
    assert chart.figure.axes[1].patches[0].get_width() == 0


def test_the_best_epoch_is_set_against_the_last():
    first = pd.DataFrame({"last": [0.25, 0.5], "best": [0.5, 0.75], "elsewhere": [0.4, 0.3]})
    second = pd.DataFrame({"last": [0.5, 0.5], "best": [1.0, 0.75], "elsewhere": [0.1, 0.3]})
    gaps = {"a_b": "27.5 points (1.0 to 54.0)", "c": "67.5 points"}
    chart = pitfall_charts.best_epoch({"a_b": first, "c": second}, gaps=gaps, few=1, sizes=SIZES)
    words(
        chart,
        "a_b 38% and 62%, elsewhere 35%, 27.5 points (1.0 to 54.0) less",
        "c 50% and 88%, elsewhere 20%, 67.5 points less",
    )
    left, right = chart.figure.axes
    assert [left.get_title(), right.get_title()] == ["a_b", "c"]
    assert vertical(left, ":") == [0.375, 0.625]
    assert vertical(right, ":") == [0.5, 0.875]
    assert not vertical(left, "-")  # no split is marked
    assert [patch.get_height() for patch in right.patches if patch.get_height()] == [1, 0.5, 0.5]
    assert left.get_xlabel() == "accuracy on 1 subjects"


def test_the_best_epoch_of_one_model():
    table = pd.DataFrame({"last": [0.5], "best": [0.5], "elsewhere": [0.5]})
    assert len(pitfall_charts.best_epoch({"m": table}, gaps={"m": "0.0 points"}, few=1, sizes=SIZES).figure.axes) == 1


def medians(ax) -> list[float]:
    return [line.get_xdata()[0] for line in ax.lines if line.get_color() == "0.1"]


def means(ax) -> list[float]:
    return [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]


def test_jumps_of_validation_are_boxes():
    jumps = {
        "as_they_are": pd.DataFrame({"cross_entropy": [0.1, 0.2, 0.6], "accuracy": 9.0}),
        "augmented": pd.DataFrame({"cross_entropy": [0.5, 0.5, 0.8], "accuracy": 9.0}),
    }
    chart = pitfall_charts.augmented_validation(jumps, model="updated", means="as_they_are 0.30 (0.10 to 0.50)")
    words(chart, "as_they_are 0.30 (0.10 to 0.50)")
    assert "`updated`" in chart.caption
    (ax,) = chart.figure.axes
    assert medians(ax) == pytest.approx([0.2, 0.5])
    assert means(ax) == pytest.approx([0.3, 0.6])
    assert labels(ax.yaxis) == ["as_they_are", "augmented"]
    assert ax.yaxis_inverted()


def test_losses_are_boxes_with_means_over_images():
    by_fold = pd.DataFrame(
        {"n": [6, 3], "loss": [2.0, 1.0], "without_error": [1.5, 0.5], "seen": 0.5, "unseen": [3, 0]}
    )
    chart = pitfall_charts.loss(by_fold, model="a_model")
    words(
        chart,
        "training loss 1.67; of it, penalty and floor 1.17",
        "people trained on 0.50; cross-entropy, people left out 2.00",
    )
    assert "2 networks of `a_model`" in chart.caption
    (ax,) = chart.figure.axes
    assert means(ax) == pytest.approx([1.5, 1, 0.5, 1.5])
    assert len(labels(ax.yaxis)) == 4
    assert ax.get_xlim()[0] == 0


def test_power_rises_with_the_difference():
    rows = [
        ("all 9 subjects", 0.0, 0.05, 0.0, 0.1),
        ("all 9 subjects", 0.2, 0.9, 0.7, 1.0),
        ("2 subjects", 0.0, 0.01, 0.0, 0.02),
        ("2 subjects", 0.2, 0.3, 0.25, 0.4),
    ]
    curves = pd.DataFrame(rows, columns=["pair", "difference", "share", "low", "high"])
    chart = pitfall_charts.power(curves, wanted=0.8, smallest="with 9 people, 18 points")
    words(chart, "with 9 people, 18 points")
    (ax,) = chart.figure.axes
    every, few, wanted = ax.lines
    assert every.get_xydata().tolist() == [[0, 0.05], [20, 0.9]]
    assert few.get_xydata().tolist() == [[0, 0.01], [20, 0.3]]
    assert list(wanted.get_ydata()) == [0.8, 0.8]
    bands = [{tuple(point) for point in band.get_paths()[0].vertices} for band in ax.collections]
    assert bands[0] == {(0, 0), (0, 0.1), (20, 0.7), (20, 1)}
    assert bands[1] == {(0, 0), (0, 0.02), (20, 0.25), (20, 0.4)}
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["answers of all 9 subjects", "answers of 2 subjects", "found 80% of the time"]


def test_quality_has_a_panel_for_each_metric_beside_accuracy():
    metrics = ("accuracy", "macro_f1", "calibration_error", "confidence_gap", "log_loss", "brier")
    rows = [
        (model, metric, value, value - 0.1, value + 0.1, 89)
        for model, values in (("a_b", (0.5, 0.4, 0.25, -0.1, 1.5, 0.8)), ("c", (0.75, 0.7, 0.125, 0.2, 1, 0.6)))
        for metric, value in zip(metrics, values, strict=True)
    ]
    scores = pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high", "n"])
    chart = pitfall_charts.quality(scores, bins=7)
    assert "calibration error: a_b 0.25, c 0.12; confidence gap: a_b -0.10, c 0.20" in chart.alt
    assert chart.caption.startswith("By the Brier score `c` has the best probabilities and `a_b` the worst.")
    assert "n = 89 images; calibration error over 7 bins" in chart.caption
    drawn = [ax.containers[0].lines[0].get_xdata().tolist() for ax in chart.figure.axes[:5]]
    assert drawn == [[0.4, 0.7], [0.25, 0.125], [-0.1, 0.2], [1.5, 1], [0.8, 0.6]]
    assert labels(chart.figure.axes[0].yaxis) == ["a_b", "c"]
    assert chart.figure.axes[2].get_xlabel() == "mean confidence minus accuracy"
    assert not chart.figure.axes[5].axison
