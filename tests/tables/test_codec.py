"""What is encoded comes back: values, order, dtypes, levels and bounds, for every library."""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenvae import tables
from evenvae.errors import InputError, TableWarning
from tables_support import MAKERS, pandas_table, same


@pytest.mark.parametrize("make", MAKERS)
def test_decoding_what_was_encoded_gives_the_table(make):
    table = make()
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    same(table, tables.decode(encoded.values, schema))
    again = tables.Schema.from_dict(schema.to_dict())
    assert again == schema
    same(table, tables.decode(encoded.values, again))


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


def calls_of_python(rows):
    """How many functions Python calls to infer, encode and fill a table of numbers and of 5000 words."""
    rng, count = np.random.default_rng(0), 0
    words = np.array([f"word{i}" for i in range(5000)])
    frame = pd.DataFrame({f"x{i}": rng.normal(size=rows) for i in range(4)})
    frame = frame.assign(**{f"t{i}": words[rng.integers(0, 5000, rows)] for i in range(4)})

    def called(_, event, __):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        schema = tables.Schema.infer(frame)
        tables.fill(frame, tables.encode(frame, schema).values, schema)
    finally:
        sys.setprofile(None)
    return count


def test_no_function_is_called_for_every_row():
    calls_of_python(100)  # imports what is imported when it is asked for
    assert calls_of_python(100_000) < 2 * calls_of_python(10_000)


def test_real_tables():
    if "EVENVAE_DATA" not in os.environ:
        pytest.skip("EVENVAE_DATA names no folder of data files")
    folder = Path(os.environ["EVENVAE_DATA"])
    for path in sorted([*folder.glob("*.csv.gz"), *(folder / "tables").glob("*.csv.gz")]):
        table = tables.read_table(path)
        schema = tables.Schema.infer(table)
        encoded = tables.encode(table, schema)
        pooled = [c.name for c in schema.features if c.pooled]
        assert table.drop(pooled).equals(tables.fill(table, encoded.values, schema).drop(pooled))
        decoded = tables.encode(tables.decode(encoded.values, schema), schema)
        np.testing.assert_array_equal(decoded.values, encoded.values)
