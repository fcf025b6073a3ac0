"""Which part of the picture a network needs: cover it bit by bit, and see how the answer suffers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.data.alignment import REGIONS
from fer_utils.engine.scaling import scaled
from fer_utils.evaluation import intervals
from fer_utils.studies.errors import ErrorStudy

PATCH = 8  # side of the covering square, pixels
STRIDE = 4


def maps(study: ErrorStudy) -> dict[str, np.ndarray]:
    """How much the probability of the true expression falls where a part of the picture is covered.

    Every image is read by the network that never saw the person, with a square of the picture's mean grey at every place
    of a grid (Zeiler and Fergus 2014, doi:10.1007/978-3-319-10590-1_53). A pixel's value is the mean over the squares
    that cover it.

    Returns:
        Image name to (height, width) float32; negative where covering helps.
    """
    labels, names = study.experiment.dataset.labels, study.experiment.dataset.file_names

    def fit() -> dict[str, np.ndarray]:
        found = {}
        for fold, network in study.networks.items():
            for index in study.experiment.folds(study.experiment.protocol)[fold][1]:
                found[str(names[index])] = _map(network, study.inputs[index], int(labels[index]))
        return {"names": np.array(list(found)), "maps": np.stack(list(found.values()))}

    arrays = study.kept("occlusion", fit, code=("data.alignment", "studies.occlusion"))
    return dict(zip(arrays["names"].tolist(), arrays["maps"], strict=True))


def shares(heat: np.ndarray, regions: Mapping[str, tuple[float, float, float, float]] = REGIONS) -> dict[str, float]:
    """Mean effect of a pixel in each region, over the mean effect of any pixel; above 1 a region counts for more.

    Args:
        heat: (height, width), such as a mean of `maps`; only falls of the probability count.
    """
    falls = np.maximum(heat, 0)
    height, width = heat.shape
    found = {}
    for name, (left, top, right, bottom) in regions.items():
        rows = slice(round(top * height), max(round(top * height) + 1, round(bottom * height)))
        columns = slice(max(0, round(left * width)), round(right * width))
        found[name] = float(falls[rows, columns].mean() / falls.mean()) if falls.any() else float("nan")
    return found


def shares_of_people(heat: np.ndarray, subjects: np.ndarray) -> pd.DataFrame:
    """`shares` of the mean of some maps, with 95 % intervals from a bootstrap over subjects.

    A region may be the first one if the interval of its distance from the one with the largest share includes 0: no other
    region counts for more, as far as these people can show.

    Args:
        heat: (N, height, width), from `maps`.
        subjects: (N,) str.

    Returns:
        A row per region: `region, value, low, high, may_be_first` (bool), `n` (images).
    """
    names, number = np.unique(subjects, return_inverse=True)
    sums = np.stack([heat[number == place].sum(axis=0) for place in range(len(names))])
    drawn = intervals.resampled_sums(sums)
    resampled = [shares(each) for each in drawn]
    found = shares(heat.mean(axis=0))
    first = max(found, key=found.get)
    rows = []
    for name, value in found.items():
        low, high = intervals.middle([each[name] for each in resampled])
        behind = intervals.middle([each[first] - each[name] for each in resampled])
        may_be_first = bool((name == first or behind[0] <= 0) and np.isfinite(value))
        rows.append((name, value, low, high, may_be_first, len(heat)))
    return pd.DataFrame(rows, columns=["region", "value", "low", "high", "may_be_first", "n"])


@dataclass(frozen=True, eq=False)
class Parts:
    """Where covering hurts, by expression.

    Attributes:
        faces: expression to the mean of its faces as the network sees them, (height, width) uint8.
        heat: expression to the mean of its `maps`, (height, width) float32.
        shares: rows of `shares_of_people` with the column `expression`.
    """

    faces: dict[str, np.ndarray]
    heat: dict[str, np.ndarray]
    shares: pd.DataFrame


def by_expression(study: ErrorStudy) -> Parts:
    """What `maps` show of each expression, those left out that no test image shows."""
    dataset, heat = study.experiment.dataset, maps(study)
    positions = {name: dataset.position(name) for name in heat}
    faces, means, tables = {}, {}, []
    for label, expression in enumerate(dataset.class_names):
        chosen = {name: place for name, place in positions.items() if dataset.labels[place] == label}
        if chosen:
            places, own = list(chosen.values()), np.stack([heat[name] for name in chosen])
            faces[expression] = study.inputs[places, ..., 0].mean(axis=0).astype(np.uint8)
            means[expression] = own.mean(axis=0)
            tables.append(shares_of_people(own, dataset.subjects[places]).assign(expression=expression))
    return Parts(faces, means, pd.concat(tables, ignore_index=True))


def share_in_face(study: ErrorStudy) -> tuple[float, float]:
    """Mean share of the effect of covering inside the faces' boxes, and the mean share of the picture that these take."""
    falls = {name: np.maximum(values, 0) for name, values in maps(study).items()}
    return study.share_in_face(list(falls), np.stack(list(falls.values())))


def mirrored(study: ErrorStudy) -> dict[str, np.ndarray]:
    """Answers to the test images and to their mirror images, by the network that never saw the person.

    Returns:
        "truth", "plain" and "mirrored", each (N,) class indices, and "subject" (N,) str.
    """
    return study.kept("mirrored", lambda: _mirrored(study), code=("data.alignment", "studies.occlusion"))


def _mirrored(study: ErrorStudy) -> dict[str, np.ndarray]:
    labels, subjects = study.experiment.dataset.labels, study.experiment.dataset.subjects
    parts = {"truth": [], "plain": [], "mirrored": [], "subject": []}
    for fold, network in study.networks.items():
        test = study.experiment.folds(study.experiment.protocol)[fold][1]
        images = study.inputs[test]
        parts["truth"].append(labels[test])
        parts["subject"].append(subjects[test])
        for name, seen in (("plain", images), ("mirrored", images[:, :, ::-1])):
            parts[name].append(np.asarray(network(scaled(seen), training=False)).argmax(axis=1))
    return {name: np.concatenate(values) for name, values in parts.items()}


def _map(network, image: np.ndarray, label: int) -> np.ndarray:
    height, width = image.shape[:2]
    corners = [(y, x) for y in range(0, height - PATCH + 1, STRIDE) for x in range(0, width - PATCH + 1, STRIDE)]
    covered = np.repeat(image[np.newaxis], len(corners) + 1, axis=0)
    for picture, (y, x) in zip(covered[1:], corners, strict=True):
        picture[y : y + PATCH, x : x + PATCH] = round(float(image.mean()))
    probability = np.asarray(network(scaled(covered), training=False))[:, label]
    total, times = np.zeros((height, width), dtype=np.float32), np.zeros((height, width), dtype=np.float32)
    for (y, x), value in zip(corners, probability[1:], strict=True):
        total[y : y + PATCH, x : x + PATCH] += probability[0] - value
        times[y : y + PATCH, x : x + PATCH] += 1
    return total / times
