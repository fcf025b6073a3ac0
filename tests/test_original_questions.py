import math

import pandas as pd

from fer_utils.experiments import tables
from fer_utils.experiments.tables import row
from fer_utils.findings import original_questions


def test_jumps_and_the_gap_are_of_their_own_parts():
    rows = [
        row("augmented", "updated", quantity, value, value - 0.01, value + 0.01, n=9, part=part)
        for quantity, values in (("jump", (0.03, 0.07)), ("loss jump", (0.25, 0.5)))
        for part, value in zip(("images as they are", "augmented"), values, strict=True)
    ]
    rows.append(row("loss", "updated", "cross-entropy", 1.25, 1, 1.5, n=45, part="unseen minus seen"))
    text = original_questions._jumps(tables.table(rows))
    assert "jump by 0.50 nats (0.49 to 0.51) from epoch to epoch instead of 0.25 (0.24 to 0.26)" in text
    assert "its accuracy by 7.0 points (6.0 to 8.0) instead of 3.0 (2.0 to 4.0)" in text
    assert "at least 1.25 nats (1.00 to 1.50) higher on a new person" in text


def test_the_loss_is_of_one_training_and_of_all_folds():
    rows = [
        row("loss", "updated", "training loss", 1.5, n=1),
        row("loss", "updated", "penalty and floor", 1.25, n=1),
        row("loss", "updated", "share of penalty and floor", 0.75, 0.5, 1, n=45, part="people left out"),
    ]
    text = original_questions._loss(tables.table(rows))
    assert "of 1.50 nats, 1.25 are" in text
    assert "In the 45 networks that leave one person out each" in text
    assert "75% (50% to 100%) of the loss" in text


def test_power_of_few_people():
    rows = [
        row("power", "the original's split", "smallest p", 0.25, n=3),
        row("power", "one and other", "smallest difference", 0.2, 0.1, 0.3, n=15),
        row("power", "two and more", "smallest difference", math.nan, n=15),
    ]
    text = original_questions._power(tables.table(rows))
    assert "over the 3 people tested, a test has a p of 0.25 at best, so no difference could be shown" in text
    assert "With all 15 people" in text
    assert (
        "20 points (10 to 30) where the answers are those of one and other; no difference that was simulated where"
        in text
    )


def test_the_plateau_is_of_so_few_images():
    rows = [
        row("splits", "updated", "mean", 0.42, 0.24, 0.61, n=455),
        row("splits", "updated", "people alike", 0.42, 0.22, 0.62, n=455),
        row("splits", "updated", "person effect p", 0.7, n=455),
        row("power", "the original's split", "smallest p", 0.25, n=3),
    ]
    text = original_questions._splits(tables.table(rows))
    assert "anywhere from 24% to 61%" in text
    assert "it is 22% to 62% (p = 0.7 that people differ). The images of 3 people are too few." in text


def conditions(model: str, changes: dict[str, tuple], *, seeds: int = 2) -> list[tuple]:
    rows = [row("model", model, "seeds", seeds, n=89)]
    for condition, (value, low, high, q) in changes.items():
        rows.append(row("conditions", model, "probability", value, low, high, n=15, part=condition))
        rows.append(row("conditions", model, "q", q, n=15, part=condition))
    return rows


def test_each_condition_is_looked_up_by_its_part():
    unknown = dict.fromkeys(("leftlight", "rightlight", "centerlight"), (0.01, -0.02, 0.03, 0.9))
    changed = {"glasses": (-0.25, -0.375, -0.125, 0.01)}
    rows = conditions("baseline", unknown | changed) + conditions("baseline-face", unknown | {"glasses": (0, -1, 1, 1)})
    text = original_questions._conditions(tables.table(rows))
    assert "`baseline`: glasses -25 points (-38 to -12), 3 of 4 conditions: no detectable effect" in text
    assert "`baseline-face`: 4 of 4 conditions: no detectable effect (+0 to +1 points, intervals within -100 to" in text
    assert "Corrected for 8 comparisons" in text
    one = original_questions._conditions(tables.table(conditions("baseline", unknown | changed, seeds=1)))
    assert "`baseline`: 4 of 4 conditions: one seed, no verdict (-25 to +1 points" in one


def test_the_leak_names_a_reason_where_all_went_down_and_nothing_repeats():
    rows = [
        row("leak", model, name, *values, n=89)
        for model in ("baseline", "baseline-face")
        for name, values in (("difference", (-0.25, -0.5, -0.125)), ("alike", (0.0,)))
    ]
    measured = tables.table(rows)
    text = original_questions._leak(measured)
    assert "`baseline` -25.0 points (-50.0 to -12.5)" in text
    assert "It falls, probably because" in text
    measured.loc[measured["quantity"] == "alike", "value"] = 0.5
    assert "Down" not in original_questions._leak(measured)


def test_more_data_are_judged_by_the_model_that_lacks_only_them():
    rows = [("transfer", "classical", 0.1, 0.05, 0.15), ("classical", "baseline-face", 0.2, 0.1, 0.3)]
    table = pd.DataFrame(rows, columns=["model", "reference", "difference", "low", "high"])
    text = original_questions._more_data(table)
    assert text.startswith("We can. Pretraining on other people's faces adds +10.0 points (+5.0 to +15.0)")
    assert "scores +20.0 points (+10.0 to +30.0) more" in text
    assert not original_questions._more_data(table.assign(low=-0.01)).startswith("We can")
