"""Nash-MTL."""

import numpy as np
from hypothesis import given

from balancing_support import J, close, direction, oracles, random_rows, shapes, some, weights, wide


def test_nash_mtl_of_two_rows_is_the_known_direction():
    # the reference scales its answer to norm 1
    v = direction("nash-mtl", J)
    np.testing.assert_allclose(v / np.linalg.norm(v), [0.0542, 0.7061, 0.7061], atol=1e-4)


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = wide(case["J"]).astype(dtype)
        close(direction("nash-mtl", rows), wide([case["nash_mtl"]["vector"]])[0], within(1e-8), err_msg=case["name"])


def test_stored_zero_rows():
    for case in oracles()["zero_rows"]:
        found = weights("nash-mtl", np.array(case["J"]))
        close(found, case["nash_weights"], 1e-8)
        assert not found[case["zero_rows"]].any()


@some
@given(shapes)
def test_nash_mtl_solves_its_equation(shape):
    rows = random_rows(shape)
    w = weights("nash-mtl", rows)
    np.testing.assert_allclose(w * (rows @ (w @ rows)), 1, atol=1e-6)
