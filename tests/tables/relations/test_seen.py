"""Columns as the search for relations sees them."""

import numpy as np
import pandas as pd

from evenvae.tables.relations.seen import both, spread
from relations_support import seen


def test_columns_with_fewer_missing_cells_come_first():
    cells = np.random.default_rng(0).normal(size=200).round(2)
    holey = np.where(np.arange(200) % 10 == 0, np.nan, cells)
    found = seen(pd.DataFrame({"a": holey, "b": cells, "c": cells, "d": holey}))
    assert sorted(found, key=lambda name: found[name].rank) == ["b", "c", "a", "d"]
    # columns that are missing in the same rows share what is known of these rows
    assert found["a"].observed is found["d"].observed


def test_rows_that_hold_both():
    n = 400
    cells = np.arange(n) * 1.5
    frame = pd.DataFrame(
        {
            "a": np.where(np.arange(n) < 120, cells, np.nan),
            "b": cells,
            "few": np.where(np.arange(n) > 310, cells, np.nan),
        }
    )
    found = seen(frame)
    assert both(found["a"], found["b"]).all.tolist() == list(range(120))
    # 120 of 400 rows say too little of b, and 89 rows too little of anything
    assert both(found["b"], found["a"]) is None
    assert both(found["few"], found["b"]) is None


def test_a_few_rows_are_spread_over_all():
    assert spread(np.arange(10), 4).tolist() == [0, 3, 6, 9]
    assert spread(np.arange(3), 4).tolist() == [0, 1, 2]


def test_rare_values_surprise():
    (column,) = seen(pd.DataFrame({"a": ["x"] * 90 + ["y"] * 10})).values()
    np.testing.assert_allclose(column.surprise[[0, 99]], [-np.log(0.9), -np.log(0.1)])
    assert column.distinct[column.commonest] == 0
