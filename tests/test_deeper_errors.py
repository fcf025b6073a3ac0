from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import small_experiment

from fer_utils.common.errors import OutputError
from fer_utils.data import alignment
from fer_utils.engine.record import Record
from fer_utils.experiments import experiment as experiments
from fer_utils.experiments import tables
from fer_utils.findings import deeper_error_rows, deeper_errors
from fer_utils.readers import background, covering, mirrored, occlusion
from fer_utils.studies import decoding, labels
from fer_utils.studies.answers import AnswerStudy
from fer_utils.studies.errors import ErrorStudy

CLASSES = ["happy", "sad", "wink"]


def answers(*, wrong: tuple[int, ...] = ()) -> pd.DataFrame:
    """Sixty images, ten people; a model that is sure and right, but for labels that are wrong."""
    truth = np.tile(np.arange(3), 20)
    probabilities = (
        np.full((60, 3), 0.05) + 0.85 * np.eye(3)[truth] + np.random.default_rng(0).uniform(0, 0.04, (60, 3))
    )
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    truth[list(wrong)] = (truth[list(wrong)] + 1) % 3
    table = pd.DataFrame(
        {"image": [f"image{n:02}" for n in range(60)], "subject": np.repeat(np.arange(10), 6).astype(str)}
    )
    table["truth"] = np.array(CLASSES)[truth]
    return table.assign(seed=1, **{f"p_{name}": probabilities[:, i] for i, name in enumerate(CLASSES)})


def test_of_a_sequence_one_picture_is_shown():
    """All mistakes count, but images of one person and expression look the same: the surest of them is enough to see."""
    table = answers()
    table["predicted"] = np.where(table["image"].isin(["image00", "image03", "image06"]), "sad", table["truth"])
    table.loc[table["image"] == "image03", ["p_happy", "p_sad", "p_wink"]] = 0.01, 0.98, 0.01
    table["subject"] = "0" + (table["subject"].astype(int) + 1).astype(str)
    study = AnswerStudy(small_experiment.make(), "m", table)
    assert study.surest(right=False)["image"].tolist()[0] == "image03"
    assert sorted(study.surest(right=False)["image"]) == ["image03", "image06"]
    assert sorted(study.surest(right=False, to_show=False)["image"]) == ["image00", "image03", "image06"]
    assert study.surest(right=True, count=40).groupby(["subject", "truth"]).size().max() == 1


def test_suspects_of_one_sequence_stand_behind_others():
    table = pd.DataFrame(
        {"image": list("abcd"), "subject": ["1", "1", "2", "1"], "truth": ["sad", "sad", "sad", "happy"]}
    )
    assert labels.to_show(table)["image"].tolist() == ["a", "c", "d", "b"]


def test_wrong_labels_are_suspect():
    assert labels.suspects(answers(), CLASSES).empty
    found = labels.suspects(answers(wrong=(7, 30)), CLASSES)
    assert set(found["image"]) == {"image07", "image30"}
    assert (found["truth"] != found["suggested"]).all()
    assert (found["probability_of_suggested"] > found["probability_of_label"]).all()
    planted = labels.planted(answers(), CLASSES)
    assert planted["found"] > 0.9
    assert planted["true"] > 0.99
    text = deeper_errors.no_suspects("some_model", {"found": 0.75, "true": 0.5})
    assert text.startswith("No label is suspect by the answers of `some_model`.")
    assert "75% are found, and 50% of what is named was" in text


def test_person_and_expression_are_told_apart():
    random = np.random.default_rng(0)
    labels, subjects = np.tile(np.arange(4), 12), np.repeat([f"{n:02}" for n in range(12)], 4)
    noise = random.normal(0, 0.1, size=(48, 20))
    person, expression = noise.copy(), noise.copy()
    person[np.arange(48), np.repeat(np.arange(12), 4)] += 3
    expression[np.arange(48), labels] += 3
    by_fold = np.repeat(expression[np.newaxis], 12, axis=0)
    table = decoding.decodability(
        "tiny", {"p": person, "e": expression, "folds": by_fold}, labels, subjects, folds=subjects
    )
    value = table.set_index(["representation", "question"])["value"]
    assert value["p", "person"] == value["e", "expression"] == value["folds", "expression"] == 1
    assert value["e", "person"] < 0.3
    assert value["p", "expression"] < 0.5
    assert table.loc[table["question"] == "person", "chance"].to_numpy() == pytest.approx(1 / 12)
    assert decoding.plane(person).shape == (48, 2)


def table_of(*, seeds: int = 2) -> pd.DataFrame:
    """`errors.csv` of a set without winks and without notes on people: whoever has none gets the other sentences."""
    read = pd.DataFrame({"representation": ["pixels"] * 2, "question": ["expression", "person"], "value": [0.6, 0.9]})
    read = read.assign(low=0.5, high=0.95, chance=[0.17, 0.07], n=4)
    reader = SimpleNamespace(model="m", seeds=seeds, trained=seeds > 0, experiment=SimpleNamespace(usable=np.arange(4)))
    effects = pd.DataFrame([(part, name) for part in (occlusion.ALL, "sad") for name in alignment.REGIONS])
    effects.columns = ["expression", "region"]
    effects = effects.assign(model="m", value=0.0, low=-0.1, high=0.1, n=4, people=4, p=1.0, q=1.0)
    eyes = effects["region"] == "eyes"
    effects.loc[eyes, ["value", "low", "high", "p", "q"]] = [0.3, 0.2, 0.4, 0.01, 0.02]
    made = pd.DataFrame({"fill": [covering.GREY, covering.MEAN, covering.OTHERS], "expression": "sad", "before": 0.25})
    made = made.assign(value=[0.75, 0.5, 0.25], low=0.1, high=0.9, n=4)
    replaced = pd.DataFrame({"part": [background.FACE, background.REST], "before": 0.5, "value": [0.25, 0.375]})
    replaced = replaced.assign(low=0.1, high=0.9, lost=0.1, lost_low=0.0, lost_high=0.2, area=0.125, n=4)
    turned = mirrored.Mirrored(
        "m", ("sad",), np.zeros(4, int), np.zeros(4, int), np.arange(4) % 2, np.array(list("abcd"))
    )
    return tables.table(
        deeper_error_rows.models([reader]),
        deeper_error_rows.labels("a_model", pd.DataFrame({"image": ["x"]}), {"found": 0.75, "true": 0.5}, 4),
        deeper_error_rows.decoding(read),
        deeper_error_rows.regions(effects),
        deeper_error_rows.fills("m", made),
        deeper_error_rows.background("m", replaced),
        deeper_error_rows.mirrored("m", turned.table()),
    )


def test_the_summary_is_made_of_the_table_alone():
    table = table_of()
    assert tables.get(table, "labels", "a_model", "planted found").value == 0.75
    assert tables.get(table, "decoding", "pixels", "chance", part="person").value == 0.07
    text = deeper_errors.summary(table, answers="a_model")
    assert len(text.splitlines()) == 6
    for words in (
        "`a_model`, 1 of 4 labels is suspect",
        "finds 75%, and 50% of what",
        "in 60% (50% to 95%), where chance is 17%",
        "in 90% (50% to 95%), where chance is 7%",
        "eyes +30 points (+20 to +40), nose +0",
        "detected by expression: sad: eyes +30 points (+20 to +40).",
        "calls 75% (10% to 90%) of the 4 faces that do not show it sad; by the mean face's eyes 50%",
        "reads 50% of the pictures as they are, 25% (10% to 90%) with the face replaced",
        "38% (10% to 90%) with all but the face replaced (n = 4, first seed; the face's box takes 12%",
        "reads 100% as they are and 50% mirrored (n = 4; -50 points",
    ):
        assert words in text, words
    with pytest.raises(OutputError, match="planted found"):
        deeper_errors.summary(table[table["quantity"] != "planted found"], answers="a_model")


def test_nothing_is_decided_by_one_seed_nor_by_networks_that_have_not_learned():
    one = deeper_errors.summary(table_of(seeds=1), answers="a_model")
    assert "nose +0 points (-10 to +10), mouth +0 points (-10 to +10); one seed, no verdict." in one
    assert "detected" not in one
    untrained = deeper_errors.summary(table_of(seeds=0), answers="a_model")
    assert untrained.count("`m`: not trained enough to judge.") == 3
    assert "eyes" not in untrained


def test_what_networks_make_of_all_images_serves_the_same_images_alone(monkeypatch):
    """An image that is trained on by nobody has another name: what is kept by position must be made again."""

    def answer(tasks, *, jobs, on_record):
        for index, task in enumerate(tasks):
            on_record(
                index, Record(np.full((len(task.fold.test_labels), task.fold.classes), 1 / 3), {"accuracy": np.ones(1)})
            )

    monkeypatch.setattr(experiments.workers, "run", answer)
    done = []

    def fit():
        done.append(1)
        return {"values": np.zeros(1)}

    first = small_experiment.make()
    first.manifest.loc[8, "kept"] = False
    names = first.dataset.file_names.copy()
    names[8] = "subject09.wink"
    manifest = first.manifest.assign(image=names)
    renamed = experiments.Experiment(replace(first.dataset, file_names=names), manifest, budget="standard")
    for experiment in (first, renamed, first):
        ErrorStudy(experiment, "baseline").kept("some", fit, code=())
    assert len(done) == 2


def test_suspects_whose_pictures_may_not_be_shown_are_named():
    table = pd.DataFrame([("a.sad", "sad", "happy")], columns=["image", "truth", "suggested"])
    text = deeper_errors.named_suspects(table)
    assert text == "Suspect labels, of people whose pictures may not be shown: `a.sad` (sad, rather happy?)."
