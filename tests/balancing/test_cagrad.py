"""CAGrad."""

import numpy as np
import pytest
from hypothesis import given

from balancing_support import ROWS, J, close, direction, oracles, random_rows, shapes, some, weights, wide


def test_known_values():
    np.testing.assert_allclose(direction("cagrad[c=0.5]", J), [0.1835, 1.2041, 1.2041], atol=1e-4)


def test_stored_cagrad(precision):
    dtype, within, cases = precision
    for case in cases:
        exact = wide(case["J"])
        rows = exact.astype(dtype)
        for entry in case["cagrad"]:
            v = direction(f"cagrad[c={entry['c']}]", rows)
            close(v, np.array(entry["slsqp_weights"]) @ exact, within(1e-5))
            close(v, wide([entry["vector"]])[0], 2e-3)
            if dtype == np.float64:
                mean = exact.mean(0)
                gain = (exact @ v).min()
                assert gain >= entry["slsqp_min_inner"] - 1e-6 * abs(entry["slsqp_min_inner"])
                # where the mean is best already the radius is not used up
                assert np.linalg.norm(v - mean) <= entry["c"] * np.linalg.norm(mean) * (1 + 1e-9)


def test_stored_zero_rows():
    for case in oracles()["zero_rows"]:
        found = weights("cagrad[c=0.4]", np.array(case["J"]))
        close(found, case["cagrad04_weights"], 2e-3)
        assert not found[case["zero_rows"]].any()


@some
@given(shapes)
def test_cagrad_lies_in_its_ball_and_gains_on_the_mean(shape):
    rows = random_rows(shape)
    mean = rows.mean(0)
    v = direction("cagrad[c=0.5]", rows)
    assert np.linalg.norm(v - mean) <= 0.5 * np.linalg.norm(mean) * (1 + 1e-6)
    size = np.linalg.norm(rows, axis=1).max() * np.linalg.norm(mean)
    assert (rows @ v).min() >= (rows @ mean).min() - 1e-9 * size
    np.testing.assert_allclose(direction("cagrad[c=0]", rows), mean, atol=1e-12 * np.abs(rows).max())


@pytest.mark.float32
def test_cagrad_at_a_pareto_point_is_the_mean():
    rows = np.array([[1.0, 0], [-1.0, 0], [0, 1e-12]], np.float32)
    np.testing.assert_allclose(direction("cagrad", rows), rows.mean(0), atol=1e-6)


@pytest.mark.float32
@pytest.mark.parametrize("rows", ROWS)
def test_cagrad_of_many_rows_is_the_best_in_its_ball(rows):
    v, mean = direction("cagrad", rows), rows.mean(0)
    mixture = np.maximum(weights("cagrad", rows) - 1 / len(rows), 0)
    gains = rows @ v
    assert np.linalg.norm(v - mean) <= 0.4 * np.linalg.norm(mean) * (1 + 1e-4)
    # no other v of the ball has a larger least gain: that least gain is met by every row the step is made of
    dual = mixture @ gains / mixture.sum()
    assert dual - gains.min() < 1e-3 * (gains.min() - (rows @ mean).min())
