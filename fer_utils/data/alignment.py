"""Turning faces upright, where their parts come to lie, and the inputs that the models see.

"Left" is the left side of the image throughout, which is the person's right. Coordinates are pixels, x to the right
and y down, with the centre of the first pixel at (0, 0).
"""

import io
import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

SIDE = 48  # of a model's input, pixels
# Where the eyes come to lie in an aligned crop, as fractions of its side: brows and chin both stay inside.
EYE_ROW = 0.33
EYE_DISTANCE = 0.36
JPEG_QUALITY = 75  # the original project kept its 48x48 images as JPEG of Pillow's default quality
_ALIGNED_SIDE = 4 * SIDE
_WHOLE = 1_000_000  # pixels; of larger images only the face's surroundings are turned
# Left, top, right, bottom as fractions of an aligned face's side. The eyes are placed there; brows, nose and mouth follow in
# round proportions of the eye distance, which notebook 09 draws over the mean face, so that a reader can check them.
_REACH = EYE_DISTANCE
REGIONS = {
    "brows": (0.5 - 0.9 * _REACH, EYE_ROW - 0.45 * _REACH, 0.5 + 0.9 * _REACH, EYE_ROW - 0.18 * _REACH),
    "eyes": (0.5 - 0.9 * _REACH, EYE_ROW - 0.18 * _REACH, 0.5 + 0.9 * _REACH, EYE_ROW + 0.25 * _REACH),
    "nose": (0.5 - 0.35 * _REACH, EYE_ROW + 0.25 * _REACH, 0.5 + 0.35 * _REACH, EYE_ROW + 0.75 * _REACH),
    "mouth": (0.5 - 0.6 * _REACH, EYE_ROW + 0.75 * _REACH, 0.5 + 0.6 * _REACH, EYE_ROW + 1.4 * _REACH),
}


@dataclass(frozen=True)
class Face:
    """One detected face: box in pixels, eye centres in pixels, confidence in [0, 1]."""

    x: float
    y: float
    width: float
    height: float
    confidence: float
    left_eye: tuple[float, float]
    right_eye: tuple[float, float]

    @property
    def eye_distance(self) -> float:
        """Pixels between the eyes."""
        return math.dist(self.left_eye, self.right_eye)

    def enlarged(self, factor: float) -> "Face":
        """The same face in an image that is `factor` times as large."""

        def place(value: float) -> float:
            return (value + 0.5) * factor - 0.5  # pixels are counted from their centres

        return replace(
            self,
            x=place(self.x),
            y=place(self.y),
            width=self.width * factor,
            height=self.height * factor,
            left_eye=(place(self.left_eye[0]), place(self.left_eye[1])),
            right_eye=(place(self.right_eye[0]), place(self.right_eye[1])),
        )


def aligned(
    image: np.ndarray,
    left_eye: tuple[float, float],
    right_eye: tuple[float, float],
    *,
    side: int,
    eye_distance: float = EYE_DISTANCE,
    eye_row: float = EYE_ROW,
) -> np.ndarray:
    """Turn, scale and crop a face so that its eyes lie level, at fixed places.

    The cost does not grow with the image: of a large one only the face's surroundings are turned. And where the image has
    twice as many pixels a step as the crop, or more, it is shrunk first, by averaging, since Pillow's affine transform does
    not smooth.

    Args:
        image: (height, width) uint8.
        left_eye, right_eye: (x, y) in pixels.
        side: side of the square result in pixels.
        eye_distance, eye_row: where the eyes come to lie, as fractions of the side.

    Returns:
        (side, side) uint8; what lies outside the image repeats its nearest edge pixel.

    Raises:
        ValueError: both eyes at the same place.
    """
    left, right = np.asarray(left_eye, dtype=np.float64), np.asarray(right_eye, dtype=np.float64)
    across = right - left
    if not np.hypot(*across) > 0:
        raise ValueError("the eyes lie at the same place")
    unit = across / (eye_distance * side)  # one step to the right in the crop, in pixels of the image
    factor = max(1, int(np.hypot(*unit)))
    if factor > 1 or image.size > _WHOLE:
        corner = math.hypot(0.5, max(eye_row, 1 - eye_row)) * side  # of the crop, in its steps from between the eyes
        image, start = _surroundings(
            image, (left + right) / 2, reach=1.25 * corner * np.hypot(*unit) + 4, factor=factor
        )
        left, right, unit = (left - start + 0.5) / factor - 0.5, (right - start + 0.5) / factor - 0.5, unit / factor
    down = np.array([-unit[1], unit[0]])
    middle = (left + right) / 2
    origin = middle - unit * (side - 1) / 2 - down * eye_row * side
    margin = 2 * max(image.shape)
    padded = Image.fromarray(np.pad(image, margin, mode="edge"))
    # Pillow maps the centre (x + 0.5, y + 0.5) of an output pixel, and measures the input likewise.
    start = origin + margin + 0.5 - 0.5 * (unit + down)
    coefficients = (unit[0], down[0], start[0], unit[1], down[1], start[1])
    return np.asarray(padded.transform((side, side), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC))


def aligned_box(face: Face) -> tuple[float, float, float, float]:
    """A face's box in its aligned crop: left, top, right, bottom as fractions of the crop's side.

    The box turns with the face; returned is the upright box of the same size about the same centre.
    """
    left, right = np.asarray(face.left_eye), np.asarray(face.right_eye)
    across = right - left
    scale = EYE_DISTANCE / np.hypot(*across)
    centre = np.array([face.x + face.width / 2, face.y + face.height / 2]) - (left + right) / 2
    unit = across / np.hypot(*across)
    x = 0.5 + scale * float(centre @ unit)
    y = EYE_ROW + scale * float(centre @ np.array([-unit[1], unit[0]]))
    half_width, half_height = scale * face.width / 2, scale * face.height / 2
    return x - half_width, y - half_height, x + half_width, y + half_height


def frame_input(image: np.ndarray, *, side: int = SIDE) -> np.ndarray:
    """The whole frame squashed to 48x48, unless told otherwise, and kept as JPEG, as the original project did.

    Args:
        image: (height, width) uint8.
        side: of the result, pixels.

    Returns:
        (side, side) uint8.
    """
    return _as_jpeg(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def crop_input(image: np.ndarray, face: Face, *, side: int = SIDE) -> np.ndarray:
    """The detected face's box, grown to a square about its centre, neither turned nor scaled by the eyes.

    Args:
        image: (height, width) uint8.
        side: of the result, pixels.

    Returns:
        (side, side) uint8, kept as JPEG like the other inputs; what lies outside the image repeats its nearest edge pixel.
    """
    reach = max(face.width, face.height) / 2
    margin = int(np.ceil(2 * reach)) + 1
    padded = Image.fromarray(np.pad(image, margin, mode="edge"))
    x, y = face.x + face.width / 2 + margin, face.y + face.height / 2 + margin
    box = (x - reach, y - reach, x + reach, y + reach)
    return _as_jpeg(padded.resize((side, side), Image.Resampling.BICUBIC, box=box))


def face_input(
    image: np.ndarray,
    left_eye: tuple[float, float],
    right_eye: tuple[float, float],
    *,
    side: int = SIDE,
    eye_distance: float = EYE_DISTANCE,
    eye_row: float = EYE_ROW,
    compressed: bool = True,
) -> np.ndarray:
    """The aligned face, 48x48 unless told otherwise, treated as `frame_input` treats the frame.

    The face is aligned at a larger size first, and then shrunk smoothly.

    Args:
        image: (height, width) uint8.
        left_eye, right_eye: (x, y) in pixels.
        side: of the result, pixels, at most 192.
        eye_distance, eye_row: where the eyes come to lie, as fractions of the side.
        compressed: keep it as JPEG, as the original project did; not for the pretrained network, which never saw that.

    Returns:
        (side, side) uint8.
    """
    places = {"eye_distance": eye_distance, "eye_row": eye_row}
    large = Image.fromarray(aligned(image, left_eye, right_eye, side=_ALIGNED_SIDE, **places))
    small = large.resize((side, side), Image.Resampling.BICUBIC)
    return _as_jpeg(small) if compressed else np.asarray(small)


def _surroundings(image: np.ndarray, middle: np.ndarray, *, reach: float, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """A part of an image, shrunk by averaging, and (x, y) of its first pixel in the image.

    Args:
        middle: (x, y).
        reach: how far the part goes each way, in pixels of the image.
        factor: by which it is shrunk.
    """
    limits = np.array(image.shape[::-1])
    start = np.clip(np.floor(middle - reach), 0, limits - 1).astype(int)
    stop = np.clip(np.ceil(middle + reach), start + 1, limits).astype(int)
    part = image[start[1] : stop[1], start[0] : stop[0]]
    return (np.asarray(Image.fromarray(part).reduce(factor)) if factor > 1 else part), start


def _as_jpeg(image: Image.Image) -> np.ndarray:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(buffer))
