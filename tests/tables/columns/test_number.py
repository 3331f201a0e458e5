"""Numbers: what they are taken for, bounds and decimals."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables


def test_decoded_numbers_keep_bounds_and_decimals():
    table = pd.DataFrame({"n": [1, 2, 5, 9], "x": [0.25, 1.5, 2.75, 3]})
    schema = tables.Schema.infer(table)
    decoded = tables.decode(np.array([[-4.0, 0.123456], [3.4, 99]]), schema)
    assert decoded["n"].tolist() == [1, 3]
    assert decoded["x"].tolist() == [0.25, 3]


def test_texts_that_spell_numbers_are_numbers_if_the_schema_says_so():
    table = pd.DataFrame({"x": [" 1.5", "2", None, "4"] * 3})
    column = tables.Schema.infer(table, overrides={"x": "lognormal"})["x"]
    assert (column.kind, column.low, column.high, column.decimals) == ("number", 1.5, 4, 1)
    np.testing.assert_array_equal(column.encode(table["x"])[:4], [1.5, 2, np.nan, 4])


def test_cells_that_are_no_numbers_are_reported():
    column = tables.Column("x", likelihood="normal")
    with pytest.warns(tables.TableWarning, match="1 cells are not finite numbers"):
        np.testing.assert_array_equal(column.encode(pd.Series(["1", "two"])), [1, np.nan])
    with pytest.warns(tables.TableWarning, match="1 cells are not finite numbers"):
        np.testing.assert_array_equal(column.encode(pd.Series([1.0, np.inf])), [1, np.nan])
