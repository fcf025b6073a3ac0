"""Face units (how far a lid is closed, a mouth corner raised) read from a face by a ridge regression on the backbone.

No photograph's label gives them: the regression was learned from rendered faces, whose units are known
(`face_unit_training.py`). Weights are those of ARKit's 52 units, 0 at rest and about 1 at full strength.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_utils.common import arrays, files, paths
from fer_utils.common.errors import WeightsError
from fer_utils.transfer import pretrained

VERSION = 1  # of the two files' contract
NAME = "units"
# Units of which a face has two, of the image's left and right, and of which it has one.
PAIRS = (
    "eyeBlink", "eyeSquint", "eyeWide", "cheekSquint", "browDown", "browOuterUp", "mouthSmile", "mouthFrown", "mouthUpperUp",
)  # fmt: skip
SINGLES = ("browInnerUp", "jawOpen", "mouthFunnel", "mouthPucker", "mouthShrugLower")
NAMES = (*(f"{name} {side}" for name in PAIRS for side in ("left", "right")), *SINGLES)
# Where each output is found in the outputs for the mirror image.
MIRRORED = np.array([*(index ^ 1 for index in range(2 * len(PAIRS))), *range(2 * len(PAIRS), len(NAMES))])
_RESTORE = "Restore it with git checkout -- weights/units.npz weights/units.json, or make it anew with: fer learn-units"


@dataclass(frozen=True, eq=False)
class Regression:
    """A linear map from features to the units in `NAMES`.

    Attributes:
        coefficients: (values, units) float32.
        intercepts: (units,) float32.
    """

    coefficients: np.ndarray
    intercepts: np.ndarray

    def read(self, plain: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
        """(N, units) float32 in the order of `NAMES`, the mean of what a face and its mirror image say.

        Args:
            plain, mirrored: (N, values) float32, features of the faces and of their mirror images.
        """
        there, back = (each @ self.coefficients + self.intercepts for each in (plain, mirrored))
        return (there + back[:, MIRRORED]) / 2


def both_ways(regression: Regression, plain: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Units as features that are the same for a face and its mirror image.

    Returns:
        (N, 2 * pairs + singles) float32: the mean of both sides and their difference without its sign, for each pair,
        then the single ones.
    """
    read = regression.read(plain, mirrored)
    left, right = read[:, : 2 * len(PAIRS) : 2], read[:, 1 : 2 * len(PAIRS) : 2]
    return np.concatenate([(left + right) / 2, np.abs(left - right), read[:, 2 * len(PAIRS) :]], axis=1)


def rounded(regression: Regression) -> Regression:
    """A regression as it is when it has been stored and loaded again."""
    scale = np.abs(regression.coefficients).max(axis=0)
    coefficients = (regression.coefficients / scale).astype(np.float16).astype(np.float32) * scale
    return Regression(coefficients, regression.intercepts)


def save(regression: Regression, *, about: dict) -> None:
    """Store a regression as `weights/units.npz`, coefficients in half precision, with `units.json` beside it.

    Raises:
        OutputError: the folder cannot be written.
    """
    scale = np.abs(regression.coefficients).max(axis=0)
    stored = {
        "coefficients": (regression.coefficients / scale).astype(np.float16),
        "scale": scale,
        "intercepts": regression.intercepts,
    }
    weights, origin = _files()
    with files.replacing(weights) as temporary:
        np.savez_compressed(temporary, **stored)
        digest = files.sha256(temporary.read_bytes())
    contract = {"version": VERSION, "units": list(NAMES), "backbone": pretrained.metadata()["sha256"], "sha256": digest}
    files.write_checked_json(origin, about | contract)


def metadata() -> dict:
    """What is written beside the regression, once it is found to be there, whole, and learned on the backbone beside it.

    Returns:
        What `units.json` says.

    Raises:
        WeightsError: it is not.
    """
    weights, origin = _files()
    for path in (origin, weights):
        if not path.is_file():
            remedy = _RESTORE if path.parent == paths.WEIGHTS else pretrained.ELSEWHERE
            raise WeightsError(f"{path}: the regression of face units is missing. {remedy}")
    try:
        about = files.read_checked_json(origin)
        found, names, backbone, digest = (about[word] for word in ("version", "units", "backbone", "sha256"))
        same_names = tuple(names) == NAMES and set(about["scores"]) == {*PAIRS, *SINGLES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{origin}: damaged ({error!r}). {_RESTORE}") from error
    if found != VERSION:
        raise WeightsError(f"{origin}: of version {found}, but this code reads version {VERSION}. {_RESTORE}")
    if not same_names:
        raise WeightsError(f"{origin}: of other face units than this code reads. {_RESTORE}")
    if backbone != pretrained.metadata()["sha256"]:
        raise WeightsError(
            f"{origin}: learned on another backbone than the one beside it. Learn it anew with: fer learn-units (which "
            "needs rendered faces, see tools/sample_faces/README.md)"
        )
    if files.sha256(weights.read_bytes()) != digest:
        raise WeightsError(f"{weights}: truncated or damaged, its content is not what {origin.name} says. {_RESTORE}")
    return about


def load() -> Regression:
    """Load the regression.

    Raises:
        WeightsError: missing, damaged, or learned on another backbone.
    """
    metadata()
    read = arrays.read(_files()[0])
    return Regression(read["coefficients"].astype(np.float32) * read["scale"], read["intercepts"])


def _files() -> tuple[Path, Path]:
    return paths.weights() / f"{NAME}.npz", paths.weights() / f"{NAME}.json"
