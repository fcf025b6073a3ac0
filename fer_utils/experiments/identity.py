"""What determines a run's result besides its recipe, seed and data: code, backend, versions, kind of processor."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fer_utils.common import code_hash, keras_setup

# All that a network is fed with or trained by stands in this folder; a change elsewhere cannot change a run.
ENGINE = Path(__file__).resolve().parents[1] / "engine"
_PACKAGES = ("keras", "numpy")


def here(keras_backend: str | None = None) -> dict:
    """The identity of this machine's installation, as records keep it.

    Args:
        keras_backend: "tensorflow", "jax" or "torch"; None for the one that this process uses.
    """
    keras_backend = keras_backend or keras_setup.name()
    return {
        "code": code_hash.of_folder(ENGINE),
        "backend": keras_backend,
        "versions": {name: _version(name) for name in (*_PACKAGES, keras_backend)},
        "processor": _processor(),
        "threads": 1,
    }


def differences(ours: dict, theirs: dict) -> str:
    """What differs between two identities in words, empty where runs of both may stand side by side.

    Processors may differ: they move the last bits of a result only, and records name theirs.
    """
    found = [
        f"{name} is {theirs['versions'].get(name, 'not used')} there and {wanted} here"
        for name, wanted in ours["versions"].items()
        if theirs["versions"].get(name) != wanted
    ]
    if theirs["code"] != ours["code"]:
        found.append(f"the training code of fer_utils is {theirs['code'][:8]} there and {ours['code'][:8]} here")
    return ", ".join(found)


def words(made_by: dict) -> str:
    """What made a record, in words: versions and kind of processor."""
    versions = ", ".join(f"{name} {number}" for name, number in made_by.get("versions", {}).items())
    return f"{versions} on {made_by.get('processor', 'an unknown processor')}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """Kind of processor: runs on another kind may differ in the last bits."""
    cpu_information = Path("/proc/cpuinfo")
    if cpu_information.is_file():
        for line in cpu_information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
