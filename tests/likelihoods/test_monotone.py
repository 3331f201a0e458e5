"""A monotone function that makes a column normal."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from evenvae.likelihoods import Scale
from evenvae.likelihoods.monotone import KNOTS, Monotone


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def block(values):
    likelihood = Monotone()
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(values)))
    return likelihood, scale, Scale(*(np.asarray(part, float) for part in likelihood.device_scale(scale)))


def test_two_humps_become_normal_and_draws_have_both():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(5000) < 0.5, rng.normal(0, 1, 5000), rng.normal(40, 5, 5000))
    likelihood, scale, device = block(values)
    x = likelihood.to_model(values[:, None], scale)[:, 0]
    # a line between quantiles is not exactly the distribution: the statistic of an exact one would be below 0.03
    assert stats.kstest(x, "norm").statistic < 0.03
    parameters = jnp.asarray(likelihood.marginal(x))[None]
    shift, unit = likelihood.affine(scale)
    draws = np.asarray(shift + unit * likelihood.sample(jax.random.key(0), jnp.tile(parameters, (5000, 1, 1)), device))
    # between the humps, a normal distribution of all values would put most of its draws
    between = lambda values: ((values > 8) & (values < 22)).mean()
    assert between(draws) < between(values) + 0.06


def test_density_integrates_to_one():
    values = np.random.default_rng(1).gamma(1.5, 10, 800)
    likelihood, scale, device = block(values)
    parameters = jnp.array([[0.3, 0.9]])
    density = jax.jit(lambda x: jnp.exp(likelihood.log_prob(parameters, x) + likelihood.log_jacobian(x, device))[0])
    at = lambda raw: float(density(jnp.asarray(likelihood.to_model(np.array([raw]), scale))))
    knots = scale.offset[0, :, 0]
    parts = [-400, *knots, knots[-1] + 4000]
    total = sum(integrate.quad(at, low, high)[0] for low, high in itertools.pairwise(parts))
    assert total == pytest.approx(1, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=60))
def test_knots_increase_and_values_come_back(values):
    likelihood, scale, device = block(np.array(values))
    raw, score = np.moveaxis(scale.offset[0], -1, 0)
    assert raw.shape == (KNOTS,)
    assert (np.diff(raw) > 0).all()
    assert (np.diff(score) > 0).all()
    x = likelihood.to_model(np.array(values)[:, None], scale)
    shift, unit = likelihood.affine(scale)
    found = np.asarray(shift + unit * likelihood.value(jnp.asarray(x), device))[:, 0]
    np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-6 * max(np.abs(values).max(), 1))
