"""Levels whose order is the table's."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables


@pytest.mark.parametrize("ordered", [True, False])
def test_categories_keep_their_order_and_those_that_do_not_occur(ordered):
    kind = pd.CategoricalDtype(["low", "mid", "high", "top"], ordered)
    table = pd.DataFrame({"grade": pd.Series(["high", "low", None, "mid"] * 3, dtype=kind)})
    schema = tables.Schema.infer(table)
    column = schema["grade"]
    assert column.levels == ("low", "mid", "high")
    assert column.categories == ("low", "mid", "high", "top")
    assert column.ordered == ordered
    encoded = tables.encode(table, schema)
    np.testing.assert_array_equal(encoded.values[:4, 0], [2, 0, np.nan, 1])
    pd.testing.assert_frame_equal(tables.decode(encoded.values, schema), table)


def test_many_distinct_categories_are_no_identifier():
    table = pd.DataFrame({"name": pd.Categorical([f"n{i}" for i in range(60)])})
    assert tables.Schema.infer(table)["name"].role == "feature"
    assert tables.Schema.infer(table.astype(str))["name"].role == "identifier"
