"""The parts of the sample generator that need none of its extra packages, and the files that it has left."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))  # the generator is not part of the installed package

from tools.sample_faces import camera, expressions, habits, people, plan, random_people, random_units, wrinkles  # noqa: E402
from tools.sample_faces.subdivision import catmull_clark  # noqa: E402

SAMPLE = PROJECT / "data" / "sample"

CUBE = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
CUBE_QUADS = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def test_subdividing_a_cube_gives_the_known_first_step():
    matrix, quads = catmull_clark(CUBE_QUADS, len(CUBE))
    assert quads.shape == (24, 4)
    assert matrix.shape == (8 + 12 + 6, 8)
    np.testing.assert_allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1.0)
    refined = matrix @ CUBE
    np.testing.assert_allclose(np.abs(refined[:8]), 5.0 / 9.0)  # corners of a cube go to 5/9
    np.testing.assert_allclose(np.abs(refined[20:]).max(axis=1), 1.0)  # face points stay on the faces


def test_an_open_rim_keeps_its_plane():
    grid = np.array([[x, y, 0.0] for y in range(3) for x in range(3)], dtype=float)
    quads = np.array([[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 7, 6], [4, 5, 8, 7]])
    matrix, _ = catmull_clark(quads, 9)
    refined = matrix @ grid
    np.testing.assert_allclose(refined[:, 2], 0.0)
    assert refined[:, :2].min() >= 0.0
    assert refined[:, :2].max() <= 2.0


def test_wrinkle_slopes_are_the_gradient_of_the_height():
    line = np.array([[-0.3, 7.6], [0.0, 7.62], [0.3, 7.6]])
    depth, width = 0.004, 0.02
    point = np.array([[0.01, 7.63, 1.4]])

    def height(y: float) -> float:
        distance = np.hypot(*wrinkles._to_polyline(np.array([[0.01, y]]), line)[0][0])
        return -depth * np.exp(-((distance / width) ** 2))

    step = 1e-5
    numeric = (height(7.63 + step) - height(7.63 - step)) / (2.0 * step)
    slope, groove = wrinkles.slopes(point, [(line, depth, width)])
    assert slope[0, 1] == pytest.approx(numeric, rel=1e-3)
    assert 0.0 < groove[0] <= 1.0


def test_people_differ_and_are_the_same_again():
    assert [person.number for person in people.PEOPLE] == list(range(1, 16))
    weights = [person.weights() for person in people.PEOPLE]
    assert weights == [person.weights() for person in people.PEOPLE]
    assert len({tuple(sorted(entry.items())) for entry in weights}) == 15


@pytest.mark.parametrize("condition", expressions.CONDITIONS)
def test_face_units_repeat_with_the_seed_and_stay_in_range(condition):
    person = people.PEOPLE[0]
    first = expressions.face_units(person, condition, np.random.default_rng([1, 2]))
    assert first == expressions.face_units(person, condition, np.random.default_rng([1, 2]))
    assert first != expressions.face_units(person, condition, np.random.default_rng([1, 3]))
    assert all(-0.5 <= weight <= 2.5 for weight in first.values())
    assert (max(first.get("eyeBlinkLeft", 0.0), first.get("eyeBlinkRight", 0.0)) >= 0.8) == (
        condition in ("sleepy", "wink")
    )


def test_people_make_their_faces_in_ways_of_their_own():
    every = [habits.of(person.number) for person in people.PEOPLE]
    assert every == [habits.of(person.number) for person in people.PEOPLE]
    assert {own.winks for own in every} == {"Left", "Right"}
    assert {own.closed_smile for own in every} == {True, False}
    for expression in expressions.EXPRESSIONS:
        assert all(max(own.share[expression].values()) == 1 for own in every)  # some part of the face shows it
        assert len({tuple(own.share[expression].values()) for own in every}) == 15
    for person, own in zip(people.PEOPLE, every, strict=True):
        units = expressions.face_units(person, "wink", np.random.default_rng(3))
        assert (units["eyeBlinkLeft"] > units["eyeBlinkRight"]) == (own.winks == "Left")


def test_a_camera_adds_noise_to_what_is_not_overexposed_and_keeps_to_64_greys():
    grey = np.full((40, 60), 0.4)
    grey[:, 30:] = 1.0
    taken = camera.Camera(distance=10.0, exposure=1.1, contrast=1.2, blur=0.5, noise=3.0)
    image = taken.develop(grey, np.random.default_rng(1))
    np.testing.assert_array_equal(image, taken.develop(grey, np.random.default_rng(1)))
    assert (image[:, 33:] == 255).all()
    assert image[:, :27].std() == pytest.approx(3.0, abs=1.0)
    assert image[:, :27].mean() == pytest.approx(255 * 1.1 * 0.4**1.2, abs=1.0)
    steps = image / (255 / 63)
    assert np.abs(steps - steps.round()).max() < 0.2  # rounded to whole greys of 255
    numbers = [camera.of(person.number, np.random.default_rng(1)) for person in people.PEOPLE]
    assert len({taken.distance for taken in numbers}) == 15


def test_random_people_differ_and_are_the_same_again():
    drawn = [random_people.person(1, index) for index in range(40)]
    assert drawn == [random_people.person(1, index) for index in range(40)]
    assert len({person.number for person in drawn} | {person.number for person in people.PEOPLE}) == 55
    assert len({person.skin for person in drawn}) == 40
    assert random_people.person(2, 0) != drawn[0]
    assert all(sum(person.ancestry.values()) == pytest.approx(1) for person in drawn)


def test_random_units_close_lids_in_all_combinations_and_stay_in_range():
    drawn = [random_units.draw(np.random.default_rng([1, number])) for number in range(300)]
    assert drawn[0] == random_units.draw(np.random.default_rng([1, 0]))
    assert all(set(weights) == set(random_units.UNITS) for weights in drawn)
    assert all(0 <= weight <= 2 for weights in drawn for weight in weights.values())
    closed = {(weights["eyeBlinkLeft"] > 0.7, weights["eyeBlinkRight"] > 0.7) for weights in drawn}
    assert len(closed) == 4
    for unit in ("mouthSmileLeft", "mouthFrownLeft", "jawOpen", "browInnerUp", "browDownLeft", "eyeWideLeft"):
        assert min(weights[unit] for weights in drawn) < 0.1 and max(weights[unit] for weights in drawn) > 0.6


def test_planted_copies_are_the_only_identical_images():
    by_content: dict[str, set[str]] = {}
    for person in people.PEOPLE:
        for name in plan.names_of(person):
            by_content.setdefault(hashlib.sha256((SAMPLE / name).read_bytes()).hexdigest(), set()).add(name)
    pairs = {frozenset(names) for names in by_content.values() if len(names) > 1}
    assert pairs == {frozenset(pair) for pair in plan.COPIES.items()}


def test_checksums_cover_the_folder():
    lines = (PROJECT / "data" / "checksums" / "sample.sha256").read_text().splitlines()
    table = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert list(table) == sorted(path.name for path in SAMPLE.iterdir())
    assert all(hashlib.sha256((SAMPLE / name).read_bytes()).hexdigest() == digest for name, digest in table.items())


def test_images_have_the_shape_of_yales():
    for name in plan.names_of(people.PEOPLE[0]):
        with Image.open(SAMPLE / name) as image:
            assert (image.format, image.mode, image.size) == ("GIF", "L", (320, 243))
