"""Random loss weighting: a baseline that is hard to beat by luck (Lin et al., 2022)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, active_rows


@dataclasses.dataclass(frozen=True)
class RandomWeighting(Balancer):
    """w = softmax of D standard normals, drawn anew every step. ``noise`` (D,): the normals."""

    @property
    def name(self) -> str:
        """``random-weighting``."""
        return "random-weighting"

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del losses
        if noise is None:
            if key is None:
                raise ValueError("random-weighting needs a key or its noise")
            noise = jax.random.normal(key, (gram.shape[0],), gram.dtype)
        active = active_rows(gram)
        share = jnp.where(active, jax.nn.softmax(jnp.where(active, jnp.asarray(noise), -jnp.inf)), 0)
        return share.astype(gram.dtype), state


def random_weighting() -> Balancer:
    """Random weights: what a method must beat to be worth its name."""
    return RandomWeighting()
