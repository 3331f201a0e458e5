"""GradDrop."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given

from balancing_support import J, close, direction, random_rows, shapes, some, wide
from evenvae import balancing


def test_graddrop_keeps_the_rows_of_one_sign():
    # purities: (6 - 4 + 10) / 20 = 0.6 for the first element, 1 for the others
    np.testing.assert_allclose(direction("graddrop", J, noise=jnp.array([0.5, 0.5, 0.5])), [6, 2, 2])
    np.testing.assert_allclose(direction("graddrop", J, noise=jnp.array([0.7, 0.5, 0.5])), [-4, 2, 2])


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = wide(case["J"]).astype(dtype)
        noise = jnp.asarray(wide([case["graddrop"]["U"]])[0], dtype)
        vector = lambda entry, case=case: wide([case["graddrop"][entry]])[0]
        close(direction("graddrop", rows, noise=noise), vector("vector"), within(1e-12), err_msg=case["name"])
        leaking = balancing.graddrop(tuple(case["graddrop"]["leak"]))
        close(direction(leaking, rows, noise=noise), vector("vector_leak"), within(1e-12), err_msg=case["name"])


@some
@given(shapes)
def test_graddrop_is_the_sum_on_average(shape):
    rows = random_rows(shape)
    # midpoints of 1000 equal parts: each element's mean is exact to one part
    uniforms = (np.arange(1000) + 0.5) / 1000
    mean = np.mean([direction("graddrop", rows, noise=jnp.full(rows.shape[1], u)) for u in uniforms[::10]], axis=0)
    np.testing.assert_allclose(mean, rows.sum(0), atol=0.011 * np.abs(rows).sum(0).max())
    np.testing.assert_allclose(direction("graddrop[leak=1]", rows), rows.sum(0), atol=1e-12 * np.abs(rows).max())
