"""Images of a data set in FER+: planted crops are found, copies are counted, and neither is learned."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from fer_utils.cli import main
from fer_utils.common import files, paths
from fer_utils.common.errors import WeightsError
from fer_utils.data import datasets, ferplus
from fer_utils.transfer import model_card, overlap, pretrained, pretraining


def cropped(name: str, *, middle: tuple[float, float], side: float, mirrored: bool = False) -> np.ndarray:
    """An upright square of a rendered face at 48x48, as a web photo of it would stand in FER+; (48, 48) uint8."""
    picture = Image.open(paths.SAMPLE / name).convert("L")
    (x, y), half = middle, side / 2
    small = picture.resize((48, 48), Image.Resampling.LANCZOS, box=(x - half, y - half, x + half, y + half))
    return np.asarray(small)[:, ::-1] if mirrored else np.asarray(small)


def eyes_of(name: str) -> tuple[float, float, float]:
    """The middle between the true eyes of a rendered face, and their distance."""
    row = pd.read_csv(paths.SAMPLE / "eyes.csv").set_index("image").loc[name]
    left, right = (np.array([row[f"{side}_eye_x"], row[f"{side}_eye_y"]]) for side in ("left", "right"))
    return *((left + right) / 2), float(np.hypot(*(right - left)))


def votes(images: np.ndarray, parts) -> ferplus.VoteDataset:
    """Faces that everybody calls happy, or neutral."""
    rows = np.zeros((len(images), 10), dtype=np.int64)
    rows[np.arange(len(images)), np.arange(len(images)) % 2] = 10
    names = np.array([f"fer{number:07}.png" for number in range(len(images))])
    return ferplus.VoteDataset(np.stack(images), rows, np.array(parts), names)


def placed(name: str, *, width: float, row: float, **how) -> np.ndarray:
    """A crop so many eye distances wide, its eyes at a fraction of its height."""
    x, y, distance = eyes_of(name)
    side = width * distance
    return cropped(name, middle=(x, y + (0.5 - row) * side), side=side, **how)


@pytest.fixture
def planted() -> ferplus.VoteDataset:
    """Faces of other rendered people, and between them a crop of subject01 and a mirrored one of subject02."""
    others = [
        placed(f"subject{number:02}.{condition}", width=2.5, row=0.36)
        for number in range(4, 14)
        for condition in ("normal", "surprised")
    ]
    others[5] = placed("subject01.surprised", width=2.31, row=0.41)
    others[12] = placed("subject02.wink", width=3.07, row=0.33, mirrored=True)
    return votes(others, ["train"] * 10 + ["validation"] * 10)


def test_planted_crops_are_found_mirrored_too_and_nobody_else_is(planted, three_people):
    data = datasets.load(str(three_people))
    found = overlap.search(data, planted)
    same = found[found["same"]].drop_duplicates("ferplus_image").sort_values("ferplus_image")
    assert same[["image", "subject", "ferplus_image", "part", "mirrored"]].values.tolist() == [
        ["subject01.surprised", "01", "fer0000005.png", "train", False],
        ["subject02.wink", "02", "fer0000012.png", "validation", True],
    ]
    assert (same["correlation"] > 0.98).all()
    assert not found["subject"][found["same"]].isin(["03"]).any()
    assert (~found["same"]).sum() == 1  # the nearest other pair, so that the margin can be seen


def seen(data, **about) -> pd.DataFrame | None:
    return overlap.seen_in_training(data.name, data=data.data_hash, about=about)


def test_what_was_found_is_kept_for_these_images_alone(planted, three_people, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_WEIGHTS_DIR", str(tmp_path))
    data = datasets.load(str(three_people))
    assert overlap.read().empty
    assert seen(data) is None
    found = overlap.search(data, planted)
    overlap.write(found)
    overlap.write(found.assign(dataset="another", same=False))
    overlap.write(found)  # instead of the first, beside the other
    assert overlap.read()["dataset"].value_counts().to_dict() == {"another": len(found), data.name: len(found)}
    assert set(seen(data)["subject"]) == {"01"}  # 02 is in the validation part, which is not learned
    assert overlap.seen_in_training(data.name, data="of other images", about={}) is None
    assert seen(data, overlaps_left_out=overlap.names(found)).empty
    (tmp_path / "overlap.csv").write_text("image\n")
    with pytest.raises(WeightsError, match=r"overlap\.csv is damaged"):
        overlap.read()


def test_copies_and_overlaps_are_not_learned():
    random = np.random.default_rng(0)
    images = list(random.integers(0, 256, size=(8, 48, 48), dtype=np.uint8))
    images[3] = images[1]  # twice in "train"
    images[6] = images[0]  # in "train" and in "validation"
    images[4] = images[2]
    data = votes(images, ["train"] * 6 + ["validation"] * 2)
    assert ferplus.to_learn(data).tolist() == [False, True, True, False, False, True, False, False]
    # What is in a data set to be tested on goes with its copies.
    barred = ferplus.to_learn(data, without=[data.file_names[4]])
    assert barred.tolist() == [False, True, False, False, False, True, False, False]
    unclear = replace(data, votes=np.where(np.arange(8)[:, None] == 1, 1, data.votes))
    assert ferplus.to_learn(unclear)[[1, 3]].tolist() == [False, True]  # the copy with clear votes is learned
    recipe = pretraining.PretrainingRecipe(small_epochs=1, full_epochs=1, batch_size=2)
    every, fewer = (pretraining.Pretraining(data, recipe, without=names) for names in ((), [data.file_names[4]]))
    assert not fewer.resume(every.state())  # a checkpoint serves the same images alone


def test_the_command_keeps_what_it_finds_and_says_how_the_weights_score_without_copies(
    planted, three_people, tmp_path, monkeypatch
):
    """The shipped weights, as if they had been trained on the planted faces."""
    folder = shutil.copytree(paths.WEIGHTS, tmp_path / "weights", ignore=shutil.ignore_patterns("overlap.csv"))
    monkeypatch.setenv("FER_WEIGHTS_DIR", str(folder))
    images = planted.images.copy()
    images[10] = images[0]
    table = (folder / "ferplus_validation.csv").read_text().splitlines()[:11]
    names = [line.split(",")[0] for line in table[1:]]
    data = replace(planted, images=images, file_names=np.array([*planted.file_names[:10], *names]))
    (folder / "ferplus_validation.csv").write_text("\n".join(table) + "\n")
    about = files.read_checked_json(folder / "ferplus.json")
    files.write_checked_json(folder / "ferplus.json", about | {"data": data.data_hash})
    monkeypatch.setattr(ferplus, "load", lambda: data)
    done = CliRunner().invoke(main, ["overlap", "--dataset", str(three_people)])
    assert done.exit_code == 0, done.output
    assert "subject01.surprised is fer0000005.png of train" in done.output
    assert "are among FER+'s 20" in done.output
    found = pretrained.metadata()
    assert found["copies"] == {"train": 0, "validation": 1, "scored": 1}
    assert found["scores_without_copies"]["accuracy"]["n"] == 9
    assert found["sha256"] == about["sha256"]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "1 are equal to a face of the part" in card and "`subject01.surprised` is `fer0000005.png`" in card
    monkeypatch.setattr(ferplus, "load", lambda: planted)
    done = CliRunner().invoke(main, ["overlap", "--dataset", str(three_people)])
    assert "trained on another FER+" in done.output and done.exit_code == 0


def test_the_published_table_is_of_the_published_weights():
    about = pretrained.metadata()
    table = overlap.read()
    assert set(table["ferplus"]) == {about["data"]}
    assert (table["correlation"][table["same"]] >= overlap.SAME).all()
    assert (table["correlation"][~table["same"]] < overlap.SAME).all()
    _, validation, _ = model_card.read_validation()
    assert about["scores_without_copies"]["accuracy"]["n"] == len(validation) - about["copies"]["scored"]
