"""What can be moved and clicked in notebook 00. Where nobody looks, as in a batch run, nothing of it is shown."""

import io
from collections.abc import Callable, Sequence

import ipywidgets
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display
from PIL import Image

from fer_utils.classroom import charts, first_look
from fer_utils.classroom.quiz import Quiz
from fer_utils.common import surroundings
from fer_utils.drawing.chart import Chart


def hold_out(predictions: pd.DataFrame, models: Sequence[str], chosen: Sequence[str]) -> None:
    """Choose a model and whom to test.

    Args:
        predictions: rows of `predictions.csv`.
        chosen: people to begin with; as many can be chosen.
    """
    model = ipywidgets.Dropdown(options=list(models), description="model")
    everybody = first_look.people(predictions)
    people = [ipywidgets.Dropdown(options=everybody, value=name, description="tested") for name in chosen]

    def draw(model: str, **named: str) -> Chart | str:
        tested = list(named.values())
        if len(set(tested)) < len(tested):
            return "Choose each person once."
        found = first_look.held_out(predictions, model, tested)
        return charts.held_out(found.everyone, found.value, model=model, people=found.people, place=found.place)

    _show(draw, {"model": model} | {f"person{number}": each for number, each in enumerate(people)})


def move_threshold(predictions: pd.DataFrame, models: Sequence[str]) -> None:
    """Move the confidence below which a model stays silent."""
    model = ipywidgets.Dropdown(options=list(models), description="model")
    at = ipywidgets.FloatSlider(value=0.5, min=0, max=1, step=0.01, description="at least")

    def draw(model: str, at: float) -> Chart:
        return charts.threshold(first_look.by_threshold(predictions, model), at, model=model)

    _show(draw, {"model": model, "at": at})


def one_face(predictions: pd.DataFrame, images: Sequence[str]) -> None:
    """Choose an image and see what every model said of it."""
    image = ipywidgets.Dropdown(options=list(images), description="image")
    _show(lambda image: charts.answers(first_look.answers(predictions, image), image=image), {"image": image})


def take(quiz: Quiz, forest: Callable[[], Chart]) -> None:
    """Read the faces of a quiz oneself; each answer is kept, and the score drawn after the last one.

    Args:
        forest: draws everybody's score beside the models.
    """
    if not surroundings.attended():
        return
    reader = ipywidgets.Text(value="", placeholder="your name, or any word", description="reader")
    picture, said, out = ipywidgets.Image(width=320), ipywidgets.HTML(), ipywidgets.Output()
    buttons = [ipywidgets.Button(description=name) for name in quiz.classes]
    at = {"face": 0}

    def ask() -> None:
        finished = at["face"] >= len(quiz.positions)
        for button in buttons:
            button.disabled = finished
        if not finished:
            picture.value = _png(quiz, at["face"])
            return
        at["face"] = 0
        with out:
            out.clear_output(wait=True)
            _draw(forest())

    def answer(button: ipywidgets.Button) -> None:
        name, number = reader.value.strip() or "somebody", at["face"]
        agrees = quiz.answer(name, number, button.description)
        words = "The label agrees" if agrees else f"The label says {quiz.truth(number)}"
        said.value = f"{number + 1} of {len(quiz.positions)}: {words}."
        at["face"] += 1
        ask()

    for button in buttons:
        button.on_click(answer)
    ask()
    display(ipywidgets.VBox([reader, picture, ipywidgets.HBox(buttons), said, out]))


def _png(quiz: Quiz, number: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(quiz.picture(number)).save(buffer, "PNG")
    return buffer.getvalue()


def _show(draw: Callable[..., Chart | str], controls: dict[str, ipywidgets.Widget]) -> None:
    """Controls, and below them what they ask for."""
    if surroundings.attended():
        output = ipywidgets.interactive_output(lambda **values: _draw(draw(**values)), controls)
        display(ipywidgets.VBox([ipywidgets.HBox(list(controls.values())), output]))


def _draw(shown: Chart | str) -> None:
    if isinstance(shown, Chart):
        display(shown.figure)
        plt.close(shown.figure)
        shown = f"*{shown.caption}*"
    display(Markdown(shown))
