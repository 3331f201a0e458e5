"""Random loss weighting."""

import jax
import jax.numpy as jnp
import numpy as np

from balancing_support import KEY, close, weights, wide
from evenvae import balancing


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = wide(case["J"]).astype(dtype)
        noise = jnp.asarray(case["rlw"]["normals"], dtype)
        found = weights("random-weighting", rows, noise=noise)
        close(found, case["rlw"]["weights"], within(1e-14), err_msg=case["name"])


def test_random_weights_are_a_distribution_and_even_on_average():
    balancer = balancing.random_weighting()
    draw = lambda k: balancer.weights(jnp.eye(3), (), key=k)[0]
    drawn = jax.vmap(draw)(jax.random.split(KEY, 2000))
    np.testing.assert_allclose(drawn.sum(1), 1, rtol=1e-9)
    np.testing.assert_allclose(drawn.mean(0), 1 / 3, atol=0.02)
