"""`fer predict` on photos of every kind, good and bad."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fer_utils.cli import main
from fer_utils.common import paths
from fer_utils.common.errors import PhotoError
from fer_utils.photos import reading


def sample(name: str) -> Image.Image:
    return Image.open(paths.SAMPLE / name).convert("L")


def call(*arguments):
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photos of every kind."""
    folder = tmp_path_factory.mktemp("my photos")
    happy = sample("subject01.happy")
    happy.convert("RGB").save(folder / "upright.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    happy.convert("RGB").rotate(90, expand=True).save(folder / "turned.jpg", exif=turned, quality=95)
    two = Image.new("L", (640, 243), 200)
    two.paste(happy, (0, 0))
    two.paste(sample("subject03.surprised"), (320, 0))
    two.convert("CMYK").save(folder / "two.jpg", quality=95)
    Image.fromarray(np.asarray(happy).astype(np.uint16) * 257).save(folder / "sixteen.png")
    happy.save(folder / "animated.gif", save_all=True, append_images=[sample("subject02.happy")])
    Image.new("L", (300, 200), 128).save(folder / "empty.png")
    Image.new("L", (1, 1)).save(folder / "dot.png")
    (folder / "cut.png").write_bytes((folder / "upright.png").read_bytes()[:2000])
    return folder


def test_every_photo_is_told_of_and_bad_ones_do_not_stop_the_others(folder, outputs):
    found = call(folder, "--json")
    assert found.exit_code == 1  # two of them cannot be used
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    by_file = {}
    for line in lines:
        by_file.setdefault(line["file"].rpartition("/")[2], []).append(line)
    assert len(by_file["two.jpg"]) == 2
    assert "note" in by_file["empty.png"][0]
    assert "dot.png" in by_file["dot.png"][0]["error"]
    assert "cut.png" in by_file["cut.png"][0]["error"]
    upright = by_file["upright.png"][0]
    assert sum(upright["probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert upright["expression"] == max(upright["probabilities"], key=upright["probabilities"].get)
    for name in ("turned.jpg", "sixteen.png", "animated.gif"):
        np.testing.assert_allclose(by_file[name][0]["left_eye"], upright["left_eye"], atol=2)
        assert by_file[name][0]["expression"] == upright["expression"]
    pictures = {path.name for path in (outputs / "predictions").glob("*.png")}
    assert {"upright.png", "turned.png", "two.png"} <= pictures
    assert "empty.png" not in pictures


def test_the_table_is_for_people_and_no_face_is_no_failure(folder, outputs):
    found = call(folder / "empty.png", "--no-pictures")
    assert found.exit_code == 0
    assert "no face found" in found.stdout
    assert not (outputs / "predictions").exists()


def test_fifty_faces_in_one_photo(tmp_path):
    names = [
        f"subject{number:02}.{condition}"
        for condition in ("happy", "normal", "sad", "surprised")
        for number in range(1, 16)
    ]
    sheet = reading.contact_sheet([np.asarray(sample(name)) for name in names[:50]], columns=10)
    Image.fromarray(sheet).save(tmp_path / "fifty.png")
    found = call(tmp_path / "fifty.png", "--json", "--no-pictures")
    assert found.exit_code == 0
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [line["face"] for line in lines] == list(range(1, 51))


def test_large_photos_are_refused_or_shrunk_while_they_are_decoded(tmp_path):
    Image.new("L", (10_000, 10_000)).save(tmp_path / "huge.jpg", quality=30)
    assert reading.read(tmp_path / "huge.jpg").grey.size <= 50_000_000
    Image.new("1", (10_000, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(PhotoError, match=r"huge\.png"):
        reading.read(tmp_path / "huge.png")


@pytest.mark.parametrize("name", ["missing.jpg", "nothing here"])
def test_what_is_not_there_is_said(tmp_path, name):
    (tmp_path / "nothing here").mkdir()
    found = call(tmp_path / name)
    assert found.exit_code == 1
    assert name in found.output
    assert "Traceback" not in found.output


def test_missing_weights_are_told_before_any_work(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_WEIGHTS_DIR", str(tmp_path))
    found = call(folder / "upright.png")
    assert found.exit_code == 1
    assert "the pretrained weights are missing" in found.output


def test_a_photo_is_read_without_packages_that_only_take_time_to_import():
    code = (
        "import sys; from pathlib import Path; from fer_utils.photos import expressions as predict;"
        f"found = list(predict.run([Path({str(paths.SAMPLE / 'subject01.happy')!r})]));"
        "assert len(found[0].found) == 1;"
        "assert not {'matplotlib', 'pandas', 'sklearn'} & set(sys.modules), sorted(sys.modules);"
        "import matplotlib, pandas, sklearn"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_names_of_photos_move_no_cursor(tmp_path, outputs):
    """Escape sequences in a name, C1 controls too, reach neither the terminal nor a figure; JSON gives the name back."""
    name = "a\x1b[31mb\x9b2Jc\n"
    sample("subject01.happy").save(tmp_path / f"{name}.png")
    (tmp_path / f"{name}.jpg").write_bytes(b"no photo")
    table, lines = call(tmp_path, "--no-pictures"), call(tmp_path, "--no-pictures", "--json")
    for found in (table, lines):
        assert found.exit_code == 1
        assert not {"\x1b", "\x9b"} & set(found.output)
    assert r"a\x1b[31mb\x9b2Jc\n.png" in table.stdout
    assert r"a\x1b[31mb\x9b2Jc\n.jpg: not a readable image" in table.stderr
    files = {json.loads(line)["file"] for line in lines.stdout.splitlines()}
    assert files == {str(tmp_path / f"{name}.{suffix}") for suffix in ("png", "jpg")}
    chosen = reading.read_all([tmp_path], unreadable="skip")
    assert list(reading.as_dataset(chosen).file_names) == [r"a\x1b[31mb\x9b2Jc\n.png"]
    gone = CliRunner().invoke(main, ["run", "--dataset", str(tmp_path / "\x1b[2J")])
    assert gone.exit_code == 1
    assert r"\x1b[2J" in gone.output
