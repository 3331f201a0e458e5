"""Rate, aggregate posterior, active units: closed forms and the sandwich."""

import numpy as np
import pytest
from scipy import stats

from evenvae import metrics


def made_up(rows=400, size=3, seed=0, spread=1.5):
    rng = np.random.default_rng(seed)
    mean = spread * rng.normal(size=(rows, size)) + np.array([0.5, 0, 0])[:size]
    return mean, np.exp(rng.normal(-0.5, 0.4, (rows, size)))


def test_the_rate_in_closed_form():
    mean, std = np.array([[1.0, 0.0]]), np.array([[0.5, 1.0]])
    # by quadrature of q log q / p in the first coordinate; the second costs nothing
    x = np.linspace(-4, 6, 200_001)
    q, p = stats.norm(1, 0.5), stats.norm(0, 1)
    expected = np.trapezoid(q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), x)
    assert metrics.rate(mean, std) == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(metrics.row_rates(np.zeros((4, 2)), np.ones((4, 2))), 0)


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_the_estimate_and_the_rate_are_a_sandwich(seed):
    mean, std = made_up(seed=seed)
    estimate, error = metrics.marginal_kl(mean, std, samples=4000, seed=seed)
    assert metrics.moment_bound(mean, std) <= estimate + 3 * error
    assert estimate <= metrics.rate(mean, std)
    assert metrics.rate(mean, std) - estimate <= np.log(len(mean)) + 3 * error


def test_posteriors_that_are_all_alike_have_the_rate_as_their_marginal():
    mean, std = np.tile([[0.7, -0.3]], (50, 1)), np.tile([[0.4, 1.2]], (50, 1))
    estimate, error = metrics.marginal_kl(mean, std)
    assert estimate == pytest.approx(metrics.rate(mean, std), abs=1e-9)
    assert error >= 0
    # one normal: the bound is tight
    assert metrics.moment_bound(mean, std) == pytest.approx(metrics.rate(mean, std), rel=1e-10)


def test_far_apart_rows_tell_log_n_nats():
    mean = 100 * np.arange(8.0)[:, None]
    std = np.ones((8, 1))
    estimate, _ = metrics.marginal_kl(mean, std, samples=800)
    assert metrics.rate(mean, std) - estimate == pytest.approx(np.log(8), abs=1e-9)


def test_the_estimate_by_quadrature_in_one_dimension():
    mean, std = made_up(rows=6, size=1, seed=3)
    x = np.linspace(-15, 15, 60_001)
    q = np.mean([stats.norm(m, s).pdf(x) for m, s in zip(mean[:, 0], std[:, 0], strict=True)], axis=0)
    inside = q > 0
    expected = np.trapezoid(q[inside] * (np.log(q[inside]) - stats.norm.logpdf(x[inside])), x[inside])
    estimate, error = metrics.marginal_kl(mean, std, samples=60_000)
    assert error < 0.02
    assert estimate == pytest.approx(expected, abs=4 * error)


def test_blocks_do_not_matter():
    mean, std = made_up(rows=30)
    assert metrics.marginal_kl(mean, std, 100, block=7)[0] == pytest.approx(metrics.marginal_kl(mean, std, 100)[0])


def test_active_units_and_squared_errors():
    mean = np.random.default_rng(0).normal(size=(500, 3)) * [1.0, 0.05, 0.2]
    assert metrics.active_units(mean) == 2
    images = np.zeros((2, 2, 2), np.uint8)
    guesses = np.stack([np.full((2, 2), 255), np.zeros((2, 2))]).astype(np.uint8)
    np.testing.assert_allclose(metrics.squared_error(images, guesses), [4, 0])
    np.testing.assert_allclose(metrics.squared_error(images / 255.0, guesses), [4, 0])
    with pytest.raises(ValueError, match="shape"):
        metrics.squared_error(images, guesses[:1])
