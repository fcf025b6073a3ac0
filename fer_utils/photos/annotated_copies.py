"""Drawing what was found on a copy of a photo, and keeping the copy where it overwrites nothing."""

import functools
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from fer_utils.common import files
from fer_utils.common.errors import PhotoError

if TYPE_CHECKING:
    from fer_utils.photos.expressions import FaceExpression, Prediction

# Orange on black edges stands out from any photo and to any eye; black on orange has a contrast of 9 to 1.
_COLOUR, _EDGE = (230, 159, 0), (0, 0, 0)
_TEXT_SHARE = 50  # the longer side is this many times as long as the largest text is high
_SMALLEST_TEXT = 11  # pixels; where a label would have to be smaller, the face has its number alone
_LABEL_WIDTH = 1.8  # of a label, in widths of its face's box: wider ones would lie on the neighbours
_MARK = "fer-predict"  # key of the PNG's text that tells of which photo it is


def drawn(prediction: "Prediction") -> np.ndarray:
    """The photo's copy with a box, a number and the surest expression for each face; small faces have no room for that
    and get the number alone.

    Returns:
        (height, width, 3) uint8.
    """
    image = Image.fromarray(prediction.picture)
    draw = ImageDraw.Draw(image)
    line = max(2, round(max(image.size) / 600))
    boxes = [_box(each, prediction.scale) for each in prediction.found]
    for box in boxes:
        draw.rectangle(_grown(box, line // 2), outline=_EDGE, width=2 * line)
        draw.rectangle(box, outline=_COLOUR, width=line)
    for number, (each, box) in enumerate(zip(prediction.found, boxes, strict=True), start=1):
        text = f"{number} {each.expression} {each.probabilities[each.expression]:.0%}"
        font = _font(text, room=_LABEL_WIDTH * (box[2] - box[0]), largest=max(image.size) / _TEXT_SHARE)
        _label(draw, text if font else str(number), box, font=font or _default(_SMALLEST_TEXT), size=image.size)
    return np.asarray(image)


class Folder:
    """A folder of annotated copies, `<name of the photo>.png`.

    A file that is not the copy of the same photo is never overwritten: the new one gets a number after its name. So two
    photos of one name in different folders both have their copies, and a second call replaces its own.

    Args:
        path: the folder; made when the first copy is kept.
        inputs: the photos, which are never written to.
    """

    def __init__(self, path: Path, *, inputs: Iterable[Path]) -> None:
        self.path = path
        self._taken = {_key(each) for each in inputs}

    def keep(self, prediction: "Prediction") -> Path:
        """Draw and write the copy of a photo that could be read.

        Raises:
            OutputError: the folder cannot be written.
        """
        source = Path(prediction.name)
        mark = _digest(source)
        target = self._free(source.stem, mark)
        self._taken.add(_key(target))
        information = PngInfo()
        information.add_text(_MARK, mark)
        buffer = io.BytesIO()
        # The least compression: a quarter of the time for half as much again in size.
        Image.fromarray(drawn(prediction)).save(buffer, format="PNG", pnginfo=information, compress_level=1)
        files.write(target, buffer.getvalue())
        return target

    def _free(self, stem: str, mark: str) -> Path:
        number = 1
        while True:
            target = self.path / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
            if _key(target) not in self._taken and (not target.exists() or _mark_of(target) == mark):
                return target
            number += 1


def _key(path: Path) -> str:
    return str(path.resolve()).casefold()  # some file systems hold Photo.PNG and photo.png for the same file


def _digest(source: Path) -> str:
    try:
        return files.sha256(source.read_bytes())
    except OSError as error:
        raise PhotoError(f"{source}: gone while it was worked on ({error.strerror}).") from error


def _mark_of(path: Path) -> str | None:
    try:
        with Image.open(path) as image:
            return image.info.get(_MARK)
    except Exception:  # Pillow's decoders raise nearly anything; what is no image is no copy of ours
        return None


def _box(each: "FaceExpression", scale: float) -> tuple[float, float, float, float]:
    face = each.face
    return face.x / scale, face.y / scale, (face.x + face.width) / scale, (face.y + face.height) / scale


def _grown(box: tuple[float, float, float, float], by: int) -> tuple[float, float, float, float]:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _font(text: str, *, room: float, largest: float) -> ImageFont.FreeTypeFont | None:
    """A font in which the text is at most `room` wide; None where that would be too small to read."""
    height = int(min(largest, largest * room / _default(int(largest)).getlength(text)))
    return _default(height) if height >= _SMALLEST_TEXT else None


@functools.cache
def _default(height: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=height)


def _label(
    draw: ImageDraw.ImageDraw,
    text: str,
    box: tuple[float, float, float, float],
    *,
    font: ImageFont.FreeTypeFont,
    size: tuple[int, int],
) -> None:
    """Write below a box, or above it where there is no room, and never beyond the picture's sides."""
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = (bottom - top) * 0.25
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    x = min(max((box[0] + box[2] - width) / 2, 0), max(size[0] - width, 0))
    y = box[3] + pad if box[3] + pad + height <= size[1] else max(box[1] - pad - height, 0)
    draw.rectangle((x, y, x + width, y + height), fill=_COLOUR, outline=_EDGE)
    draw.text((x + pad - left, y + pad - top), text, fill=_EDGE, font=font)
