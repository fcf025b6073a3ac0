"""The studies of `benchmarks/` on other sets and tasks: what their tables count, and that a frozen recipe runs once."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks import across_sets, neutral_photo, peers, priors
from fer_utils.common import csv_files, files, paths
from fer_utils.data import ferplus
from fer_utils.evaluation import calibration
from fer_utils.publishing import study_blocks
from fer_utils.tasks import priors as known_priors
from fer_utils.tasks import recipe
from fer_utils.transfer import pretrained


def answers() -> pd.DataFrame:
    """Three people, two classes; the third person's happy face is called sad."""
    truth = ["happy", "sad"] * 3
    table = pd.DataFrame({"model": "transfer", "protocol": "loso", "seed": 1, "truth": truth})
    table["subject"] = table["fold"] = np.repeat(["a", "b", "c"], 2)
    table["predicted"] = [*truth[:4], "sad", "sad"]
    return table.assign(
        p_happy=(table["predicted"] == "happy") * 0.8 + 0.1, p_sad=(table["predicted"] == "sad") * 0.8 + 0.1
    )


def test_rows_count_images_and_leave_out_who_was_seen():
    words = {"recipe": "r", "date": "d", "model": "transfer", "learned_on": "x", "tested_on": "x", "protocol": "loso"}
    table = across_sets.rows(answers(), seen=["c"], **words)
    accuracy = table[table["metric"] == "accuracy"].set_index("people")["value"]
    assert accuracy[across_sets.ALL] == pytest.approx(5 / 6) and accuracy[across_sets.UNSEEN] == 1
    counts = table[table["metric"] == "images"].set_index(["truth", "predicted"])["value"]
    assert counts.to_dict() == {("happy", "happy"): 2, ("happy", "sad"): 1, ("sad", "happy"): 0, ("sad", "sad"): 3}
    assert across_sets.UNSEEN not in set(across_sets.rows(answers(), seen=[], **words)["people"])
    charts = across_sets.drawn(table)
    assert set(charts) == {"across_sets", "across_sets_transfer"}
    assert "1 of 6 images wrong" in charts["across_sets_transfer"].caption


def test_a_recipe_is_run_once(tmp_path, monkeypatch):
    path = tmp_path / "across_sets.csv"
    monkeypatch.setattr(across_sets, "TABLE", path)
    rows = pd.DataFrame([dict.fromkeys(across_sets.COLUMNS, "x")] * 2).assign(
        recipe=[recipe.digest(model) for model in recipe.MODULES], value=1.0, low=1.0, high=1.0, n=1
    )
    files.write(path, csv_files.text(rows, across_sets.SCHEMA, decimals=6))
    before = path.read_bytes()
    done = CliRunner().invoke(across_sets.main, ["--ck", str(tmp_path)])
    assert done.exit_code != 0 and path.read_bytes() == before
    said = CliRunner().invoke(across_sets.main, ["--ck", str(tmp_path), "--hash"]).output
    assert said.count("in the table") == 2


def test_an_answer_is_the_surest_of_those_that_are_allowed():
    images = peers.Images(
        "x", [], np.zeros((2, 48, 48)), np.array(["happiness", "sadness"]), np.array(["a", "b"]), True
    )
    shares, classes = np.array([[0.3, 0.2, 0.5], [0.1, 0.2, 0.7]]), ("happiness", "sadness", "fear")
    among = peers.right(shares, classes, images, among=("happiness", "sadness"))
    assert among.tolist() == [True, True]
    assert peers.right(shares, classes, images, among=None).tolist() == [False, False]
    nobody = peers.Images("x", [], images.aligned, images.truth, np.array(["", ""]), True)
    sums, counts = peers.summed(among, nobody, np.array([True, True]))
    assert sums.tolist() == [1, 1] and counts.tolist() == [1, 1]


def test_calibration_error_with_equal_weights_is_the_usual_one():
    random = np.random.default_rng(0)
    confidence, right = random.uniform(size=500), random.uniform(size=500) < 0.6
    usual = calibration.expected_calibration_error(confidence, right, bins=10)
    assert priors.calibration_error(confidence, right, np.full(500, 2.0)) == pytest.approx(usual)


def test_the_photo_of_somebody_else_is_given_where_it_is_said():
    at_rest = known_priors.read().neutral
    known = known_priors.Priors(np.full(8, 1 / 8), 1.0, at_rest)
    network = pretrained.Pretrained(model=None, classes=ferplus.EXPRESSIONS, temperature=1.0)
    sad = ferplus.EXPRESSIONS.index("sadness")
    given = np.stack([at_rest, at_rest + 4 * np.eye(8)[sad]])
    faces = neutral_photo.Asked(given, np.tile(given[1], (2, 1)), np.array([0, 0]), np.array([0, 1]))
    own, _ = neutral_photo.read(faces, network, known, strength=1.0)
    swapped, _ = neutral_photo.read(faces, network, known, strength=1.0, by=1)
    nothing, _ = neutral_photo.read(faces, network, known, strength=0.0)
    assert own[1] < nothing[1] and own[0] == pytest.approx(nothing[0])
    np.testing.assert_allclose(swapped, own[::-1])


def test_the_strength_of_a_neutral_photo_is_that_of_the_rendered_faces():
    table = csv_files.read(neutral_photo.TABLE, neutral_photo.SCHEMA)
    grid = table[(table["images"] == "sample") & (table["quantity"] == "log_loss, grid")]
    assert grid.loc[grid["value"].idxmin(), "strength"] == known_priors.STRENGTH


@pytest.mark.parametrize("name", ["across_sets", "peers", "priors", "neutral_photo"])
def test_pages_are_filled_from_committed_tables_with_their_charts(name):
    block = getattr(study_blocks, name)()
    assert "%" in block and "nan" not in block
    for line in block.splitlines():
        if line.startswith("!["):
            assert (paths.PROJECT / "docs" / line.rpartition("](")[2].rstrip(")")).is_file()
