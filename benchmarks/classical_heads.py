"""`python -m benchmarks.classical_heads [FOLDER]...`: ridge heads or logistic regression, for the model `classical`.

Writes benchmarks/classical_heads.csv (name, value, unit). Both see the same symmetric descriptors, HOG and LBP at 96 pixels side by
side, and choose their strength on inner people of each fold; ridge heads in closed form with every inner person left out,
scikit-learn's logistic regression in three inner folds of people. Yale's rows are made where FER_DATA_DIR has it, those of each
FOLDER of faces under its name.
"""

import time
import warnings
from pathlib import Path

import click
import numpy as np
from threadpoolctl import threadpool_limits

from fer_utils.common import files, paths, progress
from fer_utils.data import cleaning, datasets
from fer_utils.experiments.experiment import Experiment
from fer_utils.transfer import classical, small_set
from fer_utils.transfer.descriptors import symmetric_descriptors

HERE = Path(__file__).resolve().parent
_SEEN = classical.CANDIDATES["HOG and LBP, 96 px"]
_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)  # inverse, as scikit-learn has them
_INNER = 3  # folds


def ridge_heads(train: list, labels: np.ndarray, people: np.ndarray, test: list, classes: int) -> np.ndarray:
    """Probabilities of the tested rows, (M, classes)."""
    seen = [np.concatenate(each) for each in zip(train, test, strict=True)]
    inner = np.arange(len(seen[0])) < len(labels)
    padded = np.concatenate([labels, np.zeros(len(seen[0]) - len(labels), dtype=labels.dtype)])
    who = np.concatenate([people, np.full(len(seen[0]) - len(labels), "tested")])
    answers = small_set.mean_answers(seen, padded, who, inner, ~inner, classes)
    strength, temperature = small_set.chosen(answers, labels)
    return small_set.probabilities(answers.outer[strength], temperature)


def logistic_regression(train: list, labels: np.ndarray, people: np.ndarray, test: list, classes: int) -> np.ndarray:
    """The same by logistic regression on all values together, scaled by the training rows to a variance of 1 in all."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import GroupKFold

    def scaled(rows: np.ndarray, of: np.ndarray) -> np.ndarray:
        spread = of.std(axis=0, dtype=np.float64)
        return (rows - of.mean(axis=0, dtype=np.float64)) / (np.where(spread > 0, spread, 1) * np.sqrt(of.shape[1]))

    learned, asked = (
        np.concatenate([scaled(*pair) for pair in zip(rows, train, strict=True)], axis=1) for rows in (train, test)
    )
    # In the span of the training rows, which changes no answer of a penalised linear model.
    axes = np.linalg.svd(learned, full_matrices=False)[2]
    splits = list(GroupKFold(_INNER).split(learned, labels, people))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head = LogisticRegressionCV(Cs=_PENALTIES, cv=splits, max_iter=300, tol=1e-3)
        head.fit(learned @ axes.T, labels)
        found = head.predict_proba(asked @ axes.T)
    every = np.zeros((len(found), classes))
    every[:, head.classes_] = found
    return every


def compare(name: str) -> list[str]:
    """Rows of the table for one data set."""
    raw = datasets.load(name)
    manifest = cleaning.manifest(raw)
    data = cleaning.cleaned(raw, manifest)
    experiment = Experiment(data, manifest, budget="quick")
    positions, folds = experiment.usable, experiment.fold_of_images()
    labels, people = data.labels[positions], data.subjects[positions]
    found = [symmetric_descriptors(data, positions, [key], jobs=1)[key] for key in _SEEN]
    rows, unit = [], f"of {len(labels)} images of {len(set(people))} people, {experiment.protocol}"
    for head in (ridge_heads, logistic_regression):
        answers, start = np.zeros((len(labels), len(data.class_names))), time.perf_counter()
        for fold in progress.bar(np.unique(folds), f"{data.name}, {head.__name__}", unit="fold"):
            test = folds == fold
            parts = ([each[~test] for each in found], labels[~test], people[~test], [each[test] for each in found])
            with threadpool_limits(1):
                answers[test] = head(*parts, len(data.class_names))
        likelihood = answers[np.arange(len(labels)), labels]
        figures = {
            "accuracy": (f"{(answers.argmax(axis=1) == labels).mean():.4f}", unit),
            "log_loss": (f"{-np.log(np.maximum(likelihood, 1e-9)).mean():.4f}", "nats"),
            "seconds": (f"{time.perf_counter() - start:.3g}", "s, one core"),
        }
        rows += [f'{data.name}_{head.__name__}_{what},{value},"{of}"' for what, (value, of) in figures.items()]
    return rows


@click.command(help=__doc__)
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
def main(folders: tuple[str, ...]) -> None:
    """See the module."""
    shared = paths.shared_data()
    names = ["yale"] if shared is not None and (shared / "yalefaces").is_dir() else []
    lines = ["name,value,unit"]
    for name in (*names, *datasets.resolved(folders)):
        lines += compare(name)
        files.write(HERE / "classical_heads.csv", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
