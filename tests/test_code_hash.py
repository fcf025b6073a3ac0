import json
import shutil

import pytest

from fer_utils.common import code_hash, paths
from fer_utils.experiments import identity


def notebook(folder, *cells):
    path = folder / "09_test.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "code", "id": f"c{i}", "source": c} for i, c in enumerate(cells)]})
    )
    return path


@pytest.fixture
def package(tmp_path):
    """A package in which a notebook reaches `rooms/deep/end.py` by three imports, each of another form."""
    files = {
        "__init__.py": "",
        "first.py": "def f():\n    '''Words.'''\n    from tiny.rooms import second\n",
        "rooms/__init__.py": "",
        "rooms/second.py": "from .deep import third as words\n",
        "rooms/deep/__init__.py": "",
        "rooms/deep/third.py": "import tiny.rooms.deep.end\n",
        "rooms/deep/end.py": "x = 1\n",
        "aside.py": "x = 1\n",
    }
    for name, text in files.items():
        path = tmp_path / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "tiny"


def test_files_are_told_by_what_they_do(tmp_path):
    source = tmp_path / "module.py"
    source.write_text('"""Doc."""\n\n\ndef double(x):\n    """Twice."""\n    return 2 * x\n')
    first = code_hash.of_files([source])
    source.write_text("# other words\ndef double(x):\n    return 2*x  # twice\n")
    assert code_hash.of_files([source]) == first
    source.write_text("def double(x):\n    return 3 * x\n")
    assert code_hash.of_files([source]) != first


def test_the_training_code_is_the_whole_engine_whatever_its_files_are_called(tmp_path, monkeypatch):
    engine = tmp_path / "engine"
    shutil.copytree(identity.ENGINE, engine)
    monkeypatch.setattr(identity, "ENGINE", engine)
    first = identity.here()["code"]
    (engine / "loop.py").rename(engine / "epochs.py")
    (engine / "deeper").mkdir()
    (engine / "networks.py").rename(engine / "deeper" / "architectures.py")
    text = (engine / "epochs.py").read_text()
    (engine / "epochs.py").write_text(
        "import fer_utils.common.files\n" + text.replace("from fer_utils.engine.scaling", "from fer_utils.a.b")
    )
    assert identity.here()["code"] == first
    scaling = (engine / "scaling.py").read_text()
    (engine / "scaling.py").write_text(scaling.replace("np.float32(255)", "np.float32(256)"))
    assert identity.here()["code"] != first
    (engine / "scaling.py").write_text(scaling)
    (engine / "more.py").write_text("x = 1")
    assert identity.here()["code"] != first


def test_the_engine_reaches_nothing_that_its_hash_does_not_cover():
    reached = code_hash._Follower(code_hash.PACKAGE)
    for path in identity.ENGINE.glob("*.py"):
        imports = code_hash._module(path.read_text(encoding="utf-8")).imports
        reached.follow(imports, module=f"fer_utils.engine.{path.stem}", is_package=False)
    outside = {name for name in reached.files if not name.startswith("fer_utils.engine")}
    allowed = {"arrays", "errors", "files", "keras_setup"}
    assert {name.rpartition(".")[2] for name in outside} <= allowed | {"fer_utils", "common"}


def test_a_notebooks_hash_counts_what_its_cells_do(tmp_path, package):
    first = code_hash.of_notebook(notebook(tmp_path, "import tiny.first\nx = 1"), package=package)
    same = notebook(tmp_path, "import tiny.first  # why\nx  =  1")
    assert code_hash.of_notebook(same, package=package) == first
    assert code_hash.of_notebook(notebook(tmp_path, "import tiny.first\nx = 2"), package=package) != first
    assert code_hash.of_notebook(notebook(tmp_path, "%matplotlib inline\nx = 2"), package=package) != first


@pytest.mark.parametrize(
    "cell", ["import tiny.first", "from tiny import first", "%matplotlib inline\nfrom tiny.first import f"]
)
def test_a_change_three_imports_deep_changes_a_notebooks_hash(tmp_path, package, cell):
    path = notebook(tmp_path, cell)
    first = code_hash.of_notebook(path, package=package)
    (package / "aside.py").write_text("x = 2\n")
    assert code_hash.of_notebook(path, package=package) == first
    (package / "first.py").write_text("def f():\n    '''Other words.'''\n    from tiny.rooms import second\n")
    assert code_hash.of_notebook(path, package=package) == first
    (package / "rooms" / "deep" / "end.py").write_text("x = 2\n")
    assert code_hash.of_notebook(path, package=package) != first
    second = code_hash.of_notebook(path, package=package)
    (package / "rooms" / "__init__.py").write_text("y = 2\n")
    assert code_hash.of_notebook(path, package=package) != second


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("import tiny.none", "imports tiny.none, which is not there"),
        ("from tiny.first import g", "imports g from tiny.first, which does not define it"),
        ("import importlib\nimportlib.import_module(name)", "calls import_module"),
        ("exec('import tiny.first')", "calls exec"),
        ("%run other.py", "calls %run"),
        ("!python other.py", "calls system"),
        ("this is no Python", "calls exec"),
    ],
)
def test_what_cannot_be_followed_is_named_and_every_module_counts(tmp_path, package, cell, words):
    path = notebook(tmp_path, cell)
    (found,) = code_hash.unknown_imports(path, package=package)
    assert found == f"the notebook {words}"
    first = code_hash.of_notebook(path, package=package)
    (package / "aside.py").write_text("x = 2\n")
    assert code_hash.of_notebook(path, package=package) != first


def test_asking_for_the_systems_name_runs_nothing(tmp_path, package):
    """`os.system` runs other code, `platform.system` only tells a name."""
    harmless = notebook(tmp_path, "import os, platform\nplatform.system() == 'Linux'")
    assert code_hash.unknown_imports(harmless, package=package) == ()
    path = notebook(tmp_path, "import os\nos.system('python other.py')")
    assert code_hash.unknown_imports(path, package=package) == ("the notebook calls system",)


def test_a_star_reaches_all_modules_of_a_room(tmp_path, package):
    path = notebook(tmp_path, "from tiny.rooms.deep import *")
    first = code_hash.of_notebook(path, package=package)
    (package / "rooms" / "deep" / "third.py").write_text("x = 3\n")
    assert code_hash.of_notebook(path, package=package) != first
    assert not code_hash.unknown_imports(path, package=package)


@pytest.mark.parametrize("path", sorted(paths.NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_import_of_our_notebooks_can_be_followed(path):
    assert code_hash.unknown_imports(path) == ()


def test_asking_which_system_this_is_runs_no_code(tmp_path, package):
    assert code_hash.unknown_imports(notebook(tmp_path, "import platform\nplatform.system()"), package=package) == ()
