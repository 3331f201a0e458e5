"""Random loss weighting: a baseline for all other methods (Lin et al., 2022)."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Shaped

from evenvae.balancing.algebra import active_rows
from evenvae.balancing.base import Balancer, State


@dataclasses.dataclass(frozen=True)
class RandomWeighting(Balancer):
    r"""Weights by chance, drawn again in every step.

    Formula:
        $$ w = \mathrm{softmax}(\epsilon), \qquad \epsilon \sim N(0, I_D) $$

    ``noise`` (D,) holds the numbers epsilon.

    Cost:
        O(D).
    """

    @property
    def name(self) -> str:
        """``random-weighting``."""
        return "random-weighting"

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
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
    """Random weights: the least that a method should do better than.

    Use it when:
        You compare methods and need a baseline.

    References:
        B. Lin, F. Ye, Y. Zhang and I. W. Tsang, "Reasonable effectiveness of random weighting: a litmus test for
        multi-task learning", Transactions on Machine Learning Research, 2022.
    """
    return RandomWeighting()
