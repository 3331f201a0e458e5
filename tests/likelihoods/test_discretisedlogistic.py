"""A logistic variable on a grid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods import Scale
from evenvae.likelihoods.discretisedlogistic import DiscretisedLogistic


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def test_probabilities_are_differences_of_the_logistic_distribution():
    likelihood, values = DiscretisedLogistic(fineness=2), np.array([10.0, 11, 12, 15, 20])
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(values)))
    points = np.arange(-80, 110.0)[:, None]
    x = jnp.asarray(likelihood.to_model(points, scale))
    parameters = jnp.array([[0.2, np.log(0.6)]])
    found = np.exp(likelihood.log_prob(parameters, x) + likelihood.log_jacobian(x, scale))[:, 0]
    center, unit = likelihood.affine(scale)
    logistic = stats.logistic(center[0] + 0.2 * unit[0], 0.6 * unit[0])
    np.testing.assert_allclose(found, (logistic.cdf(points + 0.5) - logistic.cdf(points - 0.5))[:, 0], atol=1e-12)
    assert found.sum() == pytest.approx(1, abs=1e-9)


def test_a_certain_value_has_a_probability_of_one_and_no_more():
    likelihood = DiscretisedLogistic(fineness=3)
    certain = jnp.array([0.25, np.log(1e-3)])
    assert float(likelihood.log_prob(certain, jnp.asarray(0.25))) == pytest.approx(0, abs=1e-9)
    assert float(likelihood.log_prob(certain, jnp.asarray(0.375))) < -50


@pytest.mark.parametrize(("steps", "fineness"), [(0, 0), (8, 0), (64, 3), (90, 3), (10_000_000, 10)])
def test_the_unit_is_about_an_eighth_of_the_range(steps, fineness):
    assert DiscretisedLogistic.of_column(0, (), steps).fineness == fineness


def test_draws_stand_on_the_grid():
    likelihood, values = DiscretisedLogistic(fineness=3), np.round(np.random.default_rng(0).logistic(5, 0.4, 300), 1)
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(values)))
    parameters = jnp.asarray(likelihood.marginal(likelihood.to_model(values[:, None], scale)[:, 0]))[None]
    center, unit = likelihood.affine(scale)
    draws = np.asarray(center + unit * likelihood.sample(jax.random.key(0), jnp.tile(parameters, (200, 1, 1)), scale))
    np.testing.assert_allclose(draws, np.round(draws, 1), atol=1e-9)
