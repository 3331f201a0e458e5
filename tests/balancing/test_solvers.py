"""Solvers, also where there are many more rows than dimensions that they span, so that pivoting alone does not end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import ROWS
from evenvae.balancing.algebra import ridge_of
from evenvae.balancing.solvers import (
    answered,
    complementary,
    complementary_columns,
    interior_point,
    precision_of,
    regularised,
)

pytestmark = pytest.mark.float32


@jax.jit
def solutions(correlation, lower, ridge):
    with jax.enable_x64(True):
        matrix, lower = (a.astype(jnp.float64) for a in (regularised(correlation, ridge), lower))
        allowed = jnp.arange(lower.size) != 3
        pivoted, basis = complementary(matrix, lower, allowed, allowed)
        between, _ = interior_point(matrix, lower, allowed)
        return [jnp.stack([x, matrix @ x - lower]).astype(jnp.float32) for x in (pivoted, between)], basis


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("lower", [np.linspace(0.1, 1, 40), np.linspace(-0.3, 0.1, 40)], ids=["ahead", "mostly met"])
def test_complementary_solutions(rows, lower):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    correlation = jnp.asarray(unit @ unit.T)
    (pivoted, between), basis = solutions(correlation, lower, ridge_of(correlation))
    free = np.arange(40) != 3
    for x, slack in (pivoted, between):
        assert (x >= 0).all()
        assert x[3] == 0
        assert (slack[free] > -1e-6).all()
        # complementary to the precision of slacks of order 1 beside x that the ridge alone bounds
        assert (x * np.abs(slack))[free].max() < 1e-6 * max(1, x.max())
    np.testing.assert_array_equal(pivoted[0] > 0, basis)
    np.testing.assert_allclose(pivoted[0], between[0], atol=1e-4 * max(1, pivoted[0].max()))


def test_columns_of_problems_are_solved_together():
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(30, 90)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    matrix, lower = jnp.asarray(unit @ unit.T), jnp.asarray(rng.normal(size=(30, 7)), jnp.float32)
    allowed = jnp.arange(30) != 3
    x, solved = jax.jit(complementary_columns)(matrix, lower, allowed)
    assert solved
    slack = np.asarray(matrix, float) @ np.asarray(x, float) - np.asarray(lower, float)
    assert not x[3].any()
    free, within = np.arange(30) != 3, 2 * precision_of(jnp.float32) * np.abs(lower).max()
    assert (x >= 0).all()
    assert np.abs(np.minimum(x, slack))[free].max() < within
    for column in range(7):
        single, _ = solutions_of(matrix, lower[:, column], allowed)
        np.testing.assert_allclose(x[:, column], single, atol=20 * within)


@jax.jit
def solutions_of(matrix, lower, allowed):
    with jax.enable_x64(True):
        x, basis = complementary(matrix.astype(jnp.float64), lower.astype(jnp.float64), allowed, allowed)
        return x.astype(jnp.float32), basis


def test_columns_without_an_answer_are_not_called_solved():
    # M x >= 1 has no answer where the rows oppose each other
    matrix = jnp.array([[1.0, -1.0], [-1.0, 1.0]])
    _, solved = complementary_columns(matrix, jnp.ones((2, 1)), jnp.ones(2, bool))
    assert not solved


def test_the_direct_way_answers_where_the_quick_one_does_not():
    quick, direct = jnp.array([1.0, 2.0]), lambda: jnp.array([3.0, 4.0])
    np.testing.assert_array_equal(answered(quick, jnp.array(True), direct), quick)
    np.testing.assert_array_equal(answered(quick, jnp.array(False), direct), direct())
    np.testing.assert_array_equal(answered(quick.at[0].set(jnp.nan), jnp.array(True), direct), direct())
