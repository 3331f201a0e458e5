"""What is asked of a trained network: against a linear Gaussian model, where everything is known in closed form."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.decomposition import PCA, FactorAnalysis

from evenvae.fitted import kernels, likelihood
from evenvae.fitted.noise import latent_noise, sobol
from evenvae.likelihoods import Normal, Scale
from evenvae.models import Batch, DiagonalNormal, Layout, Model, no_tasks
from evenvae.models.heads import Heads
from evenvae.objectives import ELBO as ELBOObjective
from evenvae.objectives import IWAE
from evenvae.priors import StandardNormal
from evenvae.training import Method, Network, first_states, loss

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
        points = jnp.asarray(latent_noise(64, 2), jnp.float64)
        estimate = float(jax.nn.logsumexp(log_weights(points)[:, 0]) - jnp.log(64))
        assert estimate == pytest.approx(LOG_P, abs=2e-3)


class Posterior(eqx.Module):
    """Independent normals at the mean of p(z | observed cells), half as wide again as its marginals."""

    loadings: jax.Array
    noise: jax.Array

    def init(self):
        return None

    def __call__(self, batch, scales, state, key=None, inference=False):
        cells, mask = batch.cells, batch.mask
        seen = mask / self.noise
        precision = jnp.eye(self.loadings.shape[1]) + jnp.einsum("nd,dk,dl->nkl", seen, self.loadings, self.loadings)
        weighted = (jnp.where(mask, cells[0], 0) * seen) @ self.loadings
        mean = jnp.linalg.solve(precision, weighted[..., None])[..., 0]
        return DiagonalNormal(mean, 1.5 * jnp.diagonal(jnp.linalg.inv(precision), axis1=1, axis2=2) ** 0.5), state


def factor_model(kind):
    """A fitted model of scikit-learn, the same as a network, its data centred, and everything in closed form."""
    rng = np.random.default_rng(3)
    table = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 5)) + rng.normal(size=(300, 5)) * [0.5, 0.6, 0.7, 0.8, 0.9]
    fitted = kind(2).fit(table)
    if kind is PCA:
        loadings = fitted.components_.T * np.sqrt(fitted.explained_variance_ - fitted.noise_variance_)
        noise = np.full(5, fitted.noise_variance_)
    else:
        loadings, noise = fitted.components_.T, fitted.noise_variance_
    layout = Layout.of([Normal()] * 5)
    # raw parameters of a normal: mean / variance, and what softplus makes 1 / (2 variance)
    kernel, bias = np.zeros((2, 10)), np.zeros(10)
    kernel[:, ::2] = (loadings / noise[:, None]).T
    bias[1::2] = np.log(np.expm1(0.5 / noise))
    heads = Heads(jnp.asarray(kernel), jnp.asarray(bias), layout)
    encoder = Posterior(jnp.asarray(loadings), jnp.asarray(noise))
    network = Network(Model(encoder, eqx.nn.Identity(), heads), StandardNormal(2))
    centred = jnp.asarray(table[:40] - fitted.mean_)
    batch = Batch((centred,), jnp.ones((40, 5), bool), no_tasks(40))
    return network, batch, fitted.score_samples(table[:40]), loadings @ loadings.T + np.diag(noise)


SCALES = (Scale(np.zeros(5), np.ones(5), np.zeros(5)),)


@pytest.mark.parametrize("kind", [PCA, FactorAnalysis])
def test_bounds_approach_the_likelihood_scikit_learn_gives(kind):
    with jax.enable_x64(True):
        network, batch, exact, _ = factor_model(kind)

        @eqx.filter_jit
        def bound(objective):
            method = Method(objective)
            one = lambda key: loss(network, first_states(network, method), batch, SCALES, key, method)
            return -jax.lax.map(one, jax.random.split(jax.random.key(0), 100), batch_size=25)

        elbo, iwae_5, iwae_100 = (bound(o) for o in (ELBOObjective(), IWAE(5), IWAE(100)))
        error = max(float(b.std()) for b in (elbo, iwae_5, iwae_100)) / 10
        assert elbo.mean() < iwae_5.mean() + 3 * error
        assert iwae_5.mean() < iwae_100.mean() + 3 * error
        assert iwae_100.mean() < exact.mean() + 3 * error
        assert exact.mean() - iwae_100.mean() < 0.25 * (exact.mean() - elbo.mean())
        gaps = []
        for samples in (16, 256, 4096):
            points = sobol(samples, 2)
            details = likelihood.from_posterior_draws(network, None, batch, SCALES, points)
            gaps.append(np.abs(np.asarray(details["total"]) - exact).max())
        assert gaps[0] > gaps[1] > gaps[2]
        assert gaps[2] < 2e-3


def test_imputation_is_the_conditional_expectation():
    with jax.enable_x64(True):
        network, batch, _, covariance = factor_model(FactorAnalysis)
        mask = np.random.default_rng(0).random((40, 5)) < 0.6
        points = jnp.asarray(latent_noise(4096, 2), jnp.float64)
        bounds = np.array([[-100.0] * 5, [100.0] * 5])
        (imputed,) = kernels.impute(network, None, batch.hide(jnp.asarray(mask)), SCALES, points, bounds)
        table = np.asarray(batch.cells[0])
        for row, seen in enumerate(mask):
            conditional = covariance[np.ix_(~seen, seen)] @ np.linalg.solve(
                covariance[np.ix_(seen, seen)], table[row, seen]
            )
            np.testing.assert_allclose(imputed[row, ~seen], conditional, atol=0.02)


def test_rows_drawn_given_cells_follow_the_conditional_normal():
    with jax.enable_x64(True):
        network, _, _, covariance = factor_model(FactorAnalysis)
        mask = np.array([[True, False, True, False, False]])
        given = np.array([[1.0, 0, -0.5, 0, 0]])
        points = jnp.asarray(latent_noise(4096, 2), jnp.float64)
        batch = Batch((jnp.asarray(given),), jnp.asarray(mask), no_tasks(1))
        drawn, effective = kernels.conditional(network, None, batch, SCALES, points, jax.random.key(0), 5_000)
        seen, hidden = np.flatnonzero(mask[0]), np.flatnonzero(~mask[0])
        gain = covariance[np.ix_(hidden, seen)] @ np.linalg.inv(covariance[np.ix_(seen, seen)])
        expected = covariance[np.ix_(hidden, hidden)] - gain @ covariance[np.ix_(seen, hidden)]
        found = np.asarray(drawn)[:, hidden]
        assert effective > 1000
        # 5,000 draws from some thousand latents: three errors of the mean of the latter
        np.testing.assert_allclose(found.mean(0), gain @ given[0, seen], atol=0.07)
        np.testing.assert_allclose(np.cov(found.T), expected, atol=0.08)
