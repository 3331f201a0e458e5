"""The velocity of a flow and its divergence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae import threefry
from evenvae.priors.velocity import Velocity


def moving(latent_size=3, width=5) -> Velocity:
    """A velocity whose network is not 0."""
    velocity = Velocity.of(latent_size, width, threefry.key(0))
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda part: rng.normal(size=part.shape).astype(np.float32), velocity)


def test_the_divergence_is_the_trace_of_the_jacobian():
    velocity = moving()
    for place, t in enumerate([0.0, 0.3, 1.0]):
        x = jnp.asarray(np.random.default_rng(place).normal(size=3), jnp.float32)
        jacobian = jax.jacfwd(lambda x, t=t: velocity(x, jnp.asarray(t)))(x)
        assert velocity.with_divergence(x, jnp.asarray(t))[1] == pytest.approx(float(jnp.trace(jacobian)), rel=1e-4)


def test_points_are_moved_independently_of_each_other():
    velocity = moving()
    x, t = np.random.default_rng(1).normal(size=(2, 4, 3)).astype(np.float32), np.float32([[0.2], [0.9]])
    t = np.broadcast_to(t, (2, 4))
    moved, divergence = velocity.with_divergence(jnp.asarray(x), jnp.asarray(t))
    alone = velocity.with_divergence(jnp.asarray(x[1, 2]), jnp.asarray(t[1, 2]))
    np.testing.assert_allclose(moved[1, 2], alone[0], rtol=1e-4)
    np.testing.assert_allclose(divergence[1, 2], alone[1], rtol=1e-4)


def test_a_new_velocity_is_the_best_one_between_two_standard_normals():
    velocity = Velocity.of(1, 4, threefry.key(0))
    rng = np.random.default_rng(2)
    start, end = rng.normal(size=(2, 400_000))
    for t in (0.0, 0.25, 0.5, 0.9):
        place = (1 - t) * start + t * end
        slope = np.mean(place * (end - start)) / np.mean(place**2)
        found = velocity(jnp.ones(1), jnp.asarray(t, jnp.float32))
        assert float(found[0]) == pytest.approx(slope, abs=0.01)
