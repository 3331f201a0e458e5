"""What a figure may say: the properties of traces and layouts that the scripts of this folder draw.

The names are Plotly's where Plotly has the property.
"""

from collections.abc import Mapping
from typing import Any

AXIS = {
    "type": {"linear", "log", "date", "category"},
    "title": {"text": None},
    "range": None,
    "rangemode": {"tozero"},
    "nticks": None,
    "tickformat": {"~%"},
    "ticktext": None,
}
NAMED = {"type": None, "name": None, "x": None, "y": None, "hovertemplate": None}
TRACES: dict[str, dict[str, Any]] = {
    "bar": NAMED | {"orientation": {"h"}, "customdata": None, "text": None, "marker": {"color": None}},
    "scatter": NAMED
    | {
        "mode": {"lines", "markers"},
        "line": {"color": None, "width": None, "dash": {"solid", "dot"}, "shape": {"linear", "hv"}},
        "marker": dict.fromkeys(
            ("color", "size", "opacity", "cmin", "cmax", "colorscale", "showscale", "colorbar", "symbol")
        ),
        "fill": {"tozeroy"},
        "opacity": None,
        "text": None,
        "legendgroup": None,
        "showlegend": None,
        "hoverinfo": {"skip"},
    },
    "heatmap": NAMED | {"z": None},
}
LAYOUT = {
    "xaxis": AXIS,
    "yaxis": AXIS,
    "showlegend": None,
    "bargap": None,
    "coloraxis": {"cmax": None},
    "shapes": None,
}
"""For every property the properties or the words that it may have; None where it takes any value."""


def drawn(traces: list[dict[str, Any]], layout: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Traces and layout of a figure, as they are, where the scripts know all that they say.

    Args:
        traces: what is drawn.
        layout: axes, legend and lines across the figure.

    Raises:
        ValueError: a property or one of its words is not known, so that it would not be drawn.
    """
    for trace in traces:
        if trace.get("type") not in TRACES:
            raise ValueError(f"A trace of type {trace.get('type')!r} is not drawn; there are {', '.join(TRACES)}.")
        _check(trace, TRACES[trace["type"]], trace["type"])
    _check(layout, LAYOUT, "layout")
    return traces, layout


def _check(given: Mapping[str, Any], known: Mapping[str, Any], place: str) -> None:
    for key, value in given.items():
        here = f"{place}.{key}"
        if key not in known:
            raise ValueError(f"{here} is not drawn; {place} has {', '.join(known)}.")
        allowed = known[key]
        if isinstance(allowed, Mapping):
            _check(value, allowed, here)
        elif allowed is not None and value not in allowed:
            raise ValueError(f"{here}={value!r} is not drawn; it may be {', '.join(sorted(allowed))}.")
