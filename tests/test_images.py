"""One decoder for own folders and photos: whatever a file holds, both see the same greys."""

import numpy as np
import pytest
from PIL import Image

from fer_utils.common.errors import DatasetError, PhotoError
from fer_utils.data import images
from fer_utils.photos import reading

GREYS = np.add.outer(np.arange(40) * 3, np.arange(60)).astype(
    np.uint8
)  # higher than it would be wide if it were turned


def saved(folder, name: str, image: Image.Image, **options):
    image.save(folder / name, **options)
    return folder / name


def turned(orientation: int) -> dict:
    exif = Image.Exif()
    exif[274] = orientation
    return {"exif": exif}


UPRIGHT = {
    2: GREYS[:, ::-1],
    3: GREYS[::-1, ::-1],
    4: GREYS[::-1],
    5: GREYS.T,
    6: np.rot90(GREYS, -1),
    7: np.rot90(GREYS.T, 2),
    8: np.rot90(GREYS, 1),
}


def both(path):
    """The greys that own folders and photos make of a file; they must be the same."""
    own, photo = images.read_grey(path), reading.read(path).grey
    np.testing.assert_array_equal(own, photo)
    return own


@pytest.mark.parametrize("orientation", sorted(UPRIGHT))
def test_pictures_are_turned_as_their_flag_says(tmp_path, orientation):
    path = saved(tmp_path, "a.png", Image.fromarray(GREYS), **turned(orientation))
    np.testing.assert_array_equal(both(path), UPRIGHT[orientation])


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path):
    path = saved(tmp_path, "a.png", Image.fromarray(GREYS.astype(np.uint16) * 257))
    np.testing.assert_array_equal(both(path), GREYS)


def test_floats_reach_from_black_to_white(tmp_path):
    path = saved(tmp_path, "a.tiff", Image.fromarray(GREYS.astype(np.float32) / 255))
    found = both(path)
    assert (found.min(), found.max()) == (0, 255)
    assert (np.diff(found.astype(int), axis=1) >= 0).all()


def test_what_is_transparent_becomes_white(tmp_path):
    alpha = np.full_like(GREYS, 255)
    alpha[:10] = 0
    path = saved(tmp_path, "a.png", Image.merge("LA", [Image.fromarray(GREYS), Image.fromarray(alpha)]))
    found = both(path)
    assert (found[:10] == 255).all()
    np.testing.assert_array_equal(found[10:], GREYS[10:])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "P", "1", "LA"])
def test_any_kind_of_colour_is_read(tmp_path, mode):
    name = "a.tiff" if mode in ("CMYK", "LA") else "a.png"
    found = both(saved(tmp_path, name, Image.fromarray(GREYS).convert(mode)))
    assert found.shape == GREYS.shape
    if mode in ("RGB", "RGBA", "P", "LA", "CMYK"):
        np.testing.assert_allclose(found.astype(int), GREYS, atol=1)


def test_of_an_animation_the_first_frame_is_read(tmp_path):
    first, second = Image.fromarray(GREYS), Image.fromarray(255 - GREYS)
    path = saved(tmp_path, "a.gif", first, save_all=True, append_images=[second])
    np.testing.assert_allclose(both(path).astype(int), GREYS, atol=2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a readable image .no known format"),
        (b"GIF89a and then nothing", "not a readable image"),
        (None, "cannot be read .No such file"),
    ],
)
def test_both_say_what_is_wrong_with_a_file(tmp_path, content, words):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=words):
        images.read_grey(path)
    with pytest.raises(PhotoError, match=words):
        reading.read(path)
