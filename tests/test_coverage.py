"""How often the 95 % intervals of one model include the accuracy on all people that there are: simulated."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import t

from fer_utils.evaluation import intervals, scores

PEOPLE, CLASSES, RUNS = 15, 6, 500


def population(mean, spread):
    """A log odds at which people who spread so much are read with this mean accuracy."""
    people = np.random.default_rng(0).normal(0, spread, size=50_000)
    levels = np.linspace(-6, 6, 601)
    return float(np.interp(mean, [expit(level + people).mean() for level in levels], levels))


def answers(mean, *, spread, seeds=1, of_seeds=0.0, people=PEOPLE):
    """Right answers of many experiments, (RUNS, seeds, people, classes) bool."""
    random = np.random.default_rng(7)
    odds = population(mean, spread) + random.normal(0, spread, size=(RUNS, 1, people, 1))
    odds = odds + random.normal(0, of_seeds, size=(RUNS, seeds, 1, 1)) if of_seeds else odds
    return random.random((RUNS, seeds, people, CLASSES)) < expit(odds)


def covered(found, mean):
    return float(np.mean([each.low <= mean <= each.high for each in found]))


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("mean", [0.3, 0.56, 0.76, 0.89])
def test_the_interval_of_an_accuracy_covers_what_it_says(mean, spread):
    right = answers(mean, spread=spread)[:, 0].sum(axis=-1)
    counts = np.full(PEOPLE, float(CLASSES))
    found = covered([intervals.of_accuracy(each, counts) for each in right], mean)
    assert 0.93 <= found <= 0.985
    # The percentile bootstrap, which was used before, is narrower over so few people.
    assert covered([intervals.subject_bootstrap(each, counts) for each in right], mean) < min(found, 0.95)


def test_seeds_are_in_it():
    """Of networks that differ by 3.4 points from seed to seed, as `updated` does."""
    right = answers(0.42, spread=0.3, seeds=3, of_seeds=0.14).sum(axis=-1).transpose(0, 2, 1)
    counts = np.full(PEOPLE, float(CLASSES))
    assert 0.93 <= covered([intervals.of_accuracy(each, counts) for each in right], 0.42) <= 0.985
    before = [intervals.subject_bootstrap(each.sum(axis=1), 3 * counts) for each in right]
    assert covered(before, 0.42) < 0.93


def test_people_with_unequal_numbers_of_images():
    right, random = answers(0.8, spread=0.5, people=40)[:, 0], np.random.default_rng(1)
    there = random.random((40, CLASSES)) < 0.6
    there[:, 0] = True
    found = [intervals.of_accuracy((each & there).sum(axis=1), there.sum(axis=1)) for each in right]
    assert 0.93 <= covered(found, 0.8) <= 0.985


@pytest.mark.parametrize("mean", [0.3, 0.6, 0.9])
def test_the_interval_of_macro_f1_covers_what_it_says(mean):
    """Wrong answers fall on all other classes alike, so that the population's macro-F1 is its accuracy."""
    right, random = answers(mean, spread=0.5)[:300, 0], np.random.default_rng(2)
    truth = np.arange(CLASSES)
    said = np.where(right, truth, (truth + random.integers(1, CLASSES, right.shape)) % CLASSES)
    tables = np.eye(CLASSES, dtype=int)[truth][:, :, None] * np.eye(CLASSES, dtype=int)[said][..., None, :]
    found = [scores.macro_f1_over_people(each.sum(axis=1)[None]) for each in tables]
    assert 0.93 <= covered(found, mean) <= 0.985


def test_no_interval_is_without_a_width():
    counts = np.array([6.0, 5.0, 1.0])
    for right, value in ((counts, 1.0), (0 * counts, 0.0), (counts / 2, 0.5)):
        found = intervals.of_accuracy(right, counts)
        assert found.value == value
        assert 0 <= found.low <= value <= found.high <= 1
        assert found.high - found.low > 0.2
    alone = intervals.of_accuracy(np.array([3.0]), np.array([6.0]))
    assert (alone.low, alone.value, alone.high) == (0, 0.5, 1)
    assert intervals.of_accuracy(np.ones(15) * 6, np.ones(15) * 6).low > 0.8  # fifteen people, every image right


def test_a_mean_over_people_is_students():
    values = np.random.default_rng(0).normal(size=12)
    found = intervals.of_mean(values, np.ones(12))
    reach = t.ppf(0.975, 11) * values.std(ddof=1) / np.sqrt(12)
    assert (found.low, found.high) == pytest.approx((values.mean() - reach, values.mean() + reach))
    assert np.isnan(intervals.of_mean(values[:1], np.ones(1)).low)


def test_of_a_ratio_over_dozens_of_people_a_bootstrap_covers_as_students_t_does():
    """R² of a face unit: what a regression explains over what there is, of 32 rendered people with eight faces each."""
    random, people = np.random.default_rng(3), 32

    def sums(runs):
        noise = np.exp(random.normal(0, 0.15, size=(runs, people, 1)))  # some people are read worse
        total = (random.uniform(0, 1, size=(runs, people, 8)) - 0.5) ** 2
        error = 0.03 * noise**2 * random.normal(size=(runs, people, 8)) ** 2
        return (total - error).sum(axis=-1), total.sum(axis=-1)

    explained, there = sums(4000)
    truth, found = explained.sum() / there.sum(), list(zip(*sums(RUNS), strict=True))
    drawn, student = (
        covered([each(*run) for run in found], truth) for each in (intervals.subject_bootstrap, intervals.of_mean)
    )
    assert 0.9 <= drawn <= 0.985
    assert abs(drawn - student) <= 0.02
    assert max(intervals.subject_bootstrap(*run).high for run in found) <= 1
