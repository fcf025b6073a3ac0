"""`python -m benchmarks.neutral_photo`: what a person's neutral photo does for the pretrained network (`fer predict --neutral`).

How much of what the neutral face differs in is taken off (`priors.STRENGTH`) is settled on the rendered sample faces: the strength with the
least log-loss there, over a grid. Then Yale is read with it, whose faces played no part in that; a first look at all strengths on both
sets, to see whether the option is worth having, was before this script. Given is each person's `normal`; asked are happy, sad and
surprised, and neutral faces that are other pictures of the person: other lights, with and without glasses, byte copies of
the given one left out. Beside it the neutral photo of somebody else of the set is given, which says how much is due to the person and how
much to the camera. Writes benchmarks/neutral_photo.csv and .json.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd

from fer_utils.common import csv_files, files, progress
from fer_utils.data import cleaning, ferplus
from fer_utils.data.folders import words
from fer_utils.evaluation import intervals, significance
from fer_utils.tasks import priors
from fer_utils.transfer import features, pretrained

HERE = Path(__file__).resolve().parent
TABLE = HERE / "neutral_photo.csv"
_TEXT = ("images", "given", "quantity")
COLUMNS = (*_TEXT, "strength", "value", "low", "high", "n")
SCHEMA = csv_files.schema(COLUMNS, text=_TEXT)
GRID = tuple(round(0.1 * step, 1) for step in range(11))
GIVEN = "normal"
NOTHING, OWN, OTHERS = "nothing", "the person's neutral photo", "somebody else's, mean over all"
_NEUTRAL = (GIVEN, *words.YALE_OTHER_CONDITIONS)


@dataclass(frozen=True, eq=False)
class Asked:
    """What the network says: of each person's given photo, and of the others.

    Attributes:
        given: (people, classes) log-probabilities.
        asked: (N, classes) log-probabilities.
        truth: (N,) int.
        who: (N,) int, places in `given`.
    """

    given: np.ndarray
    asked: np.ndarray
    truth: np.ndarray
    who: np.ndarray


def look(name: str, network: pretrained.Pretrained) -> Asked:
    """Read a data set with Yale's conditions."""
    data, manifest = cleaning.load_clean(name)
    kept = set(manifest.loc[manifest["kept"].astype(bool), "image"])
    by_word = {"neutral": _NEUTRAL} | {word: own for word, own in words.SAME.items() if word != "neutral"}
    truth_of = {own: ferplus.EXPRESSIONS.index(word) for word, names in by_word.items() for own in names}
    chosen, taken = [], set()
    # The given photos first, so that copies of them go.
    for place in sorted(range(len(data)), key=lambda place: str(data.conditions[place]) != GIVEN):
        condition, digest = str(data.conditions[place]), data.hashes[place]
        seen = np.isfinite(data.eyes[place]).all() and digest not in taken
        if condition in truth_of and seen and (data.labels[place] < 0 or str(data.file_names[place]) in kept):
            chosen.append(place)
            taken.add(digest)
    chosen = np.array(chosen)
    logarithms = pretrained.log_probabilities(network.model, features.crops(data, chosen, "face")).astype(float)
    conditions, people = data.conditions[chosen].astype(str), data.subjects[chosen].astype(str)
    is_given = conditions == GIVEN
    names = list(people[is_given])
    rest = ~is_given & np.isin(people, names)
    truth = np.array([truth_of[each] for each in conditions[rest]])
    who = np.array([names.index(each) for each in people[rest]])
    return Asked(logarithms[is_given], logarithms[rest], truth, who)


def read(
    faces: Asked, network: pretrained.Pretrained, known: priors.Priors, *, strength: float, by: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Log-loss and whether it is right, (N,) each.

    Args:
        by: how many people further the photo that is given is taken from.
    """
    own = faces.given / network.temperature
    shift = -strength * (own - own.mean(axis=1, keepdims=True) - known.neutral)
    shares = pretrained.calibrated(faces.asked, network.temperature, shift=shift[(faces.who + by) % len(shift)])
    return -np.log(np.maximum(shares[np.arange(len(shares)), faces.truth], 1e-6)), shares.argmax(axis=1) == faces.truth


def rows(name: str, faces: Asked, network: pretrained.Pretrained, known: priors.Priors) -> list[tuple]:
    """What the table says of a set, with `priors.STRENGTH`; and the log-loss of every strength."""
    n, people = len(faces.truth), len(faces.given)
    found = []
    for strength in GRID:
        loss, _ = read(faces, network, known, strength=strength)
        found.append((name, OWN, "log_loss, grid", strength, loss.mean(), np.nan, np.nan, n))
    others = [read(faces, network, known, strength=priors.STRENGTH, by=by) for by in range(1, people)]
    every = {
        NOTHING: read(faces, network, known, strength=0.0),
        OWN: read(faces, network, known, strength=priors.STRENGTH),
        OTHERS: tuple(np.mean([each[place] for each in others], axis=0) for place in (0, 1)),
    }

    def summed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.bincount(faces.who, values, minlength=people), np.bincount(faces.who, minlength=people)

    for given, (loss, right) in every.items():
        strength = 0.0 if given == NOTHING else priors.STRENGTH
        for quantity, each in (
            ("log_loss", intervals.of_mean(*summed(loss))),
            ("accuracy", intervals.of_accuracy(*summed(right))),
        ):
            found.append((name, given, quantity, strength, each.value, each.low, each.high, n))
        for place in np.unique(faces.truth):
            of = faces.truth == place
            word = f"recall of {ferplus.EXPRESSIONS[place]}"
            found.append((name, given, word, strength, right[of].mean(), np.nan, np.nan, of.sum()))
    for one, other in ((OWN, NOTHING), (OWN, OTHERS)):
        for quantity, place in (("log_loss", 0), ("accuracy", 1)):
            sums, counts = summed(every[one][place].astype(float) - every[other][place])
            gain, p = intervals.of_mean(sums, counts), float(significance.sign_flips(sums))
            known_as = (name, f"{one} minus {other}")
            found.append((*known_as, quantity, priors.STRENGTH, gain.value, gain.low, gain.high, n))
            found.append((*known_as, f"{quantity}_p", priors.STRENGTH, p, p, p, people))
    return found


@click.command(help=__doc__)
def main() -> None:
    """See the module."""
    network, known = pretrained.load(), priors.read()
    found: list[tuple] = []
    for name in ("sample", "yale"):
        found += rows(name, look(name, network), network, known)
    table = pd.DataFrame(found, columns=list(COLUMNS))
    files.write(TABLE, csv_files.text(table, SCHEMA, decimals=6))
    about = {"date": datetime.date.today().isoformat(), "weights": pretrained.metadata()["sha256"]}
    files.write_checked_json(TABLE.with_suffix(".json"), about)
    progress.say(table[table["quantity"].isin(["log_loss", "accuracy", "log_loss_p", "accuracy_p"])].to_string())


if __name__ == "__main__":
    main()
