import io
import pickle

import numpy as np
import pytest

from fer_utils.common import arrays


def test_arrays_come_back_as_they_were(tmp_path):
    given = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array("words"), "empty": np.zeros((0, 4))}
    content = arrays.to_bytes(given)
    assert arrays.to_bytes(given) == content
    (tmp_path / "a.npz").write_bytes(content)
    for read in (arrays.read(content), arrays.read(tmp_path / "a.npz")):
        assert list(read) == list(given)
        for name, values in given.items():
            np.testing.assert_array_equal(read[name], values)
            assert read[name].dtype == values.dtype


def objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([{"code": 1}], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"PK nothing", arrays.to_bytes({"a": np.arange(9)})[:-40], objects(), pickle.dumps({"a": 1})]
)
def test_what_is_no_whole_archive_is_damaged_and_nothing_in_it_runs(content):
    with pytest.raises(arrays.DamagedError):
        arrays.read(content)


def test_every_flipped_byte_of_the_values_is_noticed():
    content = bytearray(arrays.to_bytes({"a": np.arange(50)}))
    place = content.index(np.arange(50).tobytes()) + 99
    content[place] ^= 1
    with pytest.raises(arrays.DamagedError):
        arrays.read(bytes(content))


def test_a_missing_file_is_not_called_damaged(tmp_path):
    with pytest.raises(FileNotFoundError):
        arrays.read(tmp_path / "none.npz")


def test_damage_of_any_bit_of_an_archive_is_noticed_or_harmless():
    sound = arrays.to_bytes({"a": np.arange(5), "b": np.ones(2)})
    want = {name: values.tobytes() for name, values in arrays.read(sound).items()}
    for place in range(len(sound)):
        for bit in (0, 3, 6):
            content = bytearray(sound)
            content[place] ^= 1 << bit
            try:
                found = arrays.read(bytes(content))
            except arrays.DamagedError:
                continue
            assert {name: values.tobytes() for name, values in found.items()} == want
