"""Views of any table; tables that are refused."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError
from tables_support import MAKERS


def test_a_view_remembers_its_library():
    for make in MAKERS:
        schema = tables.Schema.infer(make())
        assert tables.Schema.infer(tables.as_frame(make())) == schema


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' occurs twice"),
        (pd.DataFrame({"a": []}), "0 sample"),
        (pd.DataFrame(index=range(3)), "no columns"),
        (np.arange(3.0), "Reshape your data"),
        (np.zeros((2, 2), complex), "Complex data"),
        (np.array([[b"a", b"b"], [b"c", b"d"]]), r"Column 'x0' holds bytes \(row 0: b'a'\); decode them to texts"),
        ({"a": [1, 2], "b": np.array([b"a", b"b"])}, r"Column 'b' holds bytes \(row 0: b'a'\); decode them to texts"),
        (pd.DataFrame({"b": np.array([b"a", b"b"])}), r"Column 'b' holds bytes"),
        ({"b": np.array([b"a", b"b"], "V1")}, r"Column 'b' holds (bytes|records)"),
        ({"a": [1, 2], "b": np.ma.array([b"a", b"b"], mask=[0, 1])}, r"Column 'b' holds bytes"),
    ],
)
def test_wrong_tables_are_refused(table, sentence):
    with pytest.raises(InputError, match=sentence):
        tables.Schema.infer(table)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([[1, 2], [3]], "Row 1 of the table has 1 cells and row 0 has 2 cells; give as many cells in every row"),
        ([[1, 2], [3, 4], 5], "Row 2 of the table has no list of cells and row 0 has 2 cells"),
        ([[1, [2]], [3, [4, 5]]], "cells that are lists of several lengths; give one value in every cell"),
    ],
)
def test_rows_of_several_lengths_are_refused_by_their_number(rows, sentence):
    with pytest.raises(InputError) as refused:
        tables.as_frame(rows)
    assert sentence in str(refused.value)


def test_an_array_with_another_number_of_columns():
    schema = tables.Schema.infer(np.random.default_rng(0).normal(size=(5, 3)))
    with pytest.raises(InputError, match="X has 2 features, but EvenVAE is expecting 3"):
        tables.encode(np.zeros((5, 2)), schema)


def test_a_row_that_is_no_dict_is_refused_by_its_number():
    with pytest.raises(InputError, match="Row 1 of the table is no dict"):
        tables.as_frame([{"a": 1}, 7])


def test_half_of_a_character_in_a_name_is_refused():
    with pytest.raises(InputError, match="half of a character"):
        tables.as_frame({"a\ud800": [1, 2]})
