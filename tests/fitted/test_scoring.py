"""The mean of quick figures, corrected by a few slow ones, and what its error is said to be."""

import numpy as np
import pytest

from evenvae.fitted.scoring import corrected_mean


def test_with_all_rows_asked_the_mean_is_that_of_the_slow_figures():
    rng = np.random.default_rng(0)
    quick, slow, weight = rng.normal(size=50), rng.normal(size=50), rng.random(50)
    value, error = corrected_mean(quick, np.arange(50), slow, np.full(50, 0.1), weight)
    assert value == pytest.approx(np.average(slow, weights=weight))
    share = weight / weight.sum()
    assert error == pytest.approx(0.1 * np.sqrt((share**2).sum()))


@pytest.mark.parametrize("even", [True, False])
def test_the_error_is_what_other_rows_asked_would_have_changed(even):
    rng = np.random.default_rng(1)
    truth = rng.normal(-30, 5, 2000)
    quick = truth - rng.gamma(2.0, 0.5, 2000)
    weight = np.ones(2000) if even else rng.integers(1, 4, 2000).astype(float)
    found = []
    for _ in range(400):
        asked = np.sort(rng.permutation(2000)[:200])
        noise = 0.3 * rng.normal(size=200)
        found.append(corrected_mean(quick, asked, truth[asked] + noise, np.full(200, 0.3), weight))
    values, errors = np.array(found).T
    exact = np.average(truth, weights=weight)
    # the standard deviation of 400 values is known to 3.5 %, and the mean of them to a twentieth of it
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.15)
    assert abs(values.mean() - exact) < 4 * np.std(values) / 20
    assert np.mean(errors) < 0.1 * abs(np.average(quick, weights=weight) - exact)
