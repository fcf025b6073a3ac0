"""`fer predict` on photos of every kind, good and bad."""

import csv
import importlib.util
import io
import json
import shutil
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


def test_one_bad_argument_stops_no_other(folder, tmp_path):
    """A folder without a photo, a missing file and an address are said, and the photos beside them are answered for."""
    empty = tmp_path / "nothing here"
    (empty / "below").mkdir(parents=True)
    found = call(
        empty, folder / "upright.png", tmp_path / "missing.jpg", "https://host/a.jpg", "--json", "--no-pictures"
    )
    assert found.exit_code == 1
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert ["error" in line for line in lines] == [True, False, True, True]
    assert "no photo in this folder" in lines[0]["error"]
    assert lines[1]["model"] == "pretrained on FER+"
    assert "Traceback" not in found.output


def test_subfolders_are_looked_into_on_demand(folder, tmp_path, outputs):
    (tmp_path / "below" / "deeper").mkdir(parents=True)
    (tmp_path / "below" / ".hidden").mkdir()
    for place in ("top.png", "below/a.png", "below/deeper/b.png", "below/.hidden/c.png"):
        shutil.copy(folder / "upright.png", tmp_path / place)
    (tmp_path / "circle").symlink_to(tmp_path)
    copies = tmp_path / "copies"
    copies.mkdir()
    shutil.copy(folder / "upright.png", copies / "old.png")
    assert [path.name for path in reading.find([tmp_path])] == ["top.png"]
    below = reading.find([tmp_path], recursive=True, but=copies)
    assert [path.relative_to(tmp_path).as_posix() for path in below] == ["top.png", "below/a.png", "below/deeper/b.png"]


def test_a_table_of_comma_separated_values(folder, outputs):
    found = call(folder / "two.jpg", folder / "empty.png", folder / "dot.png", "--csv", "--no-pictures")
    assert found.exit_code == 1
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert [row["face"] for row in rows] == ["1", "2", "", ""]
    lines = [json.loads(line) for line in call(folder / "two.jpg", "--json", "--no-pictures").stdout.splitlines()]
    for row, line in zip(rows, lines, strict=False):
        assert [float(row[name]) for name in ("x", "y", "width", "height")] == line["box"]
        assert [float(row[f"left_eye_{axis}"]) for axis in "xy"] == line["left_eye"]
        assert {name: float(row[f"p_{name}"]) for name in line["probabilities"]} == line["probabilities"]
        assert row["expression"] == line["expression"]
    assert rows[2]["note"] == "no face found" and "dot.png" in rows[3]["error"]
    both = call(folder / "two.jpg", "--csv", "--json")
    assert both.exit_code == 1 and "choose one" in both.output


@pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is not None, reason="pillow-heif is installed")
def test_heic_names_the_package_that_reads_it(tmp_path):
    (tmp_path / "phone.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    found = call(tmp_path / "phone.jpg", "--no-pictures")
    assert found.exit_code == 1
    assert "phone.jpg: HEIC needs the package pillow-heif" in found.output


def test_heic_is_read_where_its_package_is_installed(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    sample("subject01.happy").convert("RGB").save(tmp_path / "phone.heic", quality=95)
    found = call(tmp_path / "phone.heic", "--json", "--no-pictures")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["face"] == 1


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
