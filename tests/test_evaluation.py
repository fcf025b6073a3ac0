import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fer_utils.common.errors import OutputError, ParameterError
from fer_utils.evaluation import calibration, comparisons, intervals
from fer_utils.evaluation import scores as scoring
from fer_utils.experiments import tables
from fer_utils.findings import comparison, wording

CLASSES = ["happy", "sad"]


def table(model, right, *, seed=1, protocol="loso"):
    """Predictions of ten subjects with one image per class; `right` tells which of the twenty are right."""
    truth = np.tile(CLASSES, 10)
    other = np.where(truth == "happy", "sad", "happy")
    subjects = np.repeat([f"{number:02}" for number in range(10)], 2)
    return pd.DataFrame(
        {
            "model": model,
            "protocol": protocol,
            "seed": seed,
            "fold": subjects,
            "subject": subjects,
            "image": [f"{subject}.{name}" for subject, name in zip(subjects, truth, strict=True)],
            "truth": truth,
            "predicted": np.where(right, truth, other),
            "p_happy": 0.5,
            "p_sad": 0.5,
        }
    )


def test_perfect_and_hopeless():
    truth = np.array(["happy", "sad", "sad"])
    other = np.array(["sad", "happy", "happy"])
    assert scoring.accuracy(truth, truth) == scoring.macro_f1(truth, truth, CLASSES) == 1
    assert scoring.accuracy(truth, other) == scoring.macro_f1(truth, other, CLASSES) == 0
    assert scoring.confusion(truth, other, CLASSES).tolist() == [[0, 1], [2, 0]]


def test_macro_f1_is_scikit_learns():
    from sklearn.metrics import f1_score

    random = np.random.default_rng(0)
    truth, predicted = random.integers(0, 4, (2, 60))
    assert scoring.macro_f1(truth, predicted, [0, 1, 2, 3]) == pytest.approx(
        f1_score(truth, predicted, average="macro")
    )


def test_wilson_as_published_for_the_original():
    interval = intervals.wilson(7, 18)
    assert (interval.low, interval.high) == pytest.approx((0.20, 0.61), abs=0.005)


def test_wilson_takes_means_over_seeds():
    """Between its whole neighbours, and the published ends there."""
    low, between, high = (intervals.wilson(count, 89) for count in (37, 37 + 1 / 3, 38))
    assert low.low < between.low < high.low
    assert low.high < between.high < high.high
    assert between.value == pytest.approx((37 + 1 / 3) / 89)
    whole = stats.binomtest(37, 89).proportion_ci(0.95, method="wilson")
    assert (low.low, low.high) == pytest.approx((whole.low, whole.high))
    assert (intervals.wilson(0, 5).low, intervals.wilson(5, 5).high) == (0, 1)
    with pytest.raises(ValueError, match="no proportion"):
        intervals.wilson(3, 2)


def test_bootstrap_over_subjects_is_wider_when_subjects_differ():
    alike = intervals.subject_bootstrap(np.full(10, 1.0), np.full(10, 2.0))
    apart = intervals.subject_bootstrap(np.array([0.0, 2.0] * 5), np.full(10, 2.0))
    assert (alike.low, alike.value, alike.high) == (0.5, 0.5, 0.5)
    assert apart.low < 0.3 < 0.5 < 0.7 < apart.high


def test_calibration():
    right = np.array([True] * 8 + [False] * 2)
    assert calibration.expected_calibration_error(np.full(10, 0.8), right, bins=5) == pytest.approx(0)
    assert calibration.expected_calibration_error(np.full(10, 1.0), right, bins=5) == pytest.approx(0.2)
    assert calibration.reliability(np.full(10, 0.8), right, bins=5)["n"].tolist() == [10]


def test_scores_are_means_over_seeds_and_recompute_from_predictions():
    half = np.arange(20) < 10
    predictions = pd.concat([table("a", half, seed=1), table("a", np.ones(20, dtype=bool), seed=2)])
    scores = scoring.scores(predictions)
    assert tuple(scores.columns) == scoring.SCORE_COLUMNS
    row = tables.value(scores, "a", "accuracy")
    assert (row.value, row.n, row.seeds) == (0.75, 20, 2)
    assert row.low < 0.75 < row.high
    spread = tables.value(scores, "a", "seed_spread")
    assert (spread.low, spread.high) == (0.5, 1.0)
    assert tables.value(scores, "a", "recall_happy").n == 10
    with pytest.raises(OutputError, match="run its notebook"):
        tables.value(scores, "b", "accuracy")


def test_comparison_finds_a_large_difference_and_not_a_small_one():
    bad, good = np.zeros(20, dtype=bool), np.ones(20, dtype=bool)
    one = good.copy()
    one[0] = False
    large = comparisons.compare(pd.concat([table("a", good), table("b", bad)]), "a", "b", protocol="loso").iloc[0]
    small = comparisons.compare(pd.concat([table("a", good), table("b", one)]), "a", "b", protocol="loso").iloc[0]
    assert (large.difference, large.verdict, large.within_5_points) == (1.0, "one seed, no verdict", "unknown")
    assert wording.verdict(large) == "one seed, no verdict"
    assert small.p == 1


def several(model, *rights):
    return pd.concat([table(model, right, seed=seed) for seed, right in enumerate(rights, start=1)])


def test_a_verdict_needs_seeds_an_interval_and_a_test():
    random = np.random.default_rng(0)
    bad, good = random.random((3, 20)) < 0.2, random.random((3, 20)) < 0.9
    both = pd.concat([several("a", *good), several("b", *bad)])
    row = comparisons.compare(both, "a", "b", protocol="loso").iloc[0]
    assert (row.verdict, row.within_5_points, row.seeds) == ("higher", "no", "3/3")
    assert wording.verdict(row) == "`a` is better"
    turned = comparisons.compare(both, "b", "a", protocol="loso").iloc[0]
    assert turned.verdict == "lower"
    assert turned.p == row.p <= 0.01
    one = pd.concat([several("a", *good), several("b", bad[0])])
    assert comparisons.compare(one, "a", "b", protocol="loso")["verdict"][0] == "one seed, no verdict"
    assert comparisons.compare(one, "a", "b", protocol="loso", seedless=["b"])["verdict"][0] == "higher"


def test_a_network_that_has_not_learned_its_training_images_is_not_judged():
    random = np.random.default_rng(0)
    good, bad = several("a", *random.random((3, 20)) < 0.9), several("b", *random.random((3, 20)) < 0.2)
    for reached, wanted in ((0.99, "higher"), (0.6, "not trained enough to judge")):
        both = pd.concat([good, bad.assign(training_accuracy=reached)])
        assert comparisons.compare(both, "a", "b", protocol="loso")["verdict"][0] == wanted
    scores = scoring.scores(both)
    assert tables.value(scores, "b", "training_accuracy").value == pytest.approx(0.6)
    with pytest.raises(OutputError):
        tables.value(scores, "a", "training_accuracy")
    text = comparison.summary(scores, comparisons.corrected([]))
    assert "`b`" in text
    assert "Not trained enough to judge: 60% of its training images are right." in text


def test_verdicts_are_corrected_for_their_number():
    random = np.random.default_rng(3)
    first = several("a", *random.random((3, 20)) < 0.75)
    row = comparisons.compare(
        pd.concat([first, several("b", *random.random((3, 20)) < 0.35)]), "a", "b", protocol="loso"
    )
    assert row["verdict"][0] == "higher"
    many = comparisons.corrected([row] * 40)
    assert many["holm_p"].iloc[0] == pytest.approx(min(1, 40 * row["p"][0]))
    assert set(many["verdict"]) == {"no detectable effect"}
    assert comparisons.corrected([]).empty


def test_models_alike_are_practically_equal_where_enough_is_known():
    """The same answers but for one image in forty, once better and once worse."""
    half = several("b", *[np.arange(20) < 10] * 3)
    many = [half.assign(subject=half["subject"] + suffix, image=half["image"] + suffix) for suffix in "klmnop"]
    base = pd.concat(many, ignore_index=True)
    other = base.assign(model="a", predicted=base["predicted"].where(base.index % 80 != 15, base["truth"]))
    other.loc[other.index % 80 == 45, "predicted"] = "neither"
    row = comparisons.compare(pd.concat([base, other]), "a", "b", protocol="loso").iloc[0]
    assert (row.verdict, row.within_5_points) == ("no detectable effect", "yes")
    assert wording.verdict(row) == "no detectable effect on 120 images, and within 5 points of none"
    few = comparisons.compare(
        pd.concat([half, half.assign(model="a", seed=4 - half["seed"])]), "a", "b", protocol="loso"
    )
    assert few["within_5_points"][0] == "unknown"  # an interval without a width says nothing


def test_what_notebook_03_found_names_every_model_and_comparison():
    half, good = np.arange(20) < 10, np.ones(20, dtype=bool)
    parts = [table("updated", half, protocol="original-split")]
    parts += [table("baseline", half, seed=seed) for seed in (1, 2)] + [
        table("updated", good, seed=seed) for seed in (1, 2)
    ]
    lines = comparison.summary(*tables.computed(pd.concat(parts))).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("- As the original measured, `updated`: 50.0% (29.9% to 70.1%) on 20 images.")
    assert lines[1].startswith("- Leaving one subject out, `baseline`: accuracy **50.0% (")
    assert "2 seeds" in lines[1]
    assert "`updated`: accuracy **100.0% (" in lines[2]
    assert "to 100.0%)**, macro-F1 1.00" in lines[2]
    assert lines[2].endswith("Better than chance (50.0%).")
    assert lines[3].startswith("- `updated` against `baseline`: +50.0 points (+")
    assert lines[3].endswith(
        "p = 0.062 after Holm: no detectable effect on 20 images, but more than 5 points either way are not excluded."
    )


def test_the_parts_of_a_loss_in_words():
    last = {"loss": 2.0, "smoothed_cross_entropy": 0.75, "cross_entropy": 0.3, "penalty": 1.25, "accuracy": 0.9}
    text = comparison.loss({name: np.array([9.0, value]) for name, value in last.items()}, 0.5)
    assert "the training loss is 2.00 at 90% training accuracy" in text
    assert "1.25 is the L2 penalty, 0.50 the floor" in text
    assert "0.25 is left to learn" in text
    assert "So 88% of the loss" in text


def test_a_comparison_counts_the_luck_of_seeds():
    halves = [np.tile([True, False], 10), np.tile([False, True], 10)]
    lucky = [np.ones(20, dtype=bool), np.zeros(20, dtype=bool)]
    for seeds, spread in ((halves, False), (lucky, True)):
        both = [table("a", right, seed=seed) for seed, right in enumerate(seeds, start=1)]
        both += [table("b", halves[0], seed=seed) for seed in (1, 2)]
        found = comparisons.compare(pd.concat(both), "a", "b", protocol="loso").iloc[0]
        assert found.difference == 0
        assert (found.high - found.low > 0.5) == spread
        assert found.seeds == "2/2"


def test_tables_are_written_and_read_back(outputs):
    predictions = pd.concat([table("baseline", np.zeros(20, dtype=bool)), table("updated", np.ones(20, dtype=bool))])
    tables.write("tiny", predictions, origin={"data": "0123"})
    stored = tables.read("tiny", "predictions")
    assert stored["subject"].iloc[0] == "00"
    pd.testing.assert_frame_equal(scoring.scores(stored), scoring.scores(predictions))
    comparison = tables.read("tiny", "comparisons").iloc[0]
    assert (comparison["model"], comparison["difference"]) == ("updated", 1.0)
    more = table("transfer", np.ones(20, dtype=bool))
    assert "transfer" in set(tables.add("tiny", more, origin={"data": "0123"})[0]["model"])
    with pytest.raises(OutputError, match=r"of other images than the data set has now.*run notebook 03 again"):
        tables.add("tiny", more, origin={"data": "4567"})
    with pytest.raises(ParameterError, match="did not predict the same images"):
        comparisons.compare(pd.concat([predictions[1:], more]), "transfer", "baseline", protocol="loso")
    with pytest.raises(OutputError, match="is missing: run notebook 03"):
        tables.read("other", "scores")
    (outputs / "tiny" / "scores.csv").write_bytes(b"")
    with pytest.raises(OutputError, match="is damaged"):
        tables.read("tiny", "scores")


def test_differences_count_the_luck_of_seeds():
    """Networks that are alike but for their seeds: an interval over subjects alone would tell them apart."""
    counts = np.full(15, 6.0)
    lucky, plain = np.full((15, 3), [[2.0, 3.0, 4.0]]), np.full((15, 3), [[2.0, 3.0, 3.0]])
    found = intervals.difference_interval(lucky, plain, counts)
    assert found.value == pytest.approx(1 / 18)
    assert found.low < 0 < found.high
    same = intervals.difference_interval(lucky, lucky - 0.5, counts, same_runs=True)
    assert (same.low, same.high) == pytest.approx((1 / 12, 1 / 12))  # what every seed shows alike is sure
    over_subjects = intervals.subject_bootstrap((lucky - plain).mean(axis=1), counts)
    assert over_subjects.low == pytest.approx(over_subjects.high) == pytest.approx(1 / 18)
    one = intervals.difference_interval(lucky[:, 2:], plain[:, :1], counts)
    assert (one.value, one.low, one.high) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_smoothing_floor():
    assert scoring.smoothing_floor(6, 0) == 0
    share = 0.1 / 6
    assert scoring.smoothing_floor(6, 0.1) == pytest.approx(
        -(1 - 5 * share) * math.log(1 - 5 * share) - 5 * share * math.log(share)
    )
