"""Solvers where rows are many more than the directions they span: pivots go round in circles there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import KEY, direction, weights
from evenvae.balancing.base import ridge_of
from evenvae.balancing.pcgrad import visiting_order
from evenvae.balancing.solvers import complementary, interior, regularised

ROWS = [np.random.default_rng(seed).normal(size=(40, 20)).astype(np.float32) for seed in range(3)]


@jax.jit
def solutions(correlation, lower, ridge):
    with jax.enable_x64(True):
        matrix, lower = (a.astype(jnp.float64) for a in (regularised(correlation, ridge), lower))
        allowed = jnp.arange(lower.size) != 3
        pivoted, basis = complementary(matrix, lower, allowed, allowed)
        between, _ = interior(matrix, lower, allowed)
        return [jnp.stack([x, matrix @ x - lower]).astype(jnp.float32) for x in (pivoted, between)], basis


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("lower", [np.linspace(0.1, 1, 40), np.linspace(-0.3, 0.1, 40)], ids=["ahead", "mostly met"])
def test_complementary_solutions(rows, lower):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    (pivoted, between), basis = solutions(unit @ unit.T, lower, ridge_of(unit @ unit.T))
    free = np.arange(40) != 3
    for x, slack in (pivoted, between):
        assert (x >= 0).all()
        assert x[3] == 0
        assert (slack[free] > -1e-6).all()
        # complementary to the precision of slacks of order 1 beside x that the ridge alone bounds
        assert (x * np.abs(slack))[free].max() < 1e-6 * max(1, x.max())
    np.testing.assert_array_equal(pivoted[0] > 0, basis)
    np.testing.assert_allclose(pivoted[0], between[0], atol=1e-4 * max(1, pivoted[0].max()))


@pytest.mark.parametrize("rows", ROWS)
def test_mgda_of_many_rows_is_the_shortest(rows):
    v, longest = direction("mgda-ub", rows), np.linalg.norm(rows, axis=1).max()
    # where 0 lies in the hull, the ridge of 1e-5 leaves v a length of its root
    assert (rows @ v >= v @ v - 1e-4 * longest * max(np.linalg.norm(v), 1e-2 * longest)).all()


@pytest.mark.parametrize("rows", ROWS)
def test_cagrad_of_many_rows_is_the_best_in_its_ball(rows):
    v, mean = direction("cagrad", rows), rows.mean(0)
    mixture = np.maximum(weights("cagrad", rows) - 1 / len(rows), 0)
    gains = rows @ v
    assert np.linalg.norm(v - mean) <= 0.4 * np.linalg.norm(mean) * (1 + 1e-4)
    # no other v of the ball has a larger least gain: that least gain is met by every row the step is made of
    dual = mixture @ gains / mixture.sum()
    assert dual - gains.min() < 1e-3 * (gains.min() - (rows @ mean).min())


def test_orders_are_permutations_and_each_is_uniform():
    orders = np.asarray(jax.vmap(lambda key: visiting_order("pcgrad", 4, key, None))(jax.random.split(KEY, 3000)))
    assert (np.sort(orders, axis=-1) == np.arange(4)).all()
    for task in range(4):
        others = orders[:, task][orders[:, task] != task].reshape(-1, 3)
        _, counts = np.unique(others, axis=0, return_counts=True)
        # six orders, 500 each; five standard deviations of a binomial count
        assert len(counts) == 6
        assert np.abs(counts - 500).max() < 5 * np.sqrt(3000 / 6 * 5 / 6)
