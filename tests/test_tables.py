"""Tables of results: text stays text, each notebook replaces its own rows, results of two data sets never meet."""

import functools

import numpy as np
import pandas as pd
import pytest

from fer_utils.common import code_hash, files, paths
from fer_utils.common.errors import OutputError, ParameterError
from fer_utils.evaluation import comparisons
from fer_utils.evaluation import scores as scoring
from fer_utils.experiments import origins, tables
from fer_utils.findings import comparison, transfer
from fer_utils.studies import labels

PEOPLE = ["007", "1e5", "NA", "None", "nan", "مها"]
CLASSES = ["0", "01", "NA", "True"]
CODE = functools.cache(code_hash.of_notebook)
NETWORKS = ("baseline", "updated", "baseline-face")


def predicted(models, *, people=PEOPLE, classes=CLASSES, seed=0) -> pd.DataFrame:
    """Guesses of some models: one image of each class for each person."""
    parts = []
    for number, model in enumerate(models):
        random = np.random.default_rng([seed, number])
        subjects, truth = np.repeat(people, len(classes)), np.tile(classes, len(people))
        table = pd.DataFrame({"model": model, "protocol": "loso", "seed": 1, "fold": subjects, "subject": subjects})
        table["image"] = [f"{name}/{subject}.png" for name, subject in zip(truth, subjects, strict=True)]
        table["truth"], table["predicted"] = truth, random.permutation(truth)
        shares = random.dirichlet(np.ones(len(classes)), size=len(table))
        parts.append(pd.concat([table, pd.DataFrame(shares, columns=[f"p_{name}" for name in classes])], axis=1))
    return pd.concat(parts, ignore_index=True)


def origin(notebook="03_model_comparison", *, data="d" * 64, **changes) -> dict:
    code = CODE(paths.NOTEBOOKS / f"{notebook}.ipynb")
    return {"notebook": notebook, "cell": "c", "parameters": {}, "data": data, "code": code, "versions": {}} | changes


@pytest.fixture(autouse=True)
def code_is_read_once(monkeypatch):
    monkeypatch.setattr(code_hash, "of_notebook", CODE)


@pytest.fixture
def whole(outputs):
    """What notebooks 03 and 05 leave."""
    tables.write("x", predicted(NETWORKS), origin=origin())
    tables.add("x", predicted(["transfer", "transfer-tuned"], seed=1), origin=origin("05_transfer_learning"))
    return outputs / "x"


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_people_and_classes_stay_text(whole):
    found = tables.read("x", "predictions")
    for column, names in (("subject", PEOPLE), ("fold", PEOPLE), ("truth", CLASSES), ("predicted", CLASSES)):
        assert sorted(set(found[column])) == sorted(names)
    scores = tables.read("x", "scores")
    assert {f"recall_{name}" for name in CLASSES} <= set(scores["metric"])
    assert comparison.score_table(scores).shape[0] == 5
    assert list(comparison.report(found).index) == [*CLASSES, "macro avg", "weighted avg"]
    assert "recall" not in transfer._of_recalls(scores)
    assert set(labels.planted(tables.of_model(found, "transfer"), CLASSES)) == {"found", "true"}


def test_a_notebook_run_again_changes_no_byte(whole):
    before = contents(whole)
    tables.write("x", predicted(NETWORKS), origin=origin())
    assert contents(whole) == before
    tables.add("x", predicted(["transfer", "transfer-tuned"], seed=1), origin=origin("05_transfer_learning"))
    assert contents(whole) == before


def test_a_notebook_replaces_the_rows_of_its_models_alone(whole, capsys):
    def of_others(name):
        rows = (whole / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        return [row for row in rows if row.startswith("transfer")]

    before = {name: of_others(name) for name in ("predictions", "scores")}
    scores, comparisons = tables.write("x", predicted(NETWORKS, seed=2), origin=origin())
    assert set(scores["model"]) == set(NETWORKS)  # what notebook 03 shows is the same whether 05 ran before or not
    assert set(comparisons["model"]) <= set(NETWORKS)
    assert {name: of_others(name) for name in before} == before
    assert capsys.readouterr().err == ""
    wrote = {part["notebook"][:2]: part["models"] for part in origins.parts(origins.noted(whole / "scores.csv"))}
    assert wrote == {"03": list(NETWORKS), "05": ["transfer", "transfer-tuned"]}
    assert set(tables.read("x", "comparisons")["model"]) == {"updated", "baseline-face", "transfer", "transfer-tuned"}


@pytest.mark.parametrize(
    ("rows", "of", "why"),
    [
        pytest.param({}, {"data": "e" * 64}, "they are of other images", id="other data"),
        pytest.param({"people": PEOPLE[1:]}, {}, "they are of other images", id="a person less"),
        pytest.param({"classes": CLASSES[1:]}, {}, "they are of other images", id="a class less"),
    ],
)
def test_what_no_longer_fits_is_left_out_with_a_word(whole, capsys, rows, of, why):
    tables.write("x", predicted(NETWORKS, **rows), origin=origin(**of))
    assert set(tables.read("x", "predictions")["model"]) == set(NETWORKS)
    assert set(tables.read("x", "scores")["model"]) == set(NETWORKS)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"predictions.csv: the rows of transfer, transfer-tuned of notebook 05 are left out, {why}: run it again (fer run 05)"
    )


def test_rows_by_other_code_are_left_out_with_a_word(outputs, capsys):
    tables.write("x", predicted(NETWORKS), origin=origin())
    tables.add("x", predicted(["transfer"]), origin=origin("05_transfer_learning", code="old"))
    tables.write("x", predicted(NETWORKS), origin=origin())
    assert "transfer of notebook 05 are left out, its code changed since" in capsys.readouterr().err
    assert "transfer" not in set(tables.read("x", "predictions")["model"])


@pytest.mark.parametrize(("code", "stays"), [(None, True), ("old", False)])
def test_a_table_of_one_origin_as_earlier_versions_wrote_it(outputs, code, stays):
    """Its models are all of the notebook that wrote last: those of others stay where that one's code still fits."""
    tables.write("x", predicted([*NETWORKS, "transfer"]), origin=origin())
    path = outputs / "x" / "predictions.json"
    flat = origin("05_transfer_learning", **({"code": code} if code else {}))
    files.write_json(path, flat | {"sha256": files.sha256(path.with_suffix(".csv").read_bytes())})
    assert len(tables.read("x", "predictions"))
    tables.write("x", predicted(NETWORKS), origin=origin())
    assert ("transfer" in set(tables.read("x", "predictions")["model"])) == stays


def test_a_write_that_was_stopped_between_table_and_origin_loses_no_other_rows(whole):
    before = contents(whole)
    tables.write("x", predicted(NETWORKS, seed=3), origin=origin())
    (whole / "predictions.json").write_bytes(before["predictions.json"])
    with pytest.raises(OutputError, match=r"is not what its notebook wrote.*fer run 03"):
        tables.read("x", "predictions")
    tables.write("x", predicted(NETWORKS), origin=origin())
    assert contents(whole) == before


def test_a_later_notebook_needs_the_rows_of_an_earlier_one(outputs):
    for data, code in (("e" * 64, origin()["code"]), ("d" * 64, "old")):
        tables.write("x", predicted(NETWORKS), origin=origin(data=data, code=code))
        before = contents(outputs / "x")
        with pytest.raises(OutputError, match=r"run notebook 03 again \(fer run 03\)"):
            tables.add("x", predicted(["transfer"]), origin=origin("05_transfer_learning"))
        assert contents(outputs / "x") == before


@pytest.mark.parametrize("name", ["predictions", "scores", "comparisons"])
def test_results_of_two_data_sets_never_meet(whole, name):
    assert len(tables.read("x", name))
    (whole / "manifest.csv").write_text("image,sha256\nhappy/NA.png,00\n")
    with pytest.raises(OutputError, match=rf"{name}\.csv is of other images than manifest\.csv lists.*fer run 03"):
        tables.read("x", name)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        pytest.param("scores.csv", "0.", "1.", "is not what its notebook wrote", id="a number"),
        pytest.param("predictions.csv", "007", "7", "is not what its notebook wrote", id="as a spreadsheet saves it"),
        pytest.param("predictions.csv", ",", ";", "a spreadsheet program has put semicolons", id="semicolons"),
        pytest.param("comparisons.json", "{", "", "its origin, comparisons.json, is missing or damaged", id="origin"),
        pytest.param("scores.json", '"checksum"', '"checkum"', "its origin, scores.json, is missing", id="no checksum"),
        pytest.param(
            "comparisons.json",
            '"models"',
            '"modells"',
            "its origin, comparisons.json, is missing or damaged",
            id="beside",
        ),
    ],
)
def test_a_table_that_was_changed_is_refused(whole, file, old, new, words):
    path = whole / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(OutputError, match=words) as raised:
        tables.read("x", path.stem)
    assert "fer run 03" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_scores_of_other_predictions_are_refused(whole):
    before = contents(whole)
    tables.write("x", predicted(NETWORKS, seed=4), origin=origin())
    for name in ("scores.csv", "scores.json"):
        (whole / name).write_bytes(before[name])
    with pytest.raises(OutputError, match=r"scores\.csv was computed from other predictions.*fer run 03"):
        tables.read("x", "scores")
    assert len(tables.read("x", "predictions"))


def test_a_missing_model_names_its_notebook(outputs):
    tables.write("x", predicted(["baseline", "updated"]), origin=origin())
    for model, number in (("transfer", "05"), ("transfer-tuned", "05"), ("baseline-face", "03")):
        with pytest.raises(OutputError, match=rf"no model '{model}'.*run notebook {number} first \(fer run {number}\)"):
            tables.read("x", "scores", models=["baseline", model])


def test_what_grouping_would_drop_is_named():
    table = predicted(["baseline", "updated"])
    with pytest.raises(ParameterError, match="column subject is empty"):
        scoring.scores(table.assign(subject=table["subject"].where(table["subject"] != "NA")))
    twice = pd.concat([table, table.assign(seed=2)[3:]])
    with pytest.raises(ParameterError, match="did not predict the same images"):
        comparisons.compare(twice, "updated", "baseline", protocol="loso")


def test_an_answer_that_no_tested_image_shows_is_wrong():
    table = predicted(["m"], classes=["a", "b"]).assign(predicted="c")
    table.loc[table.index[0], "predicted"] = "a"
    found = scoring.scores(table).set_index("metric")["value"]
    expected = comparison.report(table).loc["macro avg", "F1"]
    assert round(found["macro_f1"], 2) == expected == round(2 / 7 / 3, 2)


def test_a_class_of_one_person_is_said_to_be_unlearned():
    table = predicted(["baseline", "updated", "transfer"])
    alone = table[(table["truth"] != "01") | (table["subject"] == "NA")]
    scores, comparisons = tables.computed(alone)
    words = "One person alone shows `01`: no other's image teaches it, so its recall"
    assert comparison.untaught(tables.computed(table)[0]) == ""
    assert comparison.untaught(scores).startswith(words)
    in_folds = comparison.untaught(scores.assign(protocol="10-fold"))
    assert in_folds == comparison.untaught(scores).replace("One person alone", "One fold of people alone")
    assert comparison.summary(scores, comparisons).count(words) == 1
    assert words in transfer._of_recalls(scores)


def test_a_class_may_have_any_name():
    table = predicted(["m"], classes=["accuracy", "macro avg"])
    assert list(comparison.report(table).index) == ["accuracy", "macro avg", "macro avg", "weighted avg"]
