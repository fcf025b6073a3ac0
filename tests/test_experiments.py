import numpy as np
import pytest

from fer_utils.common.errors import OutputError, ParameterError
from fer_utils.data import cleaning
from fer_utils.engine.recipe import Recipe
from fer_utils.engine.record import Record
from fer_utils.experiments import experiment as experiments
from fer_utils.experiments import recipes
from fer_utils.experiments.experiment import Experiment


@pytest.fixture
def experiment(three_people, monkeypatch):
    short = {key: {"baseline": 2, "updated": 1} for key in recipes.EPOCHS}
    monkeypatch.setattr(recipes, "EPOCHS", short)
    return Experiment(*cleaning.load_clean(str(three_people)), budget="quick", jobs=1)


def test_loso_tests_every_kept_image_once_and_never_a_known_person():
    data, manifest = cleaning.load_clean("sample")
    folds = Experiment(data, manifest, budget="quick").folds("loso")
    assert len(folds) == 15
    tested = np.concatenate([test for _, test in folds.values()])
    assert sorted(tested) == sorted(cleaning.kept_indices(data, manifest))
    for train, test in folds.values():
        assert not set(data.subjects[train]) & set(data.subjects[test])


def test_original_split_is_the_originals():
    data, manifest = cleaning.load_clean("sample")
    ((name, (train, test)),) = Experiment(data, manifest, budget="quick").folds("original-split").items()
    assert name == "01+02+03"
    assert (len(train), len(test)) == (72, 18)


def test_the_overview_has_a_row_for_each_model_and_protocol():
    table = recipes.overview("sample", budget="standard", classes=3)
    assert list(table.index) == [
        ("original-split", "baseline"),
        ("original-split", "updated"),
        *(("loso", model) for model in recipes.MODELS),
    ]
    long, short = table.loc[("original-split", "updated")], table.loc[("loso", "updated-face")]
    assert (long["input"], long["epochs"], long["seeds"], long["policy"]) == ("frame", 1000, 1, "original")
    assert (short["input"], short["epochs"], short["seeds"], short["label smoothing"]) == ("face", 300, 3, 0.1)
    more = recipes.overview("sample", budget="quick", classes=4)["parameters"]
    assert (more > table["parameters"]).all()  # a further class has weights of its own
    with pytest.raises(ParameterError, match="no budget named 'huge'"):
        recipes.overview("sample", budget="huge", classes=3)


def test_plan_has_one_prediction_per_image_model_and_seed(experiment):
    runs = experiment.plan("loso", ["baseline", "baseline-face"])
    predictions = experiment.predictions(runs, experiment.records(runs))
    assert len(predictions) == 2 * 18
    assert predictions.groupby("model")["image"].nunique().to_dict() == {"baseline": 18, "baseline-face": 18}
    assert (predictions["fold"] == predictions["subject"]).all()
    columns = [f"p_{name}" for name in experiment.dataset.class_names]
    assert predictions[columns].sum(axis=1).to_numpy() == pytest.approx(np.ones(36), abs=1e-5)


def test_runs_are_kept_whatever_the_jobs_and_remade_when_damaged(experiment, outputs, monkeypatch, capsys):
    runs = experiment.plan("loso", ["baseline"])
    experiment.records(runs)
    kept = {path.name: path.read_bytes() for path in (outputs / "three-people" / "runs").glob("*.npz")}
    assert len(kept) == 3
    with monkeypatch.context() as patch:
        patch.setattr(experiments.workers, "run", lambda tasks, **_: tasks and pytest.fail("trained again"))
        experiment.records(runs)
    name = sorted(kept)[0]
    damaged = outputs / "three-people" / "runs" / name
    damaged.write_bytes(kept[name][:500])
    for other in sorted(kept)[1:]:
        (damaged.parent / other).unlink()
    Experiment(experiment.dataset, experiment.manifest, budget="quick", jobs=2).records(runs[::-1])
    assert {path.name: path.read_bytes() for path in damaged.parent.glob("*.npz")} == kept
    assert name in capsys.readouterr().err


def test_a_changed_recipe_is_another_run_and_its_making_is_written_down(experiment):
    run = experiment.plan("loso", ["baseline"])[0]
    first = experiment.records([run])[0]
    other = experiments.replace(run, recipe=Recipe("baseline", epochs=2, learning_rate=0.01))
    second = experiment.records([other])[0]
    assert not np.array_equal(first.probabilities, second.probabilities)
    assert second.made_by["recipe"]["learning_rate"] == 0.01
    assert set(first.made_by) >= {"recipe", "seed", "data", "code", "versions", "processor", "threads"}


def test_a_record_of_one_precision_never_serves_another(experiment):
    runs = {
        precision: Experiment(
            experiment.dataset, experiment.manifest, budget="quick", jobs=1, precision=precision
        ).plan("loso", ["baseline"])[:1]
        for precision in ("auto", "float32", "bfloat16")
    }
    found = {precision: experiment.records(each)[0] for precision, each in runs.items()}
    assert found["bfloat16"].made_by["recipe"]["precision"] == "bfloat16"
    assert found["auto"].to_bytes() == found["float32"].to_bytes()
    assert not np.array_equal(found["float32"].probabilities, found["bfloat16"].probabilities)
    assert len(set(experiment.record_names([run for each in runs.values() for run in each]))) == 2
    with pytest.raises(ParameterError, match="no precision named 'double'"):
        Experiment(experiment.dataset, experiment.manifest, budget="quick", precision="double")


def test_face_input_is_the_aligned_face(experiment):
    frame, face = experiment.inputs["frame"], experiment.inputs["face"]
    assert frame.shape == face.shape == (18, 48, 48, 1)
    assert (face.std(axis=(1, 2, 3)) > 10).all()
    assert not np.array_equal(frame, face)


def test_inputs_of_other_kinds_and_sides(experiment):
    crop = experiment.input("crop", side=32)
    assert crop.shape == (18, 32, 32, 1)
    assert (crop.std(axis=(1, 2, 3)) > 10).all()
    assert experiment.input("face", side=96).shape == (18, 96, 96, 1)
    with pytest.raises(ParameterError, match="use one of frame, crop, face"):
        experiment.input("mouth")


def test_records_come_back_whole_or_not_at_all():
    record = Record(np.eye(3, dtype=np.float32), {"loss": np.ones(2, dtype=np.float32)}, (np.arange(4.0),), {"seed": 1})
    content = record.to_bytes()
    back = Record.from_bytes(content)
    assert back.to_bytes() == content == record.to_bytes()
    assert back.made_by == {"seed": 1}
    flipped = bytearray(content)
    flipped[content.index(np.arange(4.0).tobytes())] ^= 1
    for bad in (b"", content[: len(content) // 2], bytes(flipped)):
        with pytest.raises(OutputError, match="not a whole record"):
            Record.from_bytes(bad)
