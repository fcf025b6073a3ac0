import tracemalloc

import numpy as np
import pytest
from conftest import copy_faces
from PIL import Image

from fer_utils.common import paths
from fer_utils.data import alignment, datasets, detection


def dotted(points, shape=(240, 320)):
    """A dark image with a bright square about each point."""
    image = np.zeros(shape, dtype=np.uint8)
    for x, y in points:
        image[y - 3 : y + 4, x - 3 : x + 4] = 255
    return image


@pytest.mark.parametrize(("left", "right"), [((100, 100), (160, 100)), ((90, 80), (150, 110)), ((5, 230), (60, 235))])
def test_eyes_come_to_lie_at_their_places(left, right):
    crop = alignment.aligned(dotted([left, right]), left, right, side=192).astype(float)
    for half, expected in ((slice(None, 96), -0.5), (slice(96, None), 0.5)):
        part = np.zeros_like(crop)
        part[:, half] = crop[:, half]
        rows, columns = np.indices(crop.shape)
        x, y = (columns * part).sum() / part.sum(), (rows * part).sum() / part.sum()
        assert x == pytest.approx(191 / 2 + expected * alignment.EYE_DISTANCE * 192, abs=1)
        if max(left[1], right[1]) < 200:  # at the frame's edge the repeated border pulls the centre down
            assert y == pytest.approx(alignment.EYE_ROW * 192, abs=1)


@pytest.mark.parametrize("x", [100, 5, 300])
def test_the_box_is_cropped_to_a_square_about_its_centre(x):
    """Also where it reaches over the frame's edge, which is repeated."""
    face = alignment.Face(x - 20, 80, 40, 60, 1.0, (x - 10, 100), (x + 10, 100))
    crop = alignment.crop_input(dotted([(x, 110)]), face, side=60).astype(float)
    assert crop.shape == (60, 60)
    columns, rows = np.meshgrid(np.arange(60), np.arange(60))
    bright = crop * (crop > 128)
    if x == 100:
        assert (columns * bright).sum() / bright.sum() == pytest.approx(30, abs=1)
    assert (rows * bright).sum() / bright.sum() == pytest.approx(30, abs=1)


def test_eyes_at_one_place_are_refused():
    with pytest.raises(ValueError, match="same place"):
        alignment.aligned(dotted([(100, 100)]), (100, 100), (100, 100), side=48)


def test_inputs_are_small_greys():
    image = dotted([(100, 100), (160, 100)])
    for small in (alignment.frame_input(image), alignment.face_input(image, (100, 100), (160, 100))):
        assert small.shape == (48, 48)
        assert small.dtype == np.uint8


@pytest.mark.parametrize("apart", [40, 60, 600])
def test_a_face_in_a_photograph_is_that_of_its_surroundings(apart):
    """At a cost that does not grow with the photograph, however large the face in it is."""
    smooth = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 30), dtype=np.uint8))
    photograph = np.asarray(smooth.resize((3000, 4000), Image.Resampling.BICUBIC))
    left, right = (1400.0, 1500.0), (1400.0 + apart, 1510.0)
    tracemalloc.start()
    face = alignment.face_input(photograph, left, right, compressed=False)
    assert tracemalloc.get_traced_memory()[1] < photograph.nbytes
    tracemalloc.stop()
    x, y, reach = 1400 - 2 * apart, 1500 - 2 * apart, 5 * apart
    near = photograph[y : y + reach, x : x + reach]
    moved = [(at - x, down - y) for at, down in (left, right)]
    again = alignment.face_input(near, *moved, compressed=False)
    assert np.abs(face.astype(int) - again).max() <= 4  # the averages begin elsewhere


def test_detector_finds_the_rendered_eyes_and_keeps_them(tmp_path, outputs, monkeypatch):
    data = datasets.load(copy_faces(tmp_path / "two", subjects=2))
    found = detection.detect(data)
    eyes = {}
    for line in (paths.SAMPLE / "eyes.csv").read_text().splitlines()[1:]:
        name, *values = line.split(",")
        eyes[name] = np.array(values, dtype=float)
    assert [len(each) for each in found] == [1] * 12
    errors = [
        np.abs(np.array([*each[0].left_eye, *each[0].right_eye]) - eyes[name]).max()
        for each, name in zip(found, data.file_names, strict=True)
    ]
    assert np.median(errors) < 5
    monkeypatch.setattr(detection, "look", lambda *_, **__: pytest.fail("detected again"))
    assert detection.detect(data) == found


def test_damaged_detections_are_made_again(tmp_path, outputs, capsys):
    data = datasets.load(copy_faces(tmp_path / "two", subjects=2))
    found = detection.detect(data)
    (kept,) = (outputs / "two" / "runs").glob("faces-*.jsonl")
    kept.write_text(kept.read_text()[:100])
    assert detection.detect(data) == found
    assert "damaged" in capsys.readouterr().err


def test_box_in_the_aligned_crop():
    face = alignment.Face(x=70, y=60, width=100, height=120, confidence=1, left_eye=(100, 100), right_eye=(140, 100))
    left, top, right, bottom = alignment.aligned_box(face)
    assert (right - left, bottom - top) == pytest.approx((100 * 0.36 / 40, 120 * 0.36 / 40))
    assert (left + right) / 2 == pytest.approx(0.5)
    assert (top + bottom) / 2 == pytest.approx(alignment.EYE_ROW + 20 * 0.36 / 40)
