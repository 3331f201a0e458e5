"""Draws of proposals have the densities that they are weighed by, and proposals learn the moments of what they draw."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal, multivariate_t

from evenvae.fitted.proposals import (
    DEFENSIVE,
    FREEDOM,
    Moments,
    Proposal,
    adapted,
    draws_of,
    rounds_of_noise,
    tempered,
)

MEAN = np.array([[0.5, -1.0], [0.0, 2.0]])
COVARIANCE = np.array([[[1.0, 0.6], [0.6, 0.5]], [[0.2, 0.0], [0.0, 0.3]]])
BITS = jnp.asarray(np.array([[123456789, 987654321], [4_000_000_000, 7]], np.uint32))


def noise(samples):
    return rounds_of_noise(1, samples, 2).of(0)


def proposal():
    return Proposal.of(Moments(MEAN, COVARIANCE))


def test_ratios_are_those_of_the_densities():
    q = multivariate_normal(np.zeros(2))
    wide = multivariate_t(np.zeros(2), np.eye(2), FREEDOM)
    drawn = draws_of(proposal(), noise(64), BITS)
    for row in range(2):
        points = np.asarray(drawn.points[:, row], float)
        own = multivariate_t(MEAN[row], COVARIANCE[row], FREEDOM)
        density = (1 - DEFENSIVE) * own.pdf(points) + DEFENSIVE * wide.pdf(points)
        np.testing.assert_allclose(drawn.log_ratio[:, row], q.logpdf(points) - np.log(density), atol=1e-4)


@pytest.mark.parametrize("proposal", [proposal(), Proposal.around_posterior(2, 2)], ids=["leaning", "first"])
def test_weighted_draws_are_those_of_q(proposal):
    points, log_ratio = draws_of(proposal, noise(8192), BITS)
    weight = np.exp(np.asarray(log_ratio, float)) / 8192
    # the ratio of two densities has mean 1, and moments under it are those of the standard normal
    np.testing.assert_allclose(weight.sum(0), 1, atol=0.02)
    np.testing.assert_allclose(np.einsum("sr,srn->rn", weight, points), 0, atol=0.06)
    np.testing.assert_allclose(np.einsum("sr,srn->rn", weight, points**2), 1, atol=0.1)


def test_a_proposal_learns_the_moments_of_what_its_draws_are_weighed_for():
    target = multivariate_normal([0.8, -0.4], [[0.5, 0.3], [0.3, 0.4]])
    points, log_ratio = draws_of(Proposal.around_posterior(2, 2), noise(4096), BITS)
    wanted = jnp.asarray(np.stack([target.logpdf(points[:, row]) for row in range(2)], axis=1))
    log_q = -0.5 * (points**2).sum(-1) - np.log(2 * np.pi)
    learned = adapted(points, wanted - log_q + log_ratio)
    np.testing.assert_allclose(learned.mean, [target.mean] * 2, atol=0.04)
    np.testing.assert_allclose(learned.covariance, [target.cov] * 2, atol=0.05)


def test_weights_are_tempered_as_far_as_is_needed_and_no_further():
    log_weight = jnp.asarray(np.random.default_rng(0).normal(size=(200, 3)) * [0.1, 3.0, 30.0], jnp.float32)
    weight = np.asarray(tempered(log_weight, 20.0))
    effective = 1 / (weight**2).sum(0)
    np.testing.assert_allclose(weight.sum(0), 1, rtol=1e-5)
    np.testing.assert_allclose(weight[:, 0], jax.nn.softmax(log_weight[:, 0]), rtol=1e-5)
    assert (effective >= 20 - 1e-3).all()
    # the powers are apart by a factor of 2^(1/4), so that at most as many draws more are left as the next power costs
    assert (effective[1:] <= 20 * 1.5).all()


def test_a_row_whose_moments_are_not_finite_goes_on_from_q():
    found = Proposal.of(Moments(np.array([[np.nan, 0.0], [1.0, 2.0]]), np.stack([np.eye(2), np.full((2, 2), np.inf)])))
    for part, first in zip(found, Proposal.around_posterior(2, 2), strict=True):
        np.testing.assert_array_equal(part, first)
