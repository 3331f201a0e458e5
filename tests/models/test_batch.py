"""Rows of a batch, with tasks and without."""

import numpy as np

from evenvae.models import Batch, no_tasks


def batch(tasks):
    cells = (np.arange(10.0).reshape(5, 2), np.arange(5)[:, None])
    return Batch(cells, np.arange(15).reshape(5, 3) % 2 == 0, tasks)


def test_rows_are_taken_from_every_array():
    taken = batch(np.arange(5, dtype=np.int32)[:, None]).take(np.array([4, 1]))
    np.testing.assert_array_equal(taken.cells[0], [[8, 9], [2, 3]])
    np.testing.assert_array_equal(taken.cells[1], [[4], [1]])
    np.testing.assert_array_equal(taken.mask, [[True, False, True], [False, True, False]])
    np.testing.assert_array_equal(taken.tasks, [[4], [1]])


def test_a_table_without_tasks_has_none_of_their_columns():
    assert no_tasks(5).shape == (5, 0)
    assert batch(no_tasks(5)).take(slice(0, 2)).tasks.shape == (2, 0)


def test_hiding_cells_changes_the_mask_alone():
    one = batch(no_tasks(5))
    hidden = one.hide(np.zeros((5, 3), bool))
    assert not hidden.mask.any()
    assert hidden.cells is one.cells
    assert hidden.tasks is one.tasks
