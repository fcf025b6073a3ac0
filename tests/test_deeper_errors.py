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
from fer_utils.studies import decoding, labels, occlusion
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


def looks_at(region: str):
    """A network that is the surer of class 1 the brighter one region of the face is."""
    left, top, right, bottom = (round(48 * place) for place in alignment.REGIONS[region])

    def network(images, training):
        bright = images[:, top:bottom, left:right, 0].mean(axis=(1, 2))
        return np.stack([1 - bright, bright], axis=1)

    return network


def study(region: str) -> SimpleNamespace:
    images = np.full((2, 48, 48, 1), 40, dtype=np.uint8)
    left, top, right, bottom = (round(48 * place) for place in alignment.REGIONS[region])
    images[:, top:bottom, left:right] = 250
    data = SimpleNamespace(
        labels=np.array([1, 1]),
        file_names=np.array(["a", "b"]),
        subjects=np.array(["1", "2"]),
        class_names=("calm", "very_happy"),
        position=["a", "b"].index,
    )
    folds = {"1": (np.array([1]), np.array([0])), "2": (np.array([0]), np.array([1]))}
    experiment = SimpleNamespace(dataset=data, protocol="loso", folds=lambda protocol: folds)
    networks = dict.fromkeys(folds, looks_at(region))
    return SimpleNamespace(
        experiment=experiment, inputs=images, networks=networks, kept=lambda name, fit, *, code: fit()
    )


@pytest.mark.parametrize("region", sorted(alignment.REGIONS))
def test_the_part_that_counts_is_found(region):
    maps = occlusion.maps(study(region))
    assert set(maps) == {"a", "b"}
    shares = occlusion.shares(maps["a"])
    assert max(shares, key=shares.get) == region
    assert shares[region] > 2
    found = occlusion.shares_of_people(np.stack(list(maps.values())), np.array(["1", "2"]))
    assert list(found.loc[found["may_be_first"], "region"]) == [region]
    assert found.set_index("region")["value"][region] == pytest.approx(shares[region])
    rows = tables.table(deeper_error_rows.regions("m", found.assign(expression="happy")))
    assert tables.get(rows, "occlusion", "m", region, part="happy").value == pytest.approx(shares[region])
    assert tables.get(rows, "occlusion, may be first", "m", region, part="happy").value == 1
    assert f"most at: happy the {region} ({shares[region]:.1f})." in deeper_errors._regions(rows, "m")


def test_regions_that_these_people_cannot_order_are_all_named():
    heat = np.zeros((12, 48, 48))
    for place, region in enumerate(("eyes", "mouth") * 6):
        left, top, right, bottom = (round(48 * edge) for edge in alignment.REGIONS[region])
        heat[place, top:bottom, left:right] = 1
    found = occlusion.shares_of_people(heat, np.array(list("abcdefghijkl")))
    assert set(found.loc[found["may_be_first"], "region"]) == {"eyes", "mouth"}
    rows = tables.table(deeper_error_rows.regions("m", found.assign(expression="happy")))
    text = deeper_errors._regions(rows, "m")
    assert " or the " in text and "brows (" not in text


def test_parts_of_the_face_are_collected_by_expression():
    made = study("mouth")
    parts = occlusion.by_expression(made)
    assert list(parts.faces) == list(parts.heat) == ["very_happy"]  # nobody shows the other one
    assert parts.faces["very_happy"].dtype == np.uint8
    assert (parts.faces["very_happy"] == made.inputs[0, ..., 0]).all()
    assert parts.heat["very_happy"] == pytest.approx(occlusion.maps(made)["a"])
    assert set(parts.shares["expression"]) == {"very_happy"}
    assert list(parts.shares["region"]) == list(alignment.REGIONS)
    assert set(parts.shares["n"]) == {2}


def test_only_falls_of_the_probability_count_for_the_share_in_the_face():
    made, asked = study("eyes"), {}

    def share_in_face(names, heat):
        asked.update(zip(names, heat, strict=True))
        return 0.25, 0.5

    made.share_in_face = share_in_face
    assert occlusion.share_in_face(made) == (0.25, 0.5)
    for name, values in occlusion.maps(made).items():
        assert asked[name] == pytest.approx(np.maximum(values, 0))
    text = deeper_errors.background("some_model", 0.25, 0.5)
    assert text.startswith("`some_model`: 25% of the effect")
    assert "50% of the picture" in text


def test_no_part_is_named_where_covering_changes_nothing():
    found = occlusion.shares_of_people(np.zeros((2, 48, 48)), np.array(["1", "2"])).assign(expression="happy")
    rows = tables.table(deeper_error_rows.regions("m", found))
    assert "most at: no part" in deeper_errors._regions(rows, "m")


def test_regions_lie_where_aligned_faces_have_them():
    for left, top, right, bottom in alignment.REGIONS.values():
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    left, top, right, bottom = alignment.REGIONS["eyes"]
    assert top < alignment.EYE_ROW < bottom
    assert left < 0.5 - alignment.EYE_DISTANCE / 2 < 0.5 + alignment.EYE_DISTANCE / 2 < right


def test_mirrored_answers():
    made = study("eyes")
    made.inputs = np.zeros((2, 48, 48, 1), dtype=np.uint8)
    made.inputs[0, :, :24] = 255  # of the first picture, one half is bright

    def left_half(images, training):
        bright = images[:, :, :24, 0].mean(axis=(1, 2))
        return np.stack([1 - bright, bright], axis=1)

    made.networks = dict.fromkeys(made.networks, left_half)
    found = occlusion.mirrored(made)
    assert found["plain"].tolist() == [1, 0]
    assert found["mirrored"].tolist() == [0, 0]
    rows = tables.table(deeper_error_rows.mirrored("m", found, ["no", "yes"]))
    assert list(rows["part"].unique()) == ["all", "yes"]  # no image shows the other class
    assert tables.get(rows, "mirror", "m", "changed", part="all").value == 0.5
    assert tables.get(rows, "mirror", "m", "accuracy", part="yes").value == -0.5
    assert "winks" not in deeper_errors._mirror(rows, "m")
    winks = tables.table(deeper_error_rows.mirrored("m", found, ["happy", "wink"]))
    assert "of winks it changes 50% of the answers, and the accuracy by -50 points" in deeper_errors._mirror(winks, "m")


def test_the_summary_is_made_of_the_table_alone():
    """Whoever has no people noted and no winks gets the other sentences."""
    shares = pd.DataFrame(
        {"expression": "sad", "region": ["eyes"], "value": 2.0, "low": 1.0, "high": 3.0, "may_be_first": True, "n": 4}
    )
    read = pd.DataFrame({"representation": ["pixels"] * 2, "question": ["expression", "person"], "value": [0.6, 0.9]})
    read = read.assign(low=0.5, high=0.95, chance=[0.17, 0.07], n=4)
    mirror = {"truth": np.zeros(4, int), "plain": np.zeros(4, int), "mirrored": np.arange(4) % 2}
    table = tables.table(
        deeper_error_rows.labels("a_model", pd.DataFrame({"image": ["x"]}), {"found": 0.75, "true": 0.5}, 4),
        deeper_error_rows.decoding(read),
        deeper_error_rows.regions("m", shares),
        deeper_error_rows.background("whole", 0.25, 0.5, 4),
        deeper_error_rows.mirrored("m", mirror | {"subject": np.array(list("abcd"))}, ["sad"]),
    )
    assert tables.get(table, "labels", "a_model", "planted found").value == 0.75
    assert tables.get(table, "decoding", "pixels", "chance", part="person").value == 0.07
    text = deeper_errors.summary(table, model="m", reference="whole", answers="a_model")
    assert len(text.splitlines()) == 5
    for words in (
        "`a_model`, 1 of 4 labels is suspect",
        "finds 75%, and 50% of what",
        "in 60% (50% to 95%), where chance is 17%",
        "in 90% (50% to 95%), where chance is 7%",
        "sad the eyes (2.0)",
        "25% lies in the face's box, which takes 50%",
        "changes 50% (",
    ):
        assert words in text
    with pytest.raises(OutputError, match="planted found"):
        deeper_errors.summary(
            table[table["quantity"] != "planted found"], model="m", reference="whole", answers="a_model"
        )


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
