"""Linear-Gaussian model, where everything is known: ELBO <= IWAE_K <= log p, and the gap closes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.models import DiagonalNormal, inference
from evenvae.priors import StandardNormal

W = np.array([[1, 0.5], [-0.3, 0.8], [0.2, -1.1]])
SIGMA, X = 0.7, np.array([0.4, -1.0, 0.3])
LOG_P, ELBO = -3.673903890925764, -3.674094594146193
MEAN = np.array([0.47818416, -0.36645844])
COV = np.array([[0.30258452, -0.00467312], [-0.00467312, 0.18926136]])


def log_weights(points):
    q = DiagonalNormal(jnp.asarray(MEAN)[None], jnp.asarray(np.diag(np.linalg.inv(COV)) ** -0.5)[None])
    z = q.mean + q.std * points[:, None, :]
    residual = (X - z @ W.T) / SIGMA
    log_likelihood = -0.5 * (residual**2).sum(-1) - 3 * np.log(SIGMA * np.sqrt(2 * np.pi))
    return log_likelihood + StandardNormal(2).log_prob(z) - q.log_prob(z)


def test_exact_value_agrees_with_the_marginal_normal():
    covariance = W @ W.T + SIGMA**2 * np.eye(3)
    _, logdet = np.linalg.slogdet(2 * np.pi * covariance)
    assert -0.5 * (X @ np.linalg.solve(covariance, X) + logdet) == pytest.approx(LOG_P, abs=1e-12)


def test_bounds_are_ordered_and_the_gap_closes():
    with jax.enable_x64(True):
        draws = jax.random.normal(jax.random.key(0), (512, 2), jnp.float64)
        bound = lambda k: float((jax.nn.logsumexp(log_weights(draws)[:, 0].reshape(-1, k), axis=1) - jnp.log(k)).mean())
        bounds = [bound(k) for k in (1, 8, 64, 512)]
        # on one set of draws grouping more together can only raise the bound (Jensen)
        assert bounds == sorted(bounds)
        spread = float(log_weights(draws)[:, 0].std())
        assert bounds[0] == pytest.approx(ELBO, abs=5 * spread / 512**0.5)
        assert bounds[-1] == pytest.approx(LOG_P, abs=5 * spread / 512**0.5)


def test_sobol_points_estimate_better_than_their_count_suggests():
    with jax.enable_x64(True):
        points = jnp.asarray(inference.latent_points(64, 2), jnp.float64)
        estimate = float(jax.nn.logsumexp(log_weights(points)[:, 0]) - jnp.log(64))
        assert estimate == pytest.approx(LOG_P, abs=2e-3)
