"""A whole figure with its words: what the functions of this room give that draw one for a notebook."""

from dataclasses import dataclass

from matplotlib.figure import Figure

WIDTH = 7.8  # inches of a figure that is as wide as a page of the report: its text is as large there as it is drawn


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure, what it shows, and what it looks like.

    Attributes:
        figure: ready to be saved.
        caption: what it shows, for a reader.
        alt: what it looks like, for somebody who cannot see it.
    """

    figure: Figure
    caption: str
    alt: str

    def __post_init__(self) -> None:
        if not self.caption.strip() or not self.alt.strip():
            raise ValueError("a chart needs a caption and an alt text")
