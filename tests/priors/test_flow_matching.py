"""A flow that is fitted to the posteriors of rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from evenvae import threefry
from evenvae.priors import flow_matching

FIRST = stats.multivariate_normal([3, 0], [[0.6, 0.4], [0.4, 0.6]])
SECOND = stats.multivariate_normal([-3, 1], [[0.4, 0], [0, 2]])
STD = 0.5
"""Of the posteriors: the variance that they have of each of the two normals' 0.4 or more."""


def draws(rows: int, seed: int) -> np.ndarray:
    """Of a mixture of two normals, three to one."""
    which = np.random.default_rng(seed).random(rows)[:, None] < 0.75
    return np.where(which, FIRST.rvs(rows, random_state=seed), SECOND.rvs(rows, random_state=seed + 1000))


@pytest.fixture(scope="module")
def short():
    """A fit of few steps with a small network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow_matching, "WIDTH", 64)
        patch.setattr(flow_matching, "CHUNKS", 10)
        yield


@pytest.fixture(scope="module")
def fitted(short):
    means = draws(4000, 0)
    return flow_matching.fit(means, np.zeros_like(means), threefry.key(0))


def test_draws_have_the_moments_of_the_mixture(fitted):
    drawn, truth = np.asarray(fitted.sample(jax.random.key(0), 4000)), draws(100_000, 1)
    np.testing.assert_allclose(drawn.mean(0), truth.mean(0), atol=0.2)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(truth.T), rtol=0.1, atol=0.15)
    assert np.mean(drawn[:, 0] > 0) == pytest.approx(0.75, abs=0.04)
    # one normal with these moments has a quarter of its draws where the mixture has hardly any
    assert np.mean(np.abs(drawn[:, 0]) < 1) < 0.05


def test_trees_hardly_tell_draws_from_the_mixture(fitted):
    drawn = np.asarray(fitted.sample(jax.random.key(2), 1500))
    both = np.concatenate([drawn, draws(1500, 3)])
    truth = np.arange(3000) < 1500
    chances = cross_val_predict(HistGradientBoostingClassifier(random_state=0), both, truth, method="predict_proba")
    assert roc_auc_score(truth, np.asarray(chances)[:, 1]) < 0.57


def test_the_density_is_that_of_the_mixture(fitted):
    places = np.float32(draws(1000, 4))
    truth = np.logaddexp(np.log(0.75) + FIRST.logpdf(places), np.log(0.25) + SECOND.logpdf(places))
    found = np.asarray(jax.jit(lambda z: fitted.log_prob(z))(places), float)
    # the mean difference is the Kullback-Leibler divergence, estimated
    assert np.mean(truth - found) == pytest.approx(0.03, abs=0.05)
    assert np.corrcoef(truth, found)[0, 1] > 0.9
    axis = np.linspace(-9, 9, 91)
    grid = jnp.asarray(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1), jnp.float32)
    density = np.exp(np.asarray(jax.jit(lambda z: fitted.log_prob(z))(grid), float))
    assert integrate.trapezoid(integrate.trapezoid(density, axis), axis) == pytest.approx(1, abs=0.01)


def test_the_spread_of_the_posteriors_counts(short):
    means = np.tile([[2.0, 0.0], [-2.0, 0.0]], (500, 1))
    wide = flow_matching.fit(means, np.full_like(means, STD), threefry.key(0))
    drawn = np.asarray(wide.sample(jax.random.key(0), 4000))
    right = drawn[drawn[:, 0] > 0]
    assert len(right) / len(drawn) == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(right.std(0), STD, atol=0.1)


def test_the_same_key_gives_the_same_flow_and_few_rows_are_enough(short):
    means = draws(7, 0)
    flows = [flow_matching.fit(means, np.full_like(means, 0.1), threefry.key(seed)) for seed in (3, 3)]
    one, other = (jax.tree.leaves(flow) for flow in flows)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert np.isfinite(np.asarray(flows[0].sample(jax.random.key(0), 500))).all()
