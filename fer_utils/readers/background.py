"""Does a model of the whole frame read the face or what is around it? Replace the one or the other, and read again."""

import numpy as np
import pandas as pd

from fer_utils.evaluation import intervals
from fer_utils.readers import covering
from fer_utils.readers.reader import NetworkReader

FACE, REST = "the face", "all but the face"
_CODE = ("data.alignment", "data.detection", "readers.background", "readers.covering")


def replaced(reader: NetworkReader) -> pd.DataFrame:
    """Accuracy with the face's box, and with all but the box, replaced by the same part of other people's pictures.

    Args:
        reader: of a model of the whole frame, or of the aligned face.

    Returns:
        A row for each of `FACE` and `REST`: `part`; `before, value, low, high`, accuracy without and with it (intervals by
        Student's t on the logit over people); `lost, lost_low, lost_high` of the right expression's probability; `area`, the
        share of the picture that the face's box takes; `n` images.
    """
    data = reader.experiment.dataset

    def box(position: int) -> list[np.ndarray]:
        return [np.clip(reader.study.face_box(position), 0, 1)]

    def fit() -> dict[str, np.ndarray]:
        positions, plain, face = covering.answers(reader, box)
        _, _, rest = covering.answers(reader, box, outside=True)
        left, top, right, bottom = np.array([box(int(each))[0] for each in positions]).T
        areas = (right - left) * (bottom - top)
        return {"positions": positions, "plain": plain, FACE: face[0], REST: rest[0], "areas": areas}

    kept = reader.kept("replaced", fit, code=_CODE, inputs=(covering.drawn(reader),))
    positions, plain = kept["positions"], kept["plain"]
    labels, subjects, rows = data.labels[positions], data.subjects[positions], np.arange(len(positions))
    found = []
    for part in (FACE, REST):
        right = intervals.of_accuracy(*intervals.by_person(kept[part].argmax(axis=1) == labels, subjects))
        lost = intervals.of_mean(*intervals.by_person(plain[rows, labels] - kept[part][rows, labels], subjects))
        row = {"part": part, "before": float((plain.argmax(axis=1) == labels).mean()), "value": right.value}
        row |= {"low": right.low, "high": right.high, "lost": lost.value, "lost_low": lost.low, "lost_high": lost.high}
        found.append(row | {"area": float(kept["areas"].mean()), "n": len(positions)})
    return pd.DataFrame(found)
