"""What every notebook does first, and what it does with a chart."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from fer_utils.common import parameters as declarations
from fer_utils.common import paths
from fer_utils.common.errors import ParameterError
from fer_utils.data import cleaning, datasets, own_folders
from fer_utils.data.datasets import FaceDataset
from fer_utils.drawing import charts, saving
from fer_utils.drawing.chart import Chart
from fer_utils.experiments import recipes, store
from fer_utils.experiments.experiment import Experiment


def begin(name: str, variables: Mapping[str, object], *, budget_matters: bool = True) -> "Page":
    """Set the look of all figures, and note the parameters of this run.

    Args:
        name: of the notebook, `NN_name`.
        variables: `globals()` of the notebook, in which its parameters are looked up.
        budget_matters: what the figures show depends on the parameter `budget`, so their small print names it.

    Raises:
        ParameterError: a parameter of the stored notebook is not among the variables, or its value is of another type.
        InstallationError: the notebooks are not beside this copy of fer_utils.
    """
    paths.require_clone()
    charts.use_style()
    names = declarations.declared(paths.NOTEBOOKS / f"{name}.ipynb")
    for each, kind in names.items():
        if each not in variables:
            raise ParameterError(f"{name}: no parameter {each!r}. Run the cell with the parameters first.")
        declarations.require(each, variables[each], kind)
    return Page(name, {each: variables[each] for each in names}, budget_matters=budget_matters)


class Page:
    """A running notebook: its parameters, data and experiment, read when they are first asked for.

    Args:
        name: `NN_name`.
        parameters: all of them, by name.
        budget_matters: see `begin`.
    """

    def __init__(self, name: str, parameters: Mapping[str, object], *, budget_matters: bool = True) -> None:
        self.name, self.parameters = name, dict(parameters)
        self._budget_matters = budget_matters

    @cached_property
    def raw(self) -> FaceDataset:
        """The data set as it is on disk, before cleaning.

        Raises:
            DatasetError, ParameterError: see `datasets.resolved` and `datasets.load`.
        """
        (name,) = datasets.resolved([self.parameters["dataset"]])
        found = datasets.load(
            name, **{each: self.parameters[each] for each in datasets.READING if each in self.parameters}
        )
        if name not in datasets.NAMED:
            own_folders.claim(name)
        return found

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """What became of every file; `manifest.csv` is written where it has changed."""
        return cleaning.manifest(self.raw)

    @cached_property
    def data(self) -> FaceDataset:
        """The data set with the place of the eyes in every image, without people and classes of whom nothing is kept."""
        return cleaning.cleaned(self.raw, self.manifest)

    @cached_property
    def usable(self) -> np.ndarray:
        """(N,) int, positions in the data set of the images that the manifest keeps."""
        return cleaning.kept_indices(self.raw, self.manifest)

    @property
    def classes(self) -> list[str]:
        """Expressions of which an image is kept, alphabetical."""
        return list(self.data.class_names)

    @cached_property
    def experiment(self) -> Experiment:
        """Folds, random seeds and models on this data set, with the budget of the parameters."""
        words = {
            name: self.parameters[name]
            for name in ("jobs", "protocol", "precision", "scheduler")
            if name in self.parameters
        }
        words |= {"budget": self.budget} if self.budget else {}
        return Experiment(self.data, self.manifest, **words)

    @cached_property
    def budget(self) -> str | None:
        """The budget that the parameters ask for, `quick` or `standard`; None where a notebook has no such parameter."""
        if "budget" not in self.parameters:
            return None
        (name,) = datasets.resolved([self.parameters["dataset"]])
        return recipes.resolved_budget(str(self.parameters["budget"]), published=store.is_published(name))

    @property
    def origin(self) -> dict:
        """Where a result of the running cell comes from, for the tables (`tables.write`)."""
        return self._context().origin

    def show(
        self, slug: str, chart: Chart, *, data: FaceDataset | None = None, shows: str = "", budget: bool | None = None
    ) -> None:
        """Save a chart as `outputs/<dataset>/figures/NN-slug.png` with its origin beside it, and display it.

        Args:
            slug: name of the figure without the notebook's number.
            data: what it shows where that is not the data set of the parameters.
            shows: in words, what it shows instead of the data set, for the small print.
            budget: whether the small print names the budget; as `begin` says, unless given.
        """
        context = self._context(data)
        if budget is not None:
            context = replace(context, budget=self._budget(budget))
        saving.save(chart, f"{self.name[:2]}-{slug}", context=replace(context, shows=shows))

    def write(self, text: str) -> None:
        """Display Markdown, such as what a notebook found; nothing where there is no text."""
        from IPython.display import Markdown, display

        if text:
            display(Markdown(text))

    def _noted(self) -> dict:
        """The parameters as origins note them: no path and no address of this machine."""
        noted = {name: declarations.without_place(value) for name, value in self.parameters.items()}
        noted |= {"budget": self.budget} if self.budget else {}
        return noted | ({"scheduler": "given"} if noted.get("scheduler") else {})

    def _context(self, data: FaceDataset | None = None) -> saving.Context:
        shown = self.raw if data is None else data  # photos of one's own need no data set
        return saving.Context(self.name, shown, self._noted(), self._budget(self._budget_matters))

    def _budget(self, matters: bool) -> str | None:
        return self.budget if matters else None
