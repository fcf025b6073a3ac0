"""The network that comes with the project: pretrained on FER+, with calibrated probabilities."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.common import files, keras_setup, paths
from fer_utils.common.errors import WeightsError
from fer_utils.data import ferplus
from fer_utils.engine.scaling import scaled

if TYPE_CHECKING:
    import keras

VERSION = 1  # of the two files' contract; raised when the input or the meaning of the output changes
NAME = "ferplus"
_BATCH = 64
_SMALLEST = 1e-12  # probabilities under this count as this much
_RESTORE = "Restore it with: git checkout -- weights"
ELSEWHERE = "FER_WEIGHTS_DIR names the folder of all weights: set it right, or unset it."


@dataclass(frozen=True, eq=False)
class Pretrained:
    """The network, ready to use.

    Attributes:
        model: from (N, 48, 48, 1) float32 greys in [0, 1] to (N, classes) float32 probabilities.
        classes: names of the expressions, in the order of the outputs.
        temperature: above 0; the network's log-probabilities are divided by it, so that a face that gets 80 % is
            right in 80 % of such cases on FER+'s validation images.
        shift: (classes,) float64, added to the log-probabilities after that, for another prior or a person's own neutral face
            (`tasks/priors.py`); 0 for the network as it was trained.
    """

    model: "keras.Model"
    classes: tuple[str, ...]
    temperature: float
    shift: np.ndarray | float = 0.0

    def probabilities(self, faces: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of the expressions.

        Args:
            faces: (N, 48, 48) uint8, as `alignment.face_input` makes them.

        Returns:
            (N, classes) float32, each row adding up to 1.
        """
        return calibrated(log_probabilities(self.model, faces), self.temperature, shift=self.shift)


def log_probabilities(model: "keras.Model", faces: np.ndarray) -> np.ndarray:
    """What the network says of faces and of their mirror images, averaged before any calibration.

    Args:
        faces: (N, 48, 48) uint8.

    Returns:
        (N, classes) float32, the mean of both logarithms.
    """
    import keras

    means = [np.zeros((0, model.output_shape[-1]), dtype=np.float32)]
    for start in range(0, len(faces), _BATCH):
        batch = scaled(faces[start : start + _BATCH])[..., np.newaxis]
        # Called, not `predict`ed: that would first trace a graph, which takes longer than a photo's few faces.
        found = keras.ops.convert_to_numpy(model(np.concatenate([batch, batch[:, :, ::-1]]), training=False))
        logarithms = np.log(np.maximum(found, _SMALLEST))
        means.append((logarithms[: len(batch)] + logarithms[len(batch) :]) / 2)
    return np.concatenate(means)


def calibrated(log_probabilities: np.ndarray, temperature: float, *, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """Log-probabilities divided by a temperature, and shifted, as probabilities again; (N, classes) both."""
    from scipy.special import softmax

    return softmax(log_probabilities / temperature + shift, axis=1).astype(log_probabilities.dtype)


def fit_temperature(log_probabilities: np.ndarray, targets: np.ndarray, *, shift: np.ndarray | float = 0.0) -> float:
    """The temperature under which probabilities fit best (Guo et al. 2017, arXiv:1706.04599).

    Args:
        log_probabilities: (N, classes) float, of validation images, from the function of this name.
        targets: (N, classes) float, the share of each class, rows adding up to 1, or to the weight of the image.
        shift: of the log-probabilities, see `Pretrained`.

    Returns:
        What makes the cross-entropy smallest, between 0.05 and 20.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def cross_entropy(logarithm: float) -> float:
        found = log_softmax(log_probabilities / np.exp(logarithm) + shift, axis=1)
        return -float((targets * found).sum(axis=1).mean())

    return float(np.exp(minimize_scalar(cross_entropy, bounds=np.log([0.05, 20]), method="bounded").x))


def save(model: "keras.Model", *, temperature: float, about: dict, folder: Path | None = None) -> None:
    """Store a network as `ferplus.keras` with `ferplus.json` beside it; the state of its optimizer is left out.

    Args:
        model: with one output for each of `ferplus.EXPRESSIONS`.
        temperature: from `fit_temperature`.
        about: further entries of the JSON file, such as how it was trained and how it scores.
        folder: `paths.weights()` unless given.

    Raises:
        OutputError: the folder cannot be written.
    """
    import keras

    folder = folder or paths.weights()
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    with files.replacing(folder / f"{NAME}.keras") as temporary:
        plain.save(temporary)
        digest = files.sha256(temporary.read_bytes())
    origin = {
        "version": VERSION,
        "classes": list(ferplus.EXPRESSIONS),
        "temperature": temperature,
        "sha256": digest,
        "keras": version("keras"),
        "layers": len(plain.layers),
        "parameters": plain.count_params(),
    }
    files.write_checked_json(folder / f"{NAME}.json", about | origin)


def metadata(folder: Path | None = None) -> dict:
    """What is written beside the weights, once they are found to be there, whole, and of the version that this code reads.

    Keras is not needed for it.

    Args:
        folder: `paths.weights()` unless given.

    Returns:
        What `ferplus.json` says.

    Raises:
        WeightsError: they are not.
    """
    weights, origin = _files(folder)
    for path in (origin, weights):
        if not path.is_file():
            remedy = _RESTORE if path.parent == paths.WEIGHTS else ELSEWHERE
            raise WeightsError(f"{path}: the pretrained weights are missing. {remedy}")
    try:
        about = files.read_checked_json(origin)
        found, digest = about["version"], about["sha256"]
        usable = len(about["classes"]) > 1 and float(about["temperature"]) > 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{origin}: damaged ({error!r}). {_RESTORE}") from error
    if found != VERSION:
        raise WeightsError(
            f"{origin}: weights of version {found}, but this code reads version {VERSION}. "
            "Take the code and weights/ from the same commit."
        )
    if not usable or files.sha256(weights.read_bytes()) != digest:
        raise WeightsError(f"{weights}: truncated or damaged, its content is not what {origin.name} says. {_RESTORE}")
    return about


def load(folder: Path | None = None) -> Pretrained:
    """Load the pretrained network.

    Args:
        folder: `paths.weights()` unless given.

    Raises:
        WeightsError: missing, damaged, of another version, or written by a Keras that this one does not understand.
    """
    about = metadata(folder)
    keras_setup.quiet()
    import keras

    from fer_utils.engine import fused  # noqa: F401  (known to Keras by being imported)

    weights, _ = _files(folder)
    try:
        model = keras.models.load_model(weights, compile=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{weights}: Keras {version('keras')} cannot read it (written by Keras {about.get('keras')}): {error}. "
            "Install the locked packages: make setup"
        ) from error
    if model.output_shape[-1] != len(about["classes"]):
        raise WeightsError(
            f"{weights}: {model.output_shape[-1]} outputs for {len(about['classes'])} classes. {_RESTORE}"
        )
    return Pretrained(model=model, classes=tuple(about["classes"]), temperature=float(about["temperature"]))


def _files(folder: Path | None) -> tuple[Path, Path]:
    folder = folder or paths.weights()
    return folder / f"{NAME}.keras", folder / f"{NAME}.json"
