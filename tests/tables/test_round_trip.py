"""What goes in comes out: values, order, dtypes, levels and bounds, for every library."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenvae import tables
from evenvae.errors import InputError, TableWarning

ROWS = 12


def pandas_table():
    n = ROWS
    return pd.DataFrame(
        {
            "real": np.linspace(-3.25, 4.5, n),
            "float32": np.linspace(0.5, 2, n).astype("float32"),
            "count": np.arange(n) % 7,
            "int8": (np.arange(n) % 5).astype("int8"),
            "nullable": pd.array([None, *range(1, n)], dtype="Int64"),
            "upcast": [np.nan, *range(2, n + 1)],
            "flag": [True, False] * (n // 2),
            "maybe": pd.array([None, True, False] * (n // 3), dtype="boolean"),
            "object flag": np.array([None, True, False] * (n // 3), dtype=object),
            "text": ["a", "b ", "ü", None] * (n // 4),
            "object": np.array(["a", "b", "c", None] * (n // 4), dtype=object),
            "string": pd.array(["x", "y", None] * (n // 3), dtype="string"),
            "ordered": pd.Categorical(["low", "high", None] * (n // 3), ["low", "mid", "high"], ordered=True),
            "codes": pd.Categorical([3, 1, 2] * (n // 3), [3, 2, 1]),
            "moment": pd.date_range("2020-01-01 03:04:05.678901", periods=n, freq="37h", unit="us"),
            "zoned": pd.date_range("2020-03-01", periods=n, freq="17h", tz="Europe/Paris"),
            "span": pd.to_timedelta(np.arange(n) * 1.5, unit="s"),
            "iso": [f"2021-02-{i + 1:02d}" for i in range(n)],
            "stamp": [f"2021-02-{i + 1:02d}T10:00:0{i % 3}Z" for i in range(n)],
            "constant": ["same"] * n,
        }
    )


def arrow_table():
    n = ROWS
    day = dt.date(2020, 1, 1)
    return pa.table(
        {
            "int16": pa.array([None, *range(n - 1)], pa.int16()),
            "uint8": pa.array([*range(n - 1), None], pa.uint8()),
            "float32": pa.array([0.5, None, 2.5] * (n // 3), pa.float32()),
            "flag": pa.array([True, None, False] * (n // 3)),
            "text": pa.array(["a", "b", None] * (n // 3)),
            "large": pa.array(["a", "b", "c"] * (n // 3), pa.large_string()),
            "level": pa.array(["a", "b", None] * (n // 3)).dictionary_encode(),
            "day": pa.array([None, *[day + dt.timedelta(i * 3) for i in range(n - 1)]], pa.date32()),
            "time": pa.array([dt.time(i, 5, 7) for i in range(n)], pa.time64("us")),
            "moment": pa.array([dt.datetime(2020, 1, 1 + i) for i in range(n)], pa.timestamp("ms", "UTC")),
            "span": pa.array([dt.timedelta(minutes=i) for i in range(n)], pa.duration("us")),
            "money": pa.array([None, *[i / 4 for i in range(n - 1)]]).cast(pa.decimal128(9, 2)),
            "empty": pa.nulls(n, pa.int32()),
        }
    )


def polars_table():
    frame = pl.from_arrow(arrow_table())
    return frame.with_columns(
        enum=pl.Series(["s", "l", None] * (ROWS // 3), dtype=pl.Enum(["s", "m", "l"])),
        category=pl.Series(["u", "v", "w"] * (ROWS // 3), dtype=pl.Categorical),
    )


def same(left, right):
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right)
    elif isinstance(left, pl.DataFrame):
        polars.testing.assert_frame_equal(left, right)
    else:
        assert left.schema == right.schema
        assert left.to_pylist() == right.to_pylist()


MAKERS = [pandas_table, arrow_table, polars_table]


@pytest.mark.parametrize("make", MAKERS)
def test_decoding_what_was_encoded_gives_the_table(make):
    table = make()
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    same(table, tables.decode(encoded.values, schema))
    again = tables.Schema.from_dict(schema.to_dict())
    assert again == schema
    same(table, tables.decode(encoded.values, again))


@pytest.mark.parametrize("make", MAKERS)
def test_filling_touches_only_holes(make):
    table = make()
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    same(table, tables.fill(table, encoded.values, schema))
    values = np.where(encoded.observed, encoded.values, np.nanmin(encoded.values, axis=0))
    wrong = np.where(encoded.observed, 0.0, values)
    filled = tables.fill(table, wrong, schema)
    again = tables.encode(filled, schema)
    assert again.observed.all()
    np.testing.assert_array_equal(again.values, values)
    if make is pandas_table:
        assert (filled.dtypes == table.dtypes).all()
    elif make is arrow_table:
        assert filled.schema == table.schema
    else:
        assert filled.schema == table.schema


@pytest.mark.parametrize("make", MAKERS)
def test_a_mask_says_which_cells_are_filled(make):
    table = make()
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    where = np.zeros_like(encoded.observed)
    where[3] = encoded.observed[3]
    filled = tables.encode(tables.fill(table, encoded.values[::-1].copy(), schema, where), schema)
    expected = np.where(where & encoded.observed[::-1], encoded.values[::-1], encoded.values)
    np.testing.assert_array_equal(filled.values, expected)


def test_arrays_come_back_as_arrays():
    array = np.array([[1.5, 0, 3], [np.nan, 1, 4], [2.5, 0, 9]])
    schema = tables.Schema.infer(array)
    encoded = tables.encode(array, schema)
    np.testing.assert_array_equal(tables.decode(encoded.values, schema), array)
    filled = tables.fill(array, np.nan_to_num(encoded.values, nan=2.0), schema)
    assert filled[1, 0] == 2.0
    assert np.isnan(array[1, 0])
    mixed = np.array([[1, "a", True], [None, "b", False], [3, None, True]], dtype=object)
    schema = tables.Schema.infer(mixed)
    decoded = tables.decode(tables.encode(mixed, schema).values, schema)
    assert decoded.dtype == object
    assert list(decoded[:, 1]) == ["a", "b", None]


def test_a_view_remembers_its_library():
    for make in MAKERS:
        schema = tables.Schema.infer(make())
        assert tables.Schema.infer(tables.as_frame(make())) == schema


def test_arrow_backed_pandas_columns():
    table = arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    filled = tables.fill(table, np.nan_to_num(encoded.values), schema)
    assert (filled.dtypes == table.dtypes).all()
    assert tables.encode(filled, schema).observed.all()


def test_records_are_filled_as_records():
    rows = [{"a": 1.5, "b": "x"}, {"a": None, "b": "y"}, {"a": 2.5, "b": "x"}]
    schema = tables.Schema.infer(rows)
    values = tables.encode(rows, schema).values
    filled = tables.fill(rows, np.nan_to_num(values, nan=2.0), schema)
    assert filled == [rows[0], {"a": 2.0, "b": "y"}, rows[2]]


def test_columns_are_matched_by_name_and_extra_ones_ignored():
    table = pandas_table()
    schema = tables.Schema.infer(table)
    shuffled = table[list(table.columns[::-1])].assign(extra=1)
    np.testing.assert_array_equal(tables.encode(shuffled, schema).values, tables.encode(table, schema).values)
    with pytest.raises(InputError, match="no column 'real', which the model was trained on"):
        tables.encode(table.drop(columns="real"), schema)


def test_unseen_levels_and_values_outside_the_support_are_missing():
    table = pd.DataFrame({"level": ["a", "b", "c"] * 4, "count": [0, 4, 5] * 4, "size": [0.5, 1, 2] * 4})
    schema = tables.Schema.infer(table)
    new = pd.DataFrame({"level": ["a", "zebra"], "count": [2.5, 3], "size": [1.0, -1]})
    with pytest.warns(TableWarning) as said:
        encoded = tables.encode(new, schema)
    assert encoded.observed.tolist() == [[True, False, True], [False, True, False]]
    texts = " ".join(str(w.message) for w in said)
    assert "zebra" in texts
    assert "not whole" in texts
    assert "negative" in texts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        filled = tables.fill(new, np.array([[0, 1, 1.0]] * 2), schema)
    assert filled["level"].tolist() == ["a", "zebra"]
    with pytest.raises(InputError, match="level 'zebra' was not seen"):
        tables.encode(new, schema, on_unseen="error")


def test_levels_meet_across_spellings():
    table = pd.DataFrame({"n": [1, 2] * 5, "b": [True, False] * 5})
    schema = tables.Schema.infer(table)
    text = pd.DataFrame({"n": ["1", "2.0"], "b": ["true", "False"]})
    np.testing.assert_array_equal(tables.encode(text, schema).values, [[0, 1], [1, 0]])


def test_decoded_numbers_keep_bounds_and_decimals():
    table = pd.DataFrame({"n": [1, 2, 5, 9], "x": [0.25, 1.5, 2.75, 3]})
    schema = tables.Schema.infer(table)
    decoded = tables.decode(np.array([[-4.0, 0.123456], [3.4, 99]]), schema)
    assert decoded["n"].tolist() == [1, 3]
    assert decoded["x"].tolist() == [0.25, 3]


cell = st.one_of(st.none(), st.floats(-1e12, 1e12), st.integers(-(2**50), 2**50))
level = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=5))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cell, level, st.sampled_from([None, True, False])), min_size=1, max_size=30))
def test_any_cells_survive(rows):
    frame = pd.DataFrame({"x": [r[0] for r in rows], "l": [r[1] for r in rows], "b": [r[2] for r in rows]})
    schema = tables.Schema.infer(frame)
    if not schema.features:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoded = tables.encode(frame, schema)
    decoded = tables.decode(encoded.values, schema)
    for place, column in enumerate(schema.features):
        seen = encoded.observed[:, place]
        assert decoded[column.name][seen].tolist() == frame[column.name][seen].tolist()
        assert decoded[column.name][~seen].isna().all()
