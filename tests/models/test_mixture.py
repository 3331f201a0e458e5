"""The posterior of HI-VAE: its components, their divergence, and what makes its draws."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import norm, qmc

from evenvae.models import MixturePosterior, PosteriorProtocol


def posterior(log_pi, temperature=0.5):
    """Over two rows or more, with random normals for z in three dimensions."""
    rows, components = log_pi.shape
    rng = np.random.default_rng(0)
    base, shift = rng.normal(size=(rows, 6)), rng.normal(size=(components, 6))
    return MixturePosterior(jnp.asarray(log_pi), jnp.asarray(base), jnp.asarray(shift), temperature)


def test_divergence_of_the_component_at_its_two_ends():
    with jax.enable_x64(True):
        uniform = np.full((2, 4), np.log(0.25))
        certain = np.log(np.array([[1, 1e-6, 1e-6, 1e-6]]) / (1 + 3e-6))
        np.testing.assert_allclose(posterior(uniform).component_kl(), 0, atol=1e-12)
        np.testing.assert_allclose(posterior(certain).component_kl(), np.log(4), atol=1e-4)


def test_points_pick_components_as_often_as_they_are_probable():
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4], [1e-6, 0.5, 0.5 - 2e-6, 1e-6]])
    points = norm.ppf(qmc.Sobol(4, rng=np.random.default_rng(20)).random_base2(10)).astype(np.float32)
    drawn = posterior(np.log(probabilities)).at(jnp.asarray(points)[:, None, :])
    np.testing.assert_allclose(drawn.s.mean(0), probabilities, atol=2e-3)


def test_relaxed_components_sharpen_as_the_temperature_falls():
    warm, cold = (posterior(np.full((50, 4), np.log(0.25)), t).sample(jax.random.key(0), 1).s for t in (1.0, 0.05))
    assert cold.max(-1).mean() > 0.95 > warm.max(-1).mean()
    np.testing.assert_allclose(cold.sum(-1), 1, rtol=1e-5)


def test_the_protocol_is_kept():
    q = posterior(np.log([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]))
    assert isinstance(q, PosteriorProtocol)
    assert q.noise_size == 4
    np.testing.assert_array_equal(q.location.s.argmax(-1), [3, 0])
    np.testing.assert_array_equal(q.representation[:, :3], q.location.z)
    np.testing.assert_allclose(q.representation[:, 3:], np.exp(q.log_pi), rtol=1e-6)
    draw = q.at(jnp.zeros((5, 1, 4)))
    assert q.latent_of(draw) is draw
    gradient = jax.grad(lambda log_pi: q._replace(log_pi=log_pi).detached().log_prob(draw).sum())(q.log_pi)
    assert not np.asarray(gradient).any()
