"""Image files of every format that is read, damaged at random: greys come out, or a clear message, soon and quietly."""

import contextlib
import io
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.soak.damage import damaged
from benchmarks.soak.hunt import Hunt
from fer_utils.common import paths
from fer_utils.common.errors import FerError
from fer_utils.data import images
from fer_utils.photos import reading

SIDE = (96, 80)
SLOWEST = 5.0  # seconds of the processor
LONGEST = 60.0  # seconds of the clock: a loaded machine is no hang
LARGEST = 1_000_000  # KiB that reading may take
LOUDEST = 20  # lines on standard error; libtiff says some six of a damaged directory

# Suffix, format, modes, further words for Pillow.
FORMATS = (
    (".png", "PNG", ("L", "RGB", "RGBA", "P", "1", "I;16", "LA"), {}),
    (".jpg", "JPEG", ("L", "RGB", "CMYK"), {}),
    (".jpg", "JPEG", ("RGB",), {"progressive": True}),
    (".gif", "GIF", ("L", "P"), {}),
    (".gif", "GIF", ("P",), {"save_all": True, "frames": 2}),
    (".tif", "TIFF", ("L", "RGB", "I;16", "F", "CMYK"), {}),
    (".tif", "TIFF", ("L", "RGB"), {"compression": "tiff_lzw"}),
    (".tif", "TIFF", ("RGB",), {"compression": "jpeg"}),
    (".webp", "WEBP", ("RGB", "RGBA"), {}),
    (".webp", "WEBP", ("RGB",), {"lossless": True}),
    (".bmp", "BMP", ("L", "RGB", "1"), {}),
    (".pgm", "PPM", ("L", "RGB", "I;16"), {}),
    (".avif", "AVIF", ("RGB", "RGBA"), {}),
    (".jp2", "JPEG2000", ("L", "RGB", "RGBA"), {}),
    (".mpo", "MPO", ("RGB",), {"save_all": True, "frames": 2}),
)


class _TooLongError(BaseException):
    """No `Exception`, or a reader would take it for damage."""


def run(hunt: Hunt) -> None:
    """Damage a file, read it as one's own faces are read and as a photo is."""
    hunt.expect("tracebacks", "wrong")
    every = sound()
    contents = [content for _, content in every]
    with tempfile.TemporaryFile() as said:
        for chance in hunt.trials():
            suffix, content = chance.choice(every)
            made, kind = damaged(content, chance, others=contents)
            path = hunt.folder / f"damaged{suffix}"
            path.write_bytes(made)
            for reader in (images.read_grey, reading.read):
                _try(hunt, reader, path, said, f"{kind} in {suffix}, {reader.__module__}.{reader.__name__}")


def sound() -> list[tuple[str, bytes]]:
    """A rendered face in every format, as suffix and bytes."""
    with Image.open(paths.SAMPLE / "subject01.happy") as image:
        face = image.convert("L").resize(SIDE)
    found = []
    for suffix, name, modes, words in FORMATS:
        for mode in modes:
            frames = [_as(face, mode), _as(face.rotate(180), mode)][: words.get("frames", 1)]
            words_only = {key: value for key, value in words.items() if key != "frames"}
            if len(frames) > 1:
                words_only["append_images"] = frames[1:]
            buffer = io.BytesIO()
            frames[0].save(buffer, name, **words_only)
            found.append((suffix, buffer.getvalue()))
    return found


def _as(face: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(face).astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(face).astype(np.float32))
    if mode in ("RGBA", "LA"):
        made = face.convert(mode)
        made.putalpha(face)
        return made
    return face.convert(mode)


def _try(hunt: Hunt, reader, path: Path, said, words: str) -> None:
    started, problem, found = time.process_time(), "", None
    with warnings.catch_warnings(record=True) as warned, _heard(said), _peak() as peak:
        warnings.simplefilter("always", append=True)  # behind the filters that a user has too
        try:
            with _alarm():
                found = reader(path)
        except FerError as error:
            problem = "" if str(error).strip() and "\n" not in str(error) else f"message {str(error)!r}"
        except _TooLongError:
            problem = "hangs"
        except Exception as error:
            hunt.found("tracebacks", f"{words}: {error!r}")
    seconds = time.process_time() - started
    said.seek(0)
    lines = said.read().count(b"\n")
    if found is not None and not _right(found):
        problem = "greys of the wrong type"
    if seconds > SLOWEST:
        problem = f"{seconds:.0f} s"
    if peak and peak[0] > LARGEST:
        problem = f"{peak[0] / 1e6:.1f} GB"
    if len(warned) + lines > LOUDEST:
        problem = f"{len(warned)} warnings and {lines} lines"
    if problem:
        hunt.found("wrong", f"{words}: {problem}")


def _right(found: np.ndarray | reading.Photo) -> bool:
    grey = found if isinstance(found, np.ndarray) else found.grey
    plain = grey.dtype == np.uint8 and grey.ndim == 2 and 0 < grey.size <= images.LARGEST_PIXELS
    if isinstance(found, np.ndarray):
        return plain
    picture = found.picture
    return plain and picture.dtype == np.uint8 and picture.ndim == 3 and max(picture.shape) <= reading.PICTURE_SIDES[1]


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _heard(said) -> Iterator[None]:
    """Standard error into a file, of C libraries too."""
    sys.stderr.flush()
    said.seek(0)
    said.truncate()
    kept = os.dup(2)
    os.dup2(said.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _peak() -> Iterator[list[int]]:
    """How much memory the block takes at its most, KiB, known after it; empty where the system does not tell."""
    found: list[int] = []
    try:
        Path("/proc/self/clear_refs").write_text("5")
        before = _memory("VmRSS")
    except (OSError, IndexError):
        yield found
        return
    yield found
    with contextlib.suppress(OSError, IndexError):
        found.append(_memory("VmHWM") - before)


def _memory(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])
