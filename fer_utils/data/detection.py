"""Finding faces and eyes.

"Left" is the left side of the image throughout, which is the person's right. Coordinates are pixels, x to the right
and y down, with the centre of the first pixel at (0, 0).
"""

import functools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from fer_utils.common import code_hash, files, paths, processes, progress
from fer_utils.common.errors import OutputError
from fer_utils.data import alignment, images, mtcnn_cascade, mtcnn_networks
from fer_utils.data.alignment import Face

if TYPE_CHECKING:  # pandas comes with it, which the processes that look at images need not import
    from fer_utils.data.datasets import FaceDataset

CONFIDENCE = 0.9  # detections under this are not counted as faces
# A second look finds some faces that the first one misses: at smaller sizes, since what fills an image or is blurred shows its
# parts better there, and with its contrast stretched, for what is pale. It must be surer, so that it adds no face to hundreds of
# pictures without one (benchmarks/detection.csv).
SECOND_SIZES, STRETCHED_SIZES, SECOND_CONFIDENCE = (0.75, 0.5), (0.5,), 0.95
_CUT = 1  # per cent of the pixels that become black, and white, where contrast is stretched
_SAME = 0.3  # of the smaller box: two that share more are one face
SMALLEST_SIDE, LARGEST_SIDE = 160, 1280  # of what is looked at, pixels: other images are enlarged or shrunk to this
_PIXEL_SECONDS = 1e-7  # that a pixel takes on one core


def detect(dataset: "FaceDataset") -> list[list[Face]]:
    """Faces in every image by MTCNN (Zhang et al. 2016, doi:10.1109/LSP.2016.2603342), kept on disk image by image.

    Where the first look finds none there is a second one, see `look`: no face that the first finds is changed by it. A stopped
    call resumes where it was, and images that come to a folder are looked at alone.

    Returns:
        For each image the faces found, surest first.
    """
    kept = _kept_file(dataset)
    found = _read(kept)
    keys = [_key(*each) for each in zip(dataset.hashes, dataset.file_names, strict=True)]
    missing = [place for place, key in enumerate(keys) if key not in found]
    looked_at = detect_in((dataset.images[place] for place in missing), again_below=1)
    for place, faces in progress.bar(
        zip(missing, looked_at, strict=True), "finding faces", total=len(missing), delay=1
    ):
        files.append_checked_lines(kept, [[keys[place], [asdict(face) for face in faces]]])
        found[keys[place]] = faces
    return [found[key] for key in keys]


def look(image: np.ndarray, *, again_below: int = 0) -> list[Face]:
    """Faces in one image. Where few are found it may be looked at again, in other ways; what comes to light is added.

    Large images are shrunk, and small ones enlarged, to be looked at: the smallest faces found are 20 pixels wide then.

    Args:
        image: (height, width) uint8.
        again_below: with fewer faces found at first there is a second look; 0 for none.

    Returns:
        Faces with a confidence of at least `CONFIDENCE`, surest first; none in an image too narrow for a face.
    """
    scale = _scale(image.shape)
    image = _resized(image, scale)
    found = _faces(image, scale, CONFIDENCE)
    if len(found) >= again_below:
        return found
    stretched = np.asarray(ImageOps.autocontrast(Image.fromarray(image), cutoff=_CUT))
    for seen, size in [(image, size) for size in SECOND_SIZES] + [(stretched, size) for size in STRETCHED_SIZES]:
        fresh = _faces(_resized(seen, size), scale * size, SECOND_CONFIDENCE)
        found += [face for face in fresh if all(_shared(face, other) < _SAME for other in found)]
    return sorted(found, key=lambda face: -face.confidence)


def detect_in(images: Iterable[np.ndarray], *, jobs: int | None = None, again_below: int = 0) -> Iterator[list[Face]]:
    """Faces in each of some images, in their order, as `look` finds them; many images are looked at in processes.

    Images are taken from `images` as they are needed, so that few of them lie in memory. Results do not depend on `jobs`.

    Args:
        images: (height, width) uint8 each.
        jobs: processes; as many as cores unless given, and none where starting them would take longer than the work.
        again_below: see `look`.
    """
    one = functools.partial(look, again_below=again_below)
    return processes.mapped(one, images, seconds=lambda image: looking_seconds(image.shape), jobs=jobs)


def looking_seconds(shape: tuple[int, int]) -> float:
    """About how long `look` takes, on one core, for an image of (height, width) pixels."""
    return _PIXEL_SECONDS * shape[0] * shape[1] * _scale(shape) ** 2


def _kept_file(dataset: "FaceDataset") -> Path:
    modules = (sys.modules[__name__], alignment, images, mtcnn_cascade, mtcnn_networks)
    code = code_hash.of_files(Path(module.__file__) for module in modules)
    key = files.sha256(f"{version('mtcnn')} {code}".encode())[:16]
    return paths.outputs(dataset.name) / "runs" / f"faces-{key}.jsonl"


def _key(digest: str, name: str) -> str:
    """By an image's contents and name: which others there are, and in what order, depends on how a folder is read."""
    return files.sha256(f"{digest}  {name}".encode())[:32]


def _read(kept: Path) -> dict[str, list[Face]]:
    """Key to faces, of the images that were looked at; a damaged file is mended."""
    try:
        rows, whole = files.read_checked_lines(kept)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OutputError(f"cannot read {kept}: {error.strerror or error}. Make it readable, or remove it.") from error
    try:
        found = {str(key): [_face_from_json(face) for face in faces] for key, faces in rows}
    except (ValueError, KeyError, TypeError):  # whole lines, but none of ours
        rows, whole, found = [], False, {}
    if not whole:
        progress.say(f"{kept.name} is damaged: finding the faces of the images again whose lines are lost")
        files.write_checked_lines(kept, rows)
    return found


def _scale(shape: tuple[int, int]) -> float:
    """Of what is looked at to the image, which it makes larger or smaller."""
    if max(shape) > LARGEST_SIDE:
        return LARGEST_SIDE / max(shape)
    return min(max(1.0, SMALLEST_SIDE / min(shape)), max(1.0, LARGEST_SIDE / max(shape)))


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))


def _faces(image: np.ndarray, scale: float, confidence: float) -> list[Face]:
    """Faces in an image of this scale, in pixels of the whole one."""
    if min(image.shape) < mtcnn_cascade.SMALLEST_FACE:
        return []
    faces = []
    for box, score, eyes in zip(*mtcnn_cascade.find(image), strict=True):
        # Both eyes at one place cannot be aligned: whatever that is, it is no face.
        if score < confidence or (eyes[0] == eyes[1]).all():
            continue
        left, right = sorted((float(x), float(y)) for x, y in eyes)
        face = Face(*map(float, box), float(score), left, right)
        faces.append(face if scale == 1 else face.enlarged(1 / scale))
    return sorted(faces, key=lambda face: -face.confidence)


def _shared(one: Face, other: Face) -> float:
    """Area that two boxes share, as a share of the smaller box."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0, width) * max(0, height) / max(min(one.width * one.height, other.width * other.height), 1e-9)


def _face_from_json(values: dict) -> Face:
    return Face(**{**values, "left_eye": tuple(values["left_eye"]), "right_eye": tuple(values["right_eye"])})
