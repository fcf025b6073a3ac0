import tomllib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_utils.common import paths
from fer_utils.data import datasets
from fer_utils.data import people as subjects
from fer_utils.experiments import tables
from fer_utils.findings import deeper_errors
from fer_utils.studies import glasses_and_light, traits

CLASSES = ["happy", "normal"]


@pytest.fixture(scope="module")
def sample():
    return datasets.load("sample")


@pytest.mark.parametrize("name", ["sample", "yale"])
def test_everybody_is_noted_once(name):
    people = subjects.read(name)
    files = datasets.checksums(name)
    assert list(people["subject"]) == sorted({file[7:9] for file in files})
    assert set(people["facial_hair"]) <= {"none", "stubble", "moustache", "goatee", "full"}
    assert set(people["lenses"]) <= {"clear", "glare", "tinted"}
    assert people["glasses"].dtype == people["glasses_under_lights"].dtype == bool
    assert {word for words in people["not_neutral"] for word in words.split()} <= set(datasets.YALE_OTHER_CONDITIONS)


def test_nothing_is_noted_of_other_people():
    assert subjects.read("three-people") is None


def test_the_sample_is_noted_as_it_was_rendered():
    text = (paths.PROJECT / "tools" / "sample_faces" / "people.toml").read_text(encoding="utf-8")
    rendered = tomllib.loads(text)["person"]
    people = subjects.read("sample")
    assert list(people["facial_hair"]) == [person.get("beard", "none") for person in rendered]
    assert list(people["glasses"]) == [person.get("always_glasses", False) for person in rendered]
    assert list(people["glasses_under_lights"]) == list(people["glasses"])


def named(dataset, table: pd.DataFrame, condition: str) -> dict[str, tuple[str, str]]:
    rows = table[table["condition"] == condition]
    words = [dataset.conditions[rows[column].to_numpy()] for column in ("changed", "plain")]
    return dict(zip(rows["subject"], zip(*words, strict=True), strict=True))


def test_pairs_differ_in_the_condition_alone(sample):
    people = subjects.read("sample")
    table = glasses_and_light.pairs(sample, people)
    glasses = named(sample, table, "glasses")
    assert len(glasses) == 15
    assert glasses["01"] == ("glasses", "normal")
    assert glasses["04"] == glasses["08"] == ("glasses", "noglasses")  # these two always wear them
    another = named(sample, table, glasses_and_light.CONTROL)
    assert "02" not in another  # noglasses is a copy of normal
    assert "08" not in another  # glasses is a copy of normal
    assert another["01"] == ("noglasses", "normal")
    assert another["04"] == ("glasses", "normal")
    assert (sample.hashes[table["changed"]] != sample.hashes[table["plain"]]).all()
    assert (sample.subjects[table["changed"]] == sample.subjects[table["plain"]]).all()


def test_light_is_compared_with_equal_glasses_and_odd_faces_are_left_out(sample):
    people = subjects.read("sample")
    people.loc[people["subject"] == "01", "glasses_under_lights"] = True
    people.loc[people["subject"] == "03", "not_neutral"] = "leftlight normal"
    table = glasses_and_light.pairs(sample, people)
    left = named(sample, table, "leftlight")
    assert left["01"] == ("leftlight", "glasses")
    assert left["02"] == ("leftlight", "normal")
    assert "03" not in left
    assert named(sample, table, "centerlight")["03"] == ("centerlight", "noglasses")


def study(*, empty: tuple[int, ...] = ()) -> SimpleNamespace:
    """Six people with two pictures each: the brighter, the surer the network is of the neutral face; odd ones are dark."""
    images = np.full((12, 4, 4, 1), 200, dtype=np.uint8)
    images[1::2] = np.array([20, 30, 40, 20, 30, 40])[:, np.newaxis, np.newaxis, np.newaxis]
    images[list(empty)] = 0

    def network(inputs, training):
        bright = np.asarray(inputs).mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1)

    networks = dict.fromkeys("abcdef", network)
    return SimpleNamespace(
        inputs=images, networks=networks, classes=CLASSES, model="m", kept=lambda name, fit, *, code, inputs: fit()
    )


def dark_pairs() -> pd.DataFrame:
    changed = np.arange(1, 12, 2)
    return pd.DataFrame(
        {"condition": ["glasses"] * 6, "subject": list("abcdef"), "changed": changed, "plain": changed - 1}
    )


def test_what_darkens_lowers_the_probability():
    found = glasses_and_light.answers(study(), dark_pairs())
    assert list(found["said_plain"]) == ["normal"] * 6
    assert list(found["said_changed"]) == ["happy"] * 6
    assert found["probability_plain"].to_numpy() == pytest.approx(200 / 255)
    row = glasses_and_light.effects([found]).iloc[0]
    assert (row["n"], row["before"], row["after"], row["read"]) == (6, 1, 0, -1)
    assert row["difference"] == pytest.approx((30 - 200) / 255)
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["p"] == row["q"] == pytest.approx(2 / 2**6)
    assert row["verdict"] == "lowers it"


def test_a_control_is_not_counted_among_the_comparisons():
    found = glasses_and_light.answers(study(), dark_pairs())
    alone = glasses_and_light.effects([found])["q"][0]
    control = glasses_and_light.answers(study(), dark_pairs().assign(condition=glasses_and_light.CONTROL))
    both = glasses_and_light.effects([pd.concat([found, control])])
    assert list(both["q"]) == [alone, alone]
    other = glasses_and_light.answers(
        study(), dark_pairs().assign(condition="leftlight", changed=dark_pairs()["plain"])
    )
    assert glasses_and_light.effects([pd.concat([found, other])])["q"][0] == 2 * alone


def test_pairs_without_a_face_are_left_out():
    found = glasses_and_light.answers(study(empty=(0, 5)), dark_pairs())
    assert list(found["subject"]) == ["b", "d", "e", "f"]


def test_lenses_with_glare_against_clear_ones():
    found = glasses_and_light.answers(study(), dark_pairs())
    people = pd.DataFrame(
        {"subject": list("abcdef"), "lenses": ["glare", "clear", "tinted", "glare", "clear", "clear"]}
    )
    difference, p_value, glare, clear = glasses_and_light.lenses(found, people)
    assert (glare, clear) == (2, 3)
    assert difference.value == pytest.approx((20 - (30 + 30 + 40) / 3) / 255)
    assert 0 < p_value <= 1
    assert glasses_and_light.lenses(found, people.assign(lenses="clear")) is None


def test_glare_is_what_is_nearly_white_on_the_face(sample):
    table = pd.read_csv(paths.SAMPLE / "eyes.csv").assign(kept=True)
    sample = sample.with_eyes(table)
    shares = subjects.glare(sample, table)
    assert sorted(shares.index) == sorted(set(sample.subjects))
    assert ((shares >= 0) & (shares < 0.1)).all()
    walls = replace(sample, images=np.full_like(sample.images, 255))
    for image, eyes in zip(walls.images, table.set_index("image").loc[sample.file_names].to_numpy(), strict=True):
        apart, left, top = eyes[2] - eyes[0], int(eyes[0]), int(eyes[1])
        half = int(0.5 * apart)
        image[top - half : top + 2 * half, left - half : int(eyes[2]) + half] = 90  # a dark face before a white wall
    assert subjects.glare(walls, table).to_numpy() == pytest.approx(0, abs=0.02)
    white = replace(sample, images=np.full_like(sample.images, 255))
    assert subjects.glare(white, table).to_numpy() == pytest.approx(1)


def test_traits_and_their_comparison():
    people = subjects.read("sample")
    glares = pd.Series(np.arange(15.0), index=people["subject"])
    have = subjects.traits(people, glares)
    assert list(have.columns[have.sum() > 0]) == list(have.columns)
    assert set(have.index[have["beard or moustache"]]) == {"02", "06", "08", "12"}
    assert set(have.index[have["glasses by habit"]]) == {"04", "08"}
    assert have["much glare on the skin"].sum() == 7
    assert "glasses by habit" not in subjects.traits(people.assign(glasses=False), glares)
    accuracy = (1.0 - 0.5 * have["beard or moustache"]).rename("accuracy")
    found = traits.compare({"m": accuracy}, have).set_index("trait").loc["beard or moustache"]
    assert (found["having"], found["others"], found["difference"]) == (0.5, 1, -0.5)
    assert found["p"] == pytest.approx(1 / 1365)
    assert found["p"] <= found["q"]
    assert found["high"] < 0


def test_words_follow_the_rows():
    found = glasses_and_light.answers(study(), dark_pairs())
    effects = glasses_and_light.effects([found])
    rows = tables.table(deeper_errors.conditions(effects, {"m": 2}))
    text = deeper_errors._conditions(rows, "m")
    assert "glasses: -66.7 points" in text
    assert "lowers it, read as neutral 6 of 6 without, 0 with" in text
    assert "left out, since no face was found: 2." in text
    rows.loc[rows["quantity"] == "glasses, q", "value"] = 0.5
    assert "cannot be told" in deeper_errors._conditions(rows, "m")
    rows.loc[rows["quantity"] == "pairs without a face", "value"] = 0
    assert "left out" not in deeper_errors._conditions(rows, "m")
