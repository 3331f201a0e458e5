"""Flags: booleans of every type."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables


@pytest.mark.parametrize("dtype", ["bool", "boolean", "category", object])
def test_booleans_are_two_levels(dtype):
    cells = pd.Series([True, False, True] * 30, dtype=dtype)
    column = tables.Schema.infer(pd.DataFrame({"flag": cells}))["flag"]
    assert (column.kind, column.likelihood, column.levels, column.rule) == ("level", "bernoulli", (False, True), "2")
    assert [type(level) for level in column.levels] == [bool, bool]
    assert column.discrete
    assert not column.is_number
    np.testing.assert_array_equal(column.encode(cells)[:3], [1, 0, 1])
    assert column.decode(np.array([1.0, 0.0, np.nan])).tolist() == [True, False, None]
