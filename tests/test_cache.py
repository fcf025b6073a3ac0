import numpy as np
import pytest

from fer_utils.common import cache, files, paths
from fer_utils.common.errors import OutputError


@pytest.fixture
def count():
    """A computation that counts how often it is done."""
    done = []

    def fit():
        done.append(1)
        return {"values": np.arange(3.0)}

    return fit, done


FIRST = ("a", np.arange(4))


def get(fit, *, name="some", code=("common.files",), inputs=FIRST):
    return cache.arrays("tiny", name, fit, code=code, inputs=inputs)["values"]


def test_computed_once_for_the_same_inputs_and_code(count):
    fit, done = count
    assert get(fit).tolist() == get(fit).tolist() == [0, 1, 2]
    assert len(done) == 1
    for changed in ({"name": "other"}, {"code": ("common.errors",)}, {"inputs": ("b", np.arange(4))}):
        get(fit, **changed)
    for other in (np.arange(4.0), np.arange(4).reshape(2, 2), np.arange(1, 5)):
        get(fit, inputs=("a", other))
    assert len(done) == 7
    get(fit)
    assert len(done) == 7


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_computed(count, tmp_path, monkeypatch):
    fit, done = count
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FER_OUTPUT_DIR", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot write"):
        get(fit)
    assert not done


def test_a_damaged_file_is_named_and_made_again(count, capsys):
    fit, done = count
    get(fit)
    (path,) = (paths.outputs("tiny") / "runs").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert get(fit).tolist() == [0, 1, 2]
    assert len(done) == 2
    assert f"{path.name} is damaged" in capsys.readouterr().err
    assert path.read_bytes() == whole


@pytest.fixture
def published(count):
    """The folder of a data set of which nothing is kept but what was published."""
    fit, _ = count
    get(fit)
    files.write(paths.outputs("tiny") / "runs" / "loso-baseline-01-seed1-0123456789abcdef.npz", b"a record")
    assert cache.publish("tiny") == 1
    for path in (paths.outputs("tiny") / "runs").iterdir():
        path.unlink()
    return paths.outputs("tiny")


def test_what_is_published_serves_and_is_kept(count, published):
    fit, done = count
    assert get(fit).tolist() == [0, 1, 2]
    assert len(done) == 1
    before = (published / cache.PUBLISHED).read_bytes()
    assert cache.publish("tiny") == 1
    assert (published / cache.PUBLISHED).read_bytes() == before
    get(fit, inputs=("b",))
    assert len(done) == 2


def test_fresh_leaves_what_is_published_aside(count, published, monkeypatch):
    fit, done = count
    monkeypatch.setenv(cache.FRESH, "1")
    get(fit)
    assert len(done) == 2


@pytest.mark.parametrize("damage", [slice(0, 40), slice(60, None)])
def test_damaged_published_arrays_are_named_and_made_again(count, published, damage, capsys):
    fit, done = count
    path = published / cache.PUBLISHED
    path.write_bytes(path.read_bytes()[damage])
    assert get(fit).tolist() == [0, 1, 2]
    assert len(done) == 2
    assert "kept.zip" in capsys.readouterr().err
