import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import small_experiment

from fer_utils.engine.record import CURVES, Record
from fer_utils.evaluation import calibration, intervals
from fer_utils.evaluation.people import Dealt
from fer_utils.experiments import tables
from fer_utils.findings import pitfall_rows, wording
from fer_utils.findings import pitfalls as pitfall_findings
from fer_utils.studies import pitfalls, power, splits
from fer_utils.studies.splits import Counts


def fifteen(right) -> Counts:
    return Counts(tuple(f"{n:02}" for n in range(15)), np.asarray(right, dtype=float), np.full(15, 6.0))


def test_all_ways_to_hold_out_three_of_fifteen():
    ways = splits.ways(15)
    assert len(ways) == len(set(ways)) == 455
    assert ways[0] == (0, 1, 2)
    many = splits.ways(60)
    assert len(many) == splits.MOST_SPLITS
    assert many[0] == tuple(range(12))
    assert many == splits.ways(60)


def test_accuracy_over_splits():
    found = splits.over_splits(fifteen([6, 6, 6, *[0] * 12]))
    assert found[0] == 1
    assert found.min() == 0
    assert found.mean() == pytest.approx(3 / 15)


def test_counts_are_by_subject_and_seed():
    table = pd.DataFrame(
        {"subject": ["01", "01", "02", "02"], "seed": [1, 2, 1, 2], "truth": "a", "predicted": list("abaa")}
    )
    found = splits.counts(table)
    assert found.right.tolist() == [[1, 0], [1, 1]]
    assert found.sizes.tolist() == [1, 1]
    assert found.overall().tolist() == [1, 0.5]
    assert found.by_subject().tolist() == [0.5, 1]
    rows = tables.table(pitfall_rows.splits({"m": splits.over_splits(found)}, {"m": (0.4, np.array([0.0, 1.0]))}))
    assert "nothing shows that people differ" in pitfall_findings._splits(rows, "m")
    assert "Over 2 ways to choose them, each with 2 seeds" in pitfall_findings._splits(rows, "m")
    assert "anything from 0% to 100%" in pitfall_findings._splits(rows, "m")


def test_splits_are_of_the_models_that_there_are_under_loso():
    columns = {"subject": ["01", "02"], "seed": 1, "truth": "a"}
    tables = [
        pd.DataFrame(columns | {"model": model, "protocol": protocol, "predicted": predicted})
        for model, protocol, predicted in (("m", "loso", ["a", "b"]), ("n", "original-split", ["b", "b"]))
    ]
    found = splits.of_models(pd.concat(tables), ("n", "m", "o"))
    assert {model: values.tolist() for model, values in found.items()} == {"m": [[1], [0]]}


def test_the_best_epoch_is_optimistic():
    random = np.random.default_rng(0)
    found = splits.optimism(fifteen(random.binomial(6, 0.5, size=(15, 2, 40))))
    assert found.best > 0.6  # of networks that guess: the best of forty epochs, on eighteen images
    assert found.elsewhere == pytest.approx(0.5, abs=0.03)
    assert found.last == pytest.approx(0.5, abs=0.05)
    assert len(found.by_split) == 455
    assert (found.by_split["best"] >= found.by_split["last"]).all()
    assert found.by_split.mean().to_dict() == pytest.approx(
        {"last": found.last, "best": found.best, "elsewhere": found.elsewhere}
    )
    rows = tables.table(pitfall_rows.epochs({"m": found}))
    assert tables.get(rows, "epochs", "m", "best").n == 455
    gap = f"{100 * found.gap.value:.1f} points ({100 * found.gap.low:.1f} to {100 * found.gap.high:.1f})"
    assert pitfall_findings.gaps(rows) == {"m": gap}


def test_the_optimism_has_an_interval_over_subjects():
    random = np.random.default_rng(1)
    right = random.binomial(6, 0.5, size=(6, 2, 8)).astype(float)
    found = splits.optimism(Counts(tuple("abcdef"), right, np.full(6, 6.0)))
    assert found.gap.value == pytest.approx(found.best - found.elsewhere)
    without_one = []
    for left_out in range(6):  # all splits of the other five, one by one
        rest, gaps = [i for i in range(6) if i != left_out], []
        for tested in rest:
            for seed in range(2):
                best = right[tested, seed] == right[tested, seed].max()  # of tied epochs, each has a share
                elsewhere = np.mean([right[i, seed, best].mean() for i in rest if i != tested]) / 6
                gaps.append(right[tested, seed].max() / 6 - elsewhere)
        without_one.append(np.mean(gaps))
    wanted = intervals.jackknife(found.gap.value, np.array(without_one))
    assert (found.gap.low, found.gap.high) == pytest.approx((wanted.low, wanted.high))
    two = splits.optimism(Counts(("a", "b"), right[:2], np.full(2, 6.0)))
    assert math.isnan(two.gap.low)
    assert math.isnan(two.gap.high)


def test_spreads_tell_seeds_from_people():
    everybody, few = "all subjects", "the original's number of subjects"

    def spreads(right) -> pd.Series:
        return splits.spreads(fifteen(right)).set_index(["drawn", "tested"])["spread"]

    people = spreads(np.repeat(np.arange(15)[:, np.newaxis] % 7, 4, axis=1))
    assert people["seed", everybody] == 0
    assert people["subjects", few] > people["subjects", everybody] > 0
    seeds = spreads(np.repeat([[1, 2, 3, 4]], 15, axis=0))
    assert seeds["subjects", everybody] == pytest.approx(0)
    assert seeds["seed", everybody] == pytest.approx(np.std([1 / 6, 2 / 6, 3 / 6, 4 / 6], ddof=1))
    single = spreads(np.arange(15)[:, np.newaxis] % 7)
    assert single["seed"].isna().all()
    assert single["subjects"].notna().all()


def test_seeds_and_people_in_words():
    dealt = Dealt(tuple("abc"), np.full(3, 6.0), np.array([1.0, 3, 5]), np.array([[3.0, 3, 3], [2, 3, 4]] * 50))
    rows = tables.table(pitfall_rows.seeds(splits.spreads(fifteen(np.arange(15)[:, np.newaxis] % 7)), dealt))
    text = pitfall_findings._seeds(rows)
    assert "from 15 people and 1 seeds" in text
    assert f"spread by {100 * np.std([1 / 6, 3 / 6, 5 / 6]) / math.sqrt(2):.1f} points" in text
    assert "(p = 0.0099 that people differ)" in text


def test_tied_best_epochs_count_alike():
    """The first of two best epochs is untrained elsewhere, the second is not: both count."""
    right = np.zeros((2, 1, 2))
    right[0], right[1] = [[6, 6]], [[0, 6]]
    found = splits.optimism(Counts(("a", "b"), right, np.full(2, 6.0)))
    assert found.by_split["elsewhere"][0] == pytest.approx(0.5)
    assert found.by_split["best"][0] == 1


def test_jumps_are_of_the_second_half():
    assert pitfalls.jumps(np.array([0, 1, 0, 0.5, 0.25, 0.25])).tolist() == [0.25, 0]


def test_folds_by_image_mix_people():
    experiment = small_experiment.make(subjects=5)
    folds = experiment.folds("image-wise")
    assert len(folds) == 5
    tested = np.concatenate([test for _, test in folds.values()])
    assert sorted(tested) == list(range(15))
    subjects, labels = experiment.dataset.subjects, experiment.dataset.labels
    for train, test in folds.values():
        assert not set(train) & set(test)
        assert set(subjects[test]) <= set(subjects[train])
        assert sorted(labels[test]) == [0, 1, 2]


def pair(after, before, *, people=15, images=6) -> power.Pair:
    """Two models of three seeds with these accuracies, that find the same images hard."""
    random = np.random.default_rng(0)
    hard, own = random.normal(size=(people * images, 1)), random.normal(size=(2, people * images, 3))
    scores = [hard + 0.7 * each for each in own]
    right = [each > np.quantile(each, 1 - share) for each, share in zip(scores, (after, before), strict=True)]
    return power.Pair("one", "other", *right, np.repeat(np.arange(people), images))


def test_power_grows_with_the_difference_and_the_people():
    few, many = pair(0.5, 0.4), pair(0.5, 0.4, people=40)
    wanted = np.array([0.0, 0.1, 0.2, 0.4])
    found, more = (power.simulate(each, wanted, experiments=200) for each in (few, many))
    assert found.found[0] < 0.1  # a difference that is not there
    assert found.found[-1] > 0.95
    assert (np.diff(found.found) > 0).all()
    assert more.found[1] > found.found[1]
    assert 0.05 < found.smallest() < 0.35
    assert math.isnan(power.Power(wanted, np.zeros(4)).smallest())
    assert (power.simulate(few, wanted, experiments=200).found == found.found).all()


def test_a_pair_that_shares_its_hard_images_is_easier_to_tell_apart():
    alike = pair(0.5, 0.5)
    random = np.random.default_rng(1)
    apart = replace(alike, after=alike.after[random.permutation(len(alike.people))])
    assert alike.disagree < apart.disagree
    wanted = np.array([0.15])
    assert power.simulate(alike, wanted).found[0] > power.simulate(apart, wanted).found[0]


def test_three_people_can_show_nothing():
    assert power.simulate(pair(0.9, 0.1, people=3), np.array([0.0, 0.8]), experiments=50).found.tolist() == [0, 0]


def test_pairs_are_of_the_models_that_there_are():
    rows = [
        (m, f"s{p}", f"s{p}.{i}", seed) for m in power.PAIRS[0] for p in range(3) for i in range(2) for seed in (1, 2)
    ]
    table = pd.DataFrame(rows, columns=["model", "subject", "image", "seed"]).assign(protocol="loso", truth="a")
    table["predicted"] = np.where(table["model"] == power.PAIRS[0][0], "a", "b")
    (found,) = power.pairs(table)
    assert found.people.tolist() == [0, 0, 1, 1, 2, 2]
    assert (found.after.shape, found.after.mean(), found.before.mean(), found.disagree) == ((6, 2), 1, 0, 1)
    other = found.of(np.array([2, 2, 0]))
    assert other.people.tolist() == [0, 0, 1, 1, 2, 2]


def test_power_is_as_uncertain_as_the_people_it_is_fitted_to(monkeypatch):
    monkeypatch.setattr(power, "OTHER_PEOPLE", 8)
    base, wanted = pair(0.5, 0.4), np.array([0.0, 0.1, 0.3])
    others = power.with_other_people("tiny", base, wanted)
    assert len(others) == 8
    assert len({each.found[1] for each in others}) > 1
    rows = tables.table(pitfall_rows.power({base: (power.simulate(base, wanted), others)}, subjects=15, few=3))
    shown = tables.get(rows, "power", "one and other", "found", part="10 points")
    assert shown.low <= shown.value <= shown.high
    text = pitfall_findings._power(rows)
    assert "With the 3 people whom the original tested, a test over people has a p of 0.25 at best: no" in text
    assert "From the answers of one and other: with 15 people and 3 seeds," in text
    assert "and one that is not there in " in text


def test_a_difference_that_other_people_never_find_has_no_upper_end():
    base = pair(0.5, 0.4)
    found = power.Power(np.array([0.0, 0.2]), np.array([0.1, 0.9]))
    weak = power.Power(np.array([0.0, 0.2]), np.array([0.1, 0.2]))
    both = {base: (found, [found] * 30 + [weak] * 10)}
    rows = tables.table(pitfall_rows.power(both, subjects=15, few=3))
    least = tables.get(rows, "power", "one and other", "smallest difference")
    assert math.isinf(least.high)
    assert "to more than was simulated)" in pitfall_findings.smallest_differences(rows)
    curves = pitfalls.power_curves(both)
    assert list(curves["pair"].unique()) == ["one and other"]
    assert curves["share"].tolist() == [0.1, 0.9]
    assert curves["low"].tolist() == pytest.approx([0.1, 0.2])
    assert curves["high"].tolist() == pytest.approx([0.1, 0.9])


def test_jumps_have_an_interval_over_epochs():
    random = np.random.default_rng(0)
    curves = {"validation_accuracy": random.normal(0.5, 0.02, 400)}
    curves["augmented_validation_accuracy"] = random.normal(0.5, 0.06, 400)
    curves["validation_cross_entropy"] = random.normal(1, 0.1, 400)
    curves["augmented_validation_cross_entropy"] = random.normal(1, 0.3, 400)
    jumps = pitfalls.validation_jumps(curves)
    assert jumps["augmented"]["accuracy"].tolist() == pitfalls.jumps(curves["augmented_validation_accuracy"]).tolist()
    rows = tables.table(pitfall_rows.augmented("updated", jumps))
    plain, noisy, more = (rows.iloc[place] for place in range(3))
    assert plain.low < plain.value < plain.high < noisy.low < noisy.value < noisy.high
    assert more.value == pytest.approx(noisy.value - plain.value)
    assert 0 < more.low < more.value < more.high
    assert "intervals over the epochs" in pitfall_findings._augmented(rows, "updated")
    calm, wild = rows.iloc[3], rows.iloc[4]
    assert (calm.quantity, calm.part) == ("loss jump", "images as they are")
    assert list(rows["part"]) == ["images as they are", "augmented", "difference"] * 2
    assert calm.high < 0.2 < wild.low
    assert "cross-entropy (nats): images as they are 0.1" in pitfall_findings.jumps(rows)


def test_losses_over_folds():
    folds = pd.DataFrame({"fold": list("abcd"), "n": [6, 6, 6, 5], "loss": 2.0, "seen": 0.5})
    folds["without_error"], folds["unseen"] = [1.0, 1.1, 0.9, 1.0], [1.5, 2.5, 1.5, 2.5]
    rows = tables.table(pitfall_rows.losses("updated", folds))
    share = tables.get(rows, "loss", "updated", "share of penalty and floor", part="people left out")
    assert share.value == pytest.approx(0.5)
    assert share.low < 0.45 < 0.55 < share.high
    gap = tables.get(rows, "loss", "updated", "cross-entropy", part="unseen minus seen")
    assert gap.value == pytest.approx((1 * 6 + 2 * 6 + 1 * 6 + 2 * 5) / 23)
    assert gap.low < 1.1 < 1.8 < gap.high
    assert "0.50 nats on the people trained on" in pitfall_findings._loss(rows, "updated")


def test_intervals_are_told_where_there_are_any():
    def told(low, high):
        return wording.ends(pd.Series({"value": 0.2, "low": low, "high": high}))

    assert told(0.1, 0.3) == " (10.0 to 30.0)"
    assert told(0.2, 0.2) == told(math.nan, math.nan) == ""
    assert told(0.1, math.inf) == " (10.0 to more than was simulated)"


def test_calibration_error_with_its_interval():
    right = np.tile([True, True, False, False], 10)
    predictions = pd.DataFrame(
        {"subject": np.repeat(np.arange(10), 4), "truth": "a", "predicted": np.where(right, "a", "b")}
    )
    predictions["p_a"], predictions["p_b"] = np.where(right, 0.9, 0.1), np.where(right, 0.1, 0.9)
    found = calibration.of_probabilities(predictions)["calibration_error"]
    assert (found.value, found.low, found.high) == pytest.approx((0.4, 0.4, 0.4))


@pytest.fixture
def study(monkeypatch) -> pitfalls.Study:
    """A study of five people, whose networks guess."""
    monkeypatch.setattr(power, "OTHER_PEOPLE", 3)
    experiment = small_experiment.make(subjects=5)

    def records(runs) -> list[Record]:
        made = []
        for number, run in enumerate(runs):
            random, images = np.random.default_rng(number), len(experiment.folds(run.protocol)[run.fold][1])
            curves = {name: random.random(run.recipe.epochs, dtype=np.float32) for name in CURVES}
            probabilities = random.dirichlet(np.ones(3), size=images).astype(np.float32)
            made.append(Record(probabilities, curves))
        return made

    monkeypatch.setattr(experiment, "records", records)
    runs = experiment.plan("loso", ["baseline", "updated", "baseline-face", "updated-face"])
    predictions = experiment.predictions(runs, records(runs))
    return pitfalls.Study(experiment, predictions, tables.computed(predictions)[0])


def test_a_study_answers_every_question(study):
    assert study.few == 1
    assert study.sizes == {f"{n:02}": 3 for n in range(1, 6)}
    assert {model: values.shape for model, values in study.splits.items()} == {"baseline": (5, 3), "updated": (5, 3)}
    assert list(study.leak["model"]) == list(pitfalls.MODELS)
    assert set(study.leak["epochs"]) == {study.trials[model].epochs for model in pitfalls.MODELS}
    assert study.by_seed.right.shape == (5, pitfalls.SEEDS["standard"])
    assert list(study.spreads["n"]) == [8, 5, 8, 5]
    assert all(len(each.by_split) == 5 for each in study.optimism.values())
    total, without_error = study.loss_parts
    assert 0 <= total < 1
    assert without_error > 0
    assert set(study.losses["fold"]) == set(study.sizes)
    assert study.quality.groupby("metric").size().to_dict() == dict.fromkeys(sorted(pitfalls.QUALITIES), 4)
    assert study.leak is study.leak


def test_rows_and_words_are_of_all_questions(study):
    rows = pitfall_rows.measured(study)
    questions = ["splits", "leak", "seeds", "epochs", "augmented", "loss", "power", "folds", "quality"]
    assert list(rows["question"].unique()) == questions
    assert not rows.duplicated(["question", "about", "part", "quantity"]).any()
    assert not rows["quantity"].str.contains(",").any()
    leak = tables.get(rows, "leak", "baseline", "difference")
    assert leak.value == study.leak.set_index("model").loc["baseline", "difference"]
    text = pitfall_findings.summary(rows)
    assert len(text.splitlines()) == 2 + 2 + 1 + 2 + 1 + 1 + 1 + 1
    assert f"Over the {len(study.losses)} networks of `updated`" in text
    assert "with 5 people" in text
    assert "With the 1 people whom" in text


def test_words_follow_the_numbers():
    row = {
        "model": "m",
        "subject_wise": 0.3,
        "image_wise": 0.6,
        "difference": 0.3,
        "low": 0.1,
        "high": 0.5,
        "n": 89,
        "p": 0.01,
    }

    def said(verdict, alike=0.5):
        rows = pitfall_rows.leak(pd.DataFrame([row | {"alike": alike, "seeds": 3, "verdict": verdict}]))
        return pitfall_findings._leak(tables.table(rows), "m")

    text = said("higher")
    assert "60% instead of 30%, +30.0 points (+10.0 to +50.0), p = 0.01 after Holm: the leak shows" in text
    assert "no detectable effect" in said("no detectable effect")
    assert said("lower").endswith("lower, not higher.")
    assert "whoever is recognised" in said("lower", alike=0)
    assert "one seed, no verdict" in said("one seed, no verdict")
    assert "not trained enough to judge" in said("not trained enough to judge")
