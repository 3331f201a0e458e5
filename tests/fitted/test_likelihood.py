"""Estimates of log-likelihoods against a linear Gaussian model with many nats in z, where the truth is known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from evenvae.fitted.likelihood import Estimate, from_posterior_draws
from evenvae.fitted.noise import sobol
from evenvae.fitted.scoring import adaptive_log_likelihood
from evenvae.likelihoods import Normal, Scale
from evenvae.models import Batch, DiagonalNormal, Layout, Model, no_tasks
from evenvae.models.heads import Heads
from evenvae.priors import StandardNormal
from evenvae.training import Network

LATENT, COLUMNS, ROWS, NOISE = 4, 8, 200, 0.05
SCALES = (Scale(np.zeros(COLUMNS), np.ones(COLUMNS), np.zeros(COLUMNS)),)


class Narrow(eqx.Module):
    """What training leaves of a leaning posterior: its conditional deviations, and a mean one of them off."""

    to_mean: jax.Array
    std: jax.Array

    def __call__(self, batch, scales, state, key=None, inference=False):
        mean = batch.cells[0] @ self.to_mean + self.std
        return DiagonalNormal(mean, jnp.broadcast_to(self.std, mean.shape)), state


@pytest.fixture(scope="module")
def high_rate():
    """A network, its rows, their exact log-likelihoods, and the nats that a row carries in z."""
    rng = np.random.default_rng(0)
    # a factor that nearly all columns share makes the posterior lean
    loadings = rng.normal(size=(COLUMNS, LATENT)) + 2 * rng.normal(size=(COLUMNS, 1))
    precision = np.eye(LATENT) + loadings.T @ loadings / NOISE**2
    cells = rng.normal(size=(ROWS, LATENT)) @ loadings.T + NOISE * rng.normal(size=(ROWS, COLUMNS))
    kernel, bias = np.zeros((LATENT, 2 * COLUMNS)), np.zeros(2 * COLUMNS)
    # raw parameters of a normal: mean / variance, and what softplus makes 1 / (2 variance)
    kernel[:, ::2] = loadings.T / NOISE**2
    bias[1::2] = 0.5 / NOISE**2
    array = lambda values: jnp.asarray(values, jnp.float32)
    encoder = Narrow(array((np.linalg.solve(precision, loadings.T) / NOISE**2).T), array(np.diag(precision) ** -0.5))
    heads = Heads(array(kernel), array(bias), Layout.of([Normal()] * COLUMNS))
    network = Network(Model(encoder, eqx.nn.Identity(), heads), StandardNormal(LATENT))
    batch = Batch((cells.astype(np.float32),), np.ones((ROWS, COLUMNS), bool), no_tasks(ROWS))
    covariance = loadings @ loadings.T + NOISE**2 * np.eye(COLUMNS)
    exact = multivariate_normal(np.zeros(COLUMNS), covariance).logpdf(batch.cells[0])
    return network, batch, exact, 0.5 * np.linalg.slogdet(precision)[1]


def adaptive(network, batch, tolerance):
    ask = lambda function, rows: function(network, None, rows, SCALES)
    return adaptive_log_likelihood(ask, batch, LATENT, tolerance)


def test_adapted_draws_reach_the_truth_where_draws_from_q_do_not(high_rate):
    network, batch, exact, rate = high_rate
    assert rate > 10
    plain = from_posterior_draws(network, None, batch, SCALES, sobol(256, LATENT))
    found = adaptive(network, batch, 0.05)
    miss, error = np.asarray(found["total"]) - exact, np.asarray(found["standard_error"])
    assert (np.asarray(plain["total"]) - exact).mean() < -0.5
    assert (error <= 0.05).all()
    assert abs(miss.mean()) < 0.01
    # errors are no larger than they are said to be, row by row and in the mean over rows; Sobol points help
    assert 0.3 < np.std(miss / error) < 1.2
    assert abs(miss.mean() + (error**2).mean() / 2) < 4 * np.sqrt((error**2).sum()) / ROWS


def test_more_draws_are_made_until_the_error_is_small_enough(high_rate):
    network, batch, *_ = high_rate
    coarse, fine = (adaptive(network, batch, tolerance) for tolerance in (0.2, 0.02))
    assert (np.asarray(fine["standard_error"]) <= 0.02).all()
    assert np.mean(fine["samples"]) > 2 * np.mean(coarse["samples"])
    assert (np.asarray(fine["samples"]) % 256 == 0).all()


def test_a_row_gets_the_same_answer_alone_and_after_harder_rows(high_rate):
    network, batch, *_ = high_rate
    together = np.asarray(adaptive(network, batch, 0.05)["total"])
    alone = np.asarray(adaptive(network, batch.take(slice(7, 8)), 0.05)["total"])
    assert alone[0] == pytest.approx(together[7], abs=1e-3)


def test_estimates_of_two_sets_of_draws_are_that_of_all_of_them():
    rng = np.random.default_rng(1)
    by_cell, log_weight = jnp.asarray(rng.normal(size=(40, 3, 5))), jnp.asarray(3 * rng.normal(size=(40, 3)))
    whole = Estimate.of(by_cell, log_weight)
    halves = Estimate.of(by_cell[:15], log_weight[:15]).and_also(Estimate.of(by_cell[15:], log_weight[15:]))
    for one, other in zip(whole, halves, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)
    weight = np.exp(np.asarray(log_weight))
    np.testing.assert_allclose(whole.effective, weight.sum(0) ** 2 / (weight**2).sum(0), rtol=1e-4)
    np.testing.assert_allclose(
        whole.standard_error, np.sqrt((weight**2).sum(0) / weight.sum(0) ** 2 - 1 / 40), rtol=1e-3
    )
