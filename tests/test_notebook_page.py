import json

import numpy as np
import pytest
from matplotlib import pyplot as plt

from fer_utils import notebook
from fer_utils.common.errors import ParameterError
from fer_utils.drawing.chart import Chart

NAME = "03_model_comparison"
READING = {"subject_pattern": "", "unreadable": "stop", "layout": "", "last_frames": 3, "random_split": False}
GIVEN = {**READING, "budget": "quick", "jobs": 1, "protocol": "", "precision": "auto", "scheduler": ""}


def chart() -> Chart:
    figure, ax = plt.subplots()
    ax.plot(np.arange(3))
    return Chart(figure, "A line.", "A rising line.")


def origin(outputs) -> dict:
    return json.loads((outputs / "three-people" / "figures" / "03-line.json").read_text())


def test_a_page_reads_the_data_and_notes_all_parameters_beside_a_figure(three_people, outputs):
    page = notebook.begin(NAME, {"dataset": str(three_people), "and more": 1, **GIVEN})
    page.show("line", chart())
    assert origin(outputs)["parameters"] == {"dataset": "three-people", **GIVEN}
    assert (origin(outputs)["caption"], origin(outputs)["alt"]) == ("A line.", "A rising line.")
    assert page.classes == ["happy", "normal", "sad", "sleepy", "surprised", "wink"]
    assert len(page.usable) == page.manifest["kept"].sum() == 18
    assert page.data.eyes.shape == (18, 2, 2)
    assert page.experiment.budget == "quick"
    assert not plt.get_fignums()


def test_neither_paths_nor_addresses_of_this_machine_are_noted(three_people, outputs, tmp_path):
    given = {**GIVEN, "scheduler": "tcp://127.0.0.1:8786", "subject_pattern": str(tmp_path / r"own|^subject(\d+)")}
    notebook.begin(NAME, {"dataset": str(three_people), **given}).show("line", chart())
    noted = origin(outputs)["parameters"]
    assert (noted["scheduler"], noted["subject_pattern"], noted["dataset"]) == (
        "given",
        r"own|^subject(\d+)",
        "three-people",
    )


def test_a_parameter_that_was_never_set_is_named():
    with pytest.raises(ParameterError, match="no parameter 'budget'"):
        notebook.begin(NAME, {"dataset": "sample", **READING})


def test_a_chart_needs_words():
    figure, _ = plt.subplots()
    for caption, alt in (("", "A line."), ("A line.", " ")):
        with pytest.raises(ValueError, match="caption and an alt text"):
            Chart(figure, caption, alt)
    plt.close(figure)
