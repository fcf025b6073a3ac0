"""Files: GIF images, the two tables and the checksums."""

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image

from .sample import Picture


def gif(grey: np.ndarray) -> bytes:
    """Return an image (H, W) uint8 as a GIF whose palette is the identity, so that Pillow opens it as mode "L"."""
    buffer = io.BytesIO()
    Image.fromarray(grey, mode="L").save(buffer, format="GIF", optimize=False)
    return buffer.getvalue()


def write_eyes(path: Path, pictures: list[Picture]) -> None:
    """Write the eye positions in pixels; "left" is the image's left, (0, 0) the centre of the top left pixel."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"])
        for picture in pictures:
            writer.writerow([picture.name, *(f"{value:.2f}" for value in picture.eyes.reshape(-1))])


def write_expressions(path: Path, pictures: list[Picture]) -> None:
    """Write the face-unit weights, one row per image and one column per unit that any image uses."""
    units = sorted({unit for picture in pictures for unit in picture.units})
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", *units])
        for picture in pictures:
            writer.writerow([picture.name, *(f"{picture.units.get(unit, 0.0):.3f}" for unit in units)])


def write_checksums(path: Path, folder: Path, names: list[str]) -> None:
    """Write `sha256sum` lines of files in a folder, sorted by name."""
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
