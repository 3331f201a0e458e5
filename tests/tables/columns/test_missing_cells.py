"""Which cells are missing."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables.columns.missing_cells import MISSING, is_missing, number_or_none, observed_cells


@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_every_spelling_with_blanks_around_it_is_missing(dtype):
    cells = pd.Series([*MISSING, " NA ", None, "x", "."], dtype=dtype)
    assert observed_cells(cells).tolist() == [False] * (len(MISSING) + 2) + [True, True]
    assert not observed_cells(cells, (".",))[-1]


def test_a_column_may_have_numbers_that_mean_missing():
    for cells in (pd.Series([1, 9, 3]), pd.Series([1, 9, None]), pd.array([1, 9, None], dtype="Int64")):
        seen = observed_cells(pd.Series(cells), ("9", "unknown"))
        assert seen[:2].tolist() == [True, False]
    assert number_or_none("9") == 9
    assert number_or_none("unknown") is None


def test_images_are_missing_as_a_whole():
    image = np.zeros((2, 2))
    cells = [None, np.nan, pd.NA, np.full((2, 2), np.nan), image]
    assert [is_missing(cell) for cell in cells] == [True, True, True, True, False]
    assert observed_cells(pd.Series(cells, dtype=object)).tolist() == [False, False, False, False, True]
