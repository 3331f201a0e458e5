"""Figures of the report on axes of matplotlib."""

import itertools

import numpy as np
import pytest
from matplotlib import pyplot

from evenvae.plots.drawing import draw, size_of
from evenvae.report.drawing import drawn
from evenvae.report.parts import Figure


@pytest.fixture
def ax():
    figure, ax = pyplot.subplots()
    yield ax
    pyplot.close(figure)


def figure(trace, layout=None, **options):
    return Figure("f", *drawn(trace if isinstance(trace, list) else [trace], layout or {}), **options)


def test_bars_have_their_lengths_and_the_first_is_on_top(ax):
    traces = [
        {"type": "bar", "orientation": "h", "name": name, "y": ["a$", "b"], "x": [x, None], "marker": {"color": "red"}}
        for name, x in (("one", 0.5), ("two", 1.5))
    ]
    assert draw(figure(traces, {"showlegend": True, "shapes": [{"x0": 1, "x1": 1}]}, title="t$"), ax) is ax
    assert [patch.get_width() for patch in ax.patches] == [0.5, 0.0, 1.5, 0.0]
    assert [text.get_text() for text in ax.get_yticklabels()] == [r"a\$", "b"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    assert ax.lines[0].get_xdata() == [1, 1]
    spans = sorted((patch.get_y(), patch.get_y() + patch.get_height()) for patch in ax.patches)
    assert all(end < begin for (_, end), (begin, _) in itertools.pairwise(spans))


def test_lines_keep_their_gaps_steps_and_dates(ax):
    line = {"type": "scatter", "mode": "lines", "name": "n", "line": {"color": "#123456", "width": 2, "shape": "hv"}}
    draw(figure({**line, "x": ["2020-01-01", "2021-01-01", "2022-01-01"], "y": [1, None, 3]},
                {"xaxis": {"type": "date"}, "yaxis": {"tickformat": "~%", "rangemode": "tozero"}}), ax)  # fmt: skip
    (found,) = ax.lines
    assert np.isnan(found.get_ydata()[1])
    assert found.get_drawstyle() == "steps-post"
    assert np.issubdtype(np.asarray(found.get_xdata()).dtype, np.datetime64)
    assert ax.get_ylim()[0] == 0
    ax.figure.canvas.draw()
    assert ax.get_yticklabels()[0].get_text().endswith("%")


def test_dots_have_the_colours_of_their_scale(ax):
    scale = [[0, "#ff0000"], [0.5, "#ff0000"], [0.5, "#0000ff"], [1, "#0000ff"]]
    marker = {
        "color": [0, 1, None], "cmin": -0.5, "cmax": 1.5, "colorscale": scale, "showscale": True, "size": 5,
        "colorbar": {"tickvals": [0, 1], "ticktext": ["no", "yes"]},
    }  # fmt: skip
    draw(figure({"type": "scatter", "mode": "markers", "x": [0, 1, 2], "y": [0, 1, 2], "marker": marker}), ax)
    ax.figure.canvas.draw()
    colours = ax.collections[0].get_facecolors()
    assert colours[0][:3].tolist() == [1, 0, 0]
    assert colours[1][:3].tolist() == [0, 0, 1]
    assert [text.get_text() for text in ax.figure.axes[1].get_yticklabels()] == ["no", "yes"]


def test_a_heat_map_is_white_at_nothing(ax):
    draw(figure({"type": "heatmap", "x": ["a", "b"], "y": ["a", "b"], "z": [[1, None], [0.5, 1]]}), ax)
    assert ax.images[0].get_clim() == (-1, 1)
    assert np.isnan(np.ma.filled(ax.images[0].get_array(), np.nan)[0, 1])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["a", "b"]


def test_sizes_follow_the_report():
    assert size_of(figure([], height=480)) == (6.4, 5.0)
