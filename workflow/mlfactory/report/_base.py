"""What a report is made of, and the look that its sections share."""

from dataclasses import dataclass
from html import escape
from typing import Any
from zlib import crc32

from mlfactory.schemas import CLASSES

CLASS_COLOURS = dict(zip(CLASSES, ("#D55E00", "#8A8F98", "#0E86D4"), strict=True))
"""Short, neutral, long: the same everywhere, and told apart by the colour-blind."""

NULL_COLOUR = "#8A8F98"

MODEL_COLOURS = {
    **{"xgboost": "#F0692D", "lightgbm": "#009696", "catboost": "#785AE1"},
    **{"lstm": "#F05AA5", "gru": "#5A6996", "tcn": "#A587C3"},
    **{"random_forest": "#3CA500", "logistic": "#0096FF", "svm": "#96965A"},
    **{"voting": "#A54B87", "stacking": "#A55A00", "blending": "#2D782D"},
}
"""The same in every report; each stands out from both grounds, and from the others."""

THEMES = {
    "light": {"ink": "#1c2430", "soft": "#5b6675", "grid": "#e3e7ec", "line": "#aab3bf"}
    | {"surface": "#ffffff", "low": "#D55E00", "high": "#dcebf7", "deep": "#0b5a94"},
    "dark": {"ink": "#e6eaf0", "soft": "#9aa6b5", "grid": "#2a323d", "line": "#56616f"}
    | {"surface": "#171c23", "low": "#F0803C", "high": "#1d3a54", "deep": "#8cc4f0"},
}
"""Colours by name; a figure says ``@ink``, and the page puts in what the reader's scheme wants."""


@dataclass(frozen=True)
class Chip:
    """A few words on a coloured ground; ``tone`` is good, fair or flat."""

    text: str
    tone: str


@dataclass(frozen=True)
class Figure:
    """One plotly figure.

    Attributes
    ----------
    data, layout
        As plotly's JSON has them; colours may be names of ``THEMES`` such as ``@ink``. Text that
        comes from data or config is passed through `words` first.
    height
        In pixels; the width is the reader's.
    title
        Plain text over the figure.
    """

    data: tuple[dict[str, Any], ...]
    layout: dict[str, Any]
    height: int
    title: str = ""


@dataclass(frozen=True)
class Chart:
    """Figures of one kind under one sentence.

    Attributes
    ----------
    shows, alarming
        The two halves of the sentence: what is seen, and what should worry the reader.
    legend
        Colours by name.
    horizon
        The horizon that it is of; None for all.
    half
        Whether it needs no more than half of a wide page.
    """

    title: str
    shows: str
    alarming: str
    figures: tuple[Figure, ...]
    legend: tuple[tuple[str, str], ...] = ()
    horizon: int | None = None
    half: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a header; ``folded`` ones open at a click."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | Chip, ...], ...]
    note: str = ""
    horizon: int | None = None
    folded: bool = False


@dataclass(frozen=True)
class Facts:
    """Names with one value each."""

    items: tuple[tuple[str, str], ...]
    horizon: int | None = None


@dataclass(frozen=True)
class Note:
    """A paragraph; a ``warning`` has its colour."""

    text: str
    horizon: int | None = None
    warning: bool = False


@dataclass(frozen=True)
class Listing:
    """Text in its own lines, folded."""

    title: str
    text: str
    horizon: int | None = None


Block = Chart | Table | Facts | Note | Listing


@dataclass(frozen=True)
class Section:
    """A part of the page; ``anchor`` is its address."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


def words(text: object) -> str:
    """Text from data or config as plotly shows it word for word: its labels read some html."""
    return escape(str(text))


def model_colour(name: str) -> str:
    """The colour of a model or ensemble; of a name that is not listed it is one by its hash."""
    listed = tuple(MODEL_COLOURS.values())
    return MODEL_COLOURS.get(name) or listed[crc32(name.encode()) % len(listed)]


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with its title, which holds the unit."""
    return {
        "title": {"text": title, "font": {"color": "@soft", "size": 12}, "standoff": 8},
        "gridcolor": "@grid",
        "linecolor": "@line",
        "zerolinecolor": "@line",
        "tickfont": {"color": "@soft", "size": 11},
        "automargin": True,
        **more,
    }


def layout(**more: Any) -> dict[str, Any]:
    """A layout on the page's own ground; the sections' legends are the page's."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "@ink", "size": 12, "family": "system-ui, sans-serif"},
        "hoverlabel": {"bgcolor": "@surface", "bordercolor": "@line", "font": {"color": "@ink"}},
        "margin": {"l": 48, "r": 14, "t": 10, "b": 44},
        "showlegend": False,
        **more,
    }


def vertical(x: Any, *, colour: str = "@line", dash: str = "dot") -> dict[str, Any]:
    """A line from bottom to top at ``x``."""
    return {
        **{"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1},
        "line": {"color": colour, "width": 1.5, "dash": dash},
    }


def number(value: float | None, digits: int = 4) -> str:
    """A number with a true minus sign; n/a where there is none."""
    if value is None:
        return "n/a"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def with_interval(score: dict[str, float | None], digits: int = 4) -> str:
    """``value [low, high]``."""
    value, low, high = (number(score[key], digits) for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
