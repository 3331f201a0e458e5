"""Figures against hand-computed and published values."""

import numpy as np
import pytest

from evenvae.metrics import column_errors, corrected_paired_t_test, hide


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


def test_corrected_t_test():
    t, p = corrected_paired_t_test(np.array([0.12, 0.10, 0.13, 0.09, 0.11]))
    assert (t, p) == (pytest.approx(9.98233734), pytest.approx(5.65863e-4, rel=1e-5))
    t, p = corrected_paired_t_test(np.array([0.12, 0.10, 0.13, 0.09, 0.11]), 2 / 8)
    assert (t, p) == (pytest.approx(10.3708995), pytest.approx(4.88017e-4, rel=1e-5))
    t, p = corrected_paired_t_test(np.array([0.02, -0.01, 0.03, 0.01, 0]))
    assert (t, p) == (pytest.approx(0.90748521), pytest.approx(0.41547751))
    assert corrected_paired_t_test(np.zeros(5)) == (0.0, 1.0)
    assert corrected_paired_t_test(np.full(5, 0.25))[1] == 0


def test_hiding_leaves_every_row_a_cell_and_hides_observed_cells_only():
    rng = np.random.default_rng(0)
    observed = rng.random((500, 3)) < 0.6
    hidden = hide(observed, 0.8, rng)
    assert not (hidden & ~observed).any()
    left = observed & ~hidden
    assert left.any(axis=1)[observed.any(axis=1)].all()
    many = hide(np.ones((2000, 20), bool), 0.2, rng)
    assert many.mean() == pytest.approx(0.2, abs=0.01)
