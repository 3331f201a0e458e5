"""What a section of the report is made of; plain data, so that tests read what a person will see."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from evenvae.tables import Column
from evenvae.tables.restore import natural

REAL, RECONSTRUCTED, SAMPLED, OTHER = "#8a93a3", "#3f86d8", "#e08a3c", "#a8afbb"
CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False, "scrollZoom": False}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A selector above a figure; each option restyles the ``traces`` with its patch."""

    label: str
    options: tuple[tuple[str, dict[str, Any]], ...]
    traces: tuple[int, ...] = (0,)
    selected: int = 0


@dataclasses.dataclass(frozen=True)
class Figure:
    """A Plotly figure as JSON-safe data.

    ``height`` is in CSS pixels. ``column`` is what the figure is of (for the search), ``rows`` are the columns on
    the vertical axis of a figure with a row a column (the search leaves the others out). ``scheme`` asks the page
    for the colours of a ``"diverging"`` or ``"sequential"`` colour axis, which differ between light and dark.
    ``facts`` are sorting keys of a figure in a gallery.
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
    scheme: str = ""
    choice: Choice | None = None
    facts: dict[str, float | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Gallery:
    """Small figures side by side, drawn as they come into view; ``orders`` name the sorting keys of their facts."""

    figures: tuple[Figure, ...]
    orders: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of texts and numbers. ``columns`` says, row by row, which columns of the data the row speaks of."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""
    columns: tuple[tuple[str, ...], ...] = ()
    kinds: tuple[str, ...] = ()
    folded: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading, a few sentences in plain words, and parts: figures, galleries, tables; ``short`` for the menu."""

    name: str
    short: str
    title: str
    lead: str
    parts: tuple[Figure | Gallery | Table, ...] = ()
    notes: tuple[str, ...] = ()


def listed(values: Any, digits: int = 4) -> list[Any]:
    """Numbers at ``digits`` significant digits; None where there is no finite number."""
    flat = [float(v) for v in np.asarray(values, float).ravel()]
    rounded = [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in flat]
    shape = np.shape(values)
    if len(shape) < 2:
        return rounded
    width = shape[1]
    return [rounded[begin : begin + width] for begin in range(0, len(rounded), width)]


def drawn(traces: list[Any], layout: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Data and layout, checked by Plotly; InputError-free: a wrong property is a bug and raises ValueError."""
    import plotly.graph_objects as go

    figure = go.Figure(data=traces, layout={**layout, "template": "none"}).to_plotly_json()
    figure["layout"].pop("template", None)
    return figure["data"], figure["layout"]


def rows_layout(axis: dict[str, Any], legend: bool = False, at_one: bool = False) -> dict[str, Any]:
    """Layout of a figure with a row a column; ``at_one`` draws the line where nothing was learned."""
    line = {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": {"dash": "dot", "width": 1}}
    return {
        "xaxis": axis,
        "yaxis": {"autorange": "reversed", "type": "category", "showgrid": False},
        "margin": {"t": 40 if legend else 8, "b": 48, "l": 8, "r": 8},
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        "showlegend": legend,
        "bargap": 0.3,
        "shapes": [line] if at_one else [],
    }


def kind_of(column: Column) -> str:
    """``numbers`` or ``levels``, as the filter of the page calls them."""
    return "levels" if column.nominal else "numbers"


def shown(value: float, column: Column) -> str:
    """A cell as the table would spell it."""
    if not math.isfinite(value):
        return "missing"
    # bounds are the training table's: what lies beyond them is shown as it is
    cell = natural(np.array([value]), dataclasses.replace(column, low=None, high=None)).iloc[0]
    if column.kind in ("datetime", "date"):
        return str(cell)[:10]
    return f"{cell:.5g}" if isinstance(cell, float) else str(cell)


def number(value: float | None, digits: int = 3) -> str:
    """A number for people; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−" if float(text) else "")


def shortened(text: str, most: int) -> str:
    """Start and end of a long text: what tells names apart is often at their end."""
    return text if len(text) <= most else f"{text[: (most - 1) // 2]}…{text[-(most // 2) :]}"


def faded(colour: str, opacity: float = 1 / 3) -> str:
    """``colour``, as ``#rrggbb``, seen through; plotly before 7 knows no eight-digit colours."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgba({red}, {green}, {blue}, {opacity:.2f})"


def apart(texts: Sequence[str], most: int) -> list[str]:
    """All texts `shortened`, those that would read alike by as much less as tells them apart."""
    short = [shortened(text, most) for text in texts]
    while len(set(short)) < len(set(texts)):
        most += 1
        short = [shortened(text, most) if short.count(short[i]) > 1 else short[i] for i, text in enumerate(texts)]
    return short


def percent(share: float | None) -> str:
    """A share as a percentage; a dash for none."""
    if share is None or not math.isfinite(share):
        return "–"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"
