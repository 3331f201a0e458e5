"""The corrected paired t-test against published values."""

import numpy as np
import pytest

from evenvae.metrics import corrected_paired_t_test, holm


def test_corrected_t_test():
    t, p = corrected_paired_t_test(np.array([0.12, 0.10, 0.13, 0.09, 0.11]))
    assert (t, p) == (pytest.approx(9.98233734), pytest.approx(5.65863e-4, rel=1e-5))
    t, p = corrected_paired_t_test(np.array([0.12, 0.10, 0.13, 0.09, 0.11]), 2 / 8)
    assert (t, p) == (pytest.approx(10.3708995), pytest.approx(4.88017e-4, rel=1e-5))
    t, p = corrected_paired_t_test(np.array([0.02, -0.01, 0.03, 0.01, 0]))
    assert (t, p) == (pytest.approx(0.90748521), pytest.approx(0.41547751))
    assert corrected_paired_t_test(np.zeros(5)) == (0.0, 1.0)
    assert corrected_paired_t_test(np.full(5, 0.25))[1] == 0


def test_holm_is_that_of_statsmodels():
    multipletests = pytest.importorskip("statsmodels.stats.multitest").multipletests
    rng = np.random.default_rng(0)
    for size in (1, 2, 7, 40):
        p = rng.uniform(size=size) ** 3
        np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_tests_without_a_result_do_not_count():
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04])), [0.02, np.nan, 0.04])
    assert np.isnan(holm(np.full(3, np.nan))).all()
