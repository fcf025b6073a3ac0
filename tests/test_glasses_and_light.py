import tomllib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_utils.common import paths
from fer_utils.data import datasets, people
from fer_utils.experiments import tables
from fer_utils.findings import deeper_error_rows, deeper_errors
from fer_utils.readers import glasses_and_light
from fer_utils.studies import traits

CLASSES = ["happy", "normal"]
JUDGED = {"m": 2}
MODEL = [tables.row("model", "m", "seeds", 2, n=12)]


@pytest.fixture(scope="module")
def sample():
    return datasets.load("sample")


@pytest.mark.parametrize("name", ["sample", "yale"])
def test_everybody_is_noted_once(name):
    noted = people.read(name)
    files = datasets.checksums(name)
    assert list(noted["subject"]) == sorted({file[7:9] for file in files})
    assert set(noted["facial_hair"]) <= {"none", "stubble", "moustache", "goatee", "full"}
    assert set(noted["lenses"]) <= {"clear", "glare", "tinted"}
    assert noted["glasses"].dtype == noted["glasses_under_lights"].dtype == bool
    assert {word for words in noted["not_neutral"] for word in words.split()} <= set(datasets.YALE_OTHER_CONDITIONS)


def test_nothing_is_noted_of_other_people():
    assert people.read("three-people") is None


def test_the_sample_is_noted_as_it_was_rendered():
    text = (paths.PROJECT / "tools" / "sample_faces" / "people.toml").read_text(encoding="utf-8")
    rendered = tomllib.loads(text)["person"]
    noted = people.read("sample")
    assert list(noted["facial_hair"]) == [person.get("beard", "none") for person in rendered]
    assert list(noted["glasses"]) == [person.get("always_glasses", False) for person in rendered]
    assert list(noted["lenses"]) == [person.get("lenses", "clear") for person in rendered]
    assert list(noted["glasses_under_lights"]) == list(noted["glasses"])


def named(dataset, table: pd.DataFrame, condition: str) -> dict[str, tuple[str, str]]:
    rows = table[table["condition"] == condition]
    words = [dataset.conditions[rows[column].to_numpy()] for column in ("changed", "plain")]
    return dict(zip(rows["subject"], zip(*words, strict=True), strict=True))


def test_pairs_differ_in_the_condition_alone(sample):
    noted = people.read("sample")
    table = glasses_and_light.pairs(sample, noted)
    glasses = named(sample, table, "glasses")
    assert len(glasses) == 15
    assert glasses["01"] == ("glasses", "normal")
    for name in ("04", "05", "08", "13"):  # these always wear them
        assert glasses[name] == ("glasses", "noglasses")
    another = named(sample, table, glasses_and_light.CONTROL)
    assert "02" not in another  # noglasses is a copy of normal
    assert "08" not in another  # glasses is a copy of normal
    assert another["01"] == ("noglasses", "normal")
    assert another["04"] == ("glasses", "normal")
    assert (sample.hashes[table["changed"]] != sample.hashes[table["plain"]]).all()
    assert (sample.subjects[table["changed"]] == sample.subjects[table["plain"]]).all()


def test_light_is_compared_with_equal_glasses_and_odd_faces_are_left_out(sample):
    noted = people.read("sample")
    noted.loc[noted["subject"] == "01", "glasses_under_lights"] = True
    noted.loc[noted["subject"] == "03", "not_neutral"] = "leftlight normal"
    table = glasses_and_light.pairs(sample, noted)
    left = named(sample, table, "leftlight")
    assert left["01"] == ("leftlight", "glasses")
    assert left["02"] == ("leftlight", "normal")
    assert "03" not in left
    assert named(sample, table, "centerlight")["03"] == ("centerlight", "noglasses")


def reader(*, empty: tuple[int, ...] = (), seeds: int = 2) -> SimpleNamespace:
    """Six people with two pictures each: the brighter, the surer it is of the neutral face; odd ones are dark."""
    greys = np.full(12, 200)
    greys[1::2] = [20, 30, 40, 20, 30, 40]
    shows = ~np.isin(np.arange(12), empty)

    def of_people(positions):
        return np.stack([1 - greys[positions] / 255, greys[positions] / 255], axis=1)

    words = {"classes": CLASSES, "model": "m", "seeds": seeds, "trained": seeds > 0, "shows": shows}
    return SimpleNamespace(of_people=of_people, kept=lambda name, fit, *, code, inputs: fit(), **words)


def dark_pairs() -> pd.DataFrame:
    changed = np.arange(1, 12, 2)
    return pd.DataFrame(
        {"condition": ["glasses"] * 6, "subject": list("abcdef"), "changed": changed, "plain": changed - 1}
    )


def test_what_darkens_lowers_the_probability():
    found = glasses_and_light.answers(reader(), dark_pairs())
    assert list(found["said_plain"]) == ["normal"] * 6
    assert list(found["said_changed"]) == ["happy"] * 6
    assert found["probability_plain"].to_numpy() == pytest.approx(200 / 255)
    row = glasses_and_light.effects([found], JUDGED).iloc[0]
    assert (row["n"], row["before"], row["after"], row["read"]) == (6, 1, 0, -1)
    assert row["difference"] == pytest.approx((30 - 200) / 255)
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["p"] == row["q"] == pytest.approx(2 / 2**6)
    assert row["verdict"] == "lowers it"
    assert glasses_and_light.effects([found], {"m": 1})["verdict"][0] == "one seed, no verdict"
    assert glasses_and_light.effects([found], {"m": 0})["verdict"][0] == "not trained enough to judge"


def test_a_control_is_not_counted_among_the_comparisons():
    found = glasses_and_light.answers(reader(), dark_pairs())
    alone = glasses_and_light.effects([found], JUDGED)["q"][0]
    control = glasses_and_light.answers(reader(), dark_pairs().assign(condition=glasses_and_light.CONTROL))
    both = glasses_and_light.effects([pd.concat([found, control])], JUDGED)
    assert list(both["q"]) == [alone, alone]
    other = glasses_and_light.answers(
        reader(), dark_pairs().assign(condition="leftlight", changed=dark_pairs()["plain"])
    )
    assert glasses_and_light.effects([pd.concat([found, other])], JUDGED)["q"][0] == 2 * alone


def test_pairs_without_a_face_are_left_out():
    found = glasses_and_light.answers(reader(empty=(0, 5)), dark_pairs())
    assert list(found["subject"]) == ["b", "d", "e", "f"]


def test_lenses_with_glare_against_clear_ones():
    found = glasses_and_light.answers(reader(), dark_pairs())
    noted = pd.DataFrame({"subject": list("abcdef"), "lenses": ["glare", "clear", "tinted", "glare", "clear", "clear"]})
    difference, p_value, glare, clear = glasses_and_light.lenses(found, noted)
    assert (glare, clear) == (2, 3)
    assert difference.value == pytest.approx((20 - (30 + 30 + 40) / 3) / 255)
    assert 0 < p_value <= 1
    assert glasses_and_light.lenses(found, noted.assign(lenses="clear")) is None


def test_glare_is_what_is_nearly_white_on_the_face(sample):
    table = pd.read_csv(paths.SAMPLE / "eyes.csv").assign(kept=True)
    sample = sample.with_eyes(table)
    shares = people.glare(sample, table)
    assert sorted(shares.index) == sorted(set(sample.subjects))
    assert ((shares >= 0) & (shares < 0.1)).all()
    walls = replace(sample, images=np.full_like(sample.images, 255))
    for image, eyes in zip(walls.images, table.set_index("image").loc[sample.file_names].to_numpy(), strict=True):
        apart, left, top = eyes[2] - eyes[0], int(eyes[0]), int(eyes[1])
        half = int(0.5 * apart)
        image[top - half : top + 2 * half, left - half : int(eyes[2]) + half] = 90  # a dark face before a white wall
    assert people.glare(walls, table).to_numpy() == pytest.approx(0, abs=0.02)
    white = replace(sample, images=np.full_like(sample.images, 255))
    assert people.glare(white, table).to_numpy() == pytest.approx(1)


def test_traits_and_their_comparison():
    noted = people.read("sample")
    glares = pd.Series(np.arange(15.0), index=noted["subject"])
    have = people.traits(noted, glares)
    assert list(have.columns[have.sum() > 0]) == list(have.columns)
    assert set(have.index[have["beard or moustache"]]) == {"02", "06", "08", "10", "12", "14"}
    assert set(have.index[have["glasses by habit"]]) == {"04", "05", "08", "13"}
    assert have["much glare on the skin"].sum() == 7
    assert "glasses by habit" not in people.traits(noted.assign(glasses=False), glares)
    accuracy = (1.0 - 0.5 * have["beard or moustache"]).rename("accuracy")
    found = traits.compare({"m": accuracy}, have).set_index("trait").loc["beard or moustache"]
    assert (found["having"], found["others"], found["difference"]) == (0.5, 1, -0.5)
    assert found["p"] == pytest.approx(1 / 5005)
    assert found["p"] <= found["q"]
    assert found["high"] < 0


def test_accuracy_by_subject_is_over_all_rows():
    table = pd.DataFrame(
        {"subject": list("baab"), "truth": list("xxyy"), "predicted": list("xxxx"), "seed": [1, 1, 1, 2]}
    )
    assert traits.subject_accuracy(table).to_dict() == {"a": 0.5, "b": 0.5}
    assert traits.subject_accuracy(table[:2]).to_dict() == {"a": 1, "b": 1}


def test_words_on_people_follow_the_rows():
    row = {
        "model": "m",
        "trait": "beard_or_so",
        "having": 0.5,
        "others": 0.75,
        "difference": -0.25,
        "low": -0.5,
        "high": -0.1,
    }
    compared = pd.DataFrame([row | {"p": 0.01, "q": 0.04, "n_having": 2, "n_others": 5}])
    rows = tables.table(deeper_error_rows.traits(compared))
    assert tables.get(rows, "people", "m", "without", part="beard_or_so").n == 5
    text = deeper_errors._people(rows, "m")
    assert "beard_or_so: 50% with (2 people), 75% without (5), -25 points (-50 to -10)." in text
    rows.loc[rows["quantity"] == "q", "value"] = 0.06
    assert "(-50 to -10), no detectable effect." in deeper_errors._people(rows, "m")
    assert deeper_error_rows.traits(pd.DataFrame()) == []


def test_readings_hold_all_that_neutral_faces_say(monkeypatch, sample):
    noted = pd.DataFrame({"subject": list("abcdef"), "lenses": ["glare", "clear", "tinted", "glare", "clear", "clear"]})
    monkeypatch.setattr(people, "read", lambda name: noted)
    monkeypatch.setattr(glasses_and_light, "pairs", lambda dataset, of: dark_pairs())
    found = glasses_and_light.readings(sample, (reader(empty=(0,)),))
    assert found.without_face == {"m": 1}
    assert list(found.answers["m"]["subject"]) == list("bcdef")
    assert list(found.effects["n"]) == [5]
    turned = found.turned("m")
    assert list(turned["changed"]) == [3, 5, 7, 9, 11]
    assert not turned["neutral"].any()
    rows = tables.table(MODEL, deeper_error_rows.glasses_and_light(found))
    assert tables.get(rows, "conditions", "m", "pairs without a face").value == 1
    assert tables.get(rows, "lenses", "m", "p").n == 4
    assert "with glare on them (1 people) than with clear ones (3)" in deeper_errors._lenses(rows, "m")
    alike = dark_pairs().assign(changed=dark_pairs()["plain"])
    monkeypatch.setattr(glasses_and_light, "pairs", lambda dataset, of: alike)
    assert glasses_and_light.readings(sample, (reader(),)).turned("m").empty


def test_there_are_no_readings_without_notes_or_without_a_neutral_class(monkeypatch, sample):
    without_neutral = replace(sample, class_names=("happy", "sad"))
    assert glasses_and_light.readings(without_neutral, ()) is None
    monkeypatch.setattr(people, "read", lambda name: None)
    assert glasses_and_light.readings(sample, ()) is None


def test_words_follow_the_rows():
    found = glasses_and_light.answers(reader(), dark_pairs())
    effects = glasses_and_light.effects([found], JUDGED)
    rows = tables.table(MODEL, deeper_error_rows.conditions(effects, {"m": 2}))
    assert tables.get(rows, "conditions", "m", "probability", part="glasses").value == effects["difference"][0]
    assert tables.get(rows, "conditions", "m", "read as neutral", part="glasses").value == -1
    assert tables.get(rows, "conditions", "m", "pairs without a face").value == 2
    text = deeper_errors._conditions(rows, "m")
    assert "glasses: -66.7 points" in text
    assert "lowers it, read as neutral 6 of 6 without, 0 with" in text
    assert "left out, since no face was found: 2." in text
    rows.loc[(rows["quantity"] == "q") & (rows["part"] == "glasses"), "value"] = 0.5
    assert "no detectable effect" in deeper_errors._conditions(rows, "m")
    one = rows.assign(value=rows["value"].where(rows["question"] != "model", 1))
    assert "one seed, no verdict" in deeper_errors._conditions(one, "m")
    rows.loc[rows["quantity"] == "pairs without a face", "value"] = 0
    assert "left out" not in deeper_errors._conditions(rows, "m")


def test_columns_of_a_table_divide_people(sample):
    further = {
        "glasses": ["no", "no", "yes", "yes", "no", "no"],
        "age": ["30", "30", "41", "41", "52", "52"],
        "light": ["left", "right"] * 3,  # says nothing of people
        "same": ["x"] * 6,
    }
    chosen = np.concatenate([np.flatnonzero(sample.subjects == name)[:2] for name in ("01", "02", "03")])
    columns = {name: np.full(len(sample), "?", dtype="U4") for name in further}
    for name, values in further.items():
        columns[name][chosen] = values
    found = people.columns(replace(sample, further=columns), chosen)
    assert found.columns.tolist() == ["glasses: yes", "age above 41"]
    assert found.loc["02", "glasses: yes"]
    assert found["glasses: yes"].sum() == 1
    assert found["age above 41"].tolist() == [False, False, True]
    assert people.columns(sample, chosen).empty
