"""IMTL-G."""

import numpy as np
import pytest
from hypothesis import given

from balancing_support import J, close, direction, oracles, random_rows, shapes, some, spread_rows, weights, wide


def test_known_values():
    np.testing.assert_allclose(direction("imtl-g", J), [0.0767, 1, 1], atol=1e-4)


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = wide(case["J"]).astype(dtype)
        close(direction("imtl-g", rows), wide([case["imtl_g"]["vector"]])[0], within(1e-9), err_msg=case["name"])


def test_stored_dependent_rows():
    for case in oracles()["rank_deficient"]:
        close(direction("imtl-g", np.array(case["J"])), case["imtl_g_pinv"]["vector"], 1e-9)


def test_stored_zero_rows():
    for case in oracles()["zero_rows"]:
        found = weights("imtl-g", np.array(case["J"]))
        close(found, case["imtl_g_weights"], 1e-9)
        assert not found[case["zero_rows"]].any()


def test_stored_sign_guard():
    for case in oracles()["imtl_g_negative"]:
        rows = np.array(case["J"])
        found = weights("imtl-g", rows)
        np.testing.assert_allclose(found, case["weights_guarded"], rtol=1e-8)
        assert (rows @ (found @ rows) > 0).all()


@some
@given(shapes)
def test_imtl_g_projects_equally(shape):
    rows = random_rows(shape)
    v = direction("imtl-g", rows)
    projections = rows @ v / np.linalg.norm(rows, axis=1)
    assert np.ptp(projections) <= 1e-6 * np.linalg.norm(v)


@pytest.mark.float32
def test_dependent_rows_of_many_lengths_in_float32():
    rows = spread_rows(20, 12, seed=1).astype(np.float32)
    # pinv(G G^T) n, by the singular values of the rows themselves
    left, singular, _ = np.linalg.svd(rows.astype(float), full_matrices=False)
    expected = left @ ((np.linalg.norm(rows.astype(float), axis=1) @ left) / singular**2)
    close(direction("imtl-g", rows), expected @ rows / np.abs(expected.sum()), 1e-4)
