"""The flow as a density: what it draws, and the log-density of what it draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from evenvae import threefry
from evenvae.priors import FittedFlow
from evenvae.priors.velocity import Velocity

MEAN, FACTOR = np.float32([1.0, -2.0]), np.float32([[0.5, 0.0], [0.3, 2.0]])


def flow(scale: float, seed: int = 0) -> FittedFlow:
    """A flow whose network has weights of this size."""
    velocity = Velocity.of(2, 16, threefry.key(seed))
    rng = np.random.default_rng(seed)
    last = scale * rng.normal(size=velocity.last.shape).astype(np.float32)
    return FittedFlow.of_parts(MEAN, FACTOR, **(vars(velocity) | {"last": last}))


def test_a_flow_that_learned_nothing_is_one_normal():
    normal = stats.multivariate_normal(MEAN, FACTOR @ FACTOR.T)
    z = np.float32(normal.rvs(50, random_state=0))
    np.testing.assert_allclose(flow(0.0).log_prob(jnp.asarray(z)), normal.logpdf(z), rtol=1e-3)
    drawn = np.asarray(flow(0.0).sample(jax.random.key(0), 5000))
    np.testing.assert_allclose(np.cov(drawn.T), FACTOR @ FACTOR.T, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_density_integrates_to_one_and_is_that_of_the_draws(seed):
    bent = flow(0.2, seed)
    x, y = np.linspace(-5, 7, 101), np.linspace(-22, 18, 101)
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).astype(np.float32)
    density = np.exp(np.asarray(jax.jit(lambda z: bent.log_prob(z))(grid), float))
    assert integrate.trapezoid(integrate.trapezoid(density, y), x) == pytest.approx(1, abs=0.01)
    # the moments of the density are those of the draws
    drawn = np.asarray(bent.sample(jax.random.key(0), 5000))
    weight = density / density.sum()
    mean = (weight[..., None] * grid).sum((0, 1))
    np.testing.assert_allclose(drawn.mean(0), mean, atol=0.12)
    away = grid - mean
    covariance = np.einsum("xy,xyi,xyj->ij", weight, away, away)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, rtol=0.1, atol=0.05)
    assert not np.allclose(covariance, FACTOR @ FACTOR.T, rtol=0.1, atol=0.1)


def test_the_parts_make_the_same_flow():
    bent = flow(0.2)
    again = FittedFlow.of_parts(**bent.parts())
    assert np.array_equal(again.sample(jax.random.key(1), 5), bent.sample(jax.random.key(1), 5))
