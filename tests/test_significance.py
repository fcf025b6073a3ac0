import numpy as np
import pytest
from scipy import stats

from fer_utils.evaluation import significance
from fer_utils.evaluation.significance import Verdict


def test_signs_are_flipped_over_people():
    assert significance.sign_flips(np.zeros(5)) == 1
    assert significance.sign_flips(np.ones(6)) == pytest.approx(2 / 2**6)
    assert significance.sign_flips(np.array([1.0, -1.0, 1.0, -1.0])) == 1
    assert significance.sign_flips(np.ones(1)) == 1


def test_flipped_signs_are_scipys():
    differences = np.random.default_rng(0).normal(0.3, 1, size=(3, 14))
    wanted = stats.permutation_test(
        (differences,), lambda v, axis: np.mean(v, axis=axis), permutation_type="samples", n_resamples=np.inf, axis=-1,
        vectorized=True,
    )  # fmt: skip
    assert significance.sign_flips(differences) == pytest.approx(wanted.pvalue)


def test_signs_of_many_people_are_flipped_at_random():
    random = np.random.default_rng(0)
    apart, alike = random.normal(0.5, 1, size=118), random.normal(0, 1, size=118)
    found = significance.sign_flips(np.stack([apart, alike]))
    usual = stats.ttest_1samp(np.stack([apart, alike]), 0, axis=1).pvalue
    assert found == pytest.approx(usual, abs=0.01)
    assert found[0] == pytest.approx(1 / 40_001, abs=1e-4)
    assert (found == significance.sign_flips(np.stack([apart, alike]))).all()
    few = random.normal(0.4, 1, size=15)
    assert significance.sign_flips(few, draws=5_000) == pytest.approx(significance.sign_flips(few), abs=0.02)


def test_a_test_without_an_effect_rejects_as_often_as_it_says():
    differences = np.random.default_rng(0).normal(size=(2_000, 12))
    assert np.mean(significance.sign_flips(differences) <= 0.05) == pytest.approx(0.05, abs=0.015)


def test_holm():
    assert significance.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert significance.holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert len(significance.holm([])) == 0


@pytest.mark.parametrize(
    ("low", "high", "p", "seeds", "trained", "said"),
    [
        (0.05, 0.15, 0.01, 3, True, Verdict.HIGHER),
        (-0.15, -0.05, 0.01, 3, True, Verdict.LOWER),
        (0.05, 0.15, 0.2, 3, True, Verdict.NOT_DETECTED),
        (-0.01, 0.2, 0.01, 3, True, Verdict.NOT_DETECTED),
        (1e-17, 0.2, 0.01, 3, True, Verdict.NOT_DETECTED),
        (0.3, 0.3, 0.01, 3, True, Verdict.NOT_DETECTED),
        (-0.4, -0.2, 0.001, 1, True, Verdict.ONE_SEED),
        (-0.4, -0.2, 0.001, 3, False, Verdict.UNTRAINED),
        (np.nan, np.nan, 0.001, 3, True, Verdict.NOT_DETECTED),
    ],
)
def test_verdicts_ask_for_more_than_chance(low, high, p, seeds, trained, said):
    assert significance.verdict(low, high, p, seeds=seeds, trained=trained) == said


def test_equality_is_shown_not_assumed():
    assert significance.equality(-0.03, 0.04, Verdict.NOT_DETECTED) == "yes"
    assert significance.equality(0.01, 0.04, Verdict.HIGHER) == "yes"
    assert significance.equality(-0.03, 0.06, Verdict.NOT_DETECTED) == "unknown"
    assert significance.equality(0.06, 0.2, Verdict.HIGHER) == "no"
    assert significance.equality(-0.03, 0.04, Verdict.ONE_SEED) == "unknown"
    assert significance.equality(0.0, 0.0, Verdict.NOT_DETECTED) == "unknown"


def test_who_has_learned():
    assert significance.learned(0.34, 0.17)
    assert not significance.learned(0.33, 0.17)
    assert significance.learned(0.8, 0.5)  # of two classes twice chance would be all
