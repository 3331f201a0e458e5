"""Decoded tables in every library."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.tables.native import arrow_array

LIKE = {
    "pandas": pd.DataFrame({"a": [1]}),
    "polars": pl.DataFrame({"a": [1]}),
    "pyarrow": pa.table({"a": [1]}),
    "numpy": np.zeros((1, 1)),
    "dict": {"a": np.zeros(1)},
}


@pytest.mark.parametrize("library", LIKE)
def test_a_table_is_decoded_in_the_library_that_is_asked_for(library):
    table = pd.DataFrame({"n": [1, 4, 2], "t": ["a", None, "b"], "x": [0.5, 1.5, np.nan]})
    schema = tables.Schema.infer(table)
    decoded = tables.decode(tables.encode(table, schema).values, schema, like=LIKE[library])
    assert tables.library_of(decoded) == library
    frame = pd.DataFrame(decoded, columns=table.columns) if library == "numpy" else tables.as_frame(decoded)
    assert frame["n"].tolist() == [1, 4, 2]
    assert frame["t"].dropna().tolist() == ["a", "b"]
    assert frame["x"].dropna().tolist() == [0.5, 1.5]


def test_values_that_do_not_fit_an_arrow_type_keep_their_own():
    assert arrow_array(pd.Series([1, 2]), pa.int8()).type == pa.int8()
    assert arrow_array(pd.Series([1, 2000]), pa.int8()).type == pa.int64()
