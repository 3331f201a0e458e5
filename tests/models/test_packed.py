"""A packed table gives back the rows that it was made of."""

import jax
import numpy as np
import pytest

from evenvae.models.packed import PackedTable, round_number
from support import mixed_table


def test_tables_of_nearly_equal_length_are_of_one_shape():
    space, values, observed = mixed_table()
    shapes = {
        PackedTable.of(space.layout, space.batch(values[:rows], observed[:rows])).rows.shape for rows in range(321, 337)
    }
    assert shapes == {(336, space.layout.elements)}
    assert all(-rows % round_number(rows) <= rows / 16 for rows in range(1, 3000))


@pytest.mark.parametrize("tasks", [0, 2])
def test_rows_come_back_as_they_were(tasks):
    space, values, observed = mixed_table()
    codes = np.random.default_rng(0).integers(-1, 3, (len(values), tasks))
    table = space.batch(values, observed, codes)
    rows = np.array([5, 0, 5, len(values) - 1])
    packed = PackedTable.of(space.layout, table)
    compiled = jax.jit(lambda packed, rows: packed.take(rows, space.layout))
    for batch in (packed.take(rows, space.layout), compiled(packed, rows)):
        np.testing.assert_array_equal(batch.mask, table.mask[rows])
        np.testing.assert_array_equal(batch.tasks, table.tasks[rows])
        for found, expected in zip(batch.cells, table.cells, strict=True):
            np.testing.assert_array_equal(found, expected[rows])
