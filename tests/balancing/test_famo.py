"""FAMO."""

import jax
import jax.numpy as jnp
import pytest

from balancing_support import close, oracles
from evenvae import balancing


def test_stored_steps_of_famo():
    run = oracles()["famo"]
    balancer = balancing.famo(run["lr"], run["weight_decay"], lower_bound=0.0)
    ask, after_step = jax.jit(balancer.weights), jax.jit(balancer.update_after_step)
    state = balancer.init(6)
    for step in run["steps"]:
        w, state = ask(jnp.eye(6), state, losses=jnp.array(step["loss_before"]))
        close(w, step["dscalar_dloss"], 1e-10)
        state = after_step(state, jnp.array(step["loss_after"]))
        close(state.logits, step["logits_after"], 1e-10)


def test_famo_turns_to_the_loss_that_falls_slowest():
    balancer = balancing.famo()
    ask, after_step = jax.jit(balancer.weights), jax.jit(balancer.update_after_step)
    state = balancer.init(2)
    for _ in range(20):
        _, state = ask(jnp.eye(2), state, losses=jnp.array([1.0, 1.0]))
        state = after_step(state, jnp.array([0.5, 0.99]))
    w, _ = ask(jnp.eye(2), state, losses=jnp.array([1.0, 1.0]))
    assert w[1] > 1.5 * w[0]
    assert float(w.sum()) == pytest.approx(1)
