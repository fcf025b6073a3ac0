from dataclasses import replace

import pandas as pd
import pytest
import small_experiment

from fer_utils.common.errors import ParameterError
from fer_utils.experiments import recipes
from fer_utils.findings import tweaks as tweak_findings
from fer_utils.studies import pitfalls, tweaks
from fer_utils.studies.tweaks import Tweak

FRAME = Tweak("input", "whole frame", {"input": "frame"})


@pytest.fixture
def experiment(monkeypatch):
    for budget in recipes.BUDGETS:
        monkeypatch.setitem(recipes.EPOCHS, (budget, "people"), {"baseline": 4, "updated": 4})
    monkeypatch.setattr(tweaks, "EPOCHS", {"quick": 2, "standard": 2})
    made = small_experiment.make()
    made.budget = "quick"
    return made


def test_the_table_holds_what_the_original_suggests():
    factors = {tweak.factor for tweak in tweaks.TABLE}
    assert {"depth", "dropout", "L2", "learning rate", "epochs", "augmentation", "input"} <= factors
    values = {
        name: {tweak.settings[name] for tweak in tweaks.TABLE if name in tweak.settings} for name in ("epochs", "side")
    }
    assert {10, 20, 50, 100, 200} <= values["epochs"]
    assert {32, 64, 96} <= values["side"]  # 48 is the reference
    names = [(tweak.factor, tweak.change) for tweak in tweaks.TABLE]
    assert len(set(names)) == len(names)


def test_factors_are_chosen_by_name():
    assert tweaks.choose(tweaks.TABLE, "") == list(tweaks.TABLE)
    assert {tweak.factor for tweak in tweaks.choose(tweaks.TABLE, "depth, L2")} == {"depth", "L2"}
    with pytest.raises(ParameterError, match="no factor named 'colour': use some of depth"):
        tweaks.choose(tweaks.TABLE, "colour")


def test_settings_that_are_not_known_are_named(experiment):
    with pytest.raises(ParameterError, match=r"tweak 'x': no setting 'layers'.*batch_size, blocks"):
        tweaks.trials(experiment, [Tweak("x", "y", {"layers": 3})])


def test_runs_of_the_comparison_are_used_again(experiment):
    frame, epochs = Tweak("input", "frame", {"input": "frame"}), Tweak("epochs", "3", {"epochs": 3})
    longer, wider = Tweak("epochs", "9", {"epochs": 9}), Tweak("input", "64", {"side": 64})
    reference, *plans = tweaks.trials(experiment, [frame, epochs, longer, wider])
    assert [plan.tweak for plan in plans] == [frame, epochs, wider]  # 9 epochs are more than quick has
    assert list(reference.runs) == experiment.plan("loso", ["baseline-face"])
    assert list(plans[0].runs) == experiment.plan("loso", ["baseline"])
    assert (plans[1].runs, plans[1].epochs, reference.epochs) == (reference.runs, 3, 2)
    assert {(run.side, run.recipe.epochs) for run in plans[2].runs} == {(64, 2)}


def test_the_reference_begins_a_longer_training(experiment):
    experiment.budget = "standard"
    reference, longer = tweaks.trials(experiment, [Tweak("epochs", "9", {"epochs": 9})])
    assert reference.runs == longer.runs
    assert {run.recipe.epochs for run in reference.runs} == {9}
    assert (reference.epochs, longer.epochs) == (2, 9)


def test_effects_are_those_of_the_networks_themselves(experiment):
    """Trained for real, on noise: the score after two of four epochs is that of a training of two."""
    plans = tweaks.trials(experiment, [Tweak("depth", "1 block", {"blocks": 1})])
    table = tweaks.effects(experiment, plans)
    alone = [replace(run, recipe=replace(run.recipe, epochs=2)) for run in plans[0].runs]
    answers = experiment.predictions(alone, experiment.records(alone))
    assert table["accuracy"][0] == pytest.approx((answers["truth"] == answers["predicted"]).mean())
    assert table["difference"][0] == 0
    assert table["difference"][1] == pytest.approx(table["accuracy"][1] - table["accuracy"][0])
    assert list(table.columns) == list(tweaks.COLUMNS)
    assert list(table["verdict"]) == ["reference", "not trained enough to judge"]
    assert list(table["within_5_points"]) == ["reference", "unknown"]
    assert "no verdicts" in tweak_findings.summary(table)
    several = table.assign(seeds=3, verdict=["reference", "no detectable effect"])
    assert "1 of 1 tweaks" in tweak_findings.summary(several)


def test_accuracy_over_the_epochs_ends_where_the_effects_are_read(experiment):
    trials = tweaks.trials(experiment, [Tweak("depth", "1 block", {"blocks": 1}), FRAME])
    accuracy = pitfalls.over_epochs(experiment, trials)
    assert {name: values.shape for name, values in accuracy.items()} == {"aligned face": (1, 4), "whole frame": (1, 4)}
    table = tweaks.effects(experiment, trials).set_index("change")["accuracy"]
    for name, change in (("aligned face", "as it is"), ("whole frame", "whole frame")):
        assert accuracy[name][:, 1].mean() == pytest.approx(table[change], abs=1e-6)


def test_without_the_whole_frame_the_reference_alone_is_followed(experiment):
    assert list(pitfalls.over_epochs(experiment, tweaks.trials(experiment, []))) == ["aligned face"]


def test_the_summary_separates_what_helps_from_what_only_seems_to():
    rows = [
        ("reference", "as it is", 0.5, 0, 0, 0, "reference", "reference"),
        ("rate", "1", 0.2, -0.3, -0.4, -0.2, "hurts", "no"),
        ("depth", "1_block", 0.6, 0.1, 0.05, 0.15, "helps", "unknown"),
        ("width", "half", 0.55, 0.05, 0.01, 0.09, "no detectable effect", "unknown"),
        ("width", "twice", 0.5, 0.0, -0.01, 0.01, "no detectable effect", "yes"),
        ("rate", "9", 0.1, -0.4, -0.5, -0.3, "not trained enough to judge", "unknown"),
    ]
    columns = ["factor", "change", "accuracy", "difference", "low", "high", "verdict", "within_5_points"]
    table = pd.DataFrame(rows, columns=columns).assign(n=90, seeds=3, epochs=25, training_accuracy=0.2)
    first, helps, hurts, untrained, unknown, equal, seeming = tweak_findings.summary(table).split("\n")
    assert "after so many epochs: rate 9 (20% of the training images right, -40.0 points" in untrained
    assert "1 of 2 lie within 5 points of none with 95 % certainty (width twice); of 1 more than that" in equal
    assert "recognises 50.0% of 90 images after 25 epochs, mean of 3 seeds" in first
    assert helps == "- **Helps:** depth: 1_block, +10.0 points (+5.0 to +15.0)."
    assert "rate: 1, -30.0 points (-40.0 to -20.0). All but other numbers of epochs" in hurts
    assert "2 of 5 tweaks" in unknown
    assert "1 have an interval without 0: width half." in seeming
    assert "none of these tweaks" in tweak_findings.summary(table[:1])
