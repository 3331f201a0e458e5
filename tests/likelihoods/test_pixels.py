"""Likelihoods of images against SciPy, and their starts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from evenvae.likelihoods import IDENTITY, BernoulliPixels, NormalPixels, SquaredPixels, family
from evenvae.likelihoods.pixels import LEAST_STD
from evenvae.likelihoods.registry import names

SHAPE = (3, 2, 2)


@pytest.fixture(scope="module")
def case():
    """Outputs of two heads and two images."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, *SHAPE, 2)), rng.random((2, *SHAPE))


def test_densities_against_scipy(case):
    raw, x = case
    mean = special.expit(raw[..., 0])
    with jax.enable_x64(True):
        coins = BernoulliPixels(SHAPE).log_prob(jnp.asarray(raw[..., :1]), jnp.asarray(x))
        expected = (x * np.log(mean) + (1 - x) * np.log1p(-mean)).sum((1, 2, 3))
        np.testing.assert_allclose(coins, expected, rtol=1e-10)
        squared = SquaredPixels(SHAPE).log_prob(jnp.asarray(raw[..., :1]), jnp.asarray(x))
        np.testing.assert_allclose(squared, stats.norm(mean, np.sqrt(0.5)).logpdf(x).sum((1, 2, 3)), rtol=1e-10)
        learned = NormalPixels(SHAPE)
        std = np.exp(np.asarray(learned.log_std(jnp.asarray(raw))))
        assert std.shape == (2, 1, 1, 1)
        np.testing.assert_allclose(
            learned.log_prob(jnp.asarray(raw), jnp.asarray(x)),
            stats.norm(mean, std).logpdf(x).sum((1, 2, 3)),
            rtol=1e-10,
        )


def test_squared_is_the_squared_error_and_a_constant(case):
    raw, x = case
    squared = SquaredPixels(SHAPE)
    guess = np.asarray(squared.mean(jnp.asarray(raw[..., :1]), IDENTITY))
    nats = -np.asarray(squared.log_prob(jnp.asarray(raw[..., :1]), jnp.asarray(x)))
    np.testing.assert_allclose(nats - squared.squared_error_constant, ((x - guess) ** 2).sum((1, 2, 3)), rtol=1e-4)


@pytest.mark.parametrize("name", names(image=True))
def test_heads_start_at_the_mean_image_and_the_spread_around_it(name):
    rng = np.random.default_rng(1)
    images = np.clip(rng.uniform(0.2, 0.8, SHAPE) + rng.normal(0, 0.1, (500, *SHAPE)), 0, 1)
    likelihood = family(name, image=True)(SHAPE)
    parameters = jnp.asarray(likelihood.marginal(images).reshape(*SHAPE, likelihood.parameter_count))
    np.testing.assert_allclose(likelihood.mean(parameters, IDENTITY), images.mean(0), atol=1e-4)
    if name == "normal":
        assert float(np.exp(likelihood.log_std(parameters)).ravel()[0]) == pytest.approx(0.1, rel=0.1)


def test_far_off_outputs_stay_finite():
    for name in names(image=True):
        likelihood = family(name, image=True)(SHAPE)
        function = jax.jit(jax.value_and_grad(lambda r, f=likelihood: f.log_prob(r, jnp.ones(SHAPE))))
        for value in (-80.0, 80.0):
            total, gradient = function(jnp.full((*SHAPE, likelihood.parameter_count), value))
            assert np.isfinite(total), name
            assert np.isfinite(gradient).all(), name
    low = NormalPixels(SHAPE).log_std(jnp.full((*SHAPE, 2), -80.0))
    assert float(np.exp(low).ravel()[0]) == pytest.approx(LEAST_STD, rel=1e-4)


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 1), (3, 2, 3)])
def test_the_event_shape_has_channels(shape):
    for name in names(image=True):
        assert family(name, image=True).of_column(0, shape).event_shape == (3, 2, (*shape, 1)[2])


def test_the_least_nats_of_grey_coins_are_their_entropy():
    x = np.stack([np.full(SHAPE, 0.5), np.ones(SHAPE)])
    np.testing.assert_allclose(BernoulliPixels(SHAPE).least_nats(x), [12 * np.log(2), 0], atol=1e-9)
