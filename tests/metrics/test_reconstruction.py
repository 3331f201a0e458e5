"""Errors of columns against values computed by hand."""

import numpy as np

from evenvae.metrics import column_errors


def test_error_is_rmse_over_range_and_error_rate():
    truth = np.array([[1, 0], [3, 1], [2, 2], [6, 1]], float)
    guess = np.array([[1.5, 0], [2, 1], [2, 1], [5, 2]], float)
    seen = np.ones_like(truth, bool)
    errors = column_errors(truth, guess, seen, np.array([False, True]), np.array([5.0, 2.0]))
    np.testing.assert_allclose(errors, [0.15, 0.5])


def test_levels_with_an_order_count_by_distance():
    truth, guess = np.array([[0], [3], [2]], float), np.array([[2], [3], [1]], float)
    errors = column_errors(truth, guess, np.ones((3, 1), bool), np.array([True]), np.zeros(1), np.array([4]))
    np.testing.assert_allclose(errors, [(2 + 0 + 1) / 3 / 4])


def test_columns_without_range_or_cells():
    truth, guess = np.zeros((3, 3)), np.array([[0.0, 1, 0]] * 3)
    seen = np.array([[True, True, False]] * 3)
    errors = column_errors(truth, guess, seen, np.zeros(3, bool), np.zeros(3))
    np.testing.assert_array_equal(errors, [0, np.nan, np.nan])
