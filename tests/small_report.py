"""Executed notebooks made up for tests, with figures, tables and words that try to do harm."""

import base64
import io

import nbformat
import numpy as np
import pandas as pd
from PIL import Image

from fer_utils.common import files, paths
from fer_utils.experiments import tables as results

HARM = "<script>alert(1)</script>"
FOLDER = "<script>alert(1)"  # a name that a folder can have
ALT = f"Noise {HARM}"


def picture(seed: int = 0) -> bytes:
    """A PNG of noise, 60 wide and 40 high."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def predictions(seed: int = 0) -> pd.DataFrame:
    """Predictions of four models that guess: ten subjects, two expressions."""
    random = np.random.default_rng(seed)
    subjects = np.repeat([f"{number:02}" for number in range(10)], 2)
    truth = np.tile(["happy", "sad"], 10)
    tables = [
        pd.DataFrame({"model": model, "protocol": "loso", "seed": 1, "fold": subjects, "subject": subjects})
        for model in ("baseline", "updated", "baseline-face", "updated-face")
    ]
    for table in tables:
        table["image"] = [f"subject{subject}.{name}" for subject, name in zip(subjects, truth, strict=True)]
        table["truth"], table["predicted"] = truth, random.permutation(truth)
        table["p_happy"] = table["p_sad"] = 0.5
    return pd.concat(tables, ignore_index=True)


def display(data: dict, **metadata):
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def code(source: str, outputs: list, *, number: int, ran: bool = True):
    return nbformat.v4.new_code_cell(
        source, id=f"cell-{number:02}", outputs=outputs, execution_count=number if ran else None
    )


def words(source: str, *, number: int):
    return nbformat.v4.new_markdown_cell(source, id=f"cell-{number:02}")


def figure_outputs(dataset: str, name: str, *, seed: int) -> list:
    """What `saving.save` leaves: files in figures/, the picture and its caption in the notebook."""
    content = picture(seed)
    caption = f"Noise of `{name}`, n = 2 {HARM}."
    origin = origin_of(name) | {"caption": caption, "alt": ALT}
    place = paths.outputs(dataset) / "figures" / f"{name}.png"
    files.write(place, content)
    files.write_checked_json(place.with_suffix(".json"), origin)
    shown = display({"image/png": base64.b64encode(content).decode(), "text/plain": "<Image>"}, alt=ALT)
    return [shown, display({"text/markdown": f"*{caption}*"})]


def origin_of(notebook: str) -> dict:
    return {
        "notebook": notebook,
        "cell": "cell-02",
        "parameters": {"budget": "quick", "dataset": HARM},
        "data": "d" * 64,
        "code": "c" * 64,
        "versions": {"numpy": "2.0"},
    }


def write(dataset: str, stem: str, cells: list) -> None:
    metadata = {
        "papermill": {"parameters": {"dataset": FOLDER, "budget": "quick"}},
        "language_info": {"name": "python"},
    }
    notebook = nbformat.v4.new_notebook(metadata=metadata, cells=cells)
    files.write(paths.outputs(dataset) / "notebooks" / f"{stem}.ipynb", nbformat.writes(notebook))


def make(dataset: str, *, tables: bool = True) -> None:
    """Two notebooks that ran to their end."""
    for number in (1, 2):
        stem = f"0{number}_part"
        wide = pd.DataFrame({f"a column with a long name {index}": [index, HARM] for index in range(12)})
        bars = nbformat.v4.new_output("stream", name="stderr", text="training: 100%")
        told = nbformat.v4.new_output("stream", name="stdout", text="10 %\r100 %\nall told\n")
        harmful = display(
            {"text/html": f"{HARM}<style>b {{}}</style><table><tr><td onclick='x'>kept</td></tr></table>"}
        )
        write(
            dataset,
            stem,
            [
                words(f"# 0{number} Part {number} {HARM}\n\n**Question.** Does `it`\nwork?\n\n**In:** x", number=0),
                code("x = 1", [bars, told], number=1),
                words("## First things\n\n[elsewhere](../secret.txt) ![pixel](http://example.org/pixel.png)", number=2),
                code("draw(x)", figure_outputs(dataset, f"0{number}-noise", seed=number), number=3),
                words("### Tables\n\n| a | b |\n|---|---|\n| 1 | 2 |", number=4),
                code("wide", [display({"text/html": wide.to_html(), "text/plain": "wide"}), harmful], number=5),
                words("## What we found", number=6),
                code("found", [display({"text/markdown": f"- It works in part {number}. {HARM}"})], number=7),
            ],
        )
    if tables:
        results.write(dataset, predictions(), origin=origin_of("03_tables"))
