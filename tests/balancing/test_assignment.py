"""One balancer for all shared features, or one for each."""

import jax
import jax.numpy as jnp
import pytest

from balancing_support import KEY, heads, tree_close, trunk
from evenvae import balancing
from evenvae.balancing import balanced_value_and_grad
from evenvae.balancing.assignment import OneForAll, OneForEach, assign


@pytest.mark.parametrize("kind", ["linear", "rows"])
def test_several_shared_features(problem, kind):
    linear, params, batch = problem
    split = lambda p, b: (trunk(p, b)[:, :2], trunk(p, b)[:, 2:])
    together = lambda p, f, b: heads(p, jnp.concatenate(f, axis=1), b)
    balancer = balancing.norm_match(balancing.imtl_g())
    one = balanced_value_and_grad(trunk, linear, balancer)
    expected = jax.jit(one)(params, one.init(3), batch)
    joint = balanced_value_and_grad(split, linear if kind == "linear" else together, balancer)
    tree_close(jax.jit(joint)(params, joint.init(3), batch).gradients, expected.gradients, 1e-8)
    # a balancer for each: every feature gets the direction its own rows give
    apart = balanced_value_and_grad(split, joint.heads, (balancer, balancing.none()))
    found = jax.jit(apart)(params, apart.init(3), batch)
    rows = jax.jit(jax.jacrev(lambda f: together(params[1], f, batch)))(split(params[0], batch))
    first, _ = jax.jit(balancer.update)(rows[0].reshape(3, -1), ())
    _, vjp = jax.vjp(lambda p: split(p, batch), params[0])
    (wanted,) = vjp((first.reshape(12, 2), rows[1].sum(0)))
    tree_close(found.gradients[0], wanted, 1e-8)


def test_states_follow_the_structure_of_the_features(problem):
    linear, params, batch = problem
    split = lambda p, b: {"first": trunk(p, b)[:, :2], "second": trunk(p, b)[:, 2:]}
    step = balanced_value_and_grad(split, linear, {"first": balancing.gradnorm(), "second": balancing.pcgrad()})
    state = step.init(3)
    assert set(state) == {"first", "second"}
    found = jax.jit(lambda p, s: step(p, s, batch, key=KEY))(params, state)
    assert found.state["first"].step == 1
    assert found.state["second"] == ()


def test_what_a_user_gives_decides():
    one = balancing.imtl_g()
    assert assign(one) == OneForAll(one)
    assert assign((one, one)) == OneForEach((one, one))
