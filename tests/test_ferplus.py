"""FER+: the paper's rules for votes, reading, packing, and bad files."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from fer_utils.common import paths
from fer_utils.common.errors import DatasetError
from fer_utils.data import ferplus


def votes(**counts: int) -> np.ndarray:
    """One row of votes by the names of expressions, "unknown" and "not_a_face"."""
    names = (*ferplus.EXPRESSIONS, "unknown", "not_a_face")
    return np.array([[counts.get(name, 0) for name in names]])


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ({"happiness": 10}, {"happiness": 1.0}),
        ({"neutral": 6, "sadness": 3, "fear": 1}, {"neutral": 2 / 3, "sadness": 1 / 3}),
        ({"neutral": 8, "sadness": 2}, {"neutral": 1.0}),  # three quarters are reached by the first
        ({"neutral": 4, "sadness": 4, "unknown": 2}, {"neutral": 0.5, "sadness": 0.5}),
        ({"neutral": 5, "unknown": 5}, None),  # "unknown" ends the list, and half of the votes are too few
        ({"unknown": 7, "neutral": 3}, None),
        ({"not_a_face": 10}, None),
        ({"neutral": 2, "sadness": 2, "fear": 2, "anger": 2, "disgust": 2}, None),  # more than three tie
        ({"neutral": 1, "sadness": 1}, None),  # single votes do not count
    ],
)
def test_distributions_follow_the_paper(counts, shares):
    found, kept = ferplus.distributions(votes(**counts))
    assert bool(kept[0]) == (shares is not None)
    expected = [(shares or {}).get(name, 0.0) for name in ferplus.EXPRESSIONS]
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_majority_needs_more_than_half_of_the_votes():
    rows = [votes(happiness=6, neutral=4), votes(happiness=5, neutral=5), votes(unknown=9), votes(sadness=4, fear=1)]
    assert ferplus.majority(np.concatenate(rows)).tolist() == [1, -1, -1, 3]


def png(grey: int, side: int = 48) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (side, side), grey).save(buffer, format="PNG")
    return buffer.getvalue()


LABELS = 'fer0.png,"(0, 0, 48, 48)",9,0,0,1,0,0,0,0,0,0\nfer1.png,"(0, 0, 48, 48)",0,8,0,0,0,0,0,0,2,0\n'
CONTENTS = {
    "ferplus/FER2013Train/fer0.png": png(10),
    "ferplus/FER2013Train/fer1.png": png(200),
    "ferplus/FER2013Train/label.csv": LABELS.encode(),
    "ferplus/FER2013Valid/fer2.png": png(90),
    "ferplus/FER2013Valid/label.csv": b'fer2.png,"(0, 0, 48, 48)",0,0,10,0,0,0,0,0,0,0\n',
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_DATA_DIR", str(tmp_path / "shared"))
    monkeypatch.setattr(paths, "RAW", tmp_path / "raw")
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


def write_tar(path, contents):
    with tarfile.open(path, "w") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_reads_a_tar_and_packs_it_once(place):
    write_tar(place / "ferplus.tar", CONTENTS)
    first = ferplus.load()
    assert first.parts.tolist() == ["train", "train", "validation"]
    assert first.images[:, 0, 0].tolist() == [10, 200, 90]
    assert first.votes[1].tolist() == [0, 8, 0, 0, 0, 0, 0, 0, 2, 0]
    assert (paths.RAW / "ferplus.npz").is_file()
    again = ferplus.load()
    assert again.data_hash == first.data_hash
    (paths.RAW / "ferplus.npz").write_bytes(b"damaged")
    assert ferplus.load().data_hash == first.data_hash


def test_reads_a_folder_with_the_repository_table(place):
    table = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
    table += "Training,fer0.png,9,0,0,1,0,0,0,0,0,0\nPublicTest,fer2.png,0,0,10,0,0,0,0,0,0,0\nPrivateTest,,0,0,0,0,0,0,0,0,0,10\n"
    for name, content in CONTENTS.items():
        if name.endswith(".png"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    (place / "ferplus" / "fer2013new.csv").write_text(table)
    found = ferplus.load()
    assert found.file_names.tolist() == ["fer0.png", "fer2.png"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ferplus/FER2013Train/fer1.png": None}, "fer1.png is missing"),
        ({"ferplus/FER2013Train/fer1.png": png(1, side=64)}, "64x64 pixels"),
        ({"ferplus/FER2013Train/fer1.png": b"no picture"}, "not a readable image"),
        ({"ferplus/FER2013Train/label.csv": b"fer0.png,box,nine\n"}, "damaged"),
    ],
)
def test_bad_files_are_named(place, change, message):
    contents = {name: content for name, content in (CONTENTS | change).items() if content is not None}
    write_tar(place / "ferplus.tar", contents)
    with pytest.raises(DatasetError, match=message):
        ferplus.load()
    assert not (paths.RAW / "ferplus.npz").exists()


def test_says_where_to_put_it_when_it_is_not_here(place):
    with pytest.raises(DatasetError, match=r"ferplus\.tar"):
        ferplus.load()
