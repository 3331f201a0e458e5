"""What a section of the report consists of, as plain data that tests can read."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from evenvae.tables import Column

REAL, RECONSTRUCTED, SAMPLED, OTHER = "#8a93a3", "#3f86d8", "#e08a3c", "#a8afbb"
FRAME = 80
"""Height of what a figure with a row for every column has beside its rows, in CSS pixels."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """A selector above a figure; every option changes the ``traces`` by its patch."""

    label: str
    options: tuple[tuple[str, dict[str, Any]], ...]
    traces: tuple[int, ...] = (0,)
    selected: int = 0


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure as data for JSON, in the words of `drawing.vocabulary`.

    Attributes:
        name: of the figure in the page.
        data: traces.
        layout: axes, legend and lines across the figure.
        height: in CSS pixels.
        title: above the figure.
        caption: below the figure.
        column: the column that the figure shows, for the search of the page.
        kind: ``numbers`` or ``levels``, for the filter of the page.
        rows: the columns on the vertical axis of a figure with one row for every column; the search hides the others.
        choice: a selector.
        facts: sorting keys of a figure in a gallery.
    """

    name: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    height: int = 360
    title: str = ""
    caption: str = ""
    column: str | None = None
    kind: str = ""
    rows: tuple[str, ...] = ()
    choice: Choice | None = None
    facts: dict[str, float | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Gallery:
    """Small figures side by side, drawn when they become visible; ``orders`` name the sorting keys of their facts."""

    figures: tuple[Figure, ...]
    orders: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of texts and numbers.

    Attributes:
        header: names of the table's columns.
        rows: cells.
        caption: above the table.
        columns: for every row the columns of the data that it describes.
        kinds: for every row ``numbers`` or ``levels``, for the filter of the page.
        folded: the heading under which the table is hidden until it is opened.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""
    columns: tuple[tuple[str, ...], ...] = ()
    kinds: tuple[str, ...] = ()
    folded: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading, a few sentences, and parts: figures, galleries and tables. ``short`` stands in the menu."""

    name: str
    short: str
    title: str
    lead: str
    parts: tuple[Figure | Gallery | Table, ...] = ()
    notes: tuple[str, ...] = ()


def listed(values: Any, digits: int = 4) -> list[Any]:
    """Numbers rounded to ``digits`` significant digits, whole ones as int; None where a number is not finite."""
    flat = [float(v) for v in np.asarray(values, float).ravel()]
    rounded = [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in flat]
    # JSON of a whole number is shorter without its decimal point
    rounded = [int(v) if v is not None and v.is_integer() and abs(v) < 1e15 else v for v in rounded]
    shape = np.shape(values)
    if len(shape) < 2:
        return rounded
    width = shape[1]
    return [rounded[begin : begin + width] for begin in range(0, len(rounded), width)]


def rows_height(rows: Sequence[str], each: int) -> int:
    """Height of a figure with a row of ``each`` CSS pixels for every one of the ``rows``."""
    return FRAME + each * len(rows)


def rows_layout(axis: dict[str, Any], legend: bool = False, at_one: bool = False) -> dict[str, Any]:
    """The layout of a figure with one row for every column.

    Args:
        axis: the horizontal axis.
        legend: whether there is a legend.
        at_one: whether to draw a line at 1, where nothing was learned.
    """
    return {
        "xaxis": axis,
        "yaxis": {"type": "category"},
        "showlegend": legend,
        "bargap": 0.3,
        "shapes": [{"x0": 1, "x1": 1}] if at_one else [],
    }


def kind_of(column: Column) -> str:
    """``numbers`` or ``levels``, for the filter of the page."""
    return "levels" if column.discrete else "numbers"


def number(value: float | None, digits: int = 3) -> str:
    """A number as text with ``digits`` decimals; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−" if float(text) else "")


def shortened(text: str, most: int) -> str:
    """A text of at most ``most`` characters: start and end of a longer one, because names often differ at their end."""
    return text if len(text) <= most else f"{text[: (most - 1) // 2]}…{text[-(most // 2) :]}"


def apart(texts: Sequence[str], most: int) -> list[str]:
    """All texts `shortened`; texts that would become equal are shortened less, until they differ."""
    short = [shortened(text, most) for text in texts]
    while len(set(short)) < len(set(texts)):
        most += 1
        short = [shortened(text, most) if short.count(short[i]) > 1 else short[i] for i, text in enumerate(texts)]
    return short


def finite_mean(values: Float[np.ndarray, "..."]) -> float:
    """The mean of the finite values; nan where there is none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def percent(share: float | None) -> str:
    """A share as a percentage; a dash where there is none."""
    if share is None or not math.isfinite(share):
        return "–"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"
