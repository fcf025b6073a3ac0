"""Where a command was called must not matter: home, settings of Keras, working folder, terminal, kind of installation."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fer_utils.cli import main
from fer_utils.common import paths, surroundings
from fer_utils.common.errors import ParameterError, WeightsError
from fer_utils.data import datasets, ferplus
from fer_utils.transfer import face_unit_training, face_units, pretrained

FACE = paths.SAMPLE / "subject01.happy"
CONFIGURATION = """
import json
from fer_utils.common import keras_setup, processes

def settings():
    keras_setup.import_keras()
    import keras
    from keras import config
    import tensorflow
    assert tensorflow.keras.Model is keras.Model
    return [config.backend(), config.floatx(), config.epsilon(), config.image_data_format(), config.max_steps_per_epoch()]

if __name__ == "__main__":
    with processes.running(1) as executor:
        print(json.dumps([settings(), executor.submit(settings).result()]))
"""


def fer(*arguments, cwd=None, package=None, text=True, **environment):
    """Call the command; a variable that is None is taken out of the environment."""
    variables = os.environ | {"PYTHONPATH": str(package or paths.PROJECT)} | environment
    variables = {name: str(value) for name, value in variables.items() if value is not None}
    command = [sys.executable, "-m", "fer_utils", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=text, cwd=cwd, env=variables, timeout=120, check=False)


def refused(found) -> str:
    """The message of a command that ended with one line."""
    assert found.returncode == 1, found.stderr
    (line,) = found.stderr.splitlines()
    assert line.startswith("fer: ")
    return line.removeprefix("fer: ")


@pytest.mark.parametrize(
    "content",
    [
        '{"backend": "torch", "floatx": "float16", "epsilon": 0.001, "image_data_format": "channels_first"}',
        '{"backend": "jax", "floatx": 16, "epsilon": "small", "nnx_enabled"',
    ],
)
def test_an_old_keras_json_is_not_read(content, tmp_path):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(content)
    (tmp_path / "script.py").write_text(CONFIGURATION)
    environment = {"HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / ".keras"), "TF_USE_LEGACY_KERAS": "1"}
    environment |= {"KERAS_MAX_STEPS_PER_EPOCH": "1", "PYTHONPATH": str(paths.PROJECT)}
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    ours = ["tensorflow", "float32", 1e-7, "channels_last", None]
    assert json.loads(done.stdout.splitlines()[-1]) == [ours, ours]
    assert (tmp_path / ".keras" / "keras.json").read_text() == content


def test_a_photo_gets_the_same_numbers_whatever_keras_json_says(tmp_path):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "float16", "epsilon": 0.01}')
    found = fer("predict", FACE, "--json", "--no-pictures", HOME=tmp_path, TF_ENABLE_ONEDNN_OPTS="0")
    usual = CliRunner().invoke(main, ["predict", str(FACE), "--json", "--no-pictures"])
    assert found.stdout == usual.stdout != ""


@pytest.mark.parametrize("name", ["pytorch", "theano", "TensorFlow", "torch"])
@pytest.mark.parametrize("command", [["run", "01"], ["predict", FACE]])
def test_a_backend_that_is_not_there_is_named_with_the_variable(name, command):
    if importlib.util.find_spec(name) is not None:
        pytest.skip(f"{name} is installed")
    message = refused(fer(*command, KERAS_BACKEND=name))
    assert message.startswith(f"KERAS_BACKEND is '{name}', but ")
    assert "Unset KERAS_BACKEND" in message
    assert "tensorflow" in message


def test_relative_folders_are_seen_from_where_the_command_was_called(three_people, tmp_path):
    """Notebook 06 needs no training: the faces, the photo and the results are given as relative paths."""
    work = tmp_path / "work"
    (work / "my").mkdir(parents=True)
    shutil.copy(FACE, work / "my" / "photo.png")
    shutil.copytree(paths.WEIGHTS, work / "weights")
    environment = {"FER_OUTPUT_DIR": "../results", "FER_WEIGHTS_DIR": "weights", "FER_DATA_DIR": "my"}
    given = ("run", "06", "--dataset", "../three people", "-p", "photo", "my/photo.png")
    found = fer(*given, cwd=work, **environment)
    assert found.returncode == 0, found.stderr
    results = tmp_path / "results"
    assert (results / "photos" / "figures" / "06-photo-1.png").is_file()
    copy = (results / "three-people" / "notebooks" / "06_own_photos.ipynb").read_text()
    assert str(tmp_path) not in copy
    assert sorted(path.name for path in work.iterdir()) == ["my", "weights"]
    fer("predict", "missing.png", "--out", "drawn", cwd=work, **environment)
    assert (work / "drawn").is_dir()


def test_where_there_is_no_home_there_is_one_for_the_time_of_the_command(monkeypatch):
    def nobody(number):
        raise KeyError(number)

    monkeypatch.setenv("HOME", "for pytest to put back")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(RuntimeError):
        Path.home()
    surroundings.settle()
    assert Path.home().is_dir()
    assert not list(Path.home().iterdir())
    assert Path.home().stat().st_mode & 0o077 == 0  # code that kernels run at their start may lie there
    Path.home().rmdir()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("~nobody-at-all/x", "cannot be found"),
        ("s3://bucket/results", "an address is no file or folder"),
        (str(paths.RAW / "results"), "data/ is for what is read"),
    ],
)
def test_output_folders_that_cannot_be_are_named_with_the_variable(value, words):
    message = refused(fer("predict", FACE, FER_OUTPUT_DIR=value))
    assert message.startswith(f"FER_OUTPUT_DIR is {value}")
    assert words in message
    assert not (paths.RAW / "results").exists()


@pytest.mark.parametrize("root", [".", "..", "results"])
def test_results_never_go_into_the_faces_own_folder(root, three_people):
    faces = three_people.rename(three_people.parent / "faces")
    before = sorted(faces.iterdir())
    message = refused(fer("run", "01", "--dataset", ".", cwd=faces, FER_OUTPUT_DIR=root))
    assert "the results would go into the faces' own folder" in message
    assert sorted(faces.iterdir()) == before


@pytest.mark.parametrize("name", ["predictions", "photos", "Sample", "yale", "index.html"])
def test_a_folder_of_any_name_has_results_of_its_own(name, three_people, outputs, monkeypatch):
    from fer_utils.data import datasets

    folder = three_people.rename(three_people.parent / name)
    monkeypatch.chdir(folder.parent)
    for given in (name, folder, f"{name}/"):
        if given == "yale":  # means the data set of that name, of which a relative folder of one's own needs a slash
            continue
        data = datasets.load(given)
        assert paths.outputs(data.name) == paths.outputs(str(folder)) == outputs / f"{name}-folder"
    assert paths.outputs("predictions") == outputs / "predictions"
    assert paths.outputs("photos") == outputs / "photos"


@pytest.fixture(scope="module")
def strange_names(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    names = [
        b"caf\xe9.png",
        "日本語の写真.png".encode(),
        "😀é.png".encode(),
        b"a photo with a name of over forty characters.png",
    ]
    for name in names:
        path = folder / os.fsdecode(name)
        try:
            path.write_bytes(b"no photo")
        except OSError:  # a file system that takes UTF-8 alone
            continue
    return folder


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8:strict", "utf-8:surrogateescape", "latin-1:replace"])
def test_a_terminal_without_the_characters_stops_nothing(encoding, strange_names):
    found = fer("predict", strange_names, text=False, PYTHONIOENCODING=encoding)
    usual = fer("predict", strange_names)
    assert found.returncode == usual.returncode == 1  # they are no photos
    assert b"Traceback" not in found.stderr
    assert found.stdout.count(b"failed: see below") == len(list(strange_names.iterdir()))
    listed = fer("predict", "--json", strange_names, text=False, PYTHONIOENCODING=encoding).stdout
    if "replace" not in encoding:
        files = [json.loads(line)["file"] for line in listed.decode(encoding.partition(":")[0]).splitlines()]
        assert sorted(files) == sorted(map(str, strange_names.iterdir()))


def test_addresses_are_no_files():
    found = fer("predict", "https://host/a/b.jpg", "ftp://host/c.jpg", "--json")
    assert found.returncode == 1
    errors = [json.loads(line)["error"] for line in found.stdout.splitlines()]
    assert [error.partition(": ")[0] for error in errors] == ["https://host/a/b.jpg", "ftp://host/c.jpg"]
    assert all("Download the photo" in error for error in errors)
    assert "https://host/a" in refused(fer("run", "01", "--dataset", "https://host/a"))


@pytest.mark.parametrize("name", ["", *main.commands])
def test_help_keeps_the_lines_of_examples(name):
    found = CliRunner().invoke(main, [name, "--help"] if name else ["--help"])
    assert found.exit_code == 0
    assert "\\b" not in found.output
    assert "\b" not in found.output
    lines = [line.strip() for line in found.output.splitlines()]
    assert not [line for line in lines if line.count("fer run") + line.count("fer predict") > 1]
    if name in ("", "predict"):
        first = {"": "fer run  ", "predict": "fer predict party.jpg  "}[name]
        assert lines[lines.index("Examples:") + 1].startswith(first)


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The package as `pip install .` leaves it: without anything of the repository around it."""
    folder = tmp_path_factory.mktemp("site-packages")
    shutil.copytree(paths.PROJECT / "fer_utils", folder / "fer_utils", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("arguments", [["list"], ["run", "01"], ["predict", FACE], ["report"], ["check"]])
def test_an_installed_copy_says_that_the_clone_is_needed(arguments, installed, tmp_path):
    message = refused(fer(*arguments, package=installed, cwd=tmp_path))
    assert str(installed) in message
    assert "clone the repository" in message
    assert "pip install --editable ." in message


def test_an_installed_copy_still_helps(installed, tmp_path):
    found = fer("--help", package=installed, cwd=tmp_path)
    assert found.returncode == 0
    assert "Examples:" in found.stdout


def test_a_notebook_beside_an_installed_copy_says_so_too(installed, tmp_path):
    code = "from fer_utils import notebook; notebook.begin('01_data_cleaning', {})"
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert "InstallationError" in done.stderr.splitlines()[-1]


def test_all_that_is_no_code_is_package_data():
    import tomllib

    settings = tomllib.loads((paths.PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["*"]
    for package in {path.parent for path in (paths.PROJECT / "fer_utils").rglob("__init__.py")}:
        packed = {path for pattern in patterns for path in package.glob(pattern)}
        inside = [path for path in package.rglob("*") if path.is_file() and _package_of(path) == package]
        assert not [path for path in inside if path.suffix not in (".py", ".pyc") and path not in packed]


def _package_of(path: Path) -> Path:
    return next(folder for folder in path.parents if (folder / "__init__.py").is_file())


def test_a_data_folder_that_is_not_there_is_named_with_the_variable(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FER_DATA_DIR", str(tmp_path / "typo"))
    for read in (datasets.yale_folder, ferplus.load, face_unit_training.load):
        with pytest.raises(ParameterError, match=r"FER_DATA_DIR is .*typo, and no such folder is there"):
            read()
    assert len(datasets.load("sample"))  # which needs none
    monkeypatch.setenv("FER_DATA_DIR", str(tmp_path))
    for _ in range(2):
        assert paths.in_shared_data("yalefaces", "elsewhere") is None
    said = capsys.readouterr().err
    assert said == f"FER_DATA_DIR is {tmp_path}, and contains no yalefaces or elsewhere: data/raw is asked instead\n"
    (tmp_path / "elsewhere").mkdir()
    assert paths.in_shared_data("yalefaces", "elsewhere") == tmp_path / "elsewhere"


def test_weights_that_are_not_there_are_named_with_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_WEIGHTS_DIR", str(tmp_path))
    for read in (pretrained.metadata, face_units.load):
        with pytest.raises(
            WeightsError, match=r"missing\. FER_WEIGHTS_DIR names the folder of all weights: set it right"
        ):
            read()
