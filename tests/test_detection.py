"""Faces found by NumPy's networks: those of the package that the weights come from, in processes or not, kept image by image."""

import numpy as np
import pytest
from conftest import copy_faces
from PIL import Image

from fer_utils.common import paths
from fer_utils.data import datasets, detection, mtcnn_cascade
from fer_utils.export import reader
from fer_utils.photos import expressions, reading

MISSED_AT_FIRST = "subject09.wink"


def sample(name: str) -> np.ndarray:
    return np.asarray(Image.open(paths.SAMPLE / name).convert("L"))


def enlarged(image: np.ndarray, factor: float) -> np.ndarray:
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def rendered_eyes(name: str) -> np.ndarray:
    rows = dict(line.split(",", 1) for line in (paths.SAMPLE / "eyes.csv").read_text().splitlines()[1:])
    return np.array(rows[name].split(","), dtype=float).reshape(2, 2)


def sheet(names) -> np.ndarray:
    return reading.contact_sheet([sample(name) for name in names], columns=3, height=200)


def test_faces_are_those_of_the_package_mtcnn():
    """One face, several, none, in colour, and enlarged beyond what the first network sees in one go."""
    from fer_utils.common import keras_setup

    keras_setup.quiet()
    from mtcnn import MTCNN

    colours = np.stack([sample("subject05.happy"), sample("subject05.sad"), sample("subject05.wink")], axis=2)
    images = [sample("subject01.happy"), sheet(f"subject{number:02}.sad" for number in range(1, 10)), colours]
    images += [np.full((60, 90), 128, dtype=np.uint8), enlarged(sample("subject02.normal"), 2.3)]
    package = MTCNN(device="CPU:0")
    for image in images:
        theirs = package.detect_faces(np.repeat(image[..., np.newaxis], 3, axis=2) if image.ndim == 2 else image)
        ours = mtcnn_cascade.find(image)
        np.testing.assert_array_equal(ours.boxes, np.reshape([face["box"] for face in theirs], (-1, 4)))
        eyes = [[face["keypoints"][name] for name in ("left_eye", "right_eye")] for face in theirs]
        np.testing.assert_array_equal(ours.eyes, np.reshape(eyes, (-1, 2, 2)))
        np.testing.assert_allclose(ours.scores, [face["confidence"] for face in theirs], atol=1e-4)


def test_processes_find_the_same_and_take_images_as_they_need_them():
    images = [sample(f"subject{number:02}.{word}") for number in range(1, 16) for word in ("happy", "sad")] * 3
    taken = []

    def handed_over():
        for image in images:
            taken.append(1)
            yield image

    found = detection.detect_in(handed_over(), jobs=2)
    first = next(found)
    assert len(taken) < len(images)
    assert [first, *found] == list(detection.detect_in(images, jobs=1))
    assert len(taken) == len(images)


def test_a_stopped_run_goes_on_and_torn_lines_are_looked_at_again(tmp_path, outputs, monkeypatch, capsys):
    data = datasets.load(copy_faces(tmp_path / "two", subjects=2))
    look, seen = detection.look, []

    def stopping(image, again_below=0):
        seen.append(image)
        if len(seen) == 8:
            raise KeyboardInterrupt
        return look(image, again_below=again_below)

    whole = [look(image) for image in data.images]
    monkeypatch.setattr(detection, "look", stopping)
    with pytest.raises(KeyboardInterrupt):
        detection.detect(data)
    (kept,) = (outputs / "two" / "runs").glob("faces-*.jsonl")
    assert kept.read_bytes().count(b"\n") == 7
    kept.write_bytes(kept.read_bytes()[:-30])
    assert detection.detect(data) == whole
    assert len(seen) == 8 + len(data) - 6
    assert "damaged" in capsys.readouterr().err
    assert detection.detect(data) == whole
    assert len(seen) == 8 + len(data) - 6


@pytest.mark.parametrize("factor", [0.4, 1, 8])
def test_eyes_lie_where_they_were_rendered_at_any_size_of_the_image(factor):
    (face,) = detection.look(enlarged(sample("subject01.normal"), factor))
    wanted = (rendered_eyes("subject01.normal") + 0.5) * factor - 0.5
    np.testing.assert_allclose([face.left_eye, face.right_eye], wanted, atol=5 * factor)


def test_what_is_too_narrow_holds_no_face():
    assert detection.look(np.zeros((4, 3000), dtype=np.uint8), again_below=2) == []


def test_a_second_look_finds_what_the_first_one_missed():
    image = sample(MISSED_AT_FIRST)
    assert detection.look(image) == []
    (face,) = detection.look(image, again_below=1)
    np.testing.assert_allclose([face.left_eye, face.right_eye], rendered_eyes(MISSED_AT_FIRST), atol=8)
    two = np.hstack([image, sample("subject01.happy")])
    assert len(detection.look(two)) == 1
    assert len(detection.look(two, again_below=2)) == 2
    (found,) = expressions.find_faces([reading.from_greys(two, name="two")])
    assert [round(face.x / 320) for face in found] == [0, 1]


def test_a_second_look_finds_a_pale_portrait():
    image = enlarged(sample("subject01.happy")[40:240, 70:260], 6)
    pale = (120 + image * 0.08).astype(np.uint8)
    assert detection.look(pale) == []
    (face,) = detection.look(pale, again_below=2)
    wanted = (rendered_eyes("subject01.happy") - (70, 40) + 0.5) * 6 - 0.5
    np.testing.assert_allclose([face.left_eye, face.right_eye], wanted, atol=30)


def test_a_second_look_counts_no_face_twice_and_finds_none_where_none_is():
    for name in ("subject01.happy", "subject03.wink", "subject08.sleepy"):
        assert detection.look(sample(name), again_below=2) == detection.look(sample(name))
    chance = np.random.RandomState(0)
    for side in (2, 8, 32):
        blots = chance.randint(0, 256, size=(480 // side, 640 // side)).astype(np.uint8)
        assert detection.look(enlarged(blots, side), again_below=2) == []


def test_many_photos_are_looked_at_in_processes_and_give_what_each_gives_alone(tmp_path):
    words = ("happy", "sad", "surprised", "wink")
    for number in range(1, 16):
        Image.fromarray(sample(f"subject{number:02}.{words[number % 4]}")).save(tmp_path / f"{number:02}.png")
    (tmp_path / "07.png").write_bytes(b"no image")
    chosen = sorted(tmp_path.iterdir())
    together = list(expressions.run(chosen))
    assert [each.name for each in together] == [str(path) for path in chosen]
    assert "not a readable image" in together.pop(6).error
    del chosen[6]
    (alone,) = expressions.in_photos([reading.read(path) for path in chosen], [reader.load()])
    for one, other in zip(together, alone, strict=True):
        assert [each.face for each in one.found] == [each.face for each in other.found]
        assert [each.expression for each in one.found] == [each.expression for each in other.found]
    assert sum(len(each.found) for each in together) == 14
