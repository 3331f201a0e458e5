"""The plain sum, without a Gramian and without memory."""

import jax
import jax.numpy as jnp
import numpy as np

from evenvae import balancing

TASK = np.array([0, 1, 1, 2])


def test_it_is_the_plain_backward_pass_of_the_heads():
    rng = np.random.default_rng(0)
    cotangent, kernel = jnp.asarray(rng.normal(size=(6, 4))), jnp.asarray(rng.normal(size=(3, 4)))
    balancer = balancing.plain_sum()
    state = balancer.init(3)
    assert state == ()
    mixed, state = balancing.balance_linear_heads(balancer, state, cotangent, kernel, TASK)
    np.testing.assert_array_equal(mixed, cotangent @ kernel.T)
    assert state == ()
    # one product and no Gramian
    asked = jax.make_jaxpr(lambda c, w: balancer.mix_linear_heads((), c, w, TASK)[0])(cotangent, kernel)
    assert str(asked).count("dot_general") == 1


def test_weights_are_ones_and_rows_are_summed():
    rows = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5)))
    balancer = balancing.plain_sum()
    np.testing.assert_array_equal(balancer.weights(rows @ rows.T, ())[0], np.ones(3))
    np.testing.assert_array_equal(balancer.update(rows, ())[0], rows.sum(0))


def test_it_has_the_name_of_no_balancing():
    assert balancing.plain_sum().name == "none"
    assert balancing.plain_sum() == balancing.plain_sum()
    assert not balancing.plain_sum().blind_to_scale
