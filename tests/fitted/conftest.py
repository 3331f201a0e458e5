"""A linear Gaussian model with many nats in z, where log-likelihoods and posteriors are known."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from evenvae.likelihoods import Normal, Scale
from evenvae.models import Batch, DiagonalNormal, Layout, Model, no_tasks
from evenvae.models.heads import Heads
from evenvae.priors import StandardNormal
from evenvae.training import Network

LATENT, COLUMNS, ROWS, NOISE = 4, 8, 200, 0.05


class HighRate(NamedTuple):
    """The network, its rows, their exact log-likelihoods, and the mean (rows, latent) and covariance of posteriors."""

    network: Network
    scales: tuple[Scale, ...]
    batch: Batch
    exact: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    @property
    def rate(self) -> float:
        """Nats that a row carries in z."""
        return -0.5 * float(np.linalg.slogdet(self.covariance)[1])


class Narrow(eqx.Module):
    """What training leaves of a leaning posterior: its conditional deviations, and a mean one of them off."""

    to_mean: jax.Array
    std: jax.Array

    def __call__(self, batch, scales, state, key=None, inference=False):
        mean = batch.cells[0] @ self.to_mean + self.std
        return DiagonalNormal(mean, jnp.broadcast_to(self.std, mean.shape)), state


@pytest.fixture(scope="module")
def high_rate():
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
    posterior = np.linalg.inv(precision)
    scales = (Scale(np.zeros(COLUMNS), np.ones(COLUMNS), np.zeros(COLUMNS)),)
    return HighRate(network, scales, batch, exact, cells @ loadings @ posterior / NOISE**2, posterior)
