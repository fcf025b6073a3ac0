"""Faces of a data set are kept by the image, whatever the folder's other images and however it is read."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import copy_faces

from fer_utils.common import paths
from fer_utils.data import cleaning, datasets, detection, stored_images

MISSED_AT_FIRST = ("subject09.happy", "subject09.noglasses")


class Counted:
    """Images that note which of them were asked for."""

    def __init__(self, images) -> None:
        self.images, self.asked = images, []

    def __getitem__(self, place: int) -> np.ndarray:
        self.asked.append(place)
        return self.images[place]


@pytest.fixture
def two(tmp_path):
    return datasets.load(copy_faces(tmp_path / "two", subjects=2))


@pytest.fixture
def two_people_a_name(tmp_path):
    """File names that hold two numbers, by which people come in opposite orders."""
    folder = tmp_path / "named"
    for expression in ("happy", "sad"):
        (folder / expression).mkdir(parents=True)
        for number in (1, 2, 3):
            target = folder / expression / f"a{number}_b{9 - number}.gif"
            shutil.copy(paths.SAMPLE / f"subject{number:02}.{expression}", target)
    return folder


def by_name(data) -> dict:
    return dict(zip(data.file_names, detection.detect(data), strict=True))


def test_another_reading_of_a_folder_changes_no_face(two_people_a_name):
    first, second = (datasets.load(two_people_a_name, subject_pattern=pattern) for pattern in (r"a(\d)", r"b(\d)"))
    assert list(first.file_names) != list(second.file_names)
    found = by_name(first)
    assert by_name(second) == found
    assert len({tuple(faces) for faces in found.values()}) == len(found)


def test_what_is_kept_of_images_on_disk_is_in_their_order(two_people_a_name, monkeypatch):
    monkeypatch.setattr(stored_images, "HELD_BYTES", 0)
    for pattern in (r"a(\d)", r"b(\d)"):
        data = datasets.load(two_people_a_name, subject_pattern=pattern)
        means = data.made_of_images(
            "means", lambda data=data: {"of": np.array([each.mean() for each in data.images])}, code=(), inputs=()
        )
        np.testing.assert_array_equal(means["of"], [image.mean() for image in data.images])


def test_images_that_come_to_a_folder_are_looked_at_alone(two, tmp_path):
    found = by_name(two)
    shutil.copy(paths.SAMPLE / "subject03.glasses", tmp_path / "two" / "subject01.glasses")
    (tmp_path / "two" / "subject02.wink").unlink()
    data = datasets.load(tmp_path / "two")
    images = Counted(data.images)
    faces = by_name(replace(data, images=images))
    assert [data.file_names[place] for place in images.asked] == ["subject01.glasses"]
    del found["subject02.wink"]
    assert found.items() <= faces.items()


@pytest.mark.parametrize("damage", ["torn", "changed", "emptied", "noise"])
def test_what_is_damaged_is_looked_at_again_and_nothing_else(two, outputs, capsys, damage):
    whole = detection.detect(two)
    (kept,) = (outputs / "two" / "runs").glob("faces-*")
    content = kept.read_bytes()
    lines = content.splitlines(keepends=True)
    changed = lines[3].replace(b'"confidence": 0.', b'"confidence": 1.')
    damaged, lost = {
        "torn": (content[: -len(lines[-1]) // 2], [11]),
        "changed": (b"".join([*lines[:3], changed, *lines[4:]]), [3]),
        "emptied": (b"", list(range(12))),
        "noise": (bytes(range(256)) * 9, list(range(12))),
    }[damage]
    kept.write_bytes(damaged)
    images = Counted(two.images)
    assert detection.detect(replace(two, images=images)) == whole
    assert images.asked == lost
    assert ("damaged" in capsys.readouterr().err) == (damage != "emptied")
    again = Counted(two.images)
    assert detection.detect(replace(two, images=again)) == whole
    assert again.asked == []


def test_rendered_faces_that_a_first_look_misses_are_found(tmp_path):
    """And of the others, which a first look finds, no eye moves."""
    folder = copy_faces(tmp_path / "nine", subjects=1)
    for name in (*MISSED_AT_FIRST, "subject09.sad"):
        shutil.copy(paths.SAMPLE / name, folder)
    data = datasets.load(folder)
    with (paths.SAMPLE / "eyes.csv").open(encoding="utf-8") as file:
        eyes = {name: np.array(values, dtype=float).reshape(2, 2) for name, *values in list(csv.reader(file))[1:]}
    for image, (name, faces) in zip(data.images, by_name(data).items(), strict=True):
        (face,) = faces
        first = detection.look(image)
        assert first == ([] if name in MISSED_AT_FIRST else faces)
        if name in MISSED_AT_FIRST:
            np.testing.assert_allclose([face.left_eye, face.right_eye], eyes[name], atol=3)
    table = cleaning.manifest(data).set_index("image")
    assert table.loc["subject09.happy", "kept"]
