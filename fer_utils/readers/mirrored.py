"""Left or right? Every test image read once more as its mirror image, which shows the same expression."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.readers.reader import Reader

ALL = "all"


@dataclass(frozen=True, eq=False)
class Mirrored:
    """Answers to the test images and to their mirror images, each by what left the person out.

    Attributes:
        model: that answered.
        classes: names of the expressions.
        truth, plain, mirrored: (N,) int, positions in `classes`.
        subjects: (N,) str.
    """

    model: str
    classes: tuple[str, ...]
    truth: np.ndarray
    plain: np.ndarray
    mirrored: np.ndarray
    subjects: np.ndarray

    def table(self) -> pd.DataFrame:
        """What mirroring changes: a row for all images and one for each expression that is shown.

        Returns:
            `part`; `shown`, `mirrored` (accuracies), `difference, low, high` (of these); `changed, changed_low, changed_high`
            (share of the answers that differ); `n`. Intervals by Student's t over people.
        """
        parts = {ALL: np.ones(len(self.truth), dtype=bool)}
        parts |= {name: self.truth == number for number, name in enumerate(self.classes)}
        rows = []
        for part, chosen in parts.items():
            if not chosen.any():
                continue
            right = [(said == self.truth)[chosen].astype(float) for said in (self.plain, self.mirrored)]
            gain = intervals.of_mean(*intervals.by_person(right[1] - right[0], self.subjects[chosen]))
            changed = intervals.of_accuracy(
                *intervals.by_person((self.plain != self.mirrored)[chosen], self.subjects[chosen])
            )
            row = {"part": part, "shown": right[0].mean(), "mirrored": right[1].mean(), "difference": gain.value}
            row |= {"low": gain.low, "high": gain.high, "changed": changed.value}
            rows.append(row | {"changed_low": changed.low, "changed_high": changed.high, "n": int(chosen.sum())})
        return pd.DataFrame(rows)


def read(reader: Reader) -> Mirrored:
    """Ask a model, kept on disk. Heads on symmetric features answer the same to both, by construction."""
    data = reader.experiment.dataset

    def fit() -> dict[str, np.ndarray]:
        found = {"positions": [], "plain": [], "mirrored": []}
        for fold, (_, test) in reader.folds.items():
            shown = test[reader.shows[test]]
            if len(shown):
                pictures = reader.pictures(shown)
                turned = {view: np.ascontiguousarray(each[:, :, ::-1]) for view, each in pictures.items()}
                found["positions"].append(shown)
                for name, seen in (("plain", pictures), ("mirrored", turned)):
                    found[name].append(reader.answers(fold, seen).argmax(axis=1))
        return {name: np.concatenate(values) for name, values in found.items()}

    kept = reader.kept("mirrored", fit, code=("data.alignment", "readers.mirrored"))
    positions = kept["positions"]
    shown = (data.labels[positions], kept["plain"], kept["mirrored"], data.subjects[positions])
    return Mirrored(reader.model, tuple(reader.classes), *shown)
