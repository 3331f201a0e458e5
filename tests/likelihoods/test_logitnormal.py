"""Numbers between two bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from evenvae.likelihoods import Scale
from evenvae.likelihoods.logitnormal import LogitNormal


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([0.02, 0.5, 0.97], (0, 1)),
        ([3.0, 50.0, 99.0], (0, 100)),
        ([-0.9, 0.1, 0.95], (-1, 1)),
        ([5.0, 7.0, 9.0], (5, 9)),
    ],
)
def test_bounds_are_natural_ones_where_the_values_fit_them(values, bounds):
    low, width = LogitNormal().fit(np.array(values)).offset
    assert low == pytest.approx(bounds[0], abs=0.5 * np.diff(sorted(values)).min())
    assert low <= bounds[0]
    assert low + width >= bounds[1]


def test_density_integrates_to_one_and_draws_stay_inside():
    values = 100 * np.random.default_rng(0).beta(2, 5, 500)
    likelihood = LogitNormal()
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(values)))
    parameters = jnp.asarray(likelihood.marginal(likelihood.to_model(values[:, None], scale)[:, 0]))[None]
    density = jax.jit(lambda x: jnp.exp(likelihood.log_prob(parameters, x) + likelihood.log_jacobian(x, scale))[0])
    low, width = scale.offset[0]
    at = lambda raw: float(density(jnp.asarray(likelihood.to_model(np.array([raw]), scale))))
    assert integrate.quad(at, low, low + width, limit=200)[0] == pytest.approx(1, abs=1e-5)
    shift, unit = likelihood.affine(scale)
    draws = np.asarray(
        shift + unit * likelihood.sample(jax.random.key(0), jnp.tile(4 * parameters, (999, 1, 1)), scale)
    )
    assert low <= draws.min()
    assert draws.max() <= low + width


def test_a_value_beyond_the_bounds_is_very_unlikely_and_finite():
    likelihood = LogitNormal()
    values = np.linspace(0.05, 0.95, 50)
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(values)))
    x = likelihood.to_model(np.array([[0.5], [7.0]]), scale)
    parameters = jnp.asarray(likelihood.marginal(likelihood.to_model(values[:, None], scale)[:, 0]))[None]
    inside, outside = np.asarray(likelihood.log_prob(parameters, jnp.asarray(x)))[:, 0]
    assert np.isfinite(outside)
    assert outside < inside - 20
