"""`python -m benchmarks.peers --ck PATH`: the package `fer` of PyPI beside the pretrained network, on the same images.

Neither learns anything here. Images: Yale and CK+, and FER+'s clear validation faces where they are; expressions: the four that all of
these name (happiness, neutral, sadness, surprise; CK+ shows three of them), and on CK+ the six that both networks know. An answer
is the surest of those expressions, or in the rows "any" of all that the network knows.

`fer` sees its own crops: the box that its cascade finds, squared and widened by ten pixels, as its code does it; where it finds no
face, and of CK+ and FER+, whose pictures are crops already, the whole picture, not widened. In the rows "aligned" it sees the project's
aligned crops. Its default is a network cut down to eight bits; "fer, full" is the one it was cut from. The pretrained network, with either prior of `fer predict`, sees its own aligned
crops, of FER+ the pictures as they are. Both learned from FER2013's training pictures, and so from the one image of Yale and the one
sequence of CK+ that are there (weights/overlap.csv). Which pictures the package's network learned besides, and whether
FER+'s validation faces are among them, its documents do not say.

The package wants an older OpenCV and packages that the project does not: not a dependency. It is read from an environment of its own
that sees this one:

\b
  python -m venv ../peers && echo "$PWD/.venv/lib/python3.11/site-packages" > ../peers/lib/python3.11/site-packages/main.pth
  ../peers/bin/pip install --no-deps fer==25.10.3 "opencv-python-headless<5" "setuptools<81"
  ../peers/bin/python -m benchmarks.peers --ck PATH

Writes benchmarks/peers.csv, peers.json (its origin) and peers.png, a chart without a face.
"""  # noqa: D301  (for click, a backspace keeps the lines of a paragraph)

import datetime
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np
import pandas as pd

from benchmarks.across_sets import picture
from fer_utils.common import csv_files, files, progress
from fer_utils.common.errors import DatasetError, InstallationError
from fer_utils.data import cleaning, ferplus
from fer_utils.data.datasets import FaceDataset
from fer_utils.data.folders import words
from fer_utils.drawing import charts as look
from fer_utils.evaluation import intervals, significance
from fer_utils.tasks import charts, priors
from fer_utils.transfer import features, pretrained

HERE = Path(__file__).resolve().parent
TABLE = HERE / "peers.csv"
_TEXT = ("network", "crops", "images", "expressions", "answers", "quantity")
COLUMNS = (*_TEXT, "value", "low", "high", "n")
SCHEMA = csv_files.schema(COLUMNS, text=_TEXT)
FOUR = ("happiness", "neutral", "sadness", "surprise")
SIX = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
OURS, UNIFORM, PACKAGE, FULL = "pretrained", "pretrained, uniform prior", "fer", "fer, full"
OWN, ALIGNED = "own", "aligned"


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures with what they show.

    Attributes:
        name: of the set.
        pictures: (height, width) uint8 each.
        aligned: (N, 48, 48) uint8.
        truth: (N,) str, FER+'s words.
        people: (N,) str; empty texts where nobody knows who is shown.
        crops: the pictures are faces cut out already.
    """

    name: str
    pictures: Sequence[np.ndarray]
    aligned: np.ndarray
    truth: np.ndarray
    people: np.ndarray
    crops: bool


def of_dataset(data: FaceDataset, manifest: pd.DataFrame) -> Images:
    """The kept images of a data set."""
    positions = cleaning.kept_indices(data, manifest)
    shown = np.array([words.usual(data.class_names[label]) for label in data.labels[positions]])
    pictures = [data.images[place] for place in positions]
    people = data.subjects[positions].astype(str)
    crops = max(max(each.shape) for each in pictures) <= 2 * ferplus.SIDE
    return Images(data.name, pictures, features.crops(data, positions, "face"), shown, people, crops)


def of_ferplus() -> Images | None:
    """FER+'s clear validation faces; None where FER+ is not here."""
    try:
        part = ferplus.load().part("validation")
    except DatasetError as error:
        progress.say(f"without FER+: {error}")
        return None
    found = ferplus.majority(part.votes)
    clear = part.where(found >= 0)
    truth = np.array(ferplus.EXPRESSIONS)[found[found >= 0]]
    return Images("FER+ validation", list(clear.images), clear.images, truth, np.full(len(truth), ""), True)


class Package:
    """The package `fer`, asked as its users ask it."""

    def __init__(self, *, full: bool) -> None:
        try:
            from fer.fer import FER
        except ImportError as error:
            raise InstallationError(
                f"the package fer cannot be imported ({error}): see benchmarks/peers.py --help."
            ) from error
        logging.getLogger("fer").setLevel(logging.ERROR)
        self._fer = FER(use_tflite=not full)
        self._usual = self._fer._FER__offsets
        self.classes = tuple(words.usual(each) for each in FER._get_labels().values())
        self.cascade_found = 0
        self.parameters = None
        if full:
            import tensorflow

            network = self._fer._FER__emotion_classifier
            self.parameters = network.count_params()
            # The same network as a graph, or thousands of faces, one a call, take minutes.
            self._fer._FER__emotion_classifier = tensorflow.function(lambda given: network(given[..., None]))

        classify = self._fer._classify_emotions

        def kept(given: np.ndarray) -> np.ndarray:
            self._said = np.asarray(classify(given))
            return self._said

        self._fer._classify_emotions = kept

    def shares(self, grey: np.ndarray, *, whole: bool) -> np.ndarray:
        """What it says of a picture, (7,), before it rounds to hundredths; of the largest face that it finds.

        Args:
            grey: (height, width) uint8.
            whole: the whole picture is the face.
        """
        colours = np.repeat(grey[:, :, None], 3, axis=2)
        found = [] if whole else list(self._fer.find_faces(colours))
        self.cascade_found += bool(found)
        # What its argument `offsets` sets: around a whole picture there is nothing but a frame of one grey.
        self._fer._FER__offsets = self._usual if found else (0, 0)
        box = max(found, key=lambda each: each[2] * each[3]) if found else (0, 0, grey.shape[1], grey.shape[0])
        self._fer.detect_emotions(colours, [tuple(int(value) for value in box)])
        (said,) = self._said
        return said


def answers(pictures: Sequence[np.ndarray], peer: Package, name: str, *, whole: bool) -> np.ndarray:
    """(N, classes), what the package says of every picture."""
    return np.stack([peer.shares(each, whole=whole) for each in progress.bar(pictures, name, unit="face")])


def right(shares: np.ndarray, classes: Sequence[str], images: Images, *, among: Sequence[str] | None) -> np.ndarray:
    """(N,) bool, whether the surest of some expressions, or of all, is what the image shows."""
    allowed = np.array([among is None or each in among for each in classes])
    return np.array(classes)[np.where(allowed, shares, -1.0).argmax(axis=1)] == images.truth


def summed(values: np.ndarray, images: Images, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts by person, or by image where nobody is known."""
    who = images.people[chosen] if images.people[0] else np.arange(chosen.sum()).astype(str)
    table = pd.Series(values[chosen].astype(float)).groupby(who).agg(["sum", "count"])
    return table["sum"].to_numpy(), table["count"].to_numpy()


def rows(images: Images, said: dict[tuple[str, str], tuple[np.ndarray, Sequence[str]]]) -> list[tuple]:
    """What the table says of a set.

    Args:
        said: network and crops to what it says, and of which classes.
    """
    every = {"four": FOUR} | ({"six": SIX} if set(SIX) <= set(images.truth) and images.people[0] else {})
    found = []
    for name, expressions in every.items():
        chosen = np.isin(images.truth, expressions)
        for rule, among in (("among these", expressions), ("any", None)):
            hits = {key: right(shares, classes, images, among=among) for key, (shares, classes) in said.items()}
            for (network, crops), each in hits.items():
                known = (network, crops, images.name, name, rule)
                accuracy = intervals.of_accuracy(*summed(each, images, chosen))
                found.append((*known, "accuracy", accuracy.value, accuracy.low, accuracy.high, chosen.sum()))
                for word in expressions:
                    of = chosen & (images.truth == word)
                    if of.any():
                        recall = intervals.of_accuracy(*summed(each, images, of))
                        found.append((*known, f"recall of {word}", recall.value, recall.low, recall.high, of.sum()))
                if network != OURS:
                    sums, counts = summed(hits[OURS, OWN].astype(float) - each, images, chosen)
                    gain, p = intervals.of_mean(sums, counts), float(significance.sign_flips(sums))
                    found.append((*known, f"{OURS} minus this", gain.value, gain.low, gain.high, chosen.sum()))
                    found.append((*known, f"{OURS} minus this, p", p, p, p, len(sums)))
    return found


def drawn(table: pd.DataFrame) -> charts.Chart:
    """Accuracies among the expressions that are shared."""
    chosen = table[(table["quantity"] == "accuracy") & (table["answers"] == "among these")]
    lines = [f"{row.images}, {row.expressions} expressions (n = {row.n:.0f})" for row in chosen.itertuples()]
    names = [row.network if row.crops == OWN else f"{row.network}, {row.crops}" for row in chosen.itertuples()]
    return charts.shares(chosen.assign(row=lines, model=names), lead="The pretrained network and the package fer")


@click.command(help=__doc__)
@click.option("--ck", required=True, metavar="PATH", help="CK+ at 48x48 pixels, a folder for each expression.")
def main(ck: str) -> None:
    """See the module."""
    import matplotlib

    matplotlib.use("Agg")
    look.use_style()
    peers, ours = {PACKAGE: Package(full=False), FULL: Package(full=True)}, pretrained.load()
    loaded = {name: cleaning.load_clean(name) for name in ("yale", ck)}
    sets = [of_dataset(*each) for each in loaded.values()] + [each for each in (of_ferplus(),) if each]
    found: list[tuple] = []
    for images in sets:
        logarithms = pretrained.log_probabilities(ours.model, images.aligned)
        asked = {OURS: ours, UNIFORM: priors.uniform(ours, priors.read())}
        said = {
            (name, OWN): (pretrained.calibrated(logarithms, each.temperature, shift=each.shift), each.classes)
            for name, each in asked.items()
        }
        for name, peer in peers.items():
            peer.cascade_found = 0
            title = f"{images.name}, {name}"
            said[name, OWN] = (answers(images.pictures, peer, title, whole=images.crops), peer.classes)
            if not images.crops:
                count = peer.cascade_found
                note = (count / len(images.truth), np.nan, np.nan, len(images.truth))
                found.append((name, OWN, images.name, "", "", "share of pictures in which it finds a face", *note))
            if images.people[0]:
                title = f"{title}, aligned"
                said[name, ALIGNED] = (answers(images.aligned, peer, title, whole=True), peer.classes)
        found += rows(images, said)
    table = pd.DataFrame(found, columns=list(COLUMNS))
    chart = drawn(table)
    files.write(TABLE, csv_files.text(table, SCHEMA, decimals=6))
    files.write(TABLE.with_suffix(".png"), picture(chart))
    about = {
        "date": datetime.date.today().isoformat(),
        "versions": {name: version(name) for name in ("fer", "keras", "tensorflow", "opencv-python-headless")},
        "parameters": {FULL: peers[FULL].parameters, OURS: ours.model.count_params()},
        "weights": pretrained.metadata()["sha256"],
        "data": {data.name: data.data_hash for data, _ in loaded.values()},
        "chart": {"caption": chart.caption, "alt": chart.alt},
    }
    files.write_checked_json(TABLE.with_suffix(".json"), about)
    progress.say(chart.caption)


if __name__ == "__main__":
    main()
