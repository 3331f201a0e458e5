"""UPGrad."""

import numpy as np
from hypothesis import given

from balancing_support import J, close, direction, oracles, random_rows, shapes, some, wide


def test_known_values():
    np.testing.assert_allclose(direction("upgrad", J), [0.2929 - 0.0005, 1.9004 + 0.0002, 1.9006], atol=1e-4)


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = wide(case["J"]).astype(dtype)
        close(direction("upgrad", rows), wide([case["upgrad"]["vector"]])[0], within(1e-6), err_msg=case["name"])


def test_stored_dependent_rows():
    for case in oracles()["rank_deficient"]:
        found = direction("upgrad", np.array(case["J"]))
        np.testing.assert_allclose(found, case["upgrad_vector"], atol=1e-6 * case["frobenius"])


@some
@given(shapes)
def test_upgrad_is_linear_in_the_scale_of_rows(shape):
    rows = random_rows(shape)
    rng = np.random.default_rng(2)
    one, two = rng.uniform(0.1, 2, (2, len(rows), 1))
    apart = direction("upgrad", one * rows) + direction("upgrad", two * rows)
    size = np.abs(rows).max() * 4
    np.testing.assert_allclose(direction("upgrad", (one + two) * rows), apart, atol=1e-6 * size)


@some
@given(shapes)
def test_pcgrad_of_two_rows_is_twice_upgrad(shape):
    rows = random_rows((2, *shape[1:]))
    expected = 2 * direction("upgrad", rows)
    np.testing.assert_allclose(direction("pcgrad", rows), expected, atol=1e-8 * np.abs(rows).max())
