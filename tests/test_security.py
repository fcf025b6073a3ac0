"""Nothing read from a file or fetched from the web can run code or leave its folder; open connections are warned of."""

import ast
import io
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fer_utils.common import arrays, files, paths
from fer_utils.data import download, ferplus
from fer_utils.experiments import cluster, connection

SOURCES = sorted(path for room in ("fer_utils", "tools", "benchmarks") for path in (paths.PROJECT / room).rglob("*.py"))
PIPES = paths.PROJECT / "fer_utils" / "experiments" / "cluster.py"  # talks with its own child, see its docstring
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle", "klepto"}
# Calls that read pickles, or switch off what refuses them.
PACKAGED = paths.PROJECT / "fer_utils" / "data" / "mtcnn_networks.py"
LOADERS = {"read_pickle", "enable_unsafe_deserialization", "fromfile_pickle", "unsafe_load", "full_load"}


def test_no_file_is_ever_unpickled():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom) and path != PIPES:
                names = {alias.name.partition(".")[0] for alias in node.names}
                module = (getattr(node, "module", None) or "").partition(".")[0]
                assert not UNSAFE & (names | {module}), path
            if isinstance(node, ast.Call):
                _check_call(node, path)


def _check_call(node: ast.Call, path: Path) -> None:
    called = ast.unparse(node.func)
    words = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    assert called.rpartition(".")[2] not in LOADERS, path
    if (
        path == PACKAGED and called == "joblib.load"
    ):  # of a file that an installed package brings, as trusted as its code
        assert [ast.unparse(argument) for argument in node.args] == ["folder / f'{name}.lz4'"]
        return
    assert not called.startswith(("joblib.load", "joblib.dump", "joblib.Memory", "torch.load")), path
    assert words.get("safe_mode", "True") == "True", path
    if called in ("np.load", "numpy.load"):
        assert words.get("allow_pickle", "False") == "False", path
    if called == "np.save" or called.startswith("np.savez"):
        assert "allow_pickle" not in words, path
    if path == PIPES and called in ("pickle.load", "pickle.loads"):
        (source,) = (ast.unparse(argument) for argument in node.args)
        assert source in ("self._process.stdout", "sys.stdin.buffer")


def test_the_docstring_says_why_the_pipes_are_safe():
    assert "pickle" in cluster.__doc__


class Evil:
    def __reduce__(self):
        return print, ("this code has run",)


def test_an_archive_of_arrays_with_an_object_is_damaged(tmp_path, capsys):
    np.savez(tmp_path / "x.npz", whole=np.zeros(2), evil=np.array([Evil()], dtype=object))
    with pytest.raises(arrays.DamagedError):
        arrays.read(tmp_path / "x.npz")
    assert "this code has run" not in capsys.readouterr().out


CONTENT = b"a face"
ABSOLUTE = Path(tempfile.gettempdir()).resolve() / f"fer-evil-{os.getpid()}"
NAMES = [
    "../evil",
    "../../evil",
    ABSOLUTE.as_posix(),
    "a/../../evil",
    "yalefaces/../../evil",
    "..\\evil",
    "evil\0x",
]


def zipped(names) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, CONTENT)
    return buffer.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            special = tarfile.TarInfo("subject01.happy")
            special.type, special.linkname = kind, "/etc/passwd"
            archive.addfile(special)
    return buffer.getvalue()


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("pack", [zipped, lambda names: tarred(dict.fromkeys(names, CONTENT))])
def test_a_downloaded_archive_is_installed_under_our_names_alone(pack, tmp_path):
    folder = tmp_path / "a" / "b" / "raw" / "yalefaces"
    archive = tmp_path / "archive"
    archive.write_bytes(pack(NAMES))
    download._install(folder, {"subject01.happy": files.sha256(CONTENT)}, archive)
    assert everything(tmp_path) == [
        "a",
        "a/b",
        "a/b/raw",
        "a/b/raw/yalefaces",
        "a/b/raw/yalefaces/subject01.happy",
        "archive",
    ]
    assert (folder / "subject01.happy").read_bytes() == CONTENT
    assert not (folder / "subject01.happy").is_symlink()
    assert not ABSOLUTE.exists()


def test_ferplus_is_read_from_an_archive_without_unpacking_it(tmp_path, monkeypatch):
    from PIL import Image

    picture = io.BytesIO()
    Image.new("L", (48, 48), 9).save(picture, format="PNG")
    table = b'evil.png,"(0, 0, 48, 48)",9,0,0,1,0,0,0,0,0,0\n'
    raw = tmp_path / "a" / "raw"
    raw.mkdir(parents=True)
    members = {
        "../../FER2013Train/evil.png": picture.getvalue(),
        "../FER2013Train/label.csv": table,
        "../../evil": b"x",
    }
    (raw / "ferplus.tar").write_bytes(tarred(members))
    monkeypatch.setattr(paths, "RAW", raw)
    monkeypatch.delenv("FER_DATA_DIR", raising=False)
    assert ferplus.load().file_names.tolist() == ["evil.png"]
    assert everything(tmp_path) == ["a", "a/raw", "a/raw/ferplus.npz", "a/raw/ferplus.tar"]


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://192.0.2.1:8786", False),
        ("tcp://no-such-host.invalid:8786", False),  # it cannot be reached, which is said instead
        ("tcp://192.0.2.1:8786", True),
        ("192.0.2.1:8786", True),
        ("ws://[2001:db8::1]:8786", True),
    ],
)
def test_a_scheduler_that_others_can_listen_to_is_warned_of_once(address, warned, capsys):
    connection.warn_if_open.cache_clear()
    connection.warn_if_open(address)
    connection.warn_if_open(address)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == warned
    if warned:
        assert address in lines[0]
        assert "tls://" in lines[0]
