"""A quiz of faces: what people see in them, kept in a file, and how often they agree with the label."""

import numpy as np
import pandas as pd

from fer_utils.common import csv_files, files, locks, paths
from fer_utils.common.errors import OutputError
from fer_utils.data import people
from fer_utils.data.datasets import FaceDataset
from fer_utils.evaluation import intervals, protocols
from fer_utils.experiments import tables

HUMAN = "people in this room"  # the row in the forest plot
FACES = 12  # of one round
_COLUMNS = ("reader", "image", "truth", "answer")
_SCHEMA = csv_files.schema(_COLUMNS, text=_COLUMNS)
_SEED = 11


class Quiz:
    """Faces in a fixed mixed order, and everybody's answers to them.

    Args:
        data: with labels.
        usable: (N,) int, positions of the images that are kept.
        faces: how many are asked, every expression about as often as every other.
    """

    def __init__(self, data: FaceDataset, usable: np.ndarray, *, faces: int = FACES) -> None:
        self._data, self.path = data, paths.outputs(data.name) / "quiz.csv"
        self.classes = list(data.class_names)
        order = np.random.RandomState(_SEED).permutation(usable)
        round_of = pd.Series(data.labels[order]).groupby(data.labels[order]).cumcount().to_numpy()
        chosen = order[np.argsort(round_of, kind="stable")][:faces]
        self.positions = np.random.RandomState(_SEED).permutation(chosen)

    def picture(self, number: int) -> np.ndarray:
        """(height, width) uint8 of the face with this number, from 0."""
        return self._data.images[self.positions[number]]

    def pictures(self) -> list[np.ndarray]:
        """All of them that a figure may show."""
        shown = people.pictured(self._data, self._data.subjects[self.positions])
        return [self.picture(number) for number in np.flatnonzero(shown)]

    def truth(self, number: int) -> str:
        """What its label says."""
        return self.classes[self._data.labels[self.positions[number]]]

    def answers(self) -> pd.DataFrame:
        """All answers that are kept: `reader, image, truth, answer`.

        Raises:
            OutputError: the file is damaged.
        """
        if not self.path.is_file():
            return pd.DataFrame(columns=_COLUMNS, dtype=str)
        try:
            return csv_files.read(self.path, _SCHEMA)
        except (OSError, csv_files.DamagedError) as error:
            raise OutputError(f"{self.path} is damaged ({error}): mend it, or remove it to begin again.") from error

    def answer(self, reader: str, number: int, answer: str) -> bool:
        """Keep what somebody sees in a face, instead of what they said before; returns whether the label agrees.

        Args:
            reader: any name.
            number: of the face, from 0.
            answer: one of `classes`.

        Raises:
            OutputError: the file is damaged, or cannot be written.
        """
        image, truth = str(self._data.file_names[self.positions[number]]), self.truth(number)
        with locks.held(self.path.parent):
            before = self.answers()
            others = before[(before["reader"] != reader) | (before["image"] != image)]
            new = pd.DataFrame([(reader, image, truth, answer)], columns=_COLUMNS)
            files.write(self.path, csv_files.text(pd.concat([others, new]), _SCHEMA, decimals=6))
        return answer == truth

    def score(self) -> pd.DataFrame:
        """Everybody's accuracy as a row of `scores.csv`, with an interval over readers; empty where nobody has answered.

        Of a single reader nothing is known of others: the interval is then Wilson's, over images.
        """
        given = self.answers()
        if given.empty:
            return pd.DataFrame()
        by_reader = (given["truth"] == given["answer"]).astype(float).groupby(given["reader"]).agg(["sum", "count"])
        sums, counts = by_reader["sum"].to_numpy(), by_reader["count"].to_numpy()
        many = len(by_reader) > 1
        found = intervals.of_accuracy(sums, counts) if many else intervals.wilson(float(sums[0]), int(counts[0]))
        row = {"model": HUMAN, "protocol": "quiz", "metric": "accuracy", "value": found.value, "low": found.low}
        return pd.DataFrame([row | {"high": found.high, "n": len(given), "seeds": len(by_reader)}])

    def beside_models(self) -> pd.DataFrame:
        """`score`, and below it the accuracy of every model that was tested on these faces, as far as there is any."""
        try:
            scores = protocols.only_people(tables.read(self._data.name, "scores"))
        except OutputError:
            return self.score()
        return pd.concat([self.score(), scores[scores["metric"] == "accuracy"]], ignore_index=True)
