"""Solvers, also where there are many more rows than dimensions that they span, so that pivoting alone does not end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import ROWS
from evenvae.balancing.algebra import ridge_of
from evenvae.balancing.solvers import complementary, interior_point, regularised

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
