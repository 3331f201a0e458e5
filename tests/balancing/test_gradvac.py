"""GradVac."""

import jax
import jax.numpy as jnp

from balancing_support import KEY, close, oracles
from evenvae import balancing


def test_stored_gradvac():
    for case in oracles()["cases"]:
        stored, rows = case["gradvac"], jnp.array(case["J"])
        balancer = balancing.gradvac(stored["beta"])
        step = jax.jit(balancer.weights)
        w, targets = step(rows @ rows.T, balancer.init(len(rows)), noise=jnp.array(stored["order"]))
        close(w, stored["weights"], 1e-12)
        close(targets, stored["ema_after"], 1e-12)


def test_gradvac_remembers_cosines_and_acts_on_them():
    # a row that used to agree and now is orthogonal is drawn back towards the other
    balancer = balancing.gradvac()
    agree, apart = jnp.array([[1.0, 0.1], [1.0, 0]]), jnp.array([[0.0, 1], [1.0, 0]])
    ask = jax.jit(balancer.update)
    state = balancer.init(2)
    for _ in range(5):
        _, state = ask(agree, state, key=KEY)
    v, _ = ask(apart, state, key=KEY)
    assert (v > 1.5).all()
