"""Student's t likelihood against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods import IDENTITY
from evenvae.likelihoods.studentt import StudentT


def head(location, spread, freedom):
    return jnp.array([location, np.log(spread), np.log(np.expm1(freedom - 2.5))])


@pytest.mark.parametrize("freedom", [2.6, 5.0, 40.0])
def test_log_prob_is_that_of_scipy(freedom):
    with jax.enable_x64(True):
        x = np.linspace(-30, 30, 101)
        found = StudentT().log_prob(jnp.tile(head(0.4, 0.7, freedom), (101, 1)), jnp.asarray(x))
        np.testing.assert_allclose(found, stats.t(freedom, 0.4, 0.7).logpdf(x), rtol=1e-9)


def test_draws_follow_the_distribution():
    with jax.enable_x64(True):
        draws = StudentT().sample(jax.random.key(0), jnp.tile(head(0.4, 0.7, 4.0), (20_000, 1)), IDENTITY)
    # the critical value of the Kolmogorov-Smirnov statistic at 1e-4
    assert stats.kstest(np.asarray(draws), stats.t(4.0, 0.4, 0.7).cdf).statistic < 2.23 / 20_000**0.5


def test_the_marginal_is_as_likely_as_that_of_scipy():
    x = np.random.default_rng(0).standard_t(4, 3000)
    freedom, location, spread = stats.t.fit(x)
    best = stats.t(freedom, location, spread).logpdf(x).mean()
    with jax.enable_x64(True):
        own = StudentT().log_prob(jnp.tile(jnp.asarray(StudentT().marginal(x)), (3000, 1)), jnp.asarray(x)).mean()
    assert float(own) == pytest.approx(best, abs=1e-3)


def test_an_outlier_pulls_the_location_less_than_the_mean():
    x = np.append(np.random.default_rng(0).normal(size=200), 60.0)
    assert abs(StudentT().marginal(x)[0]) < abs(x.mean())
