"""Whole numbers: integers again, also beyond 2^53, and the numbers of rows."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables


def test_whole_numbers_are_decoded_as_integers_where_they_fit():
    column = tables.Column("n", likelihood="poisson", decimals=0)
    assert column.decode(np.array([1.2, 3.0])).tolist() == [1, 3]
    assert column.decode(np.array([1.2, 3.0])).dtype == np.int64
    assert column.decode(np.array([1.2, np.nan])).dtype == np.float64
    assert column.decode(np.array([1e300])).dtype == np.float64


def test_the_numbers_of_drawn_rows_go_on_where_the_table_ends():
    table = pd.DataFrame({"row_id": np.arange(60) * 7, "year": np.arange(1950, 2010), "x": np.linspace(0, 1, 60)})
    schema = tables.Schema.infer(table)
    assert schema["row_id"].role == "identifier"
    assert schema["row_id"].is_number
    drawn = tables.decode(np.array([[0.5], [0.25]]), schema)
    assert drawn["row_id"].tolist() == [414, 415]
    assert drawn["year"].tolist() == [2010, 2011]


@pytest.mark.parametrize("dtype", ["int64", "Int64", "uint64", "UInt64"])
def test_bounds_are_exact_beyond_the_whole_numbers_of_floats(dtype):
    least = 2**53 + 1 if dtype in ("int64", "Int64") else 2**63 + 1
    cells = pd.Series([least, least + 2000, least + 4002, least + 6001], dtype=dtype)
    table = pd.DataFrame({"n": cells})
    schema = tables.Schema.infer(table)
    assert (schema["n"].low, schema["n"].high) == (least, least + 6001)
    drawn = tables.decode(np.array([[0.0], [float(least)], [float(least + 6001)], [2.0**70]]), schema)
    assert drawn["n"].tolist() == [least, least, least + 6001, least + 6001]
    assert str(drawn["n"].dtype) == dtype


@pytest.mark.parametrize(
    "name", ["paid", "amount_paid", "bid", "valid", "PAID", "grid", "covid", "hybrid", "solid", "humid"]
)
def test_amounts_whose_names_end_in_id_are_no_identifiers(name):
    cells = np.random.default_rng(0).permutation(5000)[:200]
    assert tables.Schema.infer(pd.DataFrame({name: cells}))[name].role == "feature"


@pytest.mark.parametrize(
    "name", ["id", "ID", "user_id", "userId", "userID", "customer id", "pid", "orderid", "PATIENTID", "Unnamed: 0"]
)
def test_numbers_that_are_named_as_identifiers_are(name):
    cells = np.random.default_rng(0).permutation(5000)[:200]
    assert tables.Schema.infer(pd.DataFrame({name: cells}))[name].role == "identifier"


def test_whole_numbers_beyond_every_float_count_as_missing():
    cells = [10**400, "1e20", *range(1, 39)]
    with pytest.warns(tables.TableWarning, match="'n'.*treated as missing"):
        column = tables.Schema.infer({"n": cells})["n"]
    assert (column.low, column.high) == (1, 38)
    with pytest.warns(tables.TableWarning, match="'n'.*treated as missing"):
        assert tables.Schema.infer(pd.DataFrame({"n": pd.Series(cells, dtype=object)}))["n"] == column
