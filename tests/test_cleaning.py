import hashlib
import shutil

import numpy as np
import pandas as pd
import pytest

from fer_utils.common import paths
from fer_utils.common.errors import DatasetError
from fer_utils.data import cleaning, datasets


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
    check_manifest(data, table, wrong="subject11.sad", faceless=["subject09.surprised"])
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
    from PIL import Image

    Image.new("L", (320, 243), 128).save(three_people / "subject01.sad.png")
    (three_people / "subject01.sad").unlink()
    (three_people / "subject03.happy").write_bytes(b"broken")
    table = cleaning.manifest(datasets.load(three_people, unreadable="skip")).set_index("image")
    assert table.loc["subject01.sad.png", "reason"] == "no face found"
    assert "not a readable image" in table.loc["subject03.happy", "reason"]
    assert table["kept"].sum() == 16


def test_subject_of_whom_nothing_remains_is_named(three_people, outputs):
    from PIL import Image

    for path in three_people.glob("subject03.*"):
        path.unlink()
        Image.new("L", (320, 243), 128).save(three_people / f"{path.name}.png")
    with pytest.raises(DatasetError, match="no image of subject '03' remains"):
        cleaning.manifest(datasets.load(three_people))
    assert not (outputs / "three-people" / "manifest.csv").exists()


def test_near_duplicates_are_other_files_that_look_alike(three_people):
    from PIL import Image

    data = datasets.load(three_people)
    image = data.images[0].copy()
    image[0, 0] ^= 1
    Image.fromarray(image).save(three_people / "subject01.anger.png")
    Image.fromarray(np.roll(data.images[6], 1, axis=0)).save(three_people / "subject02.anger.png")
    table = cleaning.near_duplicates(datasets.load(three_people), largest_distance=2)
    assert (table["first"].iloc[0], table["second"].iloc[0]) == ("subject01.anger.png", "subject01.happy")
