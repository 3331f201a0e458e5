"""Draws by inversion, against the distribution functions of SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods.draws import BELOW_ONE, draw_levels, level, normal_quantile, open_uniform, poisson_quantile

GRID = np.linspace(0.001, 0.999, 999).astype(np.float32)


@pytest.mark.parametrize("mean", [1e-3, 0.5, 3.0, 31.9, 32.1, 60.0, 400.0, 1e4, 1e6])
def test_counts_are_the_quantiles_of_a_poisson(mean):
    found = np.asarray(poisson_quantile(jnp.asarray(GRID), jnp.full(GRID.shape, mean, jnp.float32)), float)
    mean = float(np.float32(mean))
    # float32 places a number of this size between its neighbours, and the probability with it
    slack = 1e-6 + 4 * float(np.spacing(np.float32(mean))) / mean**0.5
    assert (stats.poisson.cdf(found, mean) >= GRID - slack).all()
    assert (stats.poisson.cdf(found - 1, mean) <= GRID + slack + (1e-4 if mean > 32 else 0)).all()
    assert (found == np.round(found)).all()
    assert (found >= 0).all()


def test_normal_numbers_are_the_quantiles_of_a_normal():
    np.testing.assert_allclose(normal_quantile(jnp.asarray(GRID)), stats.norm.ppf(GRID), rtol=2e-4, atol=2e-6)
    assert np.isfinite(normal_quantile(jnp.asarray([2**-24, 1 - 2**-24], jnp.float32))).all()


@pytest.mark.parametrize("levels", [4, 300])
def test_a_level_is_the_first_whose_sum_exceeds_the_number(levels):
    weight = np.random.default_rng(0).random(levels)
    weight[[1, levels - 1]] = 0
    share = np.cumsum(weight) / weight.sum()
    logits = jnp.asarray(np.log(np.maximum(weight, 1e-300)), jnp.float32)
    found = np.asarray(level(jnp.asarray(GRID), jnp.broadcast_to(logits, (len(GRID), levels))))
    clear = np.abs(share[:, None] - GRID).min(axis=0) > 1e-5
    np.testing.assert_array_equal(found[clear], np.searchsorted(share, GRID[clear], side="right"))
    ends = level(jnp.asarray([2**-24, BELOW_ONE, 1 - 2**-24], jnp.float32), jnp.broadcast_to(logits, (3, levels)))
    np.testing.assert_array_equal(ends, [0, levels - 2, levels - 2])


def test_draws_with_shared_probabilities():
    weight = np.array([0.2, 0.0, 0.5, 0.3])
    found = draw_levels(jax.random.key(0), jnp.asarray(np.log(np.maximum(weight, 1e-300)), jnp.float32), 20_000)
    # five standard deviations of a frequency over 20,000 draws
    np.testing.assert_allclose(np.bincount(found, minlength=4) / 20_000, weight, atol=5 * 0.5 / 20_000**0.5)
    assert not (np.asarray(found) == 1).any()


def test_uniform_numbers_never_touch_the_ends():
    found = np.asarray(open_uniform(jax.random.key(0), (100_000,)))
    assert 0 < found.min() < found.max() < 1
