"""Learning to read face units from rendered faces, whose units are known (`python -m tools.sample_faces.unit_faces`)."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.common import arrays, csv_files, files, paths, progress
from fer_utils.common.errors import DatasetError
from fer_utils.data import cleaning
from fer_utils.evaluation import intervals
from fer_utils.transfer import face_units, features, pretrained

FOLDER = "unitfaces"
STRENGTHS = tuple(10.0**exponent for exponent in range(1, 7))  # penalties tried, on standardized features
HELD_OUT = 5  # every fifth person is only scored
_KEY = ("fine", "eyes + mouth")
_EYE_NOISE = 0.6  # pixels: a detector's eyes are not the true ones
_GREY_NOISE = 3.0
_SEED = 1


@dataclass(frozen=True, eq=False)
class RenderedFaces:
    """Rendered faces with the weights of their units.

    Attributes:
        images: (N, side, side) uint8.
        eyes: (N, 2, 2) float32, x and y in pixels, the image's left eye first.
        units: (N, len(units.NAMES)) float32.
        person: (N,) int64.
        digest: SHA-256 of the file.
    """

    images: np.ndarray
    eyes: np.ndarray
    units: np.ndarray
    person: np.ndarray
    digest: str


def load(folder: Path | None = None) -> RenderedFaces:
    """Read `faces.npz`, as the generator packs it.

    Args:
        folder: that holds it; `unitfaces` in $FER_DATA_DIR or data/raw unless given.

    Raises:
        DatasetError: missing or damaged.
    """
    places = [folder] if folder else [each for each in (paths.in_shared_data(FOLDER), paths.RAW / FOLDER) if each]
    path = next((each / "faces.npz" for each in places if (each / "faces.npz").is_file()), None)
    if path is None:
        where = " or ".join(str(each) for each in places)
        raise DatasetError(f"no faces.npz in {where}: render it first (see tools/sample_faces/README.md).")
    try:
        read = arrays.read(path)
        images, eyes, weights, person, names = (read[name] for name in ("images", "eyes", "units", "person", "names"))
        table = pd.DataFrame(weights, columns=[str(name) for name in names])
        targets = table[[_generators(name) for name in face_units.NAMES]].to_numpy(dtype=np.float32)
    except (OSError, arrays.DamagedError, KeyError) as error:
        raise DatasetError(f"{path}: damaged ({error}). Render it again.") from error
    return RenderedFaces(images, eyes, targets, person, files.sha256(path.read_bytes()))


def run(faces: RenderedFaces) -> dict:
    """Learn, score and write `weights/units.npz` and `weights/units.json`.

    The penalty is chosen by cross-validation over people, on those who are not held out. What is shipped has not
    learned the held-out people either, so that the scores are its own.

    Returns:
        What `units.json` says.

    Raises:
        WeightsError: the backbone is missing or damaged.
        OutputError: the folder cannot be written.
    """
    plain, mirrored = _features(_with_noise(faces))
    held = faces.person % HELD_OUT == HELD_OUT - 1
    learned = np.concatenate([plain[~held], mirrored[~held]])
    targets = np.concatenate([faces.units[~held], faces.units[~held][:, face_units.MIRRORED]])
    regression, strength = fit(learned, targets, np.tile(faces.person[~held], 2))
    about = {
        "faces": int((~held).sum()),
        "people": len(set(faces.person[~held])),
        "held_out_faces": int(held.sum()),
        "held_out_people": len(set(faces.person[held])),
        "rendered": faces.digest,
        "seed": _SEED,
        "penalty": strength,
        "values": plain.shape[1],
    }
    stored = face_units.rounded(regression)
    about["scores"] = scores(faces.units[held], stored.read(plain[held], mirrored[held]), faces.person[held])
    about["correlation_on_sample"] = _on_sample(stored)
    face_units.save(regression, about=about)
    return face_units.metadata()


def fit(features: np.ndarray, targets: np.ndarray, person: np.ndarray) -> tuple[face_units.Regression, float]:
    """Ridge regression on standardized features, its penalty by five-fold cross-validation over people.

    Args:
        features: (N, values) float32.
        targets: (N, units) float32.
        person: (N,), who must not be on both sides of a fold; at least five.

    Returns:
        The regression and the penalty.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    search = GridSearchCV(
        make_pipeline(StandardScaler(), Ridge(solver="cholesky")),
        {"ridge__alpha": STRENGTHS},
        scoring="neg_mean_squared_error",
        cv=GroupKFold(5),
    )
    search.fit(features.astype(np.float64), targets, groups=person)
    scaler, ridge = search.best_estimator_
    coefficients = (ridge.coef_ / scaler.scale_).T
    intercepts = ridge.intercept_ - scaler.mean_ @ coefficients
    found = face_units.Regression(coefficients.astype(np.float32), intercepts.astype(np.float32))
    return found, float(search.best_params_["ridge__alpha"])


def scores(truth: np.ndarray, read: np.ndarray, person: np.ndarray) -> dict[str, dict[str, float]]:
    """R² of each unit, both sides of a pair together, with a 95 % interval from a bootstrap over people.

    Not by Student's t, as accuracies are: of dozens of rendered people, and for a ratio of two sums that both vary, the two cover
    alike (`tests/test_coverage.py` simulates it), and the percentiles cannot pass 1.

    Args:
        truth, read: (N, len(units.NAMES)) float32.
        person: (N,).
    """
    total = pd.DataFrame((truth - truth.mean(axis=0)) ** 2, columns=face_units.NAMES).groupby(person).sum()
    explained = total - pd.DataFrame((truth - read) ** 2, columns=face_units.NAMES).groupby(person).sum()
    found = {}
    for name, columns in _columns().items():
        sums, counts = (each[columns].sum(axis=1).to_numpy() for each in (explained, total))
        found[name] = asdict(intervals.subject_bootstrap(sums, counts))
    return found


def _on_sample(regression: face_units.Regression) -> dict[str, float]:
    """Pearson's correlation of each unit with its true weight on the sample faces, found and aligned like photographs.

    Units that the sample's expressions do not use are left out.
    """
    data, manifest = cleaning.load_clean("sample")
    positions = cleaning.kept_indices(data, manifest)
    images = features.crops(data, positions, _KEY[0])
    read = pd.DataFrame(regression.read(*_features(images)), columns=face_units.NAMES)
    table = csv_files.read(paths.SAMPLE / "expressions.csv", csv_files.schema(["image"], text=["image"]))
    table = table.set_index("image").loc[data.file_names[positions]]
    found = {}
    for name, columns in _columns().items():
        theirs = [_generators(column) for column in columns]
        if set(theirs) <= set(table) and table[theirs].to_numpy().std() > 0.1:
            found[name] = float(np.corrcoef(table[theirs].to_numpy().ravel(), read[columns].to_numpy().ravel())[0, 1])
    return found


def _columns() -> dict[str, list[str]]:
    return {name: [f"{name} left", f"{name} right"] for name in face_units.PAIRS} | {
        name: [name] for name in face_units.SINGLES
    }


def _generators(name: str) -> str:
    """The generator's name of an output; its sides are the person's own, ours the image's."""
    unit, _, side = name.partition(" ")
    return unit + {"left": "Right", "right": "Left", "": ""}[side]


def _with_noise(faces: RenderedFaces) -> np.ndarray:
    """Aligned crops by eyes that are a little off, with a camera's noise."""
    random = np.random.default_rng(_SEED)
    eyes = faces.eyes + random.normal(0, _EYE_NOISE, size=faces.eyes.shape)
    crops = [
        features.aligned(image, left, right, _KEY[0])
        for image, (left, right) in zip(progress.bar(faces.images, "aligning"), eyes, strict=True)
    ]
    noisy = np.stack(crops) + random.normal(0, _GREY_NOISE, size=(len(crops), *crops[0].shape))
    return np.clip(noisy.round(), 0, 255).astype(np.uint8)


def _features(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    model = pretrained.load().model
    wanted = {_KEY: features.FEATURES[_KEY]}
    return tuple(features.outputs(model, seen, wanted)[_KEY] for seen in (images, images[:, :, ::-1]))
