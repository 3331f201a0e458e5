"""Eigenvalues of Gramians whose rows differ in length by many decades."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import spread_rows
from evenvae.balancing.algebra import correlations, in_float64, ridge_of
from evenvae.balancing.spectrum import spectrum


@in_float64
def found_in(gram, error):
    return spectrum(*correlations(gram), error)


def found(rows):
    gram = jnp.asarray(rows) @ jnp.asarray(rows).T
    return [np.asarray(part) for part in jax.jit(found_in)(gram, ridge_of(gram))]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_small_eigenvalues_keep_their_digits(dtype):
    rows = spread_rows(13, 55).astype(dtype)
    values, vectors, kept = found(rows)
    left, singular, _ = np.linalg.svd(rows.astype(float), full_matrices=False)
    assert singular[0] / singular[-1] > 1e5
    within = 1e-9 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(np.sqrt(values[::-1]), singular, rtol=within)
    np.testing.assert_allclose(np.abs((vectors[:, ::-1] * left).sum(0)), 1, rtol=within)
    assert kept.all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rows_that_depend_on_others_are_counted_out_whatever_their_length(dtype):
    rows = spread_rows(12, 5).astype(dtype)
    rows[3] = 0
    values, _, kept = found(rows)
    assert kept.sum() == 5
    singular = np.linalg.svd(rows.astype(float), compute_uv=False)[:5]
    np.testing.assert_allclose(np.sqrt(values[kept][::-1]), singular, rtol=1e-9 if dtype == "float64" else 1e-4)
    copies = np.concatenate([rows[:2], 1e-5 * rows[:2], 1e4 * rows[:1]]).astype(dtype)
    assert found(copies)[2].sum() == 2


def test_no_row_and_one_row():
    assert not found(np.zeros((3, 5)))[2].any()
    values, vectors, kept = found(np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(kept, [False, True])
    assert values[1] == pytest.approx(25)
    np.testing.assert_allclose(np.abs(vectors[:, 1]), [0, 1])
