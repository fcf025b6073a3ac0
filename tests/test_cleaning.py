import hashlib
import shutil
import tracemalloc
from dataclasses import replace
from itertools import combinations

import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_utils.common import paths
from fer_utils.common.errors import DatasetError, OutputError
from fer_utils.data import cleaning, datasets, manifests
from fer_utils.experiments.experiment import Experiment


@pytest.fixture
def sample():
    return datasets.load("sample")


def check_manifest(data, table, *, wrong, faceless=()):
    assert tuple(table.columns) == cleaning.COLUMNS
    assert len(table) == 165
    kept = table[table["kept"]]
    assert len(kept) == 89 - len(faceless)
    assert set(table.loc[table["reason"] == "no face found", "image"]) == set(faceless)
    assert kept["subject"].nunique() == 15
    missing = {wrong, *faceless}
    for label, count in kept.groupby("label").size().items():
        assert count == 15 - sum(name.endswith(label) for name in missing)
    assert (table.loc[~table["kept"], "reason"] != "").all()
    assert not table.set_index("image").loc[wrong, "kept"]
    assert kept[["left_eye_x", "right_eye_y"]].notna().all(axis=None)
    assert (kept["left_eye_x"] < kept["right_eye_x"]).all()
    assert not kept["sha256"].duplicated().any()


def test_sample_manifest(outputs):
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths.SAMPLE.iterdir()}
    data, table = cleaning.load_clean("sample")
    check_manifest(data, table, wrong="subject11.sad")
    stored = pd.read_csv(outputs / "sample" / "manifest.csv", dtype={"subject": str})
    assert list(stored["image"]) == list(table["image"])
    assert list(stored["kept"]) == list(table["kept"])
    assert before == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths.SAMPLE.iterdir()}
    assert ("subject11.normal", "subject11.sad") in cleaning.identical_pairs(data)


def test_yale_manifest(yale):
    check_manifest(yale, cleaning.manifest(yale), wrong="subject04.sad")
    pairs = cleaning.identical_pairs(yale)
    assert len(pairs) == 9
    assert ("subject04.normal", "subject04.sad") in pairs
    assert ("subject08.glasses", "subject08.normal") in pairs


def test_copies_under_two_labels_go(three_people):
    shutil.copy(three_people / "subject02.normal", three_people / "subject02.sad")
    data = datasets.load(three_people)
    table = cleaning.manifest(data).set_index("image")
    for name in ("subject02.normal", "subject02.sad"):
        assert "another label" in table.loc[name, "reason"]
    assert table["kept"].sum() == 16


def test_image_without_a_face_and_unreadable_file_have_reasons(three_people):
    Image.new("L", (320, 243), 128).save(three_people / "subject01.sad.png")
    (three_people / "subject01.sad").unlink()
    (three_people / "subject03.happy").write_bytes(b"broken")
    table = cleaning.manifest(datasets.load(three_people, unreadable="skip")).set_index("image")
    assert table.loc["subject01.sad.png", "reason"] == "no face found"
    assert "not a readable image" in table.loc["subject03.happy", "reason"]
    assert table["kept"].sum() == 16


def spoil(folder, pattern):
    """Grey pictures, on which no face is found, instead of some images."""
    for number, path in enumerate(sorted(folder.glob(pattern))):
        path.unlink()
        Image.new("L", (320, 243), 100 + 2 * number + len(pattern)).save(path.with_name(f"{path.name}.png"))


def test_a_person_and_a_class_of_whom_nothing_remains_are_left_out_and_named(three_people, capsys):
    spoil(three_people, "subject03.*")
    spoil(three_people, "*.wink")
    data, table = cleaning.load_clean(str(three_people))
    assert data.class_names == ("happy", "normal", "sad", "sleepy", "surprised")
    assert set(data.subjects[data.labels >= 0]) == {"01", "02"}
    assert [data.class_names[label] for label in data.labels if label >= 0] == [*data.class_names] * 2
    assert set(table.loc[~table["kept"], "reason"]) == {"no face found"}
    people, classes = cleaning.notices(table)
    assert people == "Left out, since no image of these people remains: `03` (no face found)."
    assert classes == "Left out, since no image of these classes remains: `wink` (no face found)."
    assert [line.split(": ", 1)[1] for line in capsys.readouterr().err.splitlines() if "Left out" in line] == [
        people,
        classes,
    ]
    folds = Experiment(data, table, budget="quick").folds("original-split")
    assert [set(data.subjects[part]) for part in folds["01"]] == [{"02"}, {"01"}]


@pytest.mark.parametrize(("pattern", "words"), [("subject0[23].*", "two subjects"), ("*.[!h]*", "two classes")])
def test_fewer_than_two_people_or_classes_stop_the_run_and_all_that_went_is_named(
    three_people, outputs, pattern, words
):
    spoil(three_people, pattern)
    with pytest.raises(DatasetError, match=f"at least {words} are needed") as caught:
        cleaning.load_clean(str(three_people))
    lost = ("'02' (no face", "'03' (no face") if "sub" in pattern else ("'normal' (no", "'wink' (no")
    assert all(each in str(caught.value) for each in lost)
    assert "\n" not in str(caught.value)
    assert not (outputs / "three-people" / "manifest.csv").exists()


def test_no_class_that_two_people_show_remains(three_people):
    for path in three_people.iterdir():
        if path.name[7:] not in ("01.happy", "02.happy", "01.sad", "02.sad"):
            path.unlink()
    spoil(three_people, "subject01.sad")
    spoil(three_people, "subject02.happy")
    with pytest.raises(DatasetError, match="each class shows one person alone"):
        cleaning.load_clean(str(three_people))


def test_a_class_of_one_person_and_people_of_one_image_are_said(three_people):
    for name in ("subject02.wink", "subject03.wink"):
        (three_people / name).unlink()
    (lone,) = cleaning.notices(cleaning.manifest(datasets.load(three_people)))
    assert lone.startswith("One person alone shows `wink`: no other's image teaches it, so its recall")
    table = pd.DataFrame({"image": list("abc"), "subject": list("abc"), "condition": "sad", "label": "sad", "width": 9})
    (single,) = cleaning.notices(table.assign(kept=True, reason=""))
    assert single.startswith("Each image is taken for a person of its own (3 people)")


def test_files_that_are_no_images_stand_in_the_manifest_and_are_told(three_people, outputs):
    (three_people / "notes.txt").write_text("read me")
    (three_people / "subject02.sad").write_bytes(b"broken")
    table = cleaning.manifest(datasets.load(three_people, unreadable="skip"))
    rows = table.set_index("image")
    assert rows.loc["notes.txt", "reason"] == "not an image (.txt)"
    written = (outputs / "three-people" / "manifest.csv").read_text(encoding="utf-8").splitlines()
    assert ",320,243,True,," in written[2]
    assert list(rows.loc["subject02.sad", ["subject", "condition", "kept"]]) == ["02", "sad", False]
    assert cleaning.notices(table) == [
        "No image, or not read, and left out: `notes.txt` (not an image), `subject02.sad` (not a readable image)."
    ]


def test_pairs_are_those_of_comparing_each_with_each(sample):
    data = replace(
        sample, images=sample.images[:60], file_names=sample.file_names[:60], hashes=np.repeat(sample.hashes[:20], 3)
    )
    bits = np.stack([imagehash.phash(Image.fromarray(image), hash_size=16).hash.ravel() for image in data.images])
    pairs = list(combinations(range(60), 2))
    distances = {(a, b): int(np.sum(bits[a] != bits[b])) for a, b in pairs}
    for largest in (0, 60, 100):
        wanted = sorted(
            (distance, data.file_names[a], data.file_names[b])
            for (a, b), distance in distances.items()
            if distance <= largest and data.hashes[a] != data.hashes[b]
        )
        found = cleaning.near_duplicates(data, largest_distance=largest)
        assert list(zip(found["distance"], found["first"], found["second"], strict=True)) == wanted
        assert wanted or not largest
    same = [(data.file_names[a], data.file_names[b]) for a, b in pairs if data.hashes[a] == data.hashes[b]]
    assert cleaning.identical_pairs(data) == same


def test_memory_for_pairs_does_not_grow_with_the_square_of_the_images():
    bits = np.random.default_rng(0).random((5000, 256)) < 0.5
    bits[4999] = bits[0]
    tracemalloc.start()
    found = cleaning.alike(bits, largest_distance=16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [each.tolist() for each in found] == [[0], [4999], [0]]
    assert peak < 50e6


def test_near_duplicates_are_other_files_that_look_alike(three_people):
    data = datasets.load(three_people)
    image = data.images[0].copy()
    image[0, 0] ^= 1
    Image.fromarray(image).save(three_people / "subject01.anger.png")
    Image.fromarray(np.roll(data.images[6], 1, axis=0)).save(three_people / "subject02.anger.png")
    table = cleaning.near_duplicates(datasets.load(three_people), largest_distance=2)
    assert (table["first"].iloc[0], table["second"].iloc[0]) == ("subject01.anger.png", "subject01.happy")


@pytest.mark.parametrize(
    ("old", "new"),
    [(",happy,happy,", ",happy,sad,"), (",01,", ",02,"), (",True,", ",False,"), (",320,", ",321,"), ("0,", "1,")],
)
def test_a_manifest_that_is_not_what_was_written_is_refused_and_made_again(three_people, outputs, old, new):
    data = datasets.load(three_people)
    cleaning.manifest(data)
    path = outputs / "three-people" / "manifest.csv"
    whole = path.read_bytes()
    assert manifests.listed("three-people") == data.data_hash
    path.write_bytes(whole.replace(old.encode(), new.encode(), 1))
    assert path.read_bytes() != whole
    with pytest.raises(OutputError, match="it is not what a notebook wrote"):
        manifests.read("three-people")
    path.write_bytes(b"\xff" + whole)
    with pytest.raises(OutputError, match="is damaged"):
        manifests.listed("three-people")
    cleaning.manifest(data)
    assert path.read_bytes() == whole
    path.with_suffix(".json").write_text("{")
    with pytest.raises(OutputError, match=r"manifest\.json is damaged"):
        manifests.read("three-people")
    cleaning.manifest(data)
    assert len(manifests.read("three-people")) == len(data)


def test_the_committed_manifest_is_read_as_it_stands(monkeypatch):
    monkeypatch.delenv("FER_OUTPUT_DIR")
    assert manifests.listed("yale") == manifests.data_hash(datasets.checksums("yale"))
