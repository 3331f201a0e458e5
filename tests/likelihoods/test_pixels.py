"""Likelihoods of images against SciPy, and their starts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from evenvae.likelihoods import IDENTITY, PIXELS, BernoulliPixels, NormalPixels, SquaredPixels
from evenvae.likelihoods.pixels import LEAST_STD

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
    family = SquaredPixels(SHAPE)
    guess = np.asarray(family.mean(jnp.asarray(raw[..., :1]), IDENTITY))
    nats = -np.asarray(family.log_prob(jnp.asarray(raw[..., :1]), jnp.asarray(x)))
    np.testing.assert_allclose(nats - family.constant, ((x - guess) ** 2).sum((1, 2, 3)), rtol=1e-4)


@pytest.mark.parametrize("name", PIXELS)
def test_heads_start_at_the_mean_image_and_the_spread_around_it(name):
    rng = np.random.default_rng(1)
    images = np.clip(rng.uniform(0.2, 0.8, SHAPE) + rng.normal(0, 0.1, (500, *SHAPE)), 0, 1)
    family = PIXELS[name](SHAPE)
    raw = family.marginal(images).reshape(*SHAPE, family.parameters)
    np.testing.assert_allclose(family.mean(jnp.asarray(raw), IDENTITY), images.mean(0), atol=1e-4)
    if name == "normal":
        assert float(np.exp(family.log_std(jnp.asarray(raw))).ravel()[0]) == pytest.approx(0.1, rel=0.1)


def test_far_off_outputs_stay_finite():
    for name, make in PIXELS.items():
        family = make(SHAPE)
        for value in (-80.0, 80.0):
            raw = jnp.full((*SHAPE, family.parameters), value)
            total, gradient = jax.value_and_grad(lambda r, f=family: f.log_prob(r, jnp.ones(SHAPE)))(raw)
            assert np.isfinite(total), name
            assert np.isfinite(gradient).all(), name
    low = NormalPixels(SHAPE).log_std(jnp.full((*SHAPE, 2), -80.0))
    assert float(np.exp(low).ravel()[0]) == pytest.approx(LEAST_STD, rel=1e-4)


def test_the_least_nats_of_grey_coins_are_their_entropy():
    x = np.stack([np.full(SHAPE, 0.5), np.ones(SHAPE)])
    np.testing.assert_allclose(BernoulliPixels(SHAPE).least_nats(x), [12 * np.log(2), 0], atol=1e-9)
