"""Fetching the Yale Face Database: several mirrors, every file checked, installed whole or not at all."""

import contextlib
import io
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from fer_utils.common import files
from fer_utils.common.errors import DatasetError

# Found in public code; see the card in data/README.md. Names inside differ, so files are recognised by their content.
MIRRORS = (
    "http://vision.ucsd.edu/datasets/yale_face_dataset_original/yalefaces.zip",
    "http://cvc.cs.yale.edu/cvc/projects/yalefaces/yalefaces.zip",
    "http://vismod.media.mit.edu/vismod/classes/mas622-00/datasets/YALE.tar.gz",
)
TIMEOUT_SECONDS = 30


def yale(folder: Path, expected: dict[str, str], *, mirrors: tuple[str, ...] = MIRRORS) -> None:
    """Download the Yale faces into `folder`.

    Args:
        folder: where to install; made by one rename once every file is there.
        expected: file name to SHA-256; an archive's files are recognised by content, whatever they are called.
        mirrors: addresses of archives (zip or tar), tried in order.

    Raises:
        DatasetError: no mirror gave all files; says how to install them by hand.
    """
    import pooch

    problems = []
    with tempfile.TemporaryDirectory() as cache:
        for url in mirrors:
            try:
                downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT_SECONDS)
                archive = pooch.retrieve(url, known_hash=None, path=cache, downloader=downloader)
                _install(folder, expected, Path(archive))
                return
            except (OSError, ValueError, DatasetError, zipfile.BadZipFile, tarfile.TarError) as error:
                problems.append(f"  {url}: {type(error).__name__}: {str(error).splitlines()[0][:80]}")
    raise DatasetError(
        "the Yale Face Database could not be downloaded:\n" + "\n".join(problems) + "\nCheck the network, or put the "
        f"{len(expected)} files in a folder named yalefaces and set FER_DATA_DIR to the folder that contains it."
    )


def _install(folder: Path, expected: dict[str, str], archive: Path) -> None:
    names_of: dict[str, list[str]] = {}
    for name, digest in expected.items():
        names_of.setdefault(digest, []).append(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for content in _members(archive):
            for name in names_of.get(files.sha256(content), ()):
                (staging / name).write_bytes(content)
        missing = sorted(set(expected) - {path.name for path in staging.iterdir()})
        if missing:
            raise DatasetError(f"the archive lacks {len(missing)} of {len(expected)} files, {missing[0]} among them")
        os.chmod(staging, 0o755)
        os.replace(staging, folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(staging)


def _members(archive: Path) -> Iterator[bytes]:
    """Contents of the files in a zip or tar archive; nothing is unpacked to disk under an archive's own names."""
    content = archive.read_bytes()
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            yield from (bundle.read(info) for info in bundle.infolist() if not info.is_dir())
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as bundle:
            yield from (bundle.extractfile(info).read() for info in bundle.getmembers() if info.isfile())
