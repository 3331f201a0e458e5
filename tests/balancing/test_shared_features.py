"""The loop over several shared features."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import KEY, tree_close
from evenvae import balancing

TASK = np.array([0, 1, 1, 2])


def arrays(rng, *shapes):
    return [jnp.asarray(rng.normal(size=shape)) for shape in shapes]


def test_every_feature_is_balanced_by_itself():
    cotangent, first, second = arrays(np.random.default_rng(0), (6, 4), (3, 4), (5, 4))
    balancers = [balancing.norm_match(balancing.imtl_g()), balancing.parse("gradnorm+pcgrad")]
    states = [balancer.init(3) for balancer in balancers]
    keys = jax.random.split(KEY, 2)

    @jax.jit
    def together(states, keys):
        return balancing.balance_shared_features(
            balancers, states, cotangent, [first, second], TASK, keys=list(keys), losses=jnp.ones(3)
        )

    @functools.partial(jax.jit, static_argnums=0)
    def alone(number, state, key):
        kernel = (first, second)[number]
        return balancing.balance_linear_heads(
            balancers[number], state, cotangent, kernel, TASK, key=key, losses=jnp.ones(3)
        )

    mixed, after = together(states, keys)
    for number in (0, 1):
        expected, state = alone(number, states[number], keys[number])
        np.testing.assert_array_equal(mixed[number], expected)
        tree_close(after[number], state)


def test_places_that_share_a_kernel_count_as_rows():
    cotangent, kernel = arrays(np.random.default_rng(0), (6, 12), (3, 4))
    (mixed,), _ = balancing.balance_shared_features([balancing.plain_sum()], [()], cotangent, [kernel], TASK)
    np.testing.assert_array_equal(mixed, cotangent.reshape(18, 4) @ kernel.T)


def test_there_is_a_balancer_for_every_feature():
    cotangent, kernel = arrays(np.random.default_rng(0), (6, 4), (3, 4))
    with pytest.raises(ValueError, match="zip"):
        balancing.balance_shared_features([balancing.plain_sum()], [()], cotangent, [kernel, kernel], TASK)
