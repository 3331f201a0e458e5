"""Which cells are filled, and what is said of those that are not."""

import warnings

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import TableWarning


def test_constants_are_filled_in_every_library():
    table = pd.DataFrame({"x": np.arange(20.0), "c": ["k", None] * 10, "n": [5, np.nan] * 10})
    schema = tables.Schema.infer(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        filled = tables.fill(table, table[["x"]].to_numpy(), schema)
    assert filled["c"].tolist() == ["k"] * 20
    assert filled["n"].tolist() == [5.0] * 20


def test_cells_that_stay_are_said_once_with_the_reason():
    n = 60
    table = pd.DataFrame(
        {
            "x": np.arange(n) / 7,
            "id": [f"row {i}" for i in range(n - 1)] + [None],
            "comment": [None] + [f"a rather long text that says {i} things about the row" for i in range(n - 1)],
            "empty": [None] * n,
        }
    )
    schema = tables.Schema.infer(table)
    with pytest.warns(TableWarning) as said:
        tables.fill(table, table[["x"]].to_numpy(), schema)
    assert [str(warning.message) for warning in said] == [
        "Missing cells stay missing in 'id' (it names the rows), 'comment' (free text: 59 distinct of 59), 'empty' "
        "(every cell is missing)."
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables.fill(table[["x"]], table[["x"]].to_numpy(), schema)
