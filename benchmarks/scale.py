"""How time and memory grow with a data set: `python -m benchmarks.scale --people 100 --people 200 --folder path/to/ck48`.

Runs all notebooks, one process tree for each set, on outputs of its own that begin empty, and writes `benchmarks/scale.csv`:
seconds of every notebook, seconds of all, and the most memory that the processes of a run held together. Rows of sets that are
not asked for stay as they were.

The people of a made set are the rendered people of the sample, each turned, scaled, lit and blurred in a way of its own. That
says nothing of accuracy, which is not measured here; what a run costs depends on how many images and people there are.
"""

import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageFilter

from benchmarks.peak_memory import Peak
from fer_utils.common import csv_files, files, paths, progress

TABLE = Path(__file__).resolve().parent / "scale.csv"
SCHEMA = csv_files.schema(("name", "value", "unit"), text=("name", "unit"))
IMAGES = 10  # of a person, expressions in turn
WIDTH, HEIGHT = 160, 122


@click.command(help=__doc__)
@click.option("--people", multiple=True, type=click.IntRange(min=21), help="A made set of so many people; repeatable.")
@click.option("--folder", multiple=True, type=click.Path(exists=True, path_type=Path), help="A set that lies here.")
@click.option("--budget", default="quick", show_default=True, type=click.Choice(["quick", "standard"]))
def main(people: tuple[int, ...], folder: tuple[Path, ...], budget: str) -> None:
    """Measure each set, and how the time of the made sets grows with their images."""
    with tempfile.TemporaryDirectory(prefix="fer-scale-") as scratch:
        for each in folder:
            _measure(each.name, each.resolve(), budget, Path(scratch))
        for count in people:
            made = Path(scratch) / f"people{count}"
            make(made, people=count)
            _measure(made.name, made, budget, Path(scratch))
    _keep(_growth(_kept(), budget))


def make(folder: Path, *, people: int) -> None:
    """A folder of faces: `IMAGES` of each person, the same bytes each time."""
    with Image.open(paths.SAMPLE / "subject01.happy") as first:
        size = first.size
    expressions = ("happy", "normal", "sad", "sleepy", "surprised", "wink")
    for person in progress.bar(range(people), "making people", unit="person", delay=3):
        chance = np.random.default_rng(person)
        turn, zoom, gamma, blur = chance.uniform((-6, 0.9, 0.7, 0.0), (6, 1.1, 1.4, 1.2)).tolist()
        for number in range(IMAGES):
            expression = expressions[number % len(expressions)]
            with Image.open(paths.SAMPLE / f"subject{person % 15 + 1:02}.{expression}") as image:
                face = image.convert("L").rotate(turn + chance.normal(), Image.Resampling.BICUBIC)
            margin = (1 - 1 / zoom) / 2
            box = (size[0] * margin, size[1] * margin, size[0] * (1 - margin), size[1] * (1 - margin))
            face = face.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=_inside(box, size))
            face = face.filter(ImageFilter.GaussianBlur(blur)).point(
                lambda grey, gamma=gamma: 255 * (grey / 255) ** gamma
            )
            place = folder / expression / f"subject{person:04}_{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            face.save(place)


def _inside(box: tuple[float, ...], size: tuple[int, int]) -> tuple[float, ...]:
    return tuple(min(max(edge, 0), limit) for edge, limit in zip(box, size * 2, strict=True))


def _measure(name: str, faces: Path, budget: str, scratch: Path) -> None:
    outputs = scratch / f"outputs-{name}"
    command = [sys.executable, "-m", "fer_utils", "run", "--dataset", str(faces), "--budget", budget, "--fresh"]
    started = time.monotonic()
    run = subprocess.Popen(command, env=os.environ | {"FER_OUTPUT_DIR": str(outputs)})
    peak = Peak(run.pid)
    if code := run.wait():
        raise SystemExit(f"{name}: the run ended with {code}.")
    seconds = time.monotonic() - started
    (dataset,) = [path for path in outputs.iterdir() if path.is_dir()]
    notes = files.read_json(dataset / "notebooks" / "executed.json")
    images = sum(1 for path in faces.rglob("*") if path.is_file())
    rows = {f"{name}_{budget}_{stem[:2]}_s": (note["seconds"], "s") for stem, note in notes.items()}
    rows[f"{name}_images"] = (images, "images")
    rows[f"{name}_{budget}_s"] = (round(seconds, 1), "s")
    rows[f"{name}_{budget}_peak_memory"] = (round(peak.end() / 2**30, 2), "GiB")
    _keep(rows)


def _growth(kept: dict[str, tuple[float, str]], budget: str) -> dict[str, tuple[float, str]]:
    """The power of the number of images that the time of the made sets grows with, from the smallest to the largest."""
    made = sorted(
        (kept[f"{name}_images"][0], kept[f"{name}_{budget}_s"][0])
        for name in {
            key.removesuffix("_images") for key in kept if key.startswith("people") and key.endswith("_images")
        }
        if f"{name}_{budget}_s" in kept
    )
    if len(made) < 2:
        return {}
    (few, short), (many, long) = made[0], made[-1]
    return {f"growth_{budget}": (round(math.log(long / short) / math.log(many / few), 3), "power of images")}


def _kept() -> dict[str, tuple[float, str]]:
    if not TABLE.is_file():
        return {}
    return {row.name: (row.value, row.unit) for row in csv_files.read(TABLE, SCHEMA).itertuples(index=False)}


def _keep(rows: dict[str, tuple[float, str]]) -> None:
    every = dict(sorted((_kept() | rows).items()))
    lines = [
        f"{name},{value:g},{unit}" if value < 1e5 else f"{name},{value:.0f},{unit}"
        for name, (value, unit) in every.items()
    ]
    files.write(TABLE, "\n".join(["name,value,unit", *lines]) + "\n")
    for name, (value, unit) in rows.items():
        progress.say(f"{name:<34}{value:>10g} {unit}")


if __name__ == "__main__":
    main()
