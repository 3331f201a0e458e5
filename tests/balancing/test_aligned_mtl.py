"""Aligned-MTL."""

import numpy as np
import pytest

from balancing_support import J, close, direction, oracles, random_rows, spread_rows, weights


def test_known_values():
    np.testing.assert_allclose(direction("aligned-mtl", J), [0.2133, 0.9673, 0.9673], atol=1e-4)


def test_stored_aligned_mtl(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = np.array(case["J"]).astype(dtype)
        for scale in ("min", "median", "rmse"):
            w = weights(f"aligned-mtl[scale={scale}]", rows)
            close(w @ rows, np.array(case["aligned_mtl"][scale]) @ np.array(case["J"]), within(1e-8))


def test_stored_dependent_rows():
    for case in oracles()["rank_deficient"]:
        close(weights("aligned-mtl", np.array(case["J"])), case["aligned_mtl_min"], 1e-8)


def test_aligned_rows_are_orthogonal_and_of_one_length():
    rows = random_rows((4, 9, 1, 2))
    # the weights of every row's own preference are the transformation's columns
    values, vectors = np.linalg.eigh(rows @ rows.T)
    aligned = np.sqrt(values[0]) * vectors @ np.diag(values**-0.5) @ vectors.T @ rows
    np.testing.assert_allclose(aligned @ aligned.T, values[0] * np.eye(4), atol=1e-9 * values[0])
    np.testing.assert_allclose(direction("aligned-mtl", rows), aligned.mean(0), rtol=1e-8)


@pytest.mark.float32
@pytest.mark.parametrize("shape", [(13, 55), (24, 70), (20, 12)])
def test_rows_of_many_lengths_in_float32(shape):
    rows = spread_rows(*shape).astype(np.float32)
    left, singular, right = np.linalg.svd(rows.astype(float), full_matrices=False)
    common = {
        "min": singular[-1],
        "median": np.sort(singular)[(len(singular) - 1) // 2],
        "rmse": np.sqrt(np.mean(singular**2)),
    }
    for scale, length in common.items():
        close(direction(f"aligned-mtl[scale={scale}]", rows), length * left.mean(0) @ right, 1e-5)
