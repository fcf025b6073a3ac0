import pandas as pd
import pytest

from fer_utils.common import csv_files
from fer_utils.common.errors import OutputError

WORDS = ["NA", "nan", "None", "null", "", "0", "01", "007", "1e5", "True", "-inf", "2024-01-02", "سعيد", "怒り", " a ", 'b,"c";', "d\ne", "f\rg"]  # fmt: skip
SCHEMA = csv_files.schema(("who", "value", "kept"), text=["who"], flags=["kept"])


def words() -> pd.DataFrame:
    return pd.DataFrame({"who": WORDS, "value": [0.25] * len(WORDS), "kept": [True, False] * (len(WORDS) // 2)})


def test_text_stays_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv_files.text(words(), SCHEMA, decimals=6).encode())
    found = csv_files.read(path, SCHEMA)
    pd.testing.assert_frame_equal(found, words(), check_dtype=False)
    assert all(isinstance(word, str) for word in found["who"])
    assert found["kept"].dtype == bool
    assert csv_files.text(found, SCHEMA, decimals=6).encode() == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "No columns", id="empty"),
        pytest.param(b"who,value\na,1\n", "no column kept", id="no column"),
        pytest.param(b"\xef\xbb\xbfwho;value;kept\r\na;0,5;WAHR\r\n", "spreadsheet program has put semicolons", id=";"),
        pytest.param(b"who\tvalue\tkept\na\t1\tTrue\n", "spreadsheet program has put tabs", id="tab"),
        pytest.param("who,value,kept\nä,1,True\n".encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param("who,value,kept\nä,1,True\n".encode("latin-1"), "not UTF-8", id="Latin-1"),
        pytest.param(b"who,value,kept\na,many,True\n", "'many' in its column value is no number", id="word"),
        pytest.param(b"who,value,kept\na,True,True\n", "'True' in its column value is no number", id="truth value"),
        pytest.param(b"who,value,kept\na,1,perhaps\n", "'perhaps' in its column kept is neither yes nor no", id="flag"),
        pytest.param(b"who,value,kept\na,1\n", "row 2 has 2 cells, not 3", id="short row"),
        pytest.param(b"who,value,kept\na,1,True,b\n", "row 2 has 4 cells, not 3", id="long row"),
    ],
)
def test_what_is_not_the_table_is_named(tmp_path, content, reason):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(csv_files.DamagedError, match=reason):
        csv_files.read(path, SCHEMA)


def test_a_mark_that_spreadsheet_programs_put_first_is_taken_off(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfwho,value,kept\r\n007,,YES\r\n")
    found = csv_files.read(path, SCHEMA).iloc[0]
    assert (found["who"], found["kept"]) == ("007", True)
    assert pd.isna(found["value"])


def test_a_text_that_is_missing_is_not_written():
    table = words().assign(who=[None, *WORDS[1:]])
    with pytest.raises(ValueError, match="a text is missing in the column who"):
        csv_files.text(table, SCHEMA, decimals=6)
    with pytest.raises(ValueError, match="without its column kept"):
        csv_files.text(words().drop(columns="kept"), SCHEMA, decimals=6)


def test_half_of_a_surrogate_pair_is_refused_by_name():
    """Found by the hunt: JSON can hold one, and no file can."""
    with pytest.raises(OutputError, match=r"ud800.*is not UTF-8. Rename the file or folder"):
        csv_files.text(words().assign(who="a\ud800"), SCHEMA, decimals=6)
