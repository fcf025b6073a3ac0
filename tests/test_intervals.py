import math

import numpy as np
import pytest
from scipy import stats

from fer_utils.common import random_draws
from fer_utils.evaluation import groups, intervals


def test_a_series_without_memory_has_the_usual_interval():
    values = np.random.default_rng(0).normal(size=500)
    found, double = intervals.of_series([values, 2 * values])
    usual = 1.96 * values.std() / math.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(usual, rel=0.15)
    assert (double.low, double.high) == pytest.approx((2 * found.low, 2 * found.high))


def test_a_series_with_memory_has_a_wider_one():
    values = np.repeat(np.random.default_rng(0).normal(size=64), 8)
    found = intervals.of_series([values])[0]
    shuffled = intervals.of_series([np.random.default_rng(1).permutation(values)])[0]
    assert found.high - found.low > 1.7 * (shuffled.high - shuffled.low)
    assert (found.value, shuffled.value) == pytest.approx((values.mean(), values.mean()))


def test_a_single_value_is_a_series_too():
    """Of which no interval can be drawn: one of no width would be a lie. Found on CK+, whose quick runs have two epochs."""
    found = intervals.of_series([np.array([0.5])])[0]
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()


def test_another_value_lies_in_the_prediction_interval():
    random = np.random.default_rng(0)
    inside = []
    for _ in range(500):
        *values, another = random.normal(3, 2, size=16)
        found = intervals.of_another(np.array(values))
        inside.append(found.low <= another <= found.high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)
    alone = intervals.of_another(np.array([1.0]))
    assert alone.value == 1
    assert math.isnan(alone.low)
    assert math.isnan(alone.high)


def test_the_jackknife_of_a_mean_is_students_interval():
    values = np.random.default_rng(0).normal(size=15)
    found = intervals.jackknife(values.mean(), (values.sum() - values) / 14)
    low, high = stats.t.interval(0.95, 14, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_two_groups_are_compared_as_scipy_does():
    random = np.random.default_rng(0)
    values, member = random.random(12), np.arange(12) < 4
    found, p_value = groups.between_groups(values, member, limit=1)
    wanted = stats.permutation_test(
        (values[member], values[~member]), lambda a, b: np.mean(a) - np.mean(b), n_resamples=np.inf
    )
    assert found.value == pytest.approx(wanted.statistic)
    apart = np.mean(np.abs(wanted.null_distribution) >= abs(wanted.statistic) - 1e-9)
    assert p_value == pytest.approx(apart)
    assert found.low < found.value < found.high


def test_the_interval_between_groups_holds_what_is_not_rejected():
    values, member = np.r_[np.full(5, 0.9), np.full(5, 0.1)] + np.linspace(0, 0.05, 10), np.arange(10) < 5
    found, p_value = groups.between_groups(values, member, limit=1)
    assert p_value == pytest.approx(2 / 252)
    assert 0.7 < found.low < found.value < found.high < 0.85
    alone, p_alone = groups.between_groups(values, np.arange(10) < 1, limit=1)
    assert p_alone > 0.05
    assert (alone.low, alone.high) == (-1, 1)  # one of ten: no shift can be rejected at 5 %


def test_draws_of_a_bootstrap_are_those_that_they_always_were():
    first = random_draws.generator(20_231).multinomial(3, [1 / 3] * 3, size=5)
    assert first.tolist() == [[1, 0, 2], [1, 1, 1], [0, 3, 0], [0, 2, 1], [1, 0, 2]]


def test_many_people_in_two_groups_are_divided_at_random():
    random = np.random.default_rng(1)
    values, member = random.random(118), np.arange(118) % 3 == 0
    values[member] += 0.3
    found, p_value = groups.between_groups(values, member, limit=1)
    assert p_value == pytest.approx(1 / 10_000)
    usual = stats.ttest_ind(values[member], values[~member]).confidence_interval()
    assert (found.low, found.high) == pytest.approx((usual.low, usual.high), abs=0.02)
    assert groups.between_groups(values, member, limit=1) == (found, p_value)
    alike = groups.between_groups(random.permutation(values), member, limit=1)
    assert alike[1] > 0.05


def test_a_drawn_division_agrees_with_all_of_them(monkeypatch):
    random = np.random.default_rng(0)
    values, member = random.random(12), np.arange(12) < 4
    exact, p_exact = groups.between_groups(values, member, limit=1)
    monkeypatch.setattr(groups, "MOST_DIVISIONS", 10)
    drawn, p_drawn = groups.between_groups(values, member, limit=1)
    assert p_drawn == pytest.approx(p_exact, abs=0.02)
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.05)
