"""A model to take home: the file, its card, and what `fer predict` makes of it."""

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import copy_faces

from fer_utils.cli import main
from fer_utils.common import paths
from fer_utils.common.errors import DatasetError, WeightsError
from fer_utils.data import alignment, cleaning
from fer_utils.data.alignment import Face
from fer_utils.experiments import tables
from fer_utils.export import card as cards
from fer_utils.export import measured, reader, training
from fer_utils.export.card import Card, Crop
from fer_utils.photos import expressions, reading
from fer_utils.transfer import small_set
from fer_utils.transfer.features import crops, symmetric_features


def fer(*arguments):
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with four people, and their model as `fer train` writes it."""
    folder = tmp_path_factory.mktemp("home")
    copy_faces(folder / "four people", subjects=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_OUTPUT_DIR", str(folder / "results"))
        found = fer("train", "--dataset", folder / "four people", "--output", folder / "mine.keras")
    assert found.exit_code == 0, found.output
    (folder / "said.txt").write_text(found.output)
    return folder


@pytest.fixture(scope="module")
def four(home):
    """The same people, read and cleaned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_OUTPUT_DIR", str(home / "results"))
        return cleaning.load_clean(str(home / "four people"))


def weights_of(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.weights.h5")


def test_the_plan_and_the_card_are_said(home):
    said = (home / "said.txt").read_text()
    assert "transfer on four people: 4 people, 24 images, 6 expressions (happy, normal, " in said
    assert "accuracy of its recipe: unknown (not measured on these faces yet: fer run 05 measures it)" in said
    assert "calibrated" not in said.splitlines()[0]
    card, learned = cards.read(home / "mine.keras")
    assert card.name == "transfer on four people"
    assert (card.people, card.images, card.accuracy) == (4, 24, None)
    assert [(each.name, each.side, each.compressed) for each in card.crops] == [
        ("face", 48, False),
        ("near", 48, False),
        ("fine", 80, False),
    ]
    assert len(learned) == 24
    for image in (home / "four people").iterdir():
        assert cards.knows(learned, image.read_bytes())
    assert not cards.knows(learned, b"another")


def test_a_loaded_model_answers_for_new_people_as_the_experiment_does(four, tmp_path, outputs):
    """The layers of the file against the fold of `small_set` that leaves the same person out."""
    data, manifest = four
    person = data.subjects[0]
    trained = training.of_others(data, manifest, [person])
    training.write(tmp_path / "others.keras", trained)
    loaded = reader.load(tmp_path / "others.keras")
    assert loaded.card == trained.card and loaded.card.people == 3
    used = cleaning.kept_indices(data, manifest)
    test = data.subjects[used] == person
    found = symmetric_features(data, manifest, used)
    variants = [small_set.VARIANTS[small_set.MODEL]]
    ((expected, _, temperature, *_),) = small_set._fold(
        found, variants, data.labels[used], data.subjects[used], test, len(data.class_names)
    )
    assert loaded.card.temperature == temperature
    faces = {each.name: crops(data, used[test], each.name) for each in loaded.card.crops}
    answers = loaded.probabilities(faces)
    assert answers.dtype == np.float32 and answers.shape == (6, 6)
    np.testing.assert_allclose(answers, expected, atol=1e-5)
    mirrored = loaded.probabilities({name: each[:, :, ::-1] for name, each in faces.items()})
    np.testing.assert_allclose(mirrored, answers, atol=1e-5)
    assert len(loaded.probabilities({name: each[:0] for name, each in faces.items()})) == 0


def test_plain_keras_loads_the_file_with_one_import(home):
    with zipfile.ZipFile(home / "mine.keras") as archive:
        assert set(archive.namelist()) == {
            "metadata.json",
            "config.json",
            "model.weights.h5",
            "card.json",
            "learned.txt",
        }
        assert "Lambda" not in archive.read("config.json").decode()
    code = (
        "import sys, numpy as np, fer_utils.export.layers, keras;"
        f"model = keras.models.load_model({str(home / 'mine.keras')!r});"
        "faces = {each.name: np.full((2, *each.shape[1:]), 9, dtype='uint8') for each in model.inputs};"
        "answers = model.predict(faces, verbose=0);"
        "assert answers.dtype == 'float32' and answers.shape == (2, 6), answers;"
        "assert np.allclose(answers.sum(axis=1), 1)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_the_same_faces_give_the_same_weights(four, home, tmp_path, outputs):
    training.write(tmp_path / "again.keras", training.train(training.Job("transfer", *four)))
    assert weights_of(tmp_path / "again.keras") == weights_of(home / "mine.keras")


def test_a_network_of_whole_frames_and_photos_of_several_faces(home, tmp_path, outputs):
    """A network trained from fresh weights; it looks at the whole photo, so it answers for a single face alone."""
    file = tmp_path / "frames.keras"
    found = fer("train", "--dataset", home / "four people", "--model", "baseline", "--output", file)
    assert found.exit_code == 0, found.output
    assert "20 epochs (quick), float32, seed 1" in found.output
    assert "probabilities: as the network gives them, not calibrated" in found.output
    card, _ = cards.read(file)
    assert card.of_frames and card.recipe["architecture"] == "baseline"
    one, two = paths.SAMPLE / "subject09.happy", tmp_path / "two.png"
    from PIL import Image

    greys = np.asarray(Image.open(one))
    Image.fromarray(np.hstack([greys, greys])).save(two)
    found = fer("predict", "--model", file, one, two, "--json", "--no-pictures")
    assert found.exit_code == 1
    first, second = (json.loads(line) for line in found.stdout.splitlines())
    assert first["model"] == "baseline on four people" and set(first["probabilities"]) == set(card.classes)
    assert "2 faces, but model baseline looks at whole pictures" in second["error"]
    frame = reader.load(file).probabilities({"frame": alignment.frame_input(greys)[np.newaxis]})[0]
    assert first["probabilities"][card.classes[0]] == pytest.approx(float(frame[0]), abs=1e-4)


def test_a_network_keeps_its_probabilities_and_a_temperature_only_softens_them():
    from scipy.special import softmax

    from fer_utils.engine import networks
    from fer_utils.engine.scaling import scaled
    from fer_utils.export import assembly

    network = networks.build("baseline", classes=3)
    faces = np.random.default_rng(1).integers(0, 256, size=(4, 48, 48), dtype=np.uint8)
    expected = np.asarray(network(scaled(faces)[..., np.newaxis]))
    words = {"name": "baseline-face", "crop": "face", "side": 48}
    plain = np.asarray(assembly.of_network(network, **words, temperature=1.0)(faces))
    np.testing.assert_array_equal(plain, expected)
    soft = np.asarray(assembly.of_network(network, **words, temperature=2.0)(faces))
    np.testing.assert_allclose(soft, softmax(np.log(expected) / 2, axis=1), atol=1e-6)


def test_predict_asks_the_file_and_says_what_it_knew(home, tmp_path, outputs):
    known, new = home / "four people" / "subject01.happy", paths.SAMPLE / "subject09.surprised"
    found = fer("predict", "--model", home / "mine.keras", known, new, "--json", "--no-pictures")
    assert found.exit_code == 0
    first, second = (json.loads(line) for line in found.stdout.splitlines())
    assert first["model"] == second["model"] == "transfer on four people"
    assert "learned from this very image" in first["note"] and "note" not in second
    assert set(second["probabilities"]) == {"happy", "normal", "sad", "sleepy", "surprised", "wink"}
    table = fer("predict", "--model", home / "mine.keras", new, "--no-pictures")
    assert "expressions: happy, normal, sad, sleepy, surprised, wink" in table.stdout


def test_a_photo_that_the_own_model_learned_from_is_said_to_be_one(four, home, outputs):
    """In notebook 06, where the model is not read from a file."""
    own = training.of_others(*four, ())
    known, new = home / "four people" / "subject01.happy", paths.SAMPLE / "subject09.surprised"
    photos = [reading.read(each) for each in (known, new)]
    (answers,) = expressions.in_photos(photos, [own])
    assert [expressions.LEARNED in each.notes for each in answers] == [True, False]


@pytest.mark.parametrize("case", ["text", "truncated", "changed", "no card", "other format", "missing"])
def test_a_file_that_is_no_such_model_is_refused_in_a_line(case, home, tmp_path):
    file, content = tmp_path / "bad.keras", (home / "mine.keras").read_bytes()
    if case == "text":
        file.write_text("no model")
    elif case == "truncated":
        file.write_bytes(content[:-1000])
    elif case == "changed":
        file.write_bytes(content[:200_000] + bytes([content[200_000] ^ 1]) + content[200_001:])
    elif case == "no card":
        shutil.copy(paths.WEIGHTS / "ferplus.keras", file)
    elif case == "other format":
        file.write_bytes(content.replace(b'"format": 1,', b'"format": 2,'))
        with zipfile.ZipFile(home / "mine.keras") as old, zipfile.ZipFile(file, "w") as archive:
            for name in old.namelist():
                archive.writestr(name, old.read(name).replace(b'"format": 1,', b'"format": 2,'))
    with pytest.raises(WeightsError, match=r"bad\.keras"):
        cards.read(file)
    found = fer("predict", "--model", file, paths.SAMPLE / "subject01.happy")
    assert found.exit_code == 1
    assert found.output.startswith("fer: ") and len(found.output.splitlines()) == 1
    assert "bad.keras" in found.output


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--model", "bla"), "no model named 'bla': use one of transfer, baseline"),
        (("--output", "mine.h5"), "Give --output mine.keras"),
        (("--output", str(paths.PROJECT / "data" / "raw" / "mine.keras")), "data/ is for what is read"),
        (("-p", "people", "3"), "fer train has no parameter 'people'"),
        (("-p", "last_frames", "x"), "parameter last_frames must be a whole number"),
        (("--layout", "bla"), "no layout named 'bla'"),
        (("--dataset", "nowhere"), "no data set named"),
    ],
)
def test_train_names_what_is_wrong_before_it_reads_anything(given, words, outputs):
    found = fer("train", *given)
    assert found.exit_code == 1
    assert words in found.output and "Traceback" not in found.output
    assert not outputs.exists()


def test_fewer_than_two_people_teach_nothing(four, outputs):
    data, manifest = four
    people = sorted(set(data.subjects))
    assert training.of_others(data, manifest, people[1:]) is None
    alone = replace(data, subjects=np.full(len(data), "a"))
    with pytest.raises(DatasetError, match="at least 2 people"):
        training.train(training.Job("transfer", alone, manifest))


def test_the_card_has_the_accuracy_that_the_notebook_measured_on_these_images(four, outputs):
    data, manifest = four
    used = cleaning.kept_indices(data, manifest)
    shares = np.full((len(used), 6), 0.1, dtype=np.float32)
    shares[np.arange(len(used)), data.labels[used]] = 0.5
    shares[:6] = np.roll(shares[:6], 1, axis=1)  # one person's are wrong
    rows = tables.rows(data, used, shares, model="baseline-face", protocol="loso", seed=1)
    parameters = {"subject_pattern": "", "budget": "standard", "precision": "auto", "unreadable": "skip"}
    origin = {"notebook": "03_model_comparison", "data": data.data_hash, "parameters": parameters}
    tables.write(data.name, rows, origin=origin)
    assert measured.budget(data.name) == "standard"
    wanted = {"subject_pattern": "", "budget": "standard", "precision": "float32", "unreadable": "stop"}
    known = measured.look(data, "baseline-face", wanted)
    assert known.accuracy.value == pytest.approx(0.75)
    assert known.accuracy.low < 0.75 < known.accuracy.high
    assert known.accuracy.n == len(used) and "loso" in known.accuracy.on
    assert known.temperature != 1 and "24 answers for people left out" in known.calibrated_on
    quick = measured.look(data, "baseline-face", wanted | {"budget": "quick"})
    assert quick.accuracy is None and "made with budget 'standard', and this with 'quick'" in quick.note
    assert quick.temperature == 1
    other = replace(data, hashes=np.array(["0" * 64] * len(data)))
    assert measured.look(other, "baseline-face", wanted).accuracy is None
    assert measured.look(data, "transfer", wanted).accuracy is None


@pytest.mark.parametrize("crop", [Crop("near", 48, 0.42, 0.36), Crop("fine", 80), Crop("face", compressed=True)])
def test_a_face_in_a_photo_is_cut_out_as_in_training(crop):
    grey = np.random.default_rng(0).integers(0, 256, size=(300, 400), dtype=np.uint8)
    face = Face(100.0, 80.0, 90.0, 110.0, 1.0, (120.0, 130.0), (165.0, 126.0))
    places = {"eye_distance": crop.eye_distance, "eye_row": crop.eye_row, "compressed": crop.compressed}
    expected = alignment.face_input(grey, face.left_eye, face.right_eye, side=crop.side, **places)
    np.testing.assert_allclose(crop.cut(grey, face).astype(int), expected.astype(int), atol=1)


def test_the_pretrained_network_has_a_card_too():
    card, learned = reader.describe()
    assert isinstance(card, Card) and card.name == "pretrained on FER+" and not learned
    assert card.accuracy.n > 1000 and "validation faces" in "\n".join(card.lines())
