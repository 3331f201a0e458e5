"""Whole numbers: integers again, and the numbers of rows."""

import numpy as np
import pandas as pd

from evenvae import tables


def test_whole_numbers_are_decoded_as_integers_where_they_fit():
    column = tables.Column("n", likelihood="poisson", decimals=0)
    assert column.decode(np.array([1.2, 3.0])).tolist() == [1, 3]
    assert column.decode(np.array([1.2, 3.0])).dtype == np.int64
    assert column.decode(np.array([1.2, np.nan])).dtype == np.float64
    assert column.decode(np.array([1e300])).dtype == np.float64


def test_the_numbers_of_rows_are_decoded_from_1():
    table = pd.DataFrame({"row_id": np.arange(60) * 7, "x": np.linspace(0, 1, 60)})
    schema = tables.Schema.infer(table)
    assert schema["row_id"].role == "identifier"
    assert schema["row_id"].is_number
    assert tables.decode(np.array([[0.5], [0.25]]), schema)["row_id"].tolist() == [1, 2]
