"""The types of filled arrow and polars columns."""

import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from evenvae import tables

CASES = [
    (pa.array(["a", "b"] * 9), pa.nulls(1), "b", "string", "b"),
    (pa.array(["a", "b"] * 9), pa.nulls(1, pa.float64()), "b", "string", "b"),
    (pa.array([1.25, 7.9] * 9), pa.array([1, None]), 7.9, "double", 7.9),
    (pa.array([1.25, 8.0] * 9), pa.array([1, None]), 8.0, "int64", 8),
    (pa.array([True, False] * 9), pa.nulls(1), True, "bool", True),
    (pa.array([1.5, 2.5, 9.25] * 9), pa.array(["1.50", None]), 2.5, "string", "2.50"),
    (pa.array([1.5, 2.5, 9.25] * 9), pa.array([decimal.Decimal("1.50"), None]), 2.5, "decimal128(3, 2)",
     decimal.Decimal("2.50")),
    (pa.array([3, 4, 5] * 9, pa.int16()), pa.nulls(1), 4, "int16", 4),
    (pa.array(["x", "y"] * 9).dictionary_encode(), pa.nulls(1), "y", None, "y"),
]  # fmt: skip


@pytest.mark.parametrize(("trained", "batch", "value", "kind", "cell"), CASES)
def test_filled_columns_have_a_type_that_holds_their_cells(trained, batch, value, kind, cell):
    table = pa.table({"x": trained})
    schema = tables.Schema.infer(table)
    code = schema["x"].levels.index(value) if schema["x"].discrete else value
    filled = tables.fill(pa.table({"x": batch}), np.full((len(batch), 1), float(code)), schema)
    assert filled.column("x").to_pylist()[-1] == cell
    assert kind is None or str(filled.column("x").type) == kind
    polars = tables.fill(pl.from_arrow(pa.table({"x": batch})), np.full((len(batch), 1), float(code)), schema)
    assert polars["x"].to_list()[-1] == cell


def test_all_libraries_give_the_same_cells():
    trained = pd.DataFrame({"x": [1.25, 7.9] * 9})
    schema = tables.Schema.infer(trained)
    batches = [pd.DataFrame({"x": pd.array([1, None], dtype="Int64")}), pl.DataFrame({"x": [1, None]}),
               pa.table({"x": pa.array([1, None])}), {"x": [1, None]}, np.array([[1], [np.nan]])]  # fmt: skip
    answers = [tables.as_frame(tables.fill(batch, np.full((2, 1), 7.9), schema), ("x",)) for batch in batches]
    assert [answer["x"].tolist() for answer in answers] == [[1, 7.9]] * 5


def test_a_level_that_an_enum_lacks_makes_it_a_text():
    schema = tables.Schema.infer(pl.DataFrame({"x": ["a", "b"] * 9}))
    batch = pl.DataFrame({"x": pl.Series(["a", None], dtype=pl.Enum(["a", "z"]))})
    assert tables.fill(batch, np.ones((2, 1)), schema)["x"].to_list() == ["a", "b"]
