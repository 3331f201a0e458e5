"""The figures of the report, which are data, drawn on axes of matplotlib."""

from typing import Any

import numpy as np

from evenvae.report.parts import Figure

INCH = 96
"""CSS pixels of an inch."""
ROUND = 0.75
"""Points of a CSS pixel."""
LINE = "#777777"


def draw(figure: Figure, ax: Any) -> Any:
    """A figure of the report on axes of matplotlib.

    Args:
        figure: in the words of `evenvae.report.drawing.vocabulary`.
        ax: the axes.

    Returns:
        The axes.
    """
    bars = [trace for trace in figure.data if trace["type"] == "bar"]
    for place, trace in enumerate(bars):
        _bar(ax, trace, place, len(bars), 1 - figure.layout.get("bargap", 0.3))
    for trace in figure.data:
        if trace["type"] == "scatter":
            (_lines if trace["mode"] == "lines" else _dots)(ax, trace, figure.layout)
        elif trace["type"] == "heatmap":
            _heatmap(ax, trace, figure.layout)
    for shape in figure.layout.get("shapes", ()):
        ax.axvline(shape["x0"], color=LINE, linewidth=1, linestyle="--", zorder=0.5)
    for name in ("x", "y"):
        _axis(ax, name, figure.layout.get(f"{name}axis", {}))
    if bars:
        names = list(bars[0]["y"])
        labels = figure.layout.get("yaxis", {}).get("ticktext") or names
        ax.set_yticks(range(len(names)), [_plain(label) for label in labels])
        ax.set_ylim(len(names) - 0.5, -0.5)
    if figure.layout.get("showlegend", len(bars) > 1) and ax.get_legend_handles_labels()[0]:
        # bars leave no room inside
        above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0, "ncols": 3} if bars else {}
        ax.legend(frameon=False, **above)
    if figure.title:
        ax.set_title(_plain(figure.title), fontsize="medium", loc="left")
    if not _is_heatmap(figure):
        ax.spines[["top", "right"]].set_visible(False)
    return ax


def size_of(figure: Figure, width: float = 6.4) -> tuple[float, float]:
    """Width and height in inches that suit a figure; the cells of a heat map are squares."""
    height = max(2.0, figure.height / INCH)
    return (height + 0.8 if _is_heatmap(figure) else width), height


def _is_heatmap(figure: Figure) -> bool:
    return any(trace["type"] == "heatmap" for trace in figure.data)


def _bar(ax: Any, trace: dict[str, Any], place: int, count: int, thickness: float) -> None:
    values = _numbers(trace["x"])
    height = thickness / count
    at = np.arange(len(values)) + (place - (count - 1) / 2) * height
    colour = trace["marker"]["color"]
    label = _plain(trace["name"]) if trace.get("name") else None
    ax.barh(at, np.nan_to_num(values), 0.92 * height, color=colour, label=label)
    for y, x, text in zip(at, values, trace.get("text", ()), strict=False):
        if text:
            ax.text(x, y, f"{text} ", ha="right", va="center", fontsize="small", color="white")


def _lines(ax: Any, trace: dict[str, Any], layout: dict[str, Any]) -> None:
    x, y, line = _places(trace["x"], layout), _numbers(trace["y"]), trace["line"]
    steps = line.get("shape") == "hv"
    colour, opacity = line["color"], trace.get("opacity", 1)
    if trace.get("fill"):
        ax.fill_between(x, y, step="post" if steps else None, color=colour, alpha=0.25, linewidth=0)
    ax.plot(
        x,
        y,
        color=colour,
        alpha=opacity,
        linewidth=ROUND * line.get("width", 2),
        linestyle=":" if line.get("dash") == "dot" else "-",
        drawstyle="steps-post" if steps else "default",
        label=_label(trace),
    )


def _dots(ax: Any, trace: dict[str, Any], layout: dict[str, Any]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    marker = trace["marker"]
    options: dict[str, Any] = {"color": marker["color"]}
    scaled = isinstance(marker["color"], list)
    if scaled:
        stops = [(float(at), colour) for at, colour in marker["colorscale"]]
        options = {
            "c": _numbers(marker["color"]),
            "cmap": LinearSegmentedColormap.from_list("column", stops, N=512),
            "vmin": marker["cmin"],
            "vmax": marker["cmax"],
            "plotnonfinite": False,
        }
    area = (ROUND * marker.get("size", 6)) ** 2
    opacity = marker.get("opacity", trace.get("opacity", 1))
    places = (_places(trace["x"], layout), _numbers(trace["y"]))
    found = ax.scatter(*places, s=area, alpha=opacity, linewidths=0, label=_label(trace), **options)
    if scaled and marker.get("showscale"):
        bar = ax.figure.colorbar(found, ax=ax)
        bar.set_ticks(marker["colorbar"]["tickvals"], labels=[_plain(t) for t in marker["colorbar"]["ticktext"]])
        bar.solids.set_alpha(1)
        bar.outline.set_visible(False)


def _heatmap(ax: Any, trace: dict[str, Any], layout: dict[str, Any]) -> None:
    largest = layout.get("coloraxis", {}).get("cmax", 1.0)
    cells = np.array([_numbers(row) for row in trace["z"]])
    found = ax.imshow(cells, cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest")
    names = [[_plain(name) for name in trace[axis]] for axis in "xy"]
    ax.set_xticks(range(len(names[0])), names[0], rotation=90)
    ax.set_yticks(range(len(names[1])), names[1])
    ax.figure.colorbar(found, ax=ax)


def _axis(ax: Any, name: str, axis: dict[str, Any]) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    if axis.get("type") == "category":
        return
    own = getattr(ax, f"{name}axis")
    title = axis.get("title", {}).get("text")
    if title:
        getattr(ax, f"set_{name}label")(_plain(title))
    if axis.get("type") == "log":
        getattr(ax, f"set_{name}scale")("log")
    if axis.get("range") is not None:
        getattr(ax, f"set_{name}lim")(*axis["range"])
    if axis.get("rangemode") == "tozero":
        getattr(ax, f"set_{name}lim")(**{"left" if name == "x" else "bottom": 0})
    if axis.get("tickformat") == "~%":
        own.set_major_formatter(PercentFormatter(1))
    if axis.get("nticks") and axis.get("type") not in ("log", "date"):
        own.set_major_locator(MaxNLocator(axis["nticks"]))


def _places(values: Any, layout: dict[str, Any]) -> Any:
    if layout.get("xaxis", {}).get("type") == "date":
        return np.array(values, "datetime64[ms]")
    return _numbers(values)


def _numbers(values: Any) -> np.ndarray:
    """Numbers of JSON, whose missing ones are None."""
    return np.array([np.nan if value is None else value for value in values], float)


def _label(trace: dict[str, Any]) -> str | None:
    return _plain(trace["name"]) if trace.get("name") and trace.get("showlegend", True) else None


def _plain(text: str) -> str:
    """A text in which a dollar sign begins no formula."""
    return str(text).replace("$", r"\$")
