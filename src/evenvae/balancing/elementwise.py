"""Balancers that decide element by element, without the rows where the heads are linear."""

import abc
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Int, Key, Shaped

from evenvae.balancing.algebra import finite_rows
from evenvae.balancing.base import Balancer, State, halves
from evenvae.balancing.gram import absolute_sum_of_linear_heads

Sums = Callable[[Float[Array, " D"] | None], tuple[Float[Array, "*n"], Float[Array, "*n"]]]
"""A function of weights w >= 0 of the rows g (None for ones) that gives sum_d w_d g_d and sum_d w_d |g_d|, element by
element.
"""


class Elementwise(Balancer):
    """A balancer whose direction depends, in each element, on that element of the rows alone.

    A method implements `draw` and `direction`. The latter sees only sums over the rows, so that callers who can compute
    these sums in another way never form the rows.
    """

    @property
    def needs_rows(self) -> bool:
        """True: the direction is not a weighted sum of the rows."""
        return True

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """Raises TypeError, because the direction is not a weighted sum of the rows."""
        del gram, state, key, losses, noise
        raise TypeError(f"{self.name} decides element by element and needs the rows: call update")

    @abc.abstractmethod
    def draw(self, key: Key[Array, ""] | None, elements: int, dtype: DTypeLike) -> Float[Array, " n"]:
        """The random numbers of a step, one for each element. Raises ValueError if ``key`` is None."""

    @abc.abstractmethod
    def direction(self, sums: Sums, noise: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """The direction, in the shape of the noise."""

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
        del losses
        noise = self.draw(halves(key)[1], rows.shape[1], rows.dtype) if noise is None else jnp.asarray(noise)
        rows = finite_rows(rows)

        def sums(weights: Float[Array, " D"] | None) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
            weighted = rows if weights is None else weights[:, None] * rows
            return weighted.sum(0), jnp.abs(weighted).sum(0)

        return self.direction(sums, noise), state

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
        """See `Balancer.mix_linear_heads`. Needs memory for a few arrays (M, h), not for D of them."""
        del losses
        rows, hidden = cotangent.shape[0], kernel.shape[0]
        noise = self.draw(halves(key)[1], rows * hidden, cotangent.dtype).reshape(rows, hidden)
        task = np.asarray(feature, np.int32)

        def sums(weights: Float[Array, " D"] | None) -> tuple[Float[Array, "M h"], Float[Array, "M h"]]:
            weighted = cotangent if weights is None else cotangent * weights[task]
            return weighted @ kernel.T, absolute_sum_of_linear_heads(weighted, kernel, feature)

        return self.direction(sums, noise), state
