"""The plain sum of the gradients, at the cost of the plain backward pass."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing.base import Balancer, State


@dataclasses.dataclass(frozen=True)
class PlainSum(Balancer):
    """w = 1 for every row.

    Unlike `none` it neither computes the Gramian nor looks for rows that are not finite.
    """

    @property
    def name(self) -> str:
        """``none``, because the direction is the same."""
        return "none"

    @property
    def mixes_by_weights(self) -> bool:
        """False: the weights are known without the Gramian."""
        return False

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
        del key, losses, noise
        return jnp.ones(gram.shape[0], gram.dtype), state

    def update(
        self,
        rows: Float[Array, "D n"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " n"], State]:
        """See `Balancer.update`."""
        del key, losses, noise
        return rows.sum(0), state

    def mix_linear_heads(
        self,
        state: State,
        cotangent: Float[Array, "M P"],
        kernel: Float[Array, "h P"],
        feature: Int[np.ndarray, " P"],
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
    ) -> tuple[Float[Array, "M h"], State]:
        """See `Balancer.mix_linear_heads`."""
        del feature, key, losses
        return cotangent @ kernel.T, state


def plain_sum() -> Balancer:
    """The sum of the tasks' gradients as it is, for training without balancing.

    `none` is the same sum without gradients that are not finite.
    """
    return PlainSum()
