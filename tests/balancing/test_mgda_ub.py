"""MGDA-UB."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from balancing_support import ROWS, J, close, direction, oracles, random_rows, shapes, some, weights, wide


@pytest.mark.parametrize("name", ["mgda-ub", "mgda-ub[solver=frank-wolfe]"])
def test_known_values(name):
    np.testing.assert_allclose(direction(name, J), [0, 1, 1], atol=1e-4)


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = wide(case["J"]).astype(dtype)
        close(direction("mgda-ub", rows), wide([case["mgda"]["vector"]])[0], within(1e-8), err_msg=case["name"])


def test_stored_norm_of_mgda():
    for case in oracles()["cases"]:
        found = np.linalg.norm(direction("mgda-ub", wide(case["J"])))
        assert found == pytest.approx(case["mgda"]["norm"], rel=1e-10)


def test_stored_dependent_rows():
    for case in oracles()["rank_deficient"]:
        found = np.linalg.norm(direction("mgda-ub", np.array(case["J"])))
        assert found == pytest.approx(case["mgda"]["norm"], abs=1e-10)


def test_stored_zero_rows():
    for case in oracles()["zero_rows"]:
        found = weights("mgda-ub", np.array(case["J"]))
        close(found, case["mgda_weights"], 1e-8)
        assert not found[case["zero_rows"]].any()


@some
@given(shapes)
def test_mgda_meets_its_optimality_conditions(shape):
    rows = random_rows(shape)
    w = weights("mgda-ub", rows)
    v = w @ rows
    slack = rows @ v - v @ v
    size = np.linalg.norm(rows, axis=1) * np.linalg.norm(v)
    assert w.sum() == pytest.approx(1)
    assert (slack >= -1e-8 * size).all()
    assert np.abs(w * slack).max() <= 1e-8 * (w * size).max()


@some
@given(shapes)
def test_mgda_by_frank_wolfe_is_never_shorter_and_comes_near(shape):
    rows = random_rows(shape)
    exact = np.linalg.norm(direction("mgda-ub", rows))
    found = np.linalg.norm(direction("mgda-ub[solver=frank-wolfe,iterations=5000,tolerance=0]", rows))
    assert exact * (1 - 1e-9) <= found <= exact + 0.02 * np.linalg.norm(rows, axis=1).min()


def test_mgda_normalisations_change_how_weights_are_found_alone():
    rows = random_rows((5, 9, 0, 2))
    norms, losses = np.linalg.norm(rows, axis=1), np.array([0.5, 2.0, 3.0, 1.0, 0.1])
    for option, divisor in (("l2", norms), ("loss", losses), ("loss+", norms * losses)):
        expected = weights("mgda-ub", rows / divisor[:, None])
        found = weights(f"mgda-ub[normalise={option}]", rows, losses=jnp.asarray(losses))
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_released_mgda_is_the_plain_sum_of_its_support():
    rows = random_rows((3, 8, 0, 0))
    w = weights("mgda-ub[released=true]", rows)
    np.testing.assert_allclose(w, np.where(weights("mgda-ub", rows) > 0, 1e-3, 0))


@pytest.mark.float32
@pytest.mark.parametrize("rows", ROWS)
def test_mgda_of_many_rows_is_the_shortest(rows):
    v, longest = direction("mgda-ub", rows), np.linalg.norm(rows, axis=1).max()
    # where 0 lies in the hull, the ridge of 1e-5 leaves v a length of its root
    assert (rows @ v >= v @ v - 1e-4 * longest * max(np.linalg.norm(v), 1e-2 * longest)).all()
