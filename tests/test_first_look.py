"""Notebook 00: what is chosen by hand, and the quiz."""

import ipywidgets
import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

from conftest import copy_faces

from fer_utils.classroom import charts, first_look, widgets
from fer_utils.classroom.quiz import HUMAN, Quiz
from fer_utils.common import surroundings
from fer_utils.common.errors import OutputError
from fer_utils.data import datasets
from fer_utils.findings import first_look as findings


@pytest.fixture
def answers():
    """Five people, two expressions, two seeds: the model is right about the first four with 90 % and wrong about the fifth."""
    rows = [
        {"model": "m", "protocol": "loso", "seed": seed, "subject": f"0{number}", "image": f"{number}.{truth}"}
        | {"truth": truth, "predicted": truth if number < 5 else {"happy": "sad", "sad": "happy"}[truth]}
        for seed in (1, 2)
        for number in range(1, 6)
        for truth in ("happy", "sad")
    ]
    table = pd.DataFrame(rows)
    sure = np.where(table["subject"] == "05", 0.6, 0.9)
    table["p_happy"] = np.where(table["predicted"] == "happy", sure, 1 - sure)
    table["p_sad"] = 1 - table["p_happy"]
    return table


def test_a_choice_of_people_has_its_place_among_all(answers):
    assert first_look.people(answers) == ["01", "02", "03", "04", "05"]
    worst = first_look.held_out(answers, "m", ["05"])
    assert worst.value == 0
    assert sorted(worst.everyone) == [0, 1, 1, 1, 1]
    assert worst.place == 0
    best = first_look.held_out(answers, "m", ["02"])
    assert (best.value, best.place) == (1, 0.2)
    chart = charts.held_out(best.everyone, best.value, model="m", people=best.people, place=best.place)
    assert "anything from 0% to 100%" in chart.caption
    assert "People 02: 100%, more than 20% of the 5 choices" in chart.caption


def test_a_threshold_buys_accuracy_with_silence(answers):
    table = first_look.by_threshold(answers, "m").set_index("threshold")
    assert table.loc[0.0].tolist() == [1, 0.8]
    assert table.iloc[70].tolist() == [0.8, 1]
    assert table.iloc[-1]["answered"] == 0
    assert np.isnan(table.iloc[-1]["right"])
    chart = charts.threshold(table.reset_index(), 0.7, model="m")
    assert "at least 70% sure, it answers 80% of the images, and 100% of these answers are right" in chart.caption
    assert "nothing to be right in" in charts.threshold(table.reset_index(), 1.0, model="m").caption
    text = findings.summary({"m": first_look.held_out(answers, "m", ["05"])}, {"m": table.reset_index()})
    assert "`m` scores 0% to 100% (5 choices of people)" in text
    assert "right in 80% of all its answers" in text


def test_every_model_answers_for_one_face(answers):
    found = first_look.answers(answers, "5.happy")
    assert found.loc["m"].tolist() == ["happy", pytest.approx(0.4), pytest.approx(0.6)]
    chart = charts.answers(found, image="5.happy")
    assert chart.caption == "`5.happy` shows happy. 0 of 1 models say so."


def test_the_published_answers_are_those_of_yale(tmp_path, monkeypatch):
    found = first_look.published()
    assert len(first_look.people(found)) == 15
    assert {"baseline", "transfer"} <= set(first_look.models(found))
    monkeypatch.setattr(first_look, "_PUBLISHED", tmp_path / "none.csv")
    with pytest.raises(OutputError, match="git checkout"):
        first_look.published()


@pytest.fixture
def quiz(tmp_path, outputs):
    data = datasets.load(copy_faces(tmp_path / "room", subjects=3))
    return Quiz(data, np.flatnonzero(data.labels >= 0), faces=8)


def test_answers_of_a_quiz_are_kept_and_scored(quiz):
    assert quiz.score().empty
    truths = [quiz.truth(number) for number in range(8)]
    assert set(truths) == set(quiz.classes)  # every expression before any comes twice
    assert len(quiz.pictures()) == 8
    for number, truth in enumerate(truths):
        assert quiz.answer("anna, or =1+1", number, truth)
    assert not quiz.answer("anna, or =1+1", 0, next(name for name in quiz.classes if name != truths[0]))
    (alone,) = quiz.score().itertuples()
    assert (alone.model, alone.value, alone.n) == (HUMAN, 7 / 8, 8)
    assert alone.low < 7 / 8 < alone.high
    for number, truth in enumerate(truths):
        quiz.answer("ben", number, truth)
    (both,) = quiz.score().itertuples()
    assert (both.value, both.n, both.seeds) == (15 / 16, 16, 2)
    again = Quiz(quiz._data, np.flatnonzero(quiz._data.labels >= 0), faces=8)
    pd.testing.assert_frame_equal(again.answers(), quiz.answers())
    chart = charts.quiz(quiz.beside_models(), chance=1 / 6)
    assert "people in this room 94%" in chart.caption


def test_a_damaged_file_of_answers_is_named(quiz):
    quiz.answer("anna", 0, "happy")
    quiz.path.write_text("reader,image\n1\n")
    with pytest.raises(OutputError, match=r"quiz.csv is damaged.*mend it"):
        quiz.answers()


def everything(shown) -> list:
    """A widget and all that it holds."""
    return [shown, *(each for child in getattr(shown, "children", ()) for each in everything(child))]


def test_buttons_answer_and_the_score_comes_after_the_last_face(quiz, monkeypatch):
    shown, drawn = [], []
    monkeypatch.setattr(widgets, "display", shown.append)
    widgets.take(quiz, lambda: drawn.append(quiz.score()) or charts.quiz(quiz.score(), chance=1 / 6))
    parts = everything(shown[0])
    buttons = {each.description: each for each in parts if isinstance(each, ipywidgets.Button)}
    (picture,) = (each for each in parts if isinstance(each, ipywidgets.Image))
    first = picture.value
    for number in range(8):
        assert not drawn
        buttons[quiz.truth(number)].click()
    assert picture.value != first
    assert drawn[0]["value"].tolist() == [1]
    assert all(button.disabled for button in buttons.values())


def test_sliders_and_menus_draw_what_they_say(answers, monkeypatch):
    shown, drawn = [], []
    monkeypatch.setattr(widgets, "display", shown.append)
    monkeypatch.setattr(widgets, "_draw", drawn.append)
    widgets.hold_out(answers, ["m"], ["01"])
    (person,) = (each for each in everything(shown[-1]) if getattr(each, "description", "") == "tested")
    person.value = "05"
    assert "People 05: 0%" in drawn[-1].caption
    widgets.move_threshold(answers, ["m"])
    (slider,) = (each for each in everything(shown[-1]) if isinstance(each, ipywidgets.FloatSlider))
    slider.value = 0.7
    assert "at least 70% sure" in drawn[-1].caption
    widgets.one_face(answers, ["1.happy", "5.happy"])
    (image,) = (each for each in everything(shown[-1]) if getattr(each, "description", "") == "image")
    image.value = "5.happy"
    assert "`5.happy` shows happy" in drawn[-1].caption


def test_nobody_is_shown_widgets_in_a_batch_run(quiz, answers, monkeypatch):
    monkeypatch.setenv(surroundings.UNATTENDED, "1")
    monkeypatch.setattr(widgets, "display", lambda *_: pytest.fail("shown"))
    widgets.take(quiz, lambda: None)
    widgets.hold_out(answers, ["m"], ["01"])
