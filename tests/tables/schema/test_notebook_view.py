"""A schema in a notebook."""

import html

import pandas as pd

from evenvae import Schema


def test_every_column_is_shown_with_what_it_is_taken_for_and_why():
    table = pd.DataFrame(
        {"age": [20.5, 31.0, 44.25] * 20, "<b>town</b>": ["Bonn", "Celle"] * 30, "key": [f"k{i}" for i in range(60)]}
    )
    schema = Schema.infer(table)
    page = schema._repr_html_()
    assert "&lt;b&gt;town&lt;/b&gt;" in page
    assert "<b>town" not in page
    assert "2 levels" in page
    assert "identifier" in page
    assert "3 columns of a pandas table, 2 of them modelled" in page
    for column in schema.columns:
        assert html.escape(column.reason) in page
