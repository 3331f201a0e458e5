"""Uncertainty weighting."""

import jax.numpy as jnp
import numpy as np

from balancing_support import close, oracles, run
from evenvae import balancing


def test_stored_gradients_of_uncertainty_weighting():
    stored = oracles()["uncertainty_weighting"]
    balancer = balancing.uncertainty_weighting()
    state = balancer.init(6)._replace(log_variance=jnp.array(stored["log_var"]))
    w, after = balancer.weights(jnp.eye(6), state, losses=jnp.array(stored["losses"]))
    close(w, stored["dscalar_dloss"], 1e-12)
    # Adam's first moment after one step is a tenth of the gradient
    close(10 * after.optimiser[0].mu, stored["dscalar_dlogvar"], 1e-12)


def test_uncertainty_settles_at_the_size_of_the_loss():
    losses = jnp.array([0.5, 1.0, 3.0])
    balancer = balancing.uncertainty_weighting()
    state = run(balancer, 3000, jnp.eye(3), losses)
    np.testing.assert_allclose(jnp.exp(state.log_variance), losses, rtol=0.02)
    bounded = run(balancer, 3000, jnp.eye(3), -losses)
    assert (bounded.log_variance == -5).all()
