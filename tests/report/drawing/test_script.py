"""The pictures, as a browser draws them from made-up figures."""

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from evenvae.report import drawing, render
from evenvae.report.parts import Figure, Section
from report_support import pointed, show

NUMBERS = {"type": "linear"}


@pytest.fixture
def picture(open_page, evidence):
    """A function that draws one figure: the tab, the picture, and what the console said."""

    def opened(data, layout, rows=(), height=300, name="made-up"):
        data, layout = drawing.drawn(data, layout)
        figure = Figure(name, data, layout, rows=rows, height=height)
        tab, said = open_page(render(evidence, [Section("one", "One", "One", "Made up.", (figure,))]))
        found = show(tab, name)
        assert said == []
        return tab, found

    return opened


def boxes(picture):
    """Places of the marks: x, y, width and height."""
    keys = ("x", "y", "width", "height")
    read = "(e, keys) => e.map(m => keys.map(k => Number(m.getAttribute(k))))"
    return np.array(picture.locator(".mark").evaluate_all(read, keys))


def ticks(picture):
    return picture.locator("text:not(.name):not(.title)").all_text_contents()


def bars(values, **more):
    names = [f"column {i}" for i in range(len(values))]
    return {"type": "bar", "orientation": "h", "y": names, "x": values, "marker": {"color": "#3f86d8"}, **more}


ROWS = {"xaxis": NUMBERS, "yaxis": {"type": "category"}, "bargap": 0.3}


def test_every_script_of_the_folder_is_in_the_page(page):
    folder = Path(drawing.__file__).parent
    for path in folder.glob("*.js"):
        assert path.read_text(encoding="utf-8") in page, path.name
    assert "plotly" not in page.lower()


def test_only_the_script_of_the_page_may_run(page):
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (script,) = scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in policy
    assert policy.startswith("default-src &#39;none&#39;")


def test_bars_are_as_long_as_their_values(picture):
    tab, found = picture([bars([1.0, -0.5, None, 0.25])], ROWS | {"xaxis": {"range": [-1, 1]}})
    x, _, width, _ = boxes(found).T
    assert width / width[0] == pytest.approx([1, 0.5, 0.25], abs=0.01)
    assert x[1] + width[1] == pytest.approx(x[0], abs=0.2)  # negative bars end where positive ones begin
    assert pointed(tab, found, ".mark", 1) == "column 1\n−0.5"
    assert found.locator(".name").all_text_contents() == [f"column {i}" for i in range(4)]


def test_bars_side_by_side_speak_together_and_can_be_hidden(picture):
    traces = [bars([0.2, 0.4], name=name, hovertemplate="%{x:.1%}") for name in ("real", "sampled")]
    tab, found = picture(traces, ROWS | {"showlegend": True, "xaxis": {"tickformat": "~%", "rangemode": "tozero"}})
    assert pointed(tab, found, ".mark", 1) == "column 1\nreal: 40.0 %\nsampled: 40.0 %"
    assert ticks(found)[0] == "0 %"
    before = boxes(found)
    tab.click(".keys button:has-text('sampled')")
    after = boxes(tab.locator("#plot-made-up svg"))
    assert (len(before), len(after)) == (4, 2)
    assert tab.locator(".keys button").last.get_attribute("aria-pressed") == "false"


def test_bars_over_numbers(picture):
    trace = {"type": "bar", "x": [1, 2, 3], "y": [10, 0, 40], "marker": {"color": ["#8a93a3", "#8a93a3", "#e08a3c"]},
             "hovertemplate": "about %{x} nats: %{y} rows"}  # fmt: skip
    tab, found = picture([trace], {"bargap": 0.02})
    height = boxes(found)[:, 3]
    assert height[:2] / height[2] == pytest.approx([0.25, 0], abs=0.01)
    assert pointed(tab, found, ".mark", 2) == "about 3 nats: 40 rows"


def line(x, y, **more):
    style = {"color": "#3f86d8"} | more.pop("line", {})
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": style, **more}


def path(picture):
    return picture.locator("path.mark").last.get_attribute("d")


def test_lines_have_gaps_where_nothing_is_known(picture):
    tab, found = picture([line([0, 1, 2, 3, 4], [1, 2, None, 4, 5], name="loss")], {})
    assert re.fullmatch(r"M[\d.,]+L[\d.,]+M[\d.,]+L[\d.,]+", path(found))
    box = found.bounding_box()
    tab.mouse.move(box["x"] + box["width"] - 30, box["y"] + 100)
    assert tab.locator("#tip").inner_text() == "4\nloss: 5"


def test_steps_go_to_the_next_edge(picture):
    tab, found = picture([line([0, 1, 3], [0.5, 0.25, 0.25], name="real", fill="tozeroy", line={"shape": "hv"})],
                         {"yaxis": {"tickformat": "~%", "rangemode": "tozero"}})  # fmt: skip
    assert re.fullmatch(r"M[\d.,]+H[\d.]+V[\d.]+H[\d.]+V[\d.]+", path(found))
    box = found.bounding_box()
    tab.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 100)
    assert tab.locator("#tip").inner_text() == "1 to 3\nreal: 25.0 %"


@pytest.mark.parametrize(
    ("x", "spec", "shown"),
    [
        ([1e-3, 1e3], {"type": "log"}, ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
        ([0.02, 0.3], {"type": "log"}, ["0.02", "0.05", "0.1", "0.2"]),
        ([1e-8, 1e-2], {"type": "log"}, ["10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01"]),
        ([0, 2e6], {"nticks": 4}, ["0", "0.5M", "1.0M", "1.5M", "2.0M"]),
        ([-0.4, 0.4], {"nticks": 4}, ["−0.4", "−0.2", "0", "0.2", "0.4"]),
        ([0, 3e-6], {"nticks": 3}, ["0", "10⁻⁶", "2·10⁻⁶", "3·10⁻⁶"]),
        (["2020-01-01T00:00:00.000", "2023-06-01T00:00:00.000"], {"type": "date", "nticks": 4},
         ["2020", "2021", "2022", "2023"]),
        (["2020-01-01T00:00:00.000", "2020-01-01T06:00:00.000"], {"type": "date", "nticks": 3},
         ["01-01 00:00", "01-01 03:00", "01-01 06:00"]),
    ],
)  # fmt: skip
def test_ticks_are_round(picture, x, spec, shown):
    spec = {"nticks": 8} | spec
    _, found = picture([line(x, [1, 2])], {"xaxis": spec})
    assert ticks(found)[-len(shown) :] == shown or ticks(found)[: len(shown)] == shown


def test_dots_have_the_colours_of_their_values(picture):
    marker = {"color": [0, 5, 10, None], "cmin": 0, "cmax": 10, "colorscale": [[0, "#000000"], [1, "#ffffff"]],
              "showscale": True, "colorbar": {"tickvals": [0, 10], "ticktext": ["none", "all"]}, "size": 5}  # fmt: skip
    trace = {"type": "scatter", "mode": "markers", "x": [0, 1, 2, 3], "y": [0, 1, 0, 1], "marker": marker,
             "hovertemplate": "%{text}", "text": ["none", "half", "all", "missing"]}  # fmt: skip
    tab, found = picture([trace], {})
    fills = found.locator(".mark").evaluate_all("all => all.map(e => e.getAttribute('fill'))")
    assert fills == ["rgb(0,0,0)", "rgb(128,128,128)", "rgb(255,255,255)", "none"]
    assert [pointed(tab, found, ".mark", i) for i in range(4)] == ["none", "half", "all", "missing"]
    assert {"none", "all"} <= set(ticks(found))


def test_cells_are_as_strong_as_their_values(picture):
    trace = {"type": "heatmap", "x": ["a", "b"], "y": ["a", "b"], "z": [[1, -0.25], [None, 0.5]]}
    layout = {"coloraxis": {"cmax": 0.5}, "xaxis": {"type": "category"}, "yaxis": {"type": "category"}}
    tab, found = picture([trace], layout)
    cells = found.locator(".marks rect:not(.ground)")
    read = cells.evaluate_all("all => all.map(e => [e.getAttribute('class'), e.getAttribute('fill-opacity')])")
    assert read == [["above", "1.00"], ["below", "0.50"], ["above", "1.00"]]
    assert pointed(tab, found, ".marks .below", 0) == "a · b\n−0.25"


def test_figures_without_a_number_are_drawn_too(picture):
    _, found = picture([line([1, 2], [None, None], name="loss")], {"yaxis": {"type": "log"}})
    assert path(found) == ""
    _, found = picture([bars([None, None])], ROWS)
    assert found.locator(".mark").count() == 0
    _, found = picture([line([7], [3.5], mode="markers", marker={"color": "#3f86d8"})], {})
    assert found.locator(".mark").count() == 1
