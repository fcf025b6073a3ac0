"""Other tasks than leaving people out of one set: across data sets, one neutral photo given, another prior."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import copy_faces
from scipy.special import log_softmax, softmax

from fer_utils.cli import main
from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError, ParameterError, WeightsError
from fer_utils.data import ferplus
from fer_utils.data.cleaning import load_clean
from fer_utils.data.folders import words
from fer_utils.drawing import charts as look
from fer_utils.experiments import tables
from fer_utils.experiments.experiment import Experiment
from fer_utils.findings import transfer
from fer_utils.photos import network as networks
from fer_utils.publishing import staleness
from fer_utils.tasks import across, charts, enrolment, priors, recipe
from fer_utils.transfer import pretrained

ORIGIN = {"notebook": "05_transfer_learning", "cell": 1, "parameters": {}, "data": "d", "code": "c", "versions": {}}


def faces(folder, *, subjects: int = 4) -> across.Faces:
    return across.Faces(*load_clean(str(copy_faces(folder, subjects=subjects))))


def one_hot(found: across.Faces, positions: np.ndarray, jobs: int) -> list[np.ndarray]:
    """Features that show the expression, by a word that all sets share, and a little of the person."""
    data = found.dataset
    shown = [words.usual(data.class_names[label]) for label in data.labels[positions]]
    every = sorted({*words.SAME, "sleepy", "wink", "tired"})
    return [np.eye(len(every), dtype=np.float32)[[every.index(each) for each in shown]]]


LEARNER = across.Learner("one-hot", one_hot, ((0,),))


def test_expressions_that_two_sets_share_whatever_they_are_called():
    yale = ("happy", "normal", "sad", "sleepy", "surprised", "wink")
    ck = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
    found = across.shared(yale, ck)
    assert found == {
        "happiness": (("happy",), ("happy",)),
        "sadness": (("sad",), ("sadness",)),
        "surprise": (("surprised",), ("surprise",)),
    }
    assert across.shared(("joy", "happy", "sad"), ("Sad", "happiness"))["happiness"] == (
        ("joy", "happy"),
        ("happiness",),
    )
    tired = across.shared(yale, ("tired", "happy"), same={"tired": "sleepy"})
    assert tired["sleepy"] == (("sleepy",), ("tired",))
    with pytest.raises(DatasetError, match="--same"):
        across.shared(yale, ("tired", "happy"))
    with pytest.raises(ParameterError, match="bored"):
        across.shared(yale, ck, same={"bored": "sleepy"})


def test_every_known_word_has_one_meaning():
    every = [word for usual, others in words.SAME.items() for word in (usual, *others)]
    assert len(every) == len(set(every))
    assert words.KNOWN_EXPRESSIONS - set(words.YALE_EXPRESSIONS) <= set(every)
    assert words.usual("Happy") == "happiness" and words.usual("怒り") == "怒り"


def test_only_shared_expressions_of_the_other_set_are_asked(tmp_path):
    source, target = faces(tmp_path / "one"), faces(tmp_path / "two", subjects=3)
    names = tuple({"wink": "smirk", "sad": "sadness"}.get(name, name) for name in target.dataset.class_names)
    target = replace(target, dataset=replace(target.dataset, class_names=names, name="two"))
    found = across.run(source, target, learner=LEARNER)
    assert set(found["truth"]) == {"happiness", "neutral", "sadness", "sleepy", "surprise"}
    assert (found["truth"] == found["predicted"]).all()
    assert set(found["subject"]) == {"01", "02", "03"} and set(found["protocol"]) == {across.PROTOCOL}
    shares = found[[name for name in found if name.startswith("p_")]].to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)


def test_labels_of_the_set_that_is_asked_change_no_answer(tmp_path):
    """Nothing of it is learned: with its happy and sad faces exchanged in name alone, the probabilities stay."""
    source, target = faces(tmp_path / "one"), faces(tmp_path / "two", subjects=3)
    seen = across.Learner("shown", lambda each, positions, jobs: [each.dataset.eyes[positions].reshape(-1, 4)], ((0,),))
    before = across.run(source, target, learner=seen)
    names = list(target.dataset.class_names)
    happy, sad = names.index("happy"), names.index("sad")
    labels = target.dataset.labels.copy()
    labels[target.dataset.labels == happy], labels[target.dataset.labels == sad] = sad, happy
    swapped = across.run(source, replace(target, dataset=replace(target.dataset, labels=labels)), learner=seen)
    columns = [name for name in before if name.startswith("p_")]
    assert before[columns].equals(swapped[columns])
    assert before["predicted"].equals(swapped["predicted"]) and not before["truth"].equals(swapped["truth"])


def test_two_people_are_too_few_to_learn_from(tmp_path):
    with pytest.raises(DatasetError, match="at least three"):
        across.run(faces(tmp_path / "one", subjects=2), faces(tmp_path / "two"), learner=LEARNER)


def test_fer_across_says_what_is_shared_and_how_well_it_is_read(tmp_path):
    for name, subjects in (("one", 3), ("two", 4)):
        copy_faces(tmp_path / name, subjects=subjects)
    call = ["across", str(tmp_path / "one"), str(tmp_path / "two"), "--jobs", "1", "--csv", str(tmp_path / "a.csv")]
    found = CliRunner().invoke(main, [*call, "--model", "classical"])
    assert found.exit_code == 0, found.output
    assert "learned from one: happy, normal, sad, sleepy, surprised, wink" in found.output
    assert "of 24 images of 4 people" in found.output
    nowhere = CliRunner().invoke(main, ["across", str(tmp_path / "one"), str(tmp_path / "nowhere")])
    assert nowhere.exit_code == 1 and "no data set named" in nowhere.stderr
    answers = pd.read_csv(tmp_path / "a.csv", dtype={"subject": str})
    assert len(answers) == 24 and set(answers["subject"]) == {"01", "02", "03", "04"}


def test_the_recipe_is_another_one_when_its_code_is(monkeypatch, tmp_path):
    before = {model: recipe.digest(model) for model in recipe.MODULES}
    assert len(set(before.values())) == 2
    copied = tmp_path / "fer_utils"
    for name in recipe.MODULES["classical"]:
        file = copied.joinpath(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        source = paths.PROJECT.joinpath("fer_utils", *name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        file.write_text(
            f'"""Another docstring."""\n# and a comment\n{source.partition(chr(34) * 3)[2].partition(chr(34) * 3)[2]}'
        )
    monkeypatch.setattr("fer_utils.common.code_hash.PACKAGE", copied)
    assert recipe.digest("classical") == before["classical"]
    ridge = copied / "transfer" / "ridge.py"
    ridge.write_text(ridge.read_text().replace("np.arange(-3, 1.5, 0.5)", "np.arange(-2, 1.5, 0.5)"))
    assert recipe.digest("classical") != before["classical"]
    with pytest.raises(ParameterError, match="baseline"):
        recipe.digest("baseline")


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory):
    """Five rendered people, of whom one has no neutral picture."""
    folder = tmp_path_factory.mktemp("enrolled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_OUTPUT_DIR", str(folder / "outputs"))
        copy_faces(folder / "five", subjects=5)
        (folder / "five" / "subject03.normal").unlink()
        experiment = Experiment(*load_clean(str(folder / "five")), budget="quick", jobs=1)
        return enrolment.run(experiment), experiment


def test_the_neutral_photo_is_given_and_not_scored(enrolled):
    found, _ = enrolled
    assert found.without == ("03",)
    assert found.photos == {person: f"subject{person}.normal" for person in ("01", "02", "04", "05")}
    assert set(found.predictions["subject"]) == {"01", "02", "04", "05"}
    assert "normal" not in {*found.predictions["truth"], *found.predictions["predicted"]}
    assert "p_normal" not in found.predictions
    shares = found.predictions.filter(regex="^p_").to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    images = found.predictions.groupby("model")["image"].agg(set)
    few = [enrolment.of_people(model, 2) for model in (enrolment.MODEL, enrolment.PLAIN)]
    assert set(images.index) == {enrolment.MODEL, enrolment.PLAIN, enrolment.DIFFERENCE, *few}
    assert found.predictions[found.predictions["model"] == few[0]]["seed"].nunique() == enrolment.DRAWS
    assert images.map(lambda each: each == images.iloc[0]).all()


def test_enrolment_knows_of_the_tested_person_the_neutral_photo_alone(enrolled):
    """Other labels of a person change no probability of theirs."""
    found, experiment = enrolled
    data = experiment.dataset
    labels = data.labels.copy()
    theirs = np.flatnonzero((data.subjects == "01") & (data.conditions != "normal"))
    labels[theirs] = np.roll(labels[theirs], 1)
    other = Experiment(replace(data, labels=labels), experiment.manifest, budget="quick", jobs=1)
    again = enrolment.run(other).predictions
    columns = [name for name in again if name.startswith("p_")]

    def of(table: pd.DataFrame, person: str) -> np.ndarray:
        rows = table[(table["subject"] == person) & (table["model"] == enrolment.MODEL)]
        return rows.sort_values("image")[columns].to_numpy()

    np.testing.assert_array_equal(of(found.predictions, "01"), of(again, "01"))
    assert not np.array_equal(of(found.predictions, "02"), of(again, "02"))


def test_scores_of_enrolment_follow_from_its_answers(enrolled, outputs):
    found, _ = enrolled
    tables.write_table("x", "enrolment", found.table(), origin=ORIGIN)
    tables.write_table("x", "enrolment_predictions", found.predictions, origin=ORIGIN)
    assert staleness._enrolment("x") == []
    read = tables.read("x", "enrolment")
    said = transfer.enrolled(read).splitlines()
    assert "another task" in said[0]
    assert [line.split(",")[0] for line in said[1:]] == ["- Learned from 2 people", "- Learned from all others"]
    p, corrected = (
        read.loc[read["quantity"].str.endswith(f"_{name}"), "value"].to_numpy() for name in ("loss_p", "loss_holm_p")
    )
    assert (corrected >= p).all()
    chart = charts.enrolment(read)
    assert enrolment.MODEL in chart.alt and len(chart.figure.axes) == 2
    answers = found.predictions.copy()
    mine = np.flatnonzero(answers["model"] == enrolment.MODEL)[0]
    answers.loc[mine, "predicted"] = "happy" if answers.loc[mine, "predicted"] != "happy" else "sad"
    tables.write_table("x", "enrolment_predictions", answers, origin=ORIGIN)
    assert "is not what enrolment_predictions.csv comes to" in staleness._enrolment("x")[0]


def test_a_set_without_a_neutral_expression_has_nobody_to_enrol(three_people):
    data, manifest = load_clean(str(three_people))
    names = tuple("bored" if name == "normal" else name for name in data.class_names)
    with pytest.raises(DatasetError, match="named neutral or normal"):
        enrolment.run(Experiment(replace(data, class_names=names), manifest, budget="quick", jobs=1))
    assert "named neutral" in enrolment.why_not(Experiment(replace(data, class_names=names), manifest, budget="quick"))
    assert enrolment.why_not(Experiment(data, manifest, budget="quick")) == ""
    two = np.where(data.subjects == "03", "02", data.subjects)
    assert "there are 2" in enrolment.why_not(Experiment(replace(data, subjects=two), manifest, budget="quick"))


def made_up(n: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-probabilities of a perfect reader that learned one class in ten and nine: log-probabilities, truth, shares."""
    random = np.random.default_rng(0)
    shares = np.array([0.1, 0.9])
    truth = random.choice(2, size=n, p=shares)
    seen = random.normal(size=n) + 2 * truth
    likelihood = np.stack([-(seen**2) / 2, -((seen - 2) ** 2) / 2], axis=1)
    return log_softmax(likelihood + np.log(shares), axis=1), truth, shares


def test_dividing_by_the_shares_gives_the_probabilities_of_a_uniform_prior():
    logarithms, truth, shares = made_up()
    uniform = pretrained.calibrated(logarithms, 1.0, shift=-np.log(shares))
    weight = 1 / np.bincount(truth)[truth]
    confident = uniform.max(axis=1)
    right = uniform.argmax(axis=1) == truth
    assert np.average(confident, weights=weight) == pytest.approx(np.average(right, weights=weight), abs=0.01)
    before = softmax(logarithms, axis=1)
    assert np.average(right, weights=weight) > np.average(before.argmax(axis=1) == truth, weights=weight) + 0.05
    targets = np.eye(2)[truth] * (weight / weight.mean())[:, None]
    assert pretrained.fit_temperature(logarithms, targets, shift=-np.log(shares)) == pytest.approx(1, abs=0.1)


def test_what_a_neutral_face_differs_in_is_taken_off():
    network = pretrained.Pretrained(model=None, classes=ferplus.EXPRESSIONS, temperature=1.0)
    known = priors.read()
    usual = known.neutral - np.log(np.exp(known.neutral).sum())
    sad = usual.copy()
    sad[ferplus.EXPRESSIONS.index("sadness")] += 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            pretrained,
            "log_probabilities",
            lambda model, given: np.stack([usual if each.max() == 0 else sad for each in given]),
        )
        same = priors.of_person(network, known, np.zeros((48, 48), np.uint8))
        other = priors.of_person(network, known, np.ones((48, 48), np.uint8), strength=1.0)
    np.testing.assert_allclose(same.shift, 0, atol=1e-3)
    np.testing.assert_allclose(pretrained.calibrated(sad[None], 1.0, shift=other.shift), np.exp(usual)[None], atol=1e-3)


def test_priors_of_other_weights_are_refused(tmp_path, monkeypatch):
    for name in ("ferplus.keras", "ferplus.json", "priors.json"):
        (tmp_path / name).write_bytes((paths.WEIGHTS / name).read_bytes())
    monkeypatch.setenv("FER_WEIGHTS_DIR", str(tmp_path))
    known = priors.read()
    assert known.shares.sum() == pytest.approx(1, abs=1e-4)
    priors.write(known)
    assert priors.read().temperature == known.temperature
    path = tmp_path / "priors.json"
    files.write_checked_json(path, files.read_checked_json(path) | {"weights": "others"})
    with pytest.raises(WeightsError, match="other weights"):
        priors.read()
    path.write_text("{")
    with pytest.raises(WeightsError, match="damaged"):
        priors.read()
    path.unlink()
    with pytest.raises(WeightsError, match="missing"):
        networks.describe(networks.Asked(prior=priors.UNIFORM))


@pytest.fixture
def photos(tmp_path):
    """A neutral and a happy face of one person."""
    from PIL import Image

    made = {}
    for name in ("normal", "happy"):
        made[name] = tmp_path / f"{name}.png"
        Image.open(paths.SAMPLE / f"subject01.{name}").convert("RGB").save(made[name])
    return made


def predict(*arguments) -> list[str]:
    done = CliRunner().invoke(main, ["predict", "--no-pictures", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_predict_says_which_prior_it_assumes(photos):
    usual, uniform = predict(photos["happy"]), predict(photos["happy"], "--prior", "uniform")
    assert any("as frequent as among FER+" in line for line in usual)
    assert any("every expression as frequent as any other" in line for line in uniform)
    lines = [json.loads(predict(photos["happy"], "--json", "--prior", each)[0]) for each in ("training", "uniform")]
    assert [each["model"] for each in lines] == ["pretrained on FER+", "pretrained on FER+ (uniform prior)"]
    rare = [sum(each["probabilities"][name] for name in ("disgust", "fear", "contempt")) for each in lines]
    assert rare[1] >= rare[0]


def test_predict_with_a_neutral_photo(photos, tmp_path):
    lines = [
        json.loads(predict(photos["normal"], "--json", *extra)[0]) for extra in ((), ("--neutral", photos["normal"]))
    ]
    assert lines[1]["model"] == "pretrained on FER+ (with a neutral photo)"
    assert lines[0]["probabilities"] != lines[1]["probabilities"]
    assert any(
        f"that of the person in {photos['normal']}" in line
        for line in predict(photos["happy"], "--neutral", photos["normal"])
    )


@pytest.mark.parametrize(
    ("extra", "words_of_it"),
    [
        (("--prior", "uniform", "--neutral", "normal.png"), "not measured together"),
        (("--prior", "uniform", "--model", "m.keras"), "pretrained network"),
        (("--neutral", "grey.png"), "no face was found"),
        (("--neutral", "nowhere.png"), "cannot be read"),
    ],
)
def test_predict_refuses_what_nobody_measured(photos, tmp_path, monkeypatch, extra, words_of_it):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.new("L", (300, 200), 128).save("grey.png")
    done = CliRunner().invoke(main, ["predict", "--no-pictures", "happy.png", *extra])
    assert done.exit_code == 1
    assert words_of_it in done.stderr and "Traceback" not in done.stderr


def test_charts_of_shares_and_counts_have_their_words():
    look.use_style()
    rows = pd.DataFrame({"row": ["a", "a", "b"], "model": ["x", "y", "x"], "value": [0.5, 0.6, 0.7]})
    chart = charts.shares(rows.assign(low=rows["value"] - 0.1, high=rows["value"] + 0.1), lead="Two models")
    assert "a, x 50.0% (40.0% to 60.0%)" in chart.caption
    counts = charts.confusions({"x": (["happy", "sad"], np.array([[3, 1], [0, 2]]))})
    assert "x: 1 of 6 images wrong" in counts.alt
