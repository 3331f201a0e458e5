"""The negative binomial likelihood against SciPy, and in float32 at its extremes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from evenvae.likelihoods import IDENTITY, Poisson
from evenvae.likelihoods.gamma import log_gamma
from evenvae.likelihoods.negativebinomial import NegativeBinomial


@pytest.mark.parametrize(("kind", "error"), [(np.float32, 2e-6), (np.float64, 1e-11)])
def test_log_gamma_is_that_of_scipy(kind, error):
    with jax.enable_x64(kind is np.float64):
        x = np.concatenate([np.geomspace(1e-3, 1, 50), np.linspace(1, 40, 200), np.geomspace(40, 1e6, 50)]).astype(kind)
        found = np.asarray(log_gamma(jnp.asarray(x)), float)
        expected = special.gammaln(x.astype(float))
        np.testing.assert_allclose(found, expected, rtol=error, atol=20 * error)


@pytest.mark.parametrize(("mean", "size"), [(0.02, 0.3), (4.0, 1.7), (60.0, 12.0), (900.0, 0.8)])
def test_log_prob_is_that_of_scipy_in_float32(mean, size):
    x = np.unique(np.round(np.geomspace(1, 3000, 40)) - 1)
    parameters = jnp.array([np.log(mean), np.log(np.expm1(size - 1e-3))], jnp.float32)
    found = NegativeBinomial().log_prob(jnp.tile(parameters, (len(x), 1)), jnp.asarray(x, jnp.float32))
    expected = stats.nbinom(size, size / (size + mean)).logpmf(x)
    # terms of the size of x log x cancel
    np.testing.assert_allclose(found, expected, atol=5e-3, rtol=1e-4)


def test_a_large_size_gives_poisson_counts():
    with jax.enable_x64(True):
        x = jnp.arange(30.0)
        many = jnp.tile(jnp.array([np.log(7.0), 1e3]), (30, 1))
        # the variance is 7 + 49 / 1000, which changes log p by about ((x - 7)^2 / 7 - 1) / 2 times 0.007
        np.testing.assert_allclose(NegativeBinomial().log_prob(many, x), Poisson().log_prob(many[:, :1], x), atol=0.3)
        near = NegativeBinomial().log_prob(many, x) - Poisson().log_prob(many[:, :1], x)
        assert float(jnp.abs(near[3:12]).max()) < 0.02


def test_draws_have_the_mean_and_the_variance():
    parameters = jnp.array([np.log(5.0), np.log(np.expm1(0.8 - 1e-3))], jnp.float32)
    draws = np.asarray(
        NegativeBinomial().sample(jax.random.key(0), jnp.tile(parameters, (100_000, 1)), IDENTITY), float
    )
    variance = 5 + 25 / 0.8
    assert draws.mean() == pytest.approx(5, abs=5 * (variance / 100_000) ** 0.5)
    assert draws.var() == pytest.approx(variance, rel=0.05)
    # the share of zeros is where a normal expansion would fail
    assert (draws == 0).mean() == pytest.approx((1 + 5 / 0.8) ** -0.8, abs=5 * 0.5 / 100_000**0.5)


def test_the_size_of_a_column_is_found():
    x = np.random.default_rng(0).negative_binomial(2, 2 / (2 + 6), 20_000).astype(float)
    log_mean, raw = NegativeBinomial().marginal(x)
    assert np.exp(log_mean) == pytest.approx(x.mean())
    assert np.logaddexp(0, raw) == pytest.approx(2, rel=0.05)


def test_large_counts_are_not_tried():
    assert NegativeBinomial.applies(np.array([0.0, 9000.0]))
    assert not NegativeBinomial.applies(np.array([0.0, 90_000.0]))
    assert not NegativeBinomial.applies(np.array([0.5]))
