"""Arrays, masked arrays, dicts and records filled."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables


def test_a_mask_says_what_is_missing_and_is_lifted():
    cells = np.array([[1, 2.5], [-9999, 3.5], [4, -9999], [6, 1.0]])
    masked = np.ma.masked_array(cells, mask=cells == -9999)
    schema = tables.Schema.infer(masked)
    assert (schema["x0"].low, schema["x1"].low) == (1, 1)
    assert tables.encode(masked, schema).observed.sum() == 6
    filled = tables.fill(masked, np.full((4, 2), 2.0), schema)
    assert np.ma.isMaskedArray(filled)
    assert not np.ma.getmaskarray(filled).any()
    assert filled.tolist() == [[1, 2.5], [2, 3.5], [4, 2], [6, 1]]
    assert masked.mask.sum() == 2


@pytest.mark.parametrize("dtype", [int, float, object, "U4", bool])
def test_masked_columns_of_every_type(dtype):
    cells = np.array([1, 0, 1, 0, 1, 1]).astype(dtype)
    table = {"x": np.ma.masked_array(cells, mask=[0, 0, 0, 0, 0, 1]), "y": np.linspace(0, 1, 6)}
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    assert encoded.observed[:, 0].tolist() == [True] * 5 + [False]
    filled = tables.fill(table, np.zeros((6, 2)), schema)
    assert not np.ma.getmaskarray(filled["x"]).any()


def test_arrays_become_wide_enough():
    trained = np.array([["a", 1.5], ["b", 2.5], ["c", 3.25]], dtype=object)
    schema = tables.Schema.infer(trained)
    filled = tables.fill(np.array([[np.nan, 1.0]]), np.array([[2.0, 1.5]]), schema)
    assert filled.tolist() == [["c", 1.0]]
    whole = tables.Schema.infer(np.array([[1.5, 2], [2.25, 3]]))
    where = np.array([[True, False]])
    assert tables.fill(np.array([[1, 2]]), np.array([[1.75, 2]]), whole, where).tolist() == [[1.75, 2]]


def test_lists_and_series_in_dicts_stay_what_they_are():
    table = {"a": [1.0, None, 2.0], "b": ("x", None, "y"), "c": pd.Series([1, None, 3], dtype="Int64")}
    schema = tables.Schema.infer(table)
    filled = tables.fill(table, np.ones((3, 3)), schema)
    assert filled["a"] == [1.0, 2.0, 2.0]
    assert filled["b"] == ("x", "y", "y")
    assert filled["c"].tolist() == [1, 3, 3]
    assert [type(cells) for cells in filled.values()] == [list, tuple, pd.Series]
