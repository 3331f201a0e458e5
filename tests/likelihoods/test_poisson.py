"""The Poisson likelihood against stored values and SciPy, and its rate at extremes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from evenvae.likelihoods import IDENTITY, Poisson
from evenvae.likelihoods.poisson import log_factorial


def test_oracle_values():
    with jax.enable_x64(True):
        found = Poisson().log_prob(jnp.array([0.9]), jnp.array(4.0))
        assert float(found) == pytest.approx(-2.0376569415048955)
        assert float(Poisson().mode(jnp.array([0.9]), IDENTITY)) == 2


def test_gradient_is_statistic_minus_expectation():
    with jax.enable_x64(True):
        gradient = jax.grad(lambda r: Poisson().log_prob(r, jnp.array(4.0)))(jnp.array([0.9]))
        np.testing.assert_allclose(gradient, [4 - np.exp(0.9)], rtol=1e-12)


def test_poisson_rate_continues_without_overflow():
    gradient = jax.grad(lambda r: Poisson().log_prob(r, jnp.float32(0)))(jnp.array([500.0], jnp.float32))
    assert jnp.isfinite(gradient).all()
    assert float(gradient[0]) < 0


@pytest.mark.parametrize(("kind", "error"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_log_factorial_is_that_of_scipy(kind, error):
    x = np.concatenate([np.arange(2000.0), np.linspace(0, 20, 401), [1e5, 1e8]])
    with jax.enable_x64(kind is np.float64):
        found = np.asarray(log_factorial(jnp.asarray(x, kind)))
    exact = special.gammaln(x + 1)
    np.testing.assert_array_less(np.abs(found - exact), error * np.maximum(exact, 1))


def test_least_nats_are_those_at_the_count_itself():
    counts = np.array([0.0, 1, 7, 40])
    np.testing.assert_allclose(Poisson().least_nats(counts), -stats.poisson(counts).logpmf(counts), atol=1e-12)
