"""Balancing where the heads are linear in one shared feature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import KEY
from evenvae import balancing


@pytest.mark.parametrize("name", ["imtl-g+pcgrad", "gradnorm", "imtl-g+graddrop"])
def test_it_is_what_the_balancer_makes_of_the_rows(name):
    rng = np.random.default_rng(0)
    cotangent, kernel = jnp.asarray(rng.normal(size=(6, 4))), jnp.asarray(rng.normal(size=(3, 4)))
    task = np.array([0, 1, 1, 2])
    balancer = balancing.parse(name)
    given = {"key": KEY, "losses": jnp.ones(3)}
    rows = balancing.rows_of_linear_heads(cotangent, kernel, task)
    expected, _ = jax.jit(balancer.update)(rows, balancer.init(3), **given)
    ask = jax.jit(lambda c, k: balancing.balance_linear_heads(balancer, balancer.init(3), c, k, task, **given))
    mixed, _ = ask(cotangent, kernel)
    np.testing.assert_allclose(np.ravel(mixed), expected, rtol=1e-9, atol=1e-11)
