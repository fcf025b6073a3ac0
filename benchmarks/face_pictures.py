"""Made-up pictures to try detectors on: several people on one canvas, portraits, and pictures without any face.

All but a few of the last are made of the rendered sample faces or of noise, so that they are the same on every machine.
"""

import csv
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from fer_utils.common import paths
from fer_utils.data import datasets

GREY = 150  # of a canvas' empty part
WIDTHS = (400, 240, 160, 110, 80)  # of the frames that are put on a canvas, pixels; faces take about a third
CANVAS = (960, 1280)  # height, width


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and the true faces in it.

    Attributes:
        grey: (height, width) uint8.
        eyes: (faces, 2, 2) float64, x and y of the eye on the left of the image and of the other one.
    """

    grey: np.ndarray
    eyes: np.ndarray


def sample() -> list[Picture]:
    """The 165 rendered frames."""
    with (paths.SAMPLE / "eyes.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    eyes = {name: np.array(values, dtype=float).reshape(1, 2, 2) for name, *values in rows}
    data = datasets.load("sample")
    return [Picture(image, eyes[name]) for image, name in zip(data.images, data.file_names, strict=True)]


def canvases(count: int) -> list[Picture]:
    """Several people of several sizes beside each other."""
    random = np.random.default_rng(1)
    frames = sample()
    made = []
    for _ in range(count):
        canvas, eyes, top = np.full(CANVAS, GREY, dtype=np.uint8), [], 0
        for width in WIDTHS:
            height = round(width * 243 / 320)
            if top + height > CANVAS[0]:
                break
            for left in range(0, CANVAS[1] - width + 1, width):
                frame = frames[random.integers(len(frames))]
                canvas[top : top + height, left : left + width] = _resized(frame.grey, width, height)
                eyes.append(_moved(frame.eyes[0], width / 320, left, top))
            top += height
        made.append(Picture(canvas, np.array(eyes)))
    return made


def portraits(count: int) -> list[Picture]:
    """A face that fills 1000 x 1200 pixels, tilted, more or less blurred, of more or less contrast."""
    random = np.random.default_rng(2)
    return [_portrait(frame, random) for frame in _some(count, random)]


def couples(count: int) -> list[Picture]:
    """Two portraits side by side, 2000 x 1200 pixels."""
    random = np.random.default_rng(3)
    made = []
    for _ in range(count):
        left, right = (_portrait(frame, random) for frame in _some(2, random))
        eyes = np.concatenate([left.eyes, right.eyes + np.array([1000, 0])])
        made.append(Picture(np.hstack([left.grey, right.grey]), eyes))
    return made


def without_faces(count: int) -> list[Picture]:
    """Noise, clouds, and pieces of real pictures that show no face, of packages as far as they are installed."""
    random = np.random.default_rng(4)
    real = _real_pictures()
    made = list(real)
    while len(made) < count:
        kind = len(made) % 4
        if kind == 0:
            made.append(random.integers(0, 256, size=(480, 640), dtype=np.uint8))
        elif kind == 1:
            made.append(_clouds(random))
        else:
            picture = real[random.integers(len(real))]
            side = int(min(picture.shape) * random.uniform(0.15, 0.7))
            top, left = (random.integers(each - side + 1) for each in picture.shape)
            made.append(_paler(_resized(picture[top : top + side, left : left + side], 640, 640), random))
    return [Picture(grey, np.empty((0, 2, 2))) for grey in made]


def _portrait(frame: Picture, random: np.random.Generator) -> Picture:
    size, scale = 1000, random.uniform(5, 8)
    angle = np.deg2rad(random.uniform(-30, 30))
    middle = frame.eyes[0].mean(axis=0) + np.array([0, 25]) + random.uniform(-8, 8, size=2)
    # From the portrait to the frame: turned about the face's middle.
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([size / 2, 0.6 * size])
    matrix = turn / scale
    start = middle - matrix @ centre
    image = Image.fromarray(np.pad(frame.grey, 200, mode="edge"))
    coefficients = (*matrix[0], start[0] + 200, *matrix[1], start[1] + 200)
    turned = image.transform((size, 1200), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
    turned = turned.filter(ImageFilter.GaussianBlur(random.uniform(0, 10)))
    eyes = (frame.eyes[0] - start) @ np.linalg.inv(matrix).T
    return Picture(_paler(np.asarray(turned), random), eyes[np.newaxis])


def _some(count: int, random: np.random.Generator) -> list[Picture]:
    frames = sample()
    return [frames[place] for place in random.choice(len(frames), size=count, replace=False)]


def _moved(eyes: np.ndarray, scale: float, left: int, top: int) -> np.ndarray:
    return (eyes + 0.5) * scale - 0.5 + (left, top)


def _resized(grey: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0))


def _paler(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Of a tenth of the contrast to all of it, dark or light."""
    contrast = random.uniform(0.1, 1)
    values = random.uniform(0, 255 * (1 - contrast)) + contrast * grey.astype(float)
    return values.clip(0, 255).astype(np.uint8)


def _clouds(random: np.random.Generator) -> np.ndarray:
    values = np.zeros((480, 640))
    for step in (4, 8, 16, 32, 64, 128):
        coarse = random.integers(0, 256, size=(480 // step + 1, 640 // step + 1), dtype=np.uint8)
        values += _resized(coarse, 640, 480).astype(float) - 128
    return np.clip(128 + values / 1.5, 0, 255).astype(np.uint8)


_SKIMAGE = (
    "brick cell chelsea clock_motion coffee color grass gravel horse hubble_deep_field ihc microaneurysms moon "
    "motorcycle_left page phantom retina rocket text"
)


def _real_pictures() -> list[np.ndarray]:
    """Pictures of scikit-learn, and of scikit-image where it is installed, at most 1280 pixels wide or high."""
    found = []
    for package, folder, names in (("sklearn", "datasets/images", "china flower"), ("skimage", "data", _SKIMAGE)):
        spec = importlib.util.find_spec(package)
        if spec is None:
            continue
        here = Path(spec.submodule_search_locations[0]) / folder
        for name in names.split():
            for path in sorted(here.glob(f"{name}.*")):
                if path.suffix in (".jpg", ".png", ".gif"):
                    with Image.open(path) as image:
                        image = image.convert("L")
                        image.thumbnail((1280, 1280), Image.Resampling.BICUBIC)
                        found.append(np.asarray(image))
    return found
