import numpy as np
import pandas as pd
import pytest

from fer_utils.evaluation import people

CLASSES = ("happy", "sad", "sleepy", "normal")


def answers(rate, *, seed=0, seeds=2, images=1):
    """Predictions of which `rate(person, class)` are right, by chance."""
    random, rows = np.random.default_rng(seed), []
    for person in range(20):
        for index, name in enumerate(CLASSES):
            for _ in range(images):
                right = random.random() < rate(person, index)
                rows += [(f"s{person:02}", each, name, name if right else "other") for each in range(seeds)]
    return pd.DataFrame(rows, columns=["subject", "seed", "truth", "predicted"])


def test_people_who_are_alike_are_found_to_differ_as_often_as_it_says():
    found = [
        people.deal(answers(lambda _, index: 0.2 + 0.2 * index, seed=seed), draws=200).p_value for seed in range(200)
    ]
    assert np.mean(np.array(found) <= 0.05) < 0.09
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_people_who_differ_are_found():
    found = people.deal(answers(lambda person, _: 0.95 if person % 2 else 0.1))
    assert found.p_value < 0.01
    assert found.spread > np.quantile(found.spreads, 0.99)


def test_a_deal_keeps_every_expression_as_hard_as_it_is():
    predictions = answers(lambda _, index: 0.2 + 0.2 * index, images=3)
    found = people.deal(predictions, draws=50)
    assert found.people == tuple(f"s{person:02}" for person in range(20))
    assert found.sizes.tolist() == [12.0] * 20
    assert found.dealt.sum(axis=1) == pytest.approx(np.full(50, found.right.sum()))
    assert found.right.sum() == pytest.approx((predictions["truth"] == predictions["predicted"]).sum() / 2)
    assert (people.deal(predictions, draws=50).dealt == found.dealt).all()


def test_expressions_that_one_person_shows_cannot_be_dealt():
    predictions = answers(lambda *_: 0.5).assign(truth=lambda table: table["subject"])
    assert people.deal(predictions, draws=20).p_value == 1
