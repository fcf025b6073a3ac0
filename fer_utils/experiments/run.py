"""One run: a model, a fold and a seed."""

from dataclasses import dataclass

from fer_utils.common import paths
from fer_utils.data import alignment
from fer_utils.engine.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """One model trained on one fold with one seed.

    `keep_weights` asks for the trained weights to be kept too; `input` is what it sees, a name in `INPUTS`, and `side` how
    many pixels of it.
    """

    model: str
    protocol: str
    fold: str
    seed: int
    recipe: Recipe
    keep_weights: bool
    input: str
    side: int = alignment.SIDE

    @property
    def stem(self) -> str:
        """Beginning of its record's file name."""
        return f"{self.protocol}-{self.model}-{paths.slug(self.fold)}-seed{self.seed}"
