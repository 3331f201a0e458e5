"""Filling changes missing cells and nothing else."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from tables_support import MAKERS, arrow_table, pandas_table, same


@pytest.mark.parametrize("make", MAKERS)
def test_filling_touches_only_missing_cells(make):
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
