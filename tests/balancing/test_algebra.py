"""Algebra that the methods share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.balancing.algebra import active_rows, correlations, finite_rows, in_float64

ROWS = jnp.array([[3.0, 4.0], [0.0, 0.0], [jnp.nan, 1.0], [1e-13, 0.0], [0.0, 2.0]], jnp.float32)


def test_rows_that_are_zero_or_not_finite_are_inactive():
    np.testing.assert_array_equal(active_rows(ROWS @ ROWS.T), [True, False, False, False, True])
    assert not active_rows(jnp.zeros((2, 2))).any()
    np.testing.assert_array_equal(finite_rows(ROWS)[2], [0, 0])
    np.testing.assert_array_equal(finite_rows(ROWS)[0], [3, 4])


def test_inactive_rows_become_orthogonal_unit_rows():
    correlation, norms, _ = correlations(ROWS @ ROWS.T)
    np.testing.assert_allclose(norms, [5, 1, 1, 1, 2])
    expected = np.eye(5)
    expected[0, 4] = expected[4, 0] = 0.8
    np.testing.assert_allclose(correlation, expected, rtol=1e-6)


@pytest.mark.float32
def test_float64_holds_for_the_call_alone():
    seen = []

    @in_float64
    def tell(gram, ridge, count):
        seen.extend([gram.dtype, ridge.dtype, count.dtype])
        return gram * ridge, count

    scaled, count = tell(jnp.eye(2), 0.5, jnp.array(3))
    assert seen == [jnp.float64, jnp.float64, jnp.int32]
    assert scaled.dtype == jnp.float32
    assert count.dtype == jnp.int32
    assert not jax.config.jax_enable_x64
