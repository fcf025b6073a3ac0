"""What goes into a run and what it leaves on disk."""

import json
from dataclasses import dataclass, field

import numpy as np

from fer_utils.common import arrays as npz
from fer_utils.common import files
from fer_utils.common.errors import OutputError

CURVES = (
    "loss", "smoothed_cross_entropy", "cross_entropy", "penalty", "accuracy",
    "validation_loss", "validation_cross_entropy", "validation_accuracy",
    "augmented_validation_cross_entropy", "augmented_validation_accuracy",
)  # fmt: skip
PLAIN_CURVES = 8  # the rest are there only where augmented copies of the test images are scored too


@dataclass(frozen=True, eq=False)
class Fold:
    """What one run trains on and is tested on.

    Attributes:
        train_images, test_images: (N, height, width, 1) uint8 in [0, 255].
        train_labels, test_labels: (N,) int64 in [0, classes).
        classes: number of expressions.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: int

    def hash(self) -> str:
        """SHA-256 over all arrays with their shapes."""
        arrays = (self.train_images, self.train_labels, self.test_images, self.test_labels)
        content = b"".join(f"{a.shape}{a.dtype}".encode() + np.ascontiguousarray(a).tobytes() for a in arrays)
        return files.sha256(content + str(self.classes).encode())


@dataclass(frozen=True, eq=False)
class Record:
    """What a run leaves behind.

    Attributes:
        probabilities: (N, classes) float32, the trained network's answer for each test image.
        curves: name in `CURVES` to (epochs,) float32; training values are means over an epoch's batches, as Keras
            reports them; losses in nats.
        weights: the network's variables in Keras' order; empty where they were not asked for.
        made_by: what determined the run: recipe, seed, data hash, code hash, versions, processor, threads.
    """

    probabilities: np.ndarray
    curves: dict[str, np.ndarray]
    weights: tuple[np.ndarray, ...] = ()
    made_by: dict = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The record as a NumPy .npz archive; equal records give equal bytes."""
        arrays = {"probabilities": self.probabilities, "made_by": np.array(json.dumps(self.made_by, sort_keys=True))}
        arrays |= {f"curve_{name}": values for name, values in self.curves.items()}
        arrays |= {f"weight_{index:03}": values for index, values in enumerate(self.weights)}
        return npz.to_bytes(arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Record":
        """Read a record back.

        Raises:
            OutputError: the bytes are not a whole record (every array in it carries a checksum).
        """
        try:
            arrays = npz.read(content)
            return cls(
                probabilities=arrays["probabilities"],
                curves={name: arrays[f"curve_{name}"] for name in CURVES if f"curve_{name}" in arrays},
                weights=tuple(arrays[name] for name in sorted(arrays) if name.startswith("weight_")),
                made_by=json.loads(str(arrays["made_by"])),
            )
        except (npz.DamagedError, KeyError, ValueError) as error:
            raise OutputError(f"not a whole record ({error})") from error
