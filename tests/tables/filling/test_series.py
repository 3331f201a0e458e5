"""The types of filled columns: their own where it holds the new cells, else those of training."""

import decimal

import numpy as np
import pandas as pd
import pytest

from evenvae import tables

TEXT = str(pd.Series(["a"]).dtype)
"""The type that this version of pandas gives to texts."""


def filled(trained, batch, value):
    schema = tables.Schema.infer(pd.DataFrame({"x": trained}))
    code = schema["x"].levels.index(value) if schema["x"].discrete else value
    table = pd.DataFrame({"x": batch})
    return tables.fill(table, np.full((len(table), 1), float(code)), schema)["x"]


@pytest.mark.parametrize(
    ("trained", "batch", "value", "dtype", "cell"),
    [
        (["a", "b"] * 9, [np.nan], "b", TEXT, "b"),
        (["a", "b"] * 9, pd.Series([None], dtype=object), "b", TEXT, "b"),
        (pd.array(["a", "b"] * 9, dtype="string"), [np.nan], "b", "string", "b"),
        ([1.25, 7.9] * 9, pd.array([1, None], dtype="Int64"), 7.9, "Float64", 7.9),
        ([1.25, 8.0] * 9, pd.array([1, None], dtype="Int64"), 8.0, "Int64", 8),
        ([1, 300] * 9 + [7], pd.array([1, None], dtype="Int8"), 300, "Int64", 300),
        ([0.1, 0.3, 0.7] * 9, pd.Series([1, None], dtype="float32"), 0.3, "float32", np.float32(0.3)),
        ([True, False] * 9, pd.Series([1.0, np.nan]), True, "float64", 1.0),
        ([True, False] * 9, pd.Series([False, None], dtype=object), True, "object", True),
        ([1.5, 2.5, 9.25] * 9, pd.Series(["1.50", None], dtype=object), 2.5, "object", "2.50"),
        ([1.5, 2.5, 9.25] * 9, pd.Series([decimal.Decimal("1.5"), None]), 2.5, "object", decimal.Decimal("2.5")),
        (["1", "2", "3"] * 9, pd.Series([1.0, np.nan]), "3", "float64", 3.0),
        (["u", "v", "w"] * 9, pd.Series([1.0, np.nan]), "w", "object", "w"),
    ],
)  # fmt: skip
def test_filled_columns_have_a_type_that_holds_their_cells(trained, batch, value, dtype, cell):
    series = filled(trained, batch, value)
    assert series.dtype == dtype
    assert series.iloc[-1] == cell
    assert type(series.iloc[-1]) is type(cell) or not isinstance(cell, str | bool | decimal.Decimal)


def test_zones_and_units_of_the_batch_are_kept():
    moments = pd.date_range("2020-01-01", periods=40, tz="Europe/Berlin")
    value = moments[7].timestamp()
    for batch in ("datetime64[ns]", "datetime64[s, UTC]", "datetime64[us, Asia/Tokyo]"):
        series = filled(moments, pd.Series([pd.NaT], dtype=batch), value)
        assert str(series.dtype) == batch
        assert pd.to_datetime(series, utc=True).iloc[0] == moments[7]


def test_new_levels_join_the_categories_of_the_batch():
    batch = pd.Series(pd.Categorical(["a", None], ["a", "z"], ordered=True))
    series = filled(["a", "b"] * 9, batch, "b")
    assert series.tolist() == ["a", "b"]
    assert series.cat.categories.tolist() == ["a", "z", "b"]
    whole = pd.Series(pd.Categorical([1, None], [1, 2]))
    assert filled(["1", "2"] * 9, whole, "2").dtype == whole.dtype


def test_times_among_texts_are_spelled_as_these():
    moments = pd.date_range("2020-01-05", periods=40)
    batch = pd.Series(["3.2.2020", None, "14.12.2020"], dtype=object)
    assert filled(moments, batch, moments[7].timestamp()).tolist() == ["3.2.2020", "12.1.2020", "14.12.2020"]
