"""Face units: reading them, learning to read them from rendered faces, and the files that are shipped."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from fer_utils.common import files, paths
from fer_utils.common.errors import DatasetError, WeightsError
from fer_utils.data import datasets
from fer_utils.transfer import face_unit_training, face_units, features, model_card, pretrained


@pytest.fixture
def regression():
    random = np.random.default_rng(0)
    return face_units.Regression(
        random.normal(size=(6, len(face_units.NAMES))).astype(np.float32),
        random.normal(size=len(face_units.NAMES)).astype(np.float32),
    )


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A copy of the shipped weights."""
    folder = shutil.copytree(paths.WEIGHTS, tmp_path / "weights")
    monkeypatch.setenv("FER_WEIGHTS_DIR", str(folder))
    return folder


def test_a_face_and_its_mirror_image_have_each_others_units(regression):
    plain, mirrored = np.random.default_rng(1).normal(size=(2, 4, 6)).astype(np.float32)
    there, back = regression.read(plain, mirrored), regression.read(mirrored, plain)
    left, right = (face_units.NAMES.index(f"eyeBlink {side}") for side in ("left", "right"))
    np.testing.assert_allclose(there[:, left], back[:, right], atol=1e-5)
    jaw = face_units.NAMES.index("jawOpen")
    np.testing.assert_allclose(there[:, jaw], back[:, jaw], atol=1e-5)
    np.testing.assert_allclose(
        face_units.both_ways(regression, plain, mirrored), face_units.both_ways(regression, mirrored, plain), atol=1e-5
    )


def test_a_linear_relation_is_learned_from_people_and_scored_on_others():
    random = np.random.default_rng(2)
    person = np.repeat(np.arange(10), 12)
    features = random.normal(size=(120, 8)).astype(np.float32)
    targets = (features @ random.normal(size=(8, len(face_units.NAMES))) + 0.5).astype(np.float32)
    found, penalty = face_unit_training.fit(features[:96], targets[:96], person[:96])
    assert penalty == min(face_unit_training.STRENGTHS)  # nothing to be careful about
    read = features[96:] @ found.coefficients + found.intercepts
    scored = face_unit_training.scores(targets[96:], read, person[96:])
    assert set(scored) == {*face_units.PAIRS, *face_units.SINGLES}
    assert all(0.9 < each["low"] <= each["value"] <= 1 for each in scored.values())
    mean = np.tile(targets[96:].mean(axis=0), (24, 1))
    guessed = face_unit_training.scores(targets[96:], mean, person[96:])
    assert guessed["jawOpen"]["value"] == pytest.approx(0, abs=1e-5)


def test_rendered_faces_are_read_with_the_images_sides(tmp_path):
    names = [unit + side for unit in face_units.PAIRS for side in ("Left", "Right")] + [
        *face_units.SINGLES,
        "tongueOut",
    ]
    given = pd.DataFrame(np.zeros((2, len(names)), dtype=np.float32), columns=names)
    given["eyeBlinkLeft"] = [1, 0]  # the person's own left eye, on the image's right
    np.savez(
        tmp_path / "faces.npz",
        images=np.zeros((2, 96, 96), dtype=np.uint8),
        eyes=np.zeros((2, 2, 2), dtype=np.float32),
        units=given.to_numpy(),
        person=np.array([0, 1]),
        names=np.array(names),
    )
    read = pd.DataFrame(face_unit_training.load(tmp_path).units, columns=face_units.NAMES)
    assert read["eyeBlink right"].tolist() == [1, 0]
    assert read["eyeBlink left"].tolist() == [0, 0]
    whole = (tmp_path / "faces.npz").read_bytes()
    for damaged in (b"no archive", whole[: len(whole) // 2], whole[:200] + b"\x01" * 100 + whole[300:]):
        (tmp_path / "faces.npz").write_bytes(damaged)
        with pytest.raises(DatasetError, match="damaged"):
            face_unit_training.load(tmp_path)
    with pytest.raises(DatasetError, match="render it first"):
        face_unit_training.load(tmp_path / "nowhere")


def test_the_shipped_regression_sees_which_lids_are_closed():
    data = datasets.load("sample")
    table = pd.read_csv(paths.SAMPLE / "eyes.csv").set_index("image")
    weights = pd.read_csv(paths.SAMPLE / "expressions.csv").set_index("image")
    names = [f"subject{number:02}.{condition}" for number in (1, 3, 7) for condition in ("normal", "sleepy", "wink")]
    eyes = table.loc[names].to_numpy()
    images = [data.images[list(data.file_names).index(name)] for name in names]
    crops = [features.aligned(x, e[:2], e[2:], "fine") for x, e in zip(images, eyes, strict=True)]
    key = ("fine", "eyes + mouth")
    model, wanted = pretrained.load().model, {key: features.FEATURES[key]}
    plain, mirrored = (
        features.outputs(model, seen, wanted)[key] for seen in (np.stack(crops), np.stack(crops)[:, :, ::-1])
    )
    read = pd.DataFrame(face_units.load().read(plain, mirrored), columns=face_units.NAMES, index=names)
    for ours, theirs in (("left", "eyeBlinkRight"), ("right", "eyeBlinkLeft")):
        closed = weights.loc[names, theirs] > 0.5
        assert ((read[f"eyeBlink {ours}"] > 0.5) == closed).all()


def test_what_is_shipped_is_small_and_whole_and_the_card_tells_of_it(weights, regression):
    assert sum((paths.WEIGHTS / name).stat().st_size for name in ("ferplus.keras", "units.npz")) <= 6_000_000
    about = face_units.metadata()
    assert f"{about['scores']['eyeBlink']['value']:.2f}" in model_card.card(pretrained.metadata(), about)
    face_units.save(regression, about={"seed": 7, "scores": about["scores"]})
    assert face_units.metadata()["seed"] == 7
    rounded = face_units.rounded(regression)
    np.testing.assert_array_equal(face_units.load().coefficients, rounded.coefficients)
    np.testing.assert_allclose(face_units.load().coefficients, regression.coefficients, atol=2e-3)
    (weights / "units.npz").write_bytes((weights / "units.npz").read_bytes()[:-100])
    with pytest.raises(WeightsError, match="truncated"):
        face_units.load()
    origin = weights / "units.json"
    whole = origin.read_text()
    origin.write_text(whole.replace("eyeBlink left", "eyeBlink up"))
    with pytest.raises(WeightsError, match=r"damaged.*checksum"):
        face_units.load()
    origin.write_text(whole)
    whole = json.dumps(files.read_checked_json(origin), indent=2)  # what follows is whole, but of something else
    for old, new, message in (
        (pretrained.metadata()["sha256"], "0" * 64, "another backbone.*fer learn-units"),
        ('"eyeBlink left"', '"eyeBlink up"', "other face units"),
        ('"units": [', '"units": null, "others": [', "damaged"),
        ('"scores"', '"marks"', "damaged"),
        ('"version": 1', '"version": 7', "version 7"),
    ):
        assert old in whole
        origin.write_text(whole.replace(old, new))
        with pytest.raises(WeightsError, match=message):
            face_units.load()
    origin.unlink()
    with pytest.raises(WeightsError, match="missing"):
        face_units.load()
