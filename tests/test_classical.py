"""The model `classical`: descriptors blind to the side, choices that never see the tested person, and simple readers of pixels."""

import numpy as np
import pandas as pd
import pytest
from conftest import copy_faces

from fer_utils.common.errors import DatasetError
from fer_utils.data.cleaning import load_clean
from fer_utils.evaluation.protocols import TENFOLD
from fer_utils.evaluation.significance import Verdict
from fer_utils.experiments import tables
from fer_utils.experiments.experiment import Experiment
from fer_utils.findings.wording import verdict
from fer_utils.studies import eigenfaces
from fer_utils.transfer import classical, descriptors, ridge


def test_descriptors_have_the_sizes_of_their_papers():
    face = np.random.default_rng(0).integers(0, 256, size=(64, 64), dtype=np.uint8)
    assert descriptors.oriented_gradients(face).shape == (7 * 7 * 4 * 9,)
    patterns = descriptors.binary_patterns(face).reshape(64, 59)
    np.testing.assert_allclose(patterns.sum(axis=1), 1, rtol=1e-5)  # of each cell the shares of its pixels
    top = face.copy()
    top[:8] = 255 - top[:8]
    changed = np.abs(descriptors.binary_patterns(top).reshape(64, 59) - patterns).sum(axis=1) > 0
    assert changed[:8].all() and not changed[16:].any()  # cells lie row by row


def test_a_face_and_its_mirror_image_have_the_same_descriptors(three_people):
    data, _ = load_clean(str(three_people))
    faces = np.random.default_rng(0).integers(0, 256, size=(5, 96, 96), dtype=np.uint8)
    wanted = [(descriptors.HOG, 96), (descriptors.LBP, 96)]
    plain, mirrored = (
        descriptors.described([{96: np.ascontiguousarray(each[:, ::step])} for each in faces], wanted)
        for step in (1, -1)
    )
    for key in wanted:
        assert plain[key].tobytes() == mirrored[key].tobytes()
        assert plain[key][0].tobytes() != plain[key][1].tobytes()
    found = descriptors.symmetric_descriptors(data, np.arange(4), wanted, jobs=1)
    assert {key: each.shape for key, each in found.items()} == {
        (descriptors.HOG, 96): (4, 2 * 11 * 11 * 4 * 9),
        (descriptors.LBP, 96): (4, 2 * 64 * 59),
    }


def made_up(people: int = 6) -> tuple[dict, np.ndarray, np.ndarray]:
    """Descriptors of which one kind shows the class, and all others are noise."""
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(3), people)
    keys = {key for keys in classical.CANDIDATES.values() for key in keys}
    found = {key: random.normal(size=(3 * people, 20)) for key in sorted(keys)}
    found[descriptors.LBP, 64] = found[descriptors.LBP, 64] + 4 * np.repeat(np.eye(3)[labels], 7, axis=1)[:, :20]
    return found, labels, np.repeat(np.array([f"p{each}" for each in range(people)]), 3)


def test_the_descriptor_that_shows_the_class_is_chosen_without_the_tested_person():
    found, labels, people = made_up()
    test = people == "p0"
    answers, chosen, temperature, alone, inner, outer = classical._fold(found, labels, people, test, 3)
    assert list(classical.CANDIDATES)[chosen[0]] == "LBP, 64 px"
    assert (answers.argmax(axis=1) == labels[test]).all()
    assert inner.shape == outer.shape == (len(classical.CANDIDATES), len(ridge.STRENGTHS))
    assert alone[chosen[0]] == 3
    assert 0 < temperature < 2
    again = classical._fold(found, np.where(test, (labels + 1) % 3, labels), people, test, 3)
    assert again[0].tobytes() == answers.tobytes() and again[1] == chosen
    others = {key: np.where(test[:, None], each + 9, each) for key, each in found.items()}
    assert classical._fold(others, labels, people, test, 3)[1] == chosen


@pytest.mark.parametrize(("people", "protocol"), [(3, "loso"), (10, TENFOLD)])
def test_it_answers_every_image_once_under_either_protocol_and_is_kept(tmp_path, people, protocol, outputs):
    data, manifest = load_clean(str(copy_faces(tmp_path / "faces", subjects=people)))
    experiment = Experiment(data, manifest, budget="quick", jobs=1, protocol=protocol)
    found = classical.run(experiment)
    rows = found.predictions(data)
    assert set(rows["protocol"]) == {protocol} and set(rows["seed"]) == {1}
    assert sorted(rows["image"]) == sorted(data.file_names[experiment.usable])
    assert rows.filter(regex="^p_").sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert found.accuracy == (rows["truth"] == rows["predicted"]).mean()
    table = found.table()
    assert len(table) == len(classical.CANDIDATES) * len(ridge.STRENGTHS)
    assert table["chosen"].sum() == rows["fold"].nunique()
    (kept,) = (outputs / data.name / "runs").glob("classical-*.npz")
    before = kept.stat().st_mtime_ns
    assert classical.run(experiment).probabilities.tobytes() == found.probabilities.tobytes()
    assert kept.stat().st_mtime_ns == before
    simple = tables.computed(pd.concat([eigenfaces.run(experiment), rows]))[0]
    names = ["eigenfaces", "Fisherfaces", "pixels, logistic regression", "classical"]
    accuracy = simple[simple["metric"] == "accuracy"]
    assert accuracy["model"].tolist() == names
    assert set(accuracy["n"]) == {len(rows)}


def test_two_people_are_too_few(tmp_path):
    data, manifest = load_clean(str(copy_faces(tmp_path / "two", subjects=2)))
    with pytest.raises(DatasetError, match="at least three subjects"):
        classical.run(Experiment(data, manifest, budget="quick"))


def test_nothing_in_it_is_chance():
    words = {"model": "classical", "reference": "baseline-face", "low": 0.1, "high": 0.3, "n": 9, "seeds": "1/3"}
    row = pd.Series(words | {"verdict": str(Verdict.HIGHER), "within_5_points": "no"})
    assert verdict(row) == "`classical` is better"
    other = verdict(row.replace({"classical": "transfer", "baseline-face": "classical"}).replace("1/3", "1/1"))
    assert "one pretraining of `transfer`" in other and "classical`:" not in other
