"""GradNorm."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import close, oracles, run
from evenvae import balancing


def test_stored_steps_of_gradnorm():
    for stored in oracles()["gradnorm"]:
        balancer = balancing.gradnorm(alpha=stored["alpha"])
        ask = jax.jit(balancer.weights)
        state = balancer.init(len(stored["norms0"]))._replace(reference=jnp.array(stored["norms0"]))
        for step in stored["steps"]:
            w, state = ask(jnp.diag(jnp.array(step["norms"]) ** 2), state)
            close(w, step["weights_used"], 1e-9)
            close(state.logits, step["logits_after"], 1e-9)


def test_gradnorm_settles_where_weighted_norms_are_equal():
    norms = jnp.array([0.3, 1.0, 4.0])
    balancer = balancing.gradnorm(learning_rate=1e-3)
    gram = jnp.diag(norms**2)
    w, _ = balancer.weights(gram, run(balancer, 6000, gram))
    assert float(w.sum()) == pytest.approx(3)
    # Adam at a constant rate circles the optimum by a few of its steps
    np.testing.assert_allclose(w * norms, (w * norms).mean(), rtol=0.02)


def test_gradnorm_with_alpha_helps_the_task_that_lags():
    balancer = balancing.gradnorm(alpha=1.0, reference_step=0)
    ask = jax.jit(balancer.weights)
    state = balancer.init(2)
    _, state = ask(jnp.eye(2), state)
    for _ in range(50):
        w, state = ask(jnp.diag(jnp.array([1.0, 0.2]) ** 2), state)
    plain = balancing.gradnorm(alpha=0.0)
    even, _ = plain.weights(jnp.diag(jnp.array([1.0, 0.2]) ** 2), run(plain, 51, jnp.diag(jnp.array([1, 0.04]))))
    assert w[0] / w[1] > even[0] / even[1]
