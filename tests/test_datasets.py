import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fer_utils.common import paths
from fer_utils.common.errors import DatasetError, ParameterError
from fer_utils.data import datasets


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to no pixels."""
    content = b"\x89PNG\r\n\x1a\n"
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    for kind, body in ((b"IHDR", size), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")):
        content += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return content


def test_sample_has_the_shape_of_yale():
    data = datasets.load("sample")
    assert len(data) == 165
    assert data.images.shape == (165, 243, 320)
    assert data.images.dtype == np.uint8
    assert len(set(data.subjects)) == 15
    assert len(set(data.conditions)) == 11
    assert data.class_names == datasets.YALE_EXPRESSIONS
    assert np.sum(data.labels >= 0) == 90
    assert data.rendered


def test_yale_reads_its_odd_file_as_centerlight(yale):
    names = list(yale.file_names)
    assert len(yale) == 165
    assert yale.conditions[names.index("subject01.gif")] == "centerlight"
    assert not yale.rendered


def test_own_folder_by_file_names(three_people):
    data = datasets.load(three_people)
    assert len(data) == 18
    assert sorted(set(data.subjects)) == ["01", "02", "03"]
    assert data.name == "three-people"


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        (("S010_004_00000017.png", "S011_002_00000003.png"), {"S010", "S011"}),
        (("KA.AN1.39.tiff", "MK.AN2.40.tiff"), {"KA", "MK"}),
    ],
)
def test_own_folder_by_class(tmp_path, names, subjects):
    for class_name in ("anger", "joy"):
        (tmp_path / class_name).mkdir()
        for name in names:
            Image.new("L", (64, 64), 90).save(tmp_path / class_name / name)
    data = datasets.load(tmp_path)
    assert data.class_names == ("anger", "joy")
    assert set(data.subjects) == subjects


def test_own_subject_pattern(tmp_path):
    for class_name in ("anger", "joy"):
        (tmp_path / class_name).mkdir()
        for name in ("img-anna-1.png", "img-bert-1.png"):
            Image.new("L", (64, 64), 90).save(tmp_path / class_name / name)
    with pytest.raises(DatasetError, match="no subject in the file name"):
        datasets.load(tmp_path)
    assert set(datasets.load(tmp_path, subject_pattern=r"img-([a-z]+)-").subjects) == {"anna", "bert"}
    for bad in ("(", "img", "(a)(b)"):
        with pytest.raises(ParameterError, match="subject_pattern"):
            datasets.load(tmp_path, subject_pattern=bad)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable image"),
        (b"no image at all", "not a readable image"),
        (png_header(1, 1), "1x1 pixels is too small"),
        (png_header(20_000, 20_000), "too large"),
        ("truncated", "not a readable image"),
    ],
)
def test_bad_file_is_named(three_people, content, message):
    bad = three_people / "subject02.sad"
    bad.write_bytes(bad.read_bytes()[:3000] if content == "truncated" else content)
    with pytest.raises(DatasetError, match=message) as caught:
        datasets.load(three_people)
    assert "subject02.sad" in str(caught.value)


def test_bad_file_can_be_skipped(three_people):
    (three_people / "subject02.sad").write_bytes(b"no image")
    data = datasets.load(three_people, unreadable="skip")
    assert len(data) == 17
    assert list(data.left_out) == ["subject02.sad"]
    with pytest.raises(ParameterError, match="unreadable"):
        datasets.load(three_people, unreadable="maybe")


def test_unknown_name_and_unknown_expression(three_people):
    with pytest.raises(ParameterError, match="no data set named 'yail'"):
        datasets.load("yail")
    (three_people / "subject01.happy").rename(three_people / "subject01.hapy")
    with pytest.raises(DatasetError, match="unknown expression 'hapy'"):
        datasets.load(three_people)


def test_all_images_of_one_subject(tmp_path):
    for class_name in ("anger", "joy"):
        (tmp_path / "one" / class_name).mkdir(parents=True)
        for number in range(2):
            Image.new("L", (64, 64), 90 + number).save(tmp_path / "one" / class_name / f"subject01_{number}.png")
    with pytest.raises(DatasetError, match="one subject"):
        datasets.load(tmp_path / "one")


def test_empty_class_folder_and_empty_folder(tmp_path):
    with pytest.raises(DatasetError, match="no images named"):
        datasets.load(tmp_path)
    (tmp_path / "anger").mkdir()
    with pytest.raises(DatasetError, match="contains no images"):
        datasets.load(tmp_path)


def test_wrong_checksum_and_missing_file(tmp_path, monkeypatch):
    copy = tmp_path / "sample"
    shutil.copytree(paths.SAMPLE, copy)
    monkeypatch.setattr(paths, "SAMPLE", copy)
    shutil.copy(copy / "subject01.happy", copy / "subject02.happy")
    with pytest.raises(DatasetError, match=r"subject02\.happy: wrong checksum"):
        datasets.load("sample")
    (copy / "subject02.happy").unlink()
    with pytest.raises(DatasetError, match=r"subject02\.happy: missing"):
        datasets.load("sample")


def test_folder_of_a_known_name_keeps_its_own_outputs(tmp_path):
    assert paths.dataset_name("yale") == "yale"
    assert paths.dataset_name(str(tmp_path / "yale")) == "yale-folder"
    assert paths.dataset_name("<script>alert(1)</script>") == "script"
