"""The command `python -m tools.sample_faces.unit_faces`: small faces of many people, with the weights of their face units.

What photographs' labels never say, the generator knows: how far each lid is closed, where each corner of the mouth went.
Each person is a file of its own in `parts/`, so that a stopped call resumes where it was; at the end they are packed.
"""

import argparse
import csv
import hashlib
import io
import os
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # sums in another order would change bytes

import numpy as np  # noqa: E402
from tqdm import tqdm  # noqa: E402

from . import random_people, random_units, render, scene  # noqa: E402
from .lighting import Light  # noqa: E402

PROJECT = Path(__file__).resolve().parents[2]
SIDE = 96  # pixels
_EYE_DISTANCE = 33.0  # pixels, about
_QUALITY = render.Quality(width=SIDE, height=SIDE, grid=2, openness_rays=8)


def faces_of(seed: int, index: int, count: int) -> dict[str, np.ndarray]:
    """Return the faces of one random person; the same arguments give the same bytes.

    Returns:
        `images` (count, 96, 96) uint8; `eyes` (count, 2, 2) float32, column and row, the image's left eye first;
        `units` (count, units) float32, the weights in the order of `random_units.UNITS`.
    """
    person = random_people.person(seed, index)
    base = scene.neutral(person)
    found: dict[str, list] = {"images": [], "eyes": [], "units": []}
    for number in range(count):
        random = np.random.default_rng([seed, index, number, 606])
        units = random_units.draw(random)
        built = scene.build(base, units, _view(base, random), person.always_glasses)
        found["images"].append(render.render(built, person, _light(random), units, _QUALITY))
        found["eyes"].append(built.eye_pixels.astype(np.float32))
        found["units"].append(np.array([units[name] for name in random_units.UNITS], dtype=np.float32))
    return {name: np.stack(values) for name, values in found.items()}


def main() -> None:
    """Render what is missing and pack the whole."""
    parser = argparse.ArgumentParser(prog="unit_faces", description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "data" / "raw" / "unitfaces", help="folder for the faces")
    parser.add_argument("--people", type=int, default=160, help="how many")
    parser.add_argument("--faces", type=int, default=8, help="of each person")
    parser.add_argument("--seed", type=int, default=1, help="of the whole set")
    arguments = parser.parse_args()

    folder = arguments.out / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.people < 5 or arguments.faces < 1:
        parser.error("at least five people, with a face each: the regression is learned by five-fold cross-validation")
    start = f"{_generator()}-seed{arguments.seed}"
    paths = [folder / f"{start}-{index:05}-{arguments.faces}.npz" for index in range(arguments.people)]
    for index, path in enumerate(tqdm(paths, unit="person", disable=None)):
        if not path.is_file():
            _write(path, faces_of(arguments.seed, index, arguments.faces))
    _pack(arguments.out, paths)
    print(f"{arguments.people * arguments.faces} faces of {arguments.people} people in {arguments.out}")


def _generator() -> str:
    """Tells the parts that this code renders from those of an earlier version."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


def _view(base: scene.Neutral, random: np.random.Generator) -> scene.View:
    distance = float(np.linalg.norm(base.eyes[0] - base.eyes[1]))  # decimetres
    return scene.View(
        yaw=float(np.clip(random.normal(0.0, 5.0), -12.0, 12.0)),
        pitch=float(np.clip(random.normal(0.0, 4.0), -10.0, 10.0)),
        roll=float(np.clip(random.normal(0.0, 3.0), -8.0, 8.0)),
        scale=_EYE_DISTANCE / distance * random.uniform(0.92, 1.05),
        column=SIDE / 2 + random.uniform(-1.5, 1.5),
        row=0.35 * SIDE + random.uniform(-1.5, 1.5),
    )


def _light(random: np.random.Generator) -> Light:
    return Light(
        azimuth=float(np.clip(random.normal(0.0, 28.0), -65.0, 65.0)),
        elevation=random.uniform(0.0, 40.0),
        radius=random.uniform(0.6, 2.0),
        key=random.uniform(0.75, 1.1),
        ambient=random.uniform(0.12, 0.45),
        wall=random.uniform(0.0, 0.5),
    )


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a whole file or none."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(buffer.getvalue())
    temporary.replace(path)


def _pack(folder: Path, paths: list[Path]) -> None:
    """Write `faces.npz` (images, eyes, units, person, names) and `units.csv`, the same weights for reading."""
    parts = []
    for path in paths:
        with np.load(path) as archive:
            parts.append({name: archive[name] for name in archive.files})
    packed = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    packed["person"] = np.repeat(np.arange(len(parts)), [len(part["images"]) for part in parts])
    _write(folder / "faces.npz", packed | {"names": np.array(random_units.UNITS)})
    with (folder / "units.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["face", "person", *random_units.UNITS])
        for face, (person, weights) in enumerate(zip(packed["person"], packed["units"], strict=True)):
            writer.writerow([face, person, *(f"{weight:.3f}" for weight in weights)])


if __name__ == "__main__":
    main()
