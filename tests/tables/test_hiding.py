"""Cells hidden on purpose."""

import numpy as np
import pytest

from evenvae import tables
from tables_support import MAKERS


@pytest.mark.parametrize("make", MAKERS)
def test_hidden_cells_are_missing_and_the_others_stay(make):
    table = make()
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    hidden = np.zeros_like(encoded.observed)
    hidden[::3] = True
    again = tables.encode(tables.hide_cells(table, hidden, schema), schema)
    np.testing.assert_array_equal(again.observed, encoded.observed & ~hidden)
    np.testing.assert_array_equal(again.values[again.observed], encoded.values[again.observed])
