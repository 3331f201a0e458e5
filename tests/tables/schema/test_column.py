"""One column: what its kind and its likelihood say."""

import numpy as np
import pytest

from evenvae.tables import Column
from evenvae.tables.schema.checks import check_column


@pytest.mark.parametrize(
    ("likelihood", "discrete"),
    [("normal", False), ("lognormal", False), ("poisson", False), ("bernoulli", True), ("categorical", True),
     ("ordinal", True), (None, False), ("unknown", False)],
)  # fmt: skip
def test_the_likelihood_says_what_is_discrete(likelihood, discrete):
    assert Column("x", likelihood=likelihood).discrete == discrete


def test_pixels_are_not_discrete():
    for likelihood in ("bernoulli", "normal", "squared"):
        column = check_column(Column("x", likelihood=likelihood, kind="image", shape=(4, 3, 2)))
        assert not column.discrete
        assert column.is_image
        assert column.size == 24


def test_a_column_encodes_and_decodes_its_cells():
    column = Column("x", likelihood="categorical", levels=("a", "b", "c"), kind="level")
    assert column.cardinality == 3
    assert column.size == 1
    cells = column.decode(np.array([2, np.nan, 0.0]))
    assert cells.tolist() == ["c", None, "a"]
    np.testing.assert_array_equal(column.encode(cells), [2, np.nan, 0])
