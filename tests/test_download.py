import functools
import http.server
import threading
import zipfile

import pytest

from fer_utils.common import files
from fer_utils.common.errors import DatasetError
from fer_utils.data import download

CONTENTS = {"subject01.happy": b"one", "subject01.sad": b"two", "subject02.sad": b"two"}
EXPECTED = {name: files.sha256(content) for name, content in CONTENTS.items()}


@pytest.fixture
def server(tmp_path):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def make_archive(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(f"renamed/{name}.gif", CONTENTS[name])


def test_second_mirror_and_names_by_content(server, tmp_path):
    folder, address = server
    make_archive(folder / "faces.zip", ["subject01.happy", "subject01.sad"])
    target = tmp_path / "raw" / "yalefaces"
    download.yale(target, EXPECTED, mirrors=(f"{address}/gone.zip", f"{address}/faces.zip"))
    assert {path.name: path.read_bytes() for path in target.iterdir()} == CONTENTS


def test_incomplete_archive_installs_nothing(server, tmp_path):
    folder, address = server
    make_archive(folder / "faces.zip", ["subject01.sad"])
    target = tmp_path / "raw" / "yalefaces"
    with pytest.raises(DatasetError, match=r"lacks 1 of 3 files, subject01\.happy") as caught:
        download.yale(target, EXPECTED, mirrors=(f"{address}/faces.zip",))
    assert "FER_DATA_DIR" in str(caught.value)
    assert not target.exists()
    assert list((tmp_path / "raw").iterdir()) == []


def test_not_an_archive(server, tmp_path):
    folder, address = server
    (folder / "faces.zip").write_bytes(b"<html>moved</html>")
    with pytest.raises(DatasetError, match="could not be downloaded"):
        download.yale(tmp_path / "yalefaces", EXPECTED, mirrors=(f"{address}/faces.zip",))
