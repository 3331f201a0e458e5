"""A warning about every piece is given once."""

import warnings

import pytest

from evenvae.errors import TableWarning
from evenvae.tables.warned_once import WarnedOnce


def piece(column, cells):
    warnings.warn(f"Column {column!r}: {cells} cells are strange, first {cells / 3}.", TableWarning, stacklevel=2)
    return cells


def test_only_numbers_differ():
    said = WarnedOnce()
    with pytest.warns(TableWarning) as caught:
        assert [said.call(piece, column, cells) for column in "ab" for cells in (3, 40)] == [3, 40, 3, 40]
    assert [str(warning.message)[:20] for warning in caught] == ["Column 'a': 3 cells ", "Column 'b': 3 cells "]
