"""Cells as texts."""

import numpy as np

from evenvae.tables import Column
from evenvae.tables.shown import all_shown, shown, values_of


def test_a_cell_as_text():
    assert shown(float("nan"), Column("x")) == "missing"
    assert shown(1.0, Column("x", likelihood="bernoulli", levels=("no", "yes"))) == "yes"


def test_cells_as_texts_in_their_order():
    cells = np.array([1.0, np.nan, 0.0, 1.0])
    assert all_shown(cells, Column("x", likelihood="bernoulli", levels=("no", "yes"))) == [
        "yes",
        "missing",
        "no",
        "yes",
    ]
    assert all_shown(np.array([2.0, 1.0 / 3, np.nan]), Column("x", likelihood="normal")) == ["2", "0.33333", "missing"]
    assert all_shown(np.array([np.nan]), Column("x", likelihood="normal")) == ["missing"]


def test_the_values_of_a_column_in_a_few_words():
    assert values_of(Column("x", likelihood="categorical", levels=("a", "b", "c"))) == "3 levels"
    assert values_of(Column("x", likelihood="normal", low=-1.5, high=20.0)) == "-1.5 to 20"
    assert values_of(Column("x", likelihood="normal", low=-99999.0, high=184984.37)) == "-99999 to 184984"
    assert values_of(Column("x", likelihood="normal", low=0.0, high=2.5e12)) == "0 to 2.5e+12"
    assert values_of(Column("x", role="identifier")) == ""
