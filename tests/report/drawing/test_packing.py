"""Figures as data for the page."""

from evenvae.report.drawing import packed
from evenvae.report.parts import Choice, Figure, rows_height

LEVELS = ["Aachen", "Bonn"] * 20


def test_frequent_texts_are_written_once():
    patch = {"text": [LEVELS], "marker.color": [[0, 1] * 20]}
    figure = Figure("map", [{"type": "scatter", "text": LEVELS}], {}, choice=Choice("by", (("city", patch),)))
    found = packed(figure)
    once = {"texts": ["Aachen", "Bonn"], "places": [0, 1] * 20}
    assert found["data"][0]["text"] == once
    assert found["choice"]["options"] == [("city", patch | {"text": [once]})]
    assert found["height"] == figure.height


def test_texts_that_repeat_the_colours_are_left_out():
    colours = [0.25, None, 12345.0]
    of = lambda texts: packed(Figure("map", [{"text": texts, "marker": {"color": colours}}], {}))["data"][0]["text"]
    assert of(["0.25", "missing", "12345"]) is None
    # a level may be called as a number is, and a number may be shown with more digits
    assert of(["0.25", "missing", "12345.6"]) == ["0.25", "missing", "12345.6"]


def test_the_lines_of_all_options_are_written_once():
    options = tuple((name, {"y": [values]}) for name, values in (("age", [1.0, 2.0]), ("city", [3.0, None])))
    grey = {"type": "scatter", "x": [10, 20, None] * 2, "y": [1.0, 2.0, None, 3.0, None, None]}
    chosen = {"type": "scatter", "x": [10, 20], "y": [1.0, 2.0]}
    found = packed(Figure("curves", [grey, chosen], {}, choice=Choice("column", options, traces=(1,))))
    assert found["data"] == [{"type": "scatter", "together": True}, chosen]


def test_figures_of_rows_say_how_high_a_row_is():
    names = ("age", "city", "income")
    found = packed(Figure("bars", [], {}, height=rows_height(names, 22), rows=names))
    assert (found["rows"], found["each"]) == (names, 22)
