"""`python -m benchmarks.priors [--ck PATH]`: what the pretrained network's probabilities assume, and what another prior does.

Fits `weights/priors.json` (shares of the expressions among FER+'s training faces, and the temperature for a uniform prior) on FER+
alone, and measures `fer predict --prior training` and `--prior uniform` on FER+'s validation faces, once as they are and once with every
expression weighted alike; and on CK+, where it is given, on the six expressions that FER2013's networks are usually asked for. The
default of `fer predict` is the prior with the smaller log-loss on the validation faces as they are: CK+ has no part in it. That
is no discovery, since these faces are as frequent as those of the training; it says what a photo from the web is like. CK+ was looked at
before: a trial had found that dividing by the shares raises its accuracy.

Intervals are over people (CK+) or images (FER+, whose people nobody knows): Student's t on the logit for shares, else on the mean.
Writes weights/priors.json, benchmarks/priors.csv and .png, a chart without a face.
"""

import datetime
from pathlib import Path

import click
import numpy as np
import pandas as pd

from benchmarks.across_sets import picture
from fer_utils.common import csv_files, files, progress
from fer_utils.data import cleaning, ferplus
from fer_utils.data.folders import words
from fer_utils.drawing import charts as look
from fer_utils.evaluation import intervals, significance
from fer_utils.tasks import charts, priors
from fer_utils.transfer import features, pretrained

HERE = Path(__file__).resolve().parent
TABLE = HERE / "priors.csv"
_TEXT = ("images", "weights", "prior", "quantity")
COLUMNS = (*_TEXT, "value", "low", "high", "n")
SCHEMA = csv_files.schema(COLUMNS, text=_TEXT)
SIX = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
AS_THEY_ARE, ALIKE = "as they are", "expressions alike"
_BINS = 10


def of_shares(
    name: str, shares: dict[str, np.ndarray], truth: np.ndarray, people: np.ndarray, *, among: np.ndarray | None
) -> list[tuple]:
    """Rows of the table.

    Args:
        name: of the images.
        shares: prior to (N, classes) probabilities.
        truth: (N,) int, places in `ferplus.EXPRESSIONS`.
        people: (N,) str, or the images where nobody knows who is shown.
        among: (classes,) bool, expressions that may be answered; None for all.
    """
    found, present = [], np.unique(truth)
    right, loss = {}, {}
    for prior, each in shares.items():
        if among is not None:
            each = np.where(among, each, 0)
            each = each / each.sum(axis=1, keepdims=True)
        right[prior] = each.argmax(axis=1) == truth
        loss[prior] = -np.log(np.maximum(each[np.arange(len(truth)), truth], 1e-6))
        recalls = []
        for place in present:
            of = truth == place
            recall = intervals.of_accuracy(*_summed(right[prior][of], people[of]))
            recalls.append(recall)
            found.append(
                (name, AS_THEY_ARE, prior, f"recall of {ferplus.EXPRESSIONS[place]}", *_ends(recall), of.sum())
            )
        for weights in (AS_THEY_ARE, ALIKE):
            weight = np.ones(len(truth)) if weights == AS_THEY_ARE else 1 / np.bincount(truth)[truth]
            weight = weight / weight.mean()
            known, n = (name, weights, prior), len(truth)
            accuracy = intervals.of_mean(*_summed(right[prior], people, weight))
            if weights == AS_THEY_ARE:
                accuracy = intervals.of_accuracy(*_summed(right[prior], people))
            found.append((*known, "accuracy", *_ends(accuracy), n))
            found.append((*known, "log_loss", *_ends(intervals.of_mean(*_summed(loss[prior], people, weight))), n))
            gap = intervals.of_mean(*_summed(each.max(axis=1) - right[prior], people, weight))
            found.append((*known, "confidence_gap", *_ends(gap), n))
            error = calibration_error(each.max(axis=1), right[prior], weight)
            found.append((*known, "calibration_error", error, np.nan, np.nan, n))
    for quantity, values in (("accuracy", right), ("log_loss", loss)):
        gain = values[priors.UNIFORM].astype(float) - values[priors.TRAINING]
        sums, counts = _summed(gain, people)
        known = (name, AS_THEY_ARE, f"{priors.UNIFORM} minus {priors.TRAINING}")
        found.append((*known, quantity, *_ends(intervals.of_mean(sums, counts)), len(truth)))
        p = float(significance.sign_flips(sums))
        found.append((*known, f"{quantity}_p", p, p, p, len(sums)))
    return found


def calibration_error(confidence: np.ndarray, right: np.ndarray, weight: np.ndarray) -> float:
    """Expected calibration error over bins of equal width (Guo et al. 2017, arXiv:1706.04599), images weighted; (N,) each."""
    place = np.clip((confidence * _BINS).astype(int), 0, _BINS - 1)
    return float(np.abs(np.bincount(place, weight * (right - confidence))).sum() / weight.sum())


def _summed(values: np.ndarray, people: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    weight = np.ones(len(values)) if weight is None else weight
    table = pd.DataFrame({"sum": values * weight, "count": weight}).groupby(people).sum()
    return table["sum"].to_numpy(), table["count"].to_numpy()


def _ends(each: intervals.Interval) -> tuple[float, float, float]:
    return each.value, each.low, each.high


def drawn(table: pd.DataFrame) -> charts.Chart:
    """Accuracies under either prior."""
    chosen = table[(table["quantity"] == "accuracy") & table["prior"].isin([priors.TRAINING, priors.UNIFORM])]
    chosen = chosen[(chosen["weights"] == AS_THEY_ARE) | ~chosen["images"].str.startswith("CK+")]
    lines = [f"{row.images}, {row.weights} (n = {row.n:.0f})" for row in chosen.itertuples()]
    return charts.shares(
        chosen.assign(row=lines, model="prior: " + chosen["prior"]), lead="The pretrained network by itself"
    )


@click.command(help=__doc__)
@click.option("--ck", metavar="PATH", help="CK+ at 48x48 pixels, a folder for each expression.")
def main(ck: str | None) -> None:
    """See the module."""
    import matplotlib

    matplotlib.use("Agg")
    look.use_style()
    data, network, about = ferplus.load(), pretrained.load(), pretrained.metadata()
    known = priors.fit(data, network, without=about.get("overlaps_left_out", ()))
    priors.write(known)
    known = priors.read()
    networks = {priors.TRAINING: network, priors.UNIFORM: priors.uniform(network, known)}

    def asked(faces: np.ndarray) -> dict[str, np.ndarray]:
        logarithms = pretrained.log_probabilities(network.model, faces)
        return {
            name: pretrained.calibrated(logarithms, each.temperature, shift=each.shift).astype(float)
            for name, each in networks.items()
        }

    part = data.part("validation")
    truth = ferplus.majority(part.votes)
    clear = part.where(truth >= 0)
    copies = ferplus.copied(clear.images, data.part("train").images)
    shares, truth, alone = asked(clear.images), truth[truth >= 0], np.arange(len(clear)).astype(str)
    rows = of_shares("FER+ validation", shares, truth, alone, among=None)
    without = {name: each[~copies] for name, each in shares.items()}
    rows += of_shares("FER+ validation without copies", without, truth[~copies], alone[~copies], among=None)
    hashes = {"FER+": data.data_hash}
    if ck is not None:
        faces, manifest = cleaning.load_clean(ck)
        positions = cleaning.kept_indices(faces, manifest)
        shown = np.array([words.usual(faces.class_names[label]) for label in faces.labels[positions]])
        positions, shown = positions[np.isin(shown, SIX)], shown[np.isin(shown, SIX)]
        truth = np.array([ferplus.EXPRESSIONS.index(each) for each in shown])
        shares = asked(features.crops(faces, positions, "face"))
        people = faces.subjects[positions].astype(str)
        rows += of_shares("CK+, six expressions, any answer", shares, truth, people, among=None)
        six = np.isin(ferplus.EXPRESSIONS, SIX)
        rows += of_shares("CK+, six expressions, one of these answered", shares, truth, people, among=six)
        hashes[faces.name] = faces.data_hash
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    chart = drawn(table)
    files.write(TABLE, csv_files.text(table, SCHEMA, decimals=6))
    files.write(TABLE.with_suffix(".png"), picture(chart))
    origin = {"date": datetime.date.today().isoformat(), "weights": about["sha256"], "data": hashes}
    files.write_checked_json(
        TABLE.with_suffix(".json"), origin | {"chart": {"caption": chart.caption, "alt": chart.alt}}
    )
    progress.say(chart.caption)


if __name__ == "__main__":
    main()
