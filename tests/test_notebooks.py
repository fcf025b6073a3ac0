import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbconvert import HTMLExporter

from fer_utils.common import paths
from fer_utils.data import cleaning
from fer_utils.publishing import report, run_notebooks

NOTEBOOKS = paths.notebooks()
CLASSES = ("happy", "normal", "sad", "sleepy", "surprised", "wink")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_as_agreed(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert "".join(cells[0]["source"]).startswith(f"# {path.stem[:2]} ")
    for words in ("**Question.**", "**In:**", "**Out:**"):
        assert words in "".join(cells[0]["source"])
    assert cells[1]["metadata"]["tags"] == ["parameters"]
    endings = ["".join(cell["source"]) for cell in cells[-3:]]  # exercises may follow
    assert any(text.startswith("## What we found") for text in endings)
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert max(len("".join(cell["source"]).splitlines()) for cell in code) <= 15
    parameters = run_notebooks.known_parameters(path)
    assert "dataset" in parameters
    assert all(parameters.values()), "every parameter has its comment"


TAUGHT = [path for path in NOTEBOOKS if path.stem[:2] != "00"]


@pytest.mark.parametrize("path", TAUGHT, ids=lambda path: path.stem)
def test_notebook_teaches(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    goals = re.search(r"\*\*What you learn\*\*\n\n((?:- .+\n)+)\n", texts[0])
    assert 2 <= len(goals[1].splitlines()) <= 3
    takes = re.search(r"\*\*Takes\*\* (\d+) minutes to read\. \*\*Before this:\*\* ", texts[0])
    read = (
        sum(len(text.split()) for text, cell in zip(texts, cells, strict=True) if cell["cell_type"] == "markdown") / 120
    )
    assert (
        abs(int(takes[1]) - read - "\n".join(texts).count("page.show(")) <= 5
    )  # words to a minute, a minute to a figure
    assert texts[0].index("**Question.**") < goals.start() < texts[0].index("**In:**") < texts[0].index("**Out:**")
    for index, text in enumerate(texts):
        if "**Predict before you look.**" in text:
            assert "?" in text.partition("**Predict before you look.**")[2].partition("\n\n")[0]
            assert "page.show(" in texts[index + 1]
    assert any("**Predict before you look.**" in text for text in texts)
    exercises = len(re.findall(r"^\d\. ", texts[-1], re.MULTILINE))
    assert 2 <= exercises <= 3
    assert texts[-1].count("<details><summary>Hint</summary>\n\n") == texts[-1].count("</details>") == exercises


def test_every_figure_says_how_to_read_it():
    for path in TAUGHT:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        words = ""
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                words = source
            elif "page.show(" in source:
                assert "How to read" in " ".join(words.split()), (path.stem, cell["id"])


def test_cells_show_the_question_and_not_the_drawing_of_figures():
    cells = [
        "".join(cell["source"]).splitlines()
        for path in NOTEBOOKS
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    lengths = [len(lines) for lines in cells]
    assert sum(lengths) <= 750
    assert statistics.median(lengths) <= 6
    text = "\n".join(line for lines in cells for line in lines)
    for word in ("savefig", "plt\\.", "caption=", r"\balt="):
        assert re.search(word, text) is None


def test_all_notebooks_run_on_a_folder_of_ones_own_twice_with_the_same_bytes(three_people, outputs, tmp_path):
    command = [
        sys.executable,
        "-m",
        "fer_utils",
        "run",
        "--dataset",
        str(three_people),
        "-p",
        "draws",
        "3",
        "-p",
        "scorings",
        "9",
        "-p",
        "factors",
        "depth, epochs",
    ]
    listings = []
    for _ in range(2):
        found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert found.returncode == 0, found.stderr
        made = [path for path in (outputs / "three-people").rglob("*") if path.is_file()]
        made = [path for path in made if path.name != "executed.json"]  # how long it took
        listings.append({str(path.relative_to(outputs)): path.read_bytes() for path in made})
    assert listings[0] == listings[1]
    check_outputs(outputs / "three-people", images=18, folds=3)
    for path in (outputs / "three-people" / "notebooks").glob("*.ipynb"):
        text = path.read_text()
        for machine_path in (str(paths.PROJECT), str(tmp_path), str(Path.home())):
            assert machine_path not in text
        check_copy(path)
    check_report(three_people)


def check_copy(path: Path) -> None:
    """What GitHub and nbviewer ask of a notebook: valid, no widgets' state missing; nbviewer shows what nbconvert makes of it."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "papermill"}
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not any("widget" in kind for output in outputs for kind in output.get("data", {}))
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    html, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    assert len(re.findall(r'<img alt="[^"]+" src="data:image/png;base64,', html)) == pictures > 0


def check_report(dataset: Path) -> None:
    folder = report.build(str(dataset))["folder"]
    assert {path.stem for path in folder.glob("*.html")} == {"index"} | {path.stem for path in NOTEBOOKS}
    saved = folder.parent / "figures"
    assert {path.stem for path in (folder / "figures").iterdir()} == {path.stem for path in saved.glob("*.png")}
    index = (folder / "index.html").read_text()
    for path in saved.glob("*.json"):
        origin = json.loads(path.read_text())
        page = (folder / f"{origin['notebook']}.html").read_text()
        assert origin["code"] in page
        assert f"{origin['notebook']}, {origin['cell']}<" in page
        assert f'href="{origin["notebook"]}.html#figure-{path.stem}"' in index
    assert "How it was made" in index
    assert index.count("<td>ran to its end</td>") == len(NOTEBOOKS)


def check_outputs(folder: Path, *, images: int, folds: int) -> None:
    predictions = pd.read_csv(folder / "predictions.csv", dtype=str)
    expected = ["model", "protocol", "seed", "fold", "subject", "image", "truth", "predicted", "training_accuracy"]
    assert list(predictions.columns) == expected + [f"p_{name}" for name in CLASSES]
    loso = predictions[predictions["protocol"] == "loso"]
    networks = {"baseline", "updated", "baseline-face", "updated-face"}
    assert set(loso["model"]) == networks | {"classical", "transfer", "transfer-tuned"}
    for _, group in loso.groupby(["model", "seed"]):
        assert len(group) == group["image"].nunique() == images
        assert group["fold"].nunique() == folds
    scores = pd.read_csv(folder / "scores.csv")
    assert list(scores.columns) == ["model", "protocol", "metric", "value", "low", "high", "n", "seeds"]
    accuracy = scores[(scores["protocol"] == "loso") & (scores["metric"] == "accuracy")].set_index("model")["value"]
    right = loso["truth"].eq(loso["predicted"]).groupby(loso["model"]).mean()
    assert accuracy.to_dict() == pytest.approx(right.to_dict(), abs=1e-5)
    assert list(pd.read_csv(folder / "manifest.csv").columns) == list(cleaning.COLUMNS)
    pictures = {path.stem for path in (folder / "figures").glob("*.png")}
    assert pictures == {path.stem for path in (folder / "figures").glob("*.json")}
    assert {name[:2] for name in pictures} == {path.stem[:2] for path in NOTEBOOKS}
    for path in (folder / "figures").glob("*.json"):
        assert json.loads(path.read_text())["alt"]
