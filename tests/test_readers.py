"""Every model as a reader: faces covered, mirrored, and read by what left the person out."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from conftest import copy_faces

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from fer_utils.common.errors import ParameterError
from fer_utils.data import alignment
from fer_utils.data.alignment import REGIONS
from fer_utils.data.cleaning import load_clean
from fer_utils.evaluation.significance import Verdict
from fer_utils.experiments import recipes
from fer_utils.experiments.experiment import Experiment
from fer_utils.readers import background, charts, covering, heads, mirrored, occlusion
from fer_utils.readers.reader import NetworkReader, Placing, Reader


def test_regions_lie_where_aligned_faces_have_them():
    for left, top, right, bottom in alignment.REGIONS.values():
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    left, top, right, bottom = alignment.REGIONS["eyes"]
    assert top < alignment.EYE_ROW < bottom
    assert left < 0.5 - alignment.EYE_DISTANCE / 2 < 0.5 + alignment.EYE_DISTANCE / 2 < right


class Bright(Reader):
    """Surer of the second class the brighter one region of a face is; people come in two folds."""

    model, seeds, trained = "bright", 2, True

    def __init__(self, region: str, *, people: int = 8, seeds: int = 2) -> None:
        self.box, self.seeds = [round(48 * place) for place in REGIONS[region]], seeds
        left, top, right, bottom = self.box
        images = np.random.default_rng(0).integers(90, 110, size=(2 * people, 48, 48), dtype=np.uint8)
        images[1::2, top:bottom, left:right] = 250  # every second face shows "yes"
        subjects = np.repeat([f"{n:02}" for n in range(people)], 2)
        data = SimpleNamespace(
            labels=np.tile([0, 1], people), subjects=subjects, class_names=("no", "yes"), name="bright"
        )
        every, test = np.arange(2 * people), np.arange(2 * people) < people
        folds = {"a": (every[~test], every[test]), "b": (every[test], every[~test])}
        self.experiment = SimpleNamespace(
            dataset=data,
            protocol="10-fold",
            folds=lambda _: folds,
            inputs={"face": images[..., None]},
            usable=every,
            budget="quick",
        )
        self.images, self.placings, self.asked = images, {"face": Placing()}, []

    def pictures(self, positions):
        return {"face": self.images[positions]}

    def answers(self, fold, pictures):
        self.asked.append(fold)
        left, top, right, bottom = self.box
        bright = pictures["face"][:, top:bottom, left:right].mean(axis=(1, 2)) / 255
        return np.stack([1 - bright, bright], axis=1)

    @property
    def shows(self):
        return np.ones(len(self.images), dtype=bool)

    def kept(self, name, fit, *, code, inputs=()):
        return fit()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_the_part_that_counts_is_found(region):
    found = occlusion.regions(Bright(region))
    table = occlusion.effects([found]).set_index(["expression", "region"])
    assert table.loc[("yes", region), "value"] > 0.15
    assert table.loc[("yes", region), "verdict"] == Verdict.HIGHER
    others = [name for name in REGIONS if name != region and name not in {"brows", "eyes"} - {region}]
    assert table.loc[[("yes", name) for name in others], "value"].abs().max() < 0.1
    assert set(table["people"]) == {8} and set(table["n"]) == {8, 16}
    maps = occlusion.maps(Bright(region))
    left, top, right, bottom = (round(48 * place) for place in REGIONS[region])
    there = maps.lost["yes"][top:bottom, left:right].mean()
    assert there > 3 * abs(maps.lost["yes"]).mean()
    assert maps.n == {"no": 8, "yes": 8} and len(maps.sure["yes"])


def test_of_a_large_set_as_many_images_are_covered_as_the_budget_buys():
    """Evenly from expressions and people, so that the cost hardly grows with the number of images."""
    few, many = (occlusion.regions(Bright("mouth", people=people)) for people in (50, 150))
    assert len(few.positions) == 100 == len(many.positions)
    assert few.positions.tolist() == list(range(100))
    assert np.bincount(many.labels).tolist() == [50, 50]
    assert len(set(many.subjects)) == 50
    table = occlusion.effects([many]).set_index(["expression", "region"])
    assert table.loc[("all", "mouth"), "n"] == 100 and table.loc[("yes", "mouth"), "verdict"] == Verdict.HIGHER
    reader = Bright("mouth", people=150)
    reader.experiment.budget = "standard"
    assert len(covering.drawn(reader)) == 173


def test_nothing_is_decided_about_networks_of_one_seed():
    table = occlusion.effects([occlusion.regions(Bright("mouth", seeds=1))])
    assert set(table["verdict"]) == {Verdict.ONE_SEED}


def test_what_speaks_against_the_right_answer_has_another_sign():
    reader = Bright("mouth")
    reader.experiment.dataset.labels = 1 - reader.experiment.dataset.labels  # it is wrong of everybody
    table = occlusion.effects([occlusion.regions(reader)]).set_index(["expression", "region"])
    assert table.loc[("no", "mouth"), "high"] < 0
    assert table.loc[("no", "mouth"), "verdict"] == Verdict.LOWER


def test_fills_come_from_the_training_side_and_are_the_same_each_time():
    reader = Bright("eyes")
    train, test = reader.folds["a"]
    seen = []
    reader.pictures = lambda positions: seen.append(positions) or {"face": reader.images[positions]}
    first, again = (covering.other_faces(reader, train, 3) for _ in range(2))
    assert np.isin(np.concatenate(seen), train).all() and not np.isin(np.concatenate(seen), test).any()
    assert len(first) == 2  # one of each expression
    assert all((a["face"] == b["face"]).all() for a, b in zip(first, again, strict=True))
    assert len(covering.other_faces(reader, train, 3, number=5)) == 1
    mean = covering.mean_faces(reader, train)["face"]
    by_class = [reader.images[train[reader.experiment.dataset.labels[train] == label]].mean(axis=0) for label in (0, 1)]
    assert mean == pytest.approx(np.mean(by_class, axis=0))


def test_a_fill_is_blended_at_the_border_and_has_the_greys_of_the_face():
    part = covering.weights(100, (0.2, 0.4, 0.6, 0.8), border=0.1)
    assert part[60, 40] == 1 and part[10, 10] == 0 and part[60, 95] == 0
    assert part[60, 59] == pytest.approx(0.55) and 0 < part[60, 62] < part[60, 57] < 1
    face = np.random.default_rng(0).integers(100, 200, size=(100, 100), dtype=np.uint8)
    fill = np.random.default_rng(1).normal(10, 2, size=(100, 100))
    whole = covering.filled(face, fill, np.ones((100, 100)))
    assert whole.mean() == pytest.approx(face.mean(), abs=0.5) and whole.std() == pytest.approx(face.std(), abs=0.5)
    assert (covering.filled(face, fill, part)[part == 0] == face[part == 0]).all()
    assert (covering.filled(face, None, part)[part == 1] == round(face.mean())).all()
    flat = covering.filled(face, np.full((100, 100), 7.0), np.ones((100, 100)))
    assert (flat == round(face.mean())).all()  # nothing to bring to a spread


def test_a_box_covers_the_same_part_of_a_face_in_every_view():
    eyes = REGIONS["eyes"]
    assert Placing().box(eyes) == pytest.approx(eyes)
    left, top, right, bottom = Placing(0.42, 0.36).box(eyes)
    across, down = (right - left) / 0.42, (bottom - top) / 0.42
    assert (across, down) == pytest.approx(((eyes[2] - eyes[0]) / 0.36, (eyes[3] - eyes[1]) / 0.36))
    assert top < 0.36 < bottom and (left + right) / 2 == pytest.approx(0.5)
    pictures = {"small": np.zeros((1, 48, 48), np.uint8), "large": np.zeros((1, 96, 96), np.uint8)}
    pictures["small"][0, 0], pictures["large"][0, :2] = 255, 255
    found = covering.covered(pictures, dict.fromkeys(pictures), eyes, dict.fromkeys(pictures, Placing()))
    assert (found["small"] > 0).mean() == pytest.approx((found["large"] > 0).mean(), abs=0.02)


def test_all_but_the_box_can_be_covered():
    reader = Bright("mouth")
    box = REGIONS["mouth"]
    _, plain, inside = covering.answers(reader, lambda _: [box])
    _, _, around = covering.answers(reader, lambda _: [box], outside=True)
    shows_it = np.arange(16) % 2 == 1
    assert np.abs(inside[0] - plain)[shows_it].max() > 0.15
    assert np.abs(around[0] - plain).max() < 0.1  # the mouth itself is still there, but for its border


def test_each_image_is_read_by_what_left_its_person_out():
    reader = Bright("eyes")
    assert reader.of_people(np.array([0, 15, 1])).shape == (3, 2)
    assert reader.asked == ["a", "b"]


@pytest.mark.parametrize(("model", "view", "aligned"), [("baseline-face", "face", True), ("updated", "frame", False)])
def test_networks_read_any_number_of_pictures(model, view, aligned):
    batches = []

    def network(seen, training):
        batches.append(len(seen))
        bright = np.asarray(seen).mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1)

    inputs = np.random.default_rng(0).integers(0, 256, size=(300, 48, 48, 1), dtype=np.uint8)
    inputs[7] = 0
    study = SimpleNamespace(model=model, trained=True, experiment=None, inputs=inputs, networks={"a": network})
    reader = NetworkReader(study)
    assert reader.aligned is aligned and reader.seeds == 1
    found = reader.answers("a", reader.pictures(np.arange(300)))
    assert list(reader.pictures(np.arange(3))) == [view]
    assert found[:, 1] == pytest.approx(inputs.mean(axis=(1, 2, 3)) / 255, abs=1e-4)
    assert max(batches) < 300 and sum(batches) == 300
    assert not reader.shows[7] and reader.shows.sum() == 299


def test_face_and_background_are_replaced_in_turn():
    """A network that goes by what is around the face loses nothing with the face, and much with the rest."""
    made = Bright("mouth")
    made.images[:] = 100
    made.images[1::2, :10] = 250  # the sign is at the upper edge

    def by_the_edge(fold, pictures):
        bright = pictures["frame"][:, :8].mean(axis=(1, 2)) / 255
        return np.stack([1 - bright, bright], axis=1)

    reader = SimpleNamespace(
        model="m",
        experiment=made.experiment,
        placings={"frame": None},
        folds=made.folds,
        shows=made.shows,
        pictures=lambda positions: {"frame": made.images[positions]},
        answers=by_the_edge,
        study=SimpleNamespace(face_box=lambda position: np.array([0.25, 0.4, 0.75, 0.9])),
        kept=lambda name, fit, *, code, inputs: fit(),
    )
    found = background.replaced(reader).set_index("part")
    assert found.loc[background.FACE, ["before", "value", "n"]].tolist() == [1, 1, 16]
    assert found.loc[background.REST, "lost"] > 0.1 > abs(found.loc[background.FACE, "lost"])
    assert found["area"].tolist() == pytest.approx([0.25, 0.25])


def test_mirrored_answers_by_person():
    reader = Bright("eyes")
    reader.images[:, :, :] = 100
    reader.images[1::2, :, :24] = 250  # a sign on one side

    def one_sided(fold, pictures):
        bright = pictures["face"][:, :, :24].mean(axis=(1, 2)) / 255
        return np.stack([1 - bright, bright], axis=1)

    reader.answers = one_sided
    table = mirrored.read(reader).table().set_index("part")
    assert table.loc["yes", ["shown", "mirrored", "difference", "changed", "n"]].tolist() == [1, 0, -1, 1, 8]
    assert table.loc["no", "changed"] == 0
    assert table.loc[mirrored.ALL, "difference"] == -0.5
    assert table["changed_low"].min() >= 0 and table["changed_high"].max() <= 1
    chart = charts.mirrored(
        {"bright": table.reset_index(), "blind": table.assign(changed=0.0).reset_index()}, chance=0.5
    )
    assert "bright: 100% as they are, 50% mirrored (-50 points" in chart.caption
    assert "blind: 100% both ways, no answer changes" in chart.caption
    first, second = chart.figure.axes
    assert [text.get_text() for text in first.get_yticklabels()] == ["all (n = 16)", "no (n = 8)", "yes (n = 8)"]
    assert [each.get_offsets()[:, 0].tolist() for each in first.collections[1:]] == [[1, 1, 1], [0.5, 1, 0]]
    assert [ax.get_title() for ax in (first, second)] == ["bright", "blind"]


def test_what_a_fill_makes_of_faces_is_counted_where_they_do_not_show_it():
    found = occlusion.regions(Bright("eyes"))
    made = replace(found, eyes={"dark": np.tile([1.0, 0.0], (16, 1)), "light": np.tile([0.0, 1.0], (16, 1))}).made()
    made = made.set_index(["fill", "expression"])
    assert made.loc[("dark", "no"), "value"] == 1 and made.loc[("dark", "yes"), "value"] == 0
    assert made.loc[("light", "yes"), ["value", "n"]].tolist() == [1, 8]
    assert made["low"].min() >= 0 and made["high"].max() <= 1


def test_maps_share_one_scale_and_regions_are_named_once():
    found = occlusion.regions(Bright("mouth"))
    maps = occlusion.maps(Bright("mouth"))
    louder = replace(maps, model="louder", lost={name: 3 * each for name, each in maps.lost.items()})
    effects = occlusion.effects([found])
    both = pd.concat([effects, effects.assign(model="louder")])
    chart = charts.occlusion([maps, louder], both)
    panels = [ax for ax in chart.figure.axes if len(ax.images) == 2]
    assert len(panels) == 4
    assert len({ax.images[1].get_clim() for ax in panels}) == 1
    low, high = panels[0].images[1].get_clim()
    assert low == -high <= -3 * maps.lost["yes"].max() * 0.99
    assert sum(text.get_text() in REGIONS for ax in chart.figure.axes for text in ax.texts) == len(REGIONS)
    assert panels[0].get_title() == "no\nn = 8"
    assert "bright loses most with the mouth covered" in chart.caption


def test_the_table_of_regions_marks_what_is_detected():
    effects = occlusion.effects([occlusion.regions(Bright("mouth"))])
    chart = charts.regions(effects)
    ax = chart.figure.axes[0]
    bold = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    marked = effects[effects["verdict"].isin((Verdict.HIGHER, Verdict.LOWER))]
    assert len(bold) == len(marked) > 0
    assert [text.get_text() for text in ax.get_yticklabels()] == ["all (n = 16)", "no (n = 8)", "yes (n = 8)"]
    assert [text.get_text() for text in ax.get_xticklabels()] == list(REGIONS)
    assert "bright, yes, mouth +" in chart.alt
    none = charts.regions(effects.assign(verdict=str(Verdict.NOT_DETECTED)))
    assert none.caption.endswith("0 of 8.") and none.alt.endswith("Detected: none.")


def test_models_are_named_or_refused():
    assert recipes.readable("transfer, classical,transfer") == ("transfer", "classical")
    assert recipes.readable(" ") == ()
    with pytest.raises(ParameterError, match="'transfer-tuned' cannot be looked into: use one of baseline"):
        recipes.readable("classical, transfer-tuned")
    reader = Bright("eyes")
    assert heads.aligned([reader]) == [reader]
    reader.placings = {"frame": None}
    with pytest.raises(ParameterError, match="of bright no model sees the aligned face"):
        heads.aligned([reader])


def test_heads_are_left_out_where_people_are_too_few_to_choose_on(capsys):
    reader = Bright("eyes", people=2)
    assert heads.beside(reader.experiment, "transfer, updated-face") == ("updated-face",)
    assert "transfer are chosen on inner people, which takes 3; there are 2: left out" in capsys.readouterr().err
    assert heads.beside(Bright("eyes").experiment, "transfer, classical") == ("transfer", "classical")


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """Three rendered people."""
    folder = tmp_path_factory.mktemp("readers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_OUTPUT_DIR", str(folder / "results"))
        data, manifest = load_clean(str(copy_faces(folder / "faces", subjects=3)))
    return Experiment(data, manifest, budget="quick", jobs=1)


@pytest.mark.parametrize("model", recipes.WITHOUT_NETWORKS)
def test_heads_answer_as_they_were_measured_and_the_same_to_mirror_images(experiment, model):
    study = heads.study(experiment, model)
    assert not study.has_networks and study.trained
    assert set(study.predictions["model"]) == {model}
    reader = heads.reader(study)
    found = reader.of_people(experiment.usable)
    published = study.predictions[[f"p_{name}" for name in reader.classes]].to_numpy()
    assert found == pytest.approx(published, abs=1e-5)
    wrong, one_each = study.surest(right=False), study.surest(right=False, of_each=1)
    assert len(wrong) == (~study.right).sum() and wrong["confidence"].is_monotonic_decreasing
    assert list(one_each["truth"]) == sorted(set(wrong["truth"]))
    first = str(study.predictions["image"].iloc[0])
    row = study.with_others(first)
    assert row[0][0] == study.predictions["truth"].iloc[0] and (row[0][1] == study.picture(first)).all()
    assert sorted(label for label, _ in row) == sorted(study.classes)  # all of one person
    assert study.confidence_gap.value == pytest.approx(study.confidence.mean() - study.right.mean(), abs=1e-5)
    assert (
        study.confidence_gap.low >= -1 and study.confidence_gap.high <= 1
    )  # of three people the interval would be wider
    table = mirrored.read(reader).table()
    assert (table["changed"] == 0).all() and (table["shown"] == table["mirrored"]).all()
    aside = np.setdiff1d(np.flatnonzero(reader.shows), experiment.usable)[:2]
    assert reader.of_people(aside).sum(axis=1) == pytest.approx(1) if len(aside) else True
    rows, lines = occlusion.example(reader)
    assert len(rows) == len(lines) == 4
    assert [len(each) for each in rows.values()] == [6] * 4
    chart = charts.fills(rows, lines, model=model, said="")
    assert chart.caption.startswith("One person's faces") and model in chart.caption
