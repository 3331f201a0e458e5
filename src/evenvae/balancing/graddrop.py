"""GradDrop: keep the gradients of one sign in every element (Chen et al., 2020)."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, DTypeLike, Float, Key

from evenvae.balancing.base import Balancer, name_with_options
from evenvae.balancing.elementwise import Elementwise, Sums


@dataclasses.dataclass(frozen=True)
class GradDrop(Elementwise):
    r"""Every element keeps either its positive entries or its negative ones, by chance.

    Formula:
        $$ P = \tfrac12 \Bigl(1 + \frac{\sum_d g_d}{\sum_d |g_d|}\Bigr), \qquad u \sim U(0, 1) $$

        $$ v = \sum_d g_d\, \bigl[\, g_d > 0 \text{ and } P > u, \text{ or } g_d < 0 \text{ and } P < u \,\bigr] $$

        for every element by itself. P is its sign purity. Without a leak the expected direction is the plain sum.

    ``leak`` in [0, 1] is the share of every entry that is always kept: one number, or one for each task. ``noise`` (n,)
    holds the uniform numbers u.

    The kept entries come from two sums over the tasks: the positive entries add up to (sum |g_d| + sum g_d) / 2, the
    negative ones to (sum g_d - sum |g_d|) / 2.

    Cost:
        A pass over D x n numbers of the rows, of which n are held; no Gramian.
    """

    leak: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        leaks = self.leak if isinstance(self.leak, tuple) else (self.leak,)
        if not all(0 <= leak <= 1 for leak in leaks):
            raise ValueError(f"graddrop[leak={self.leak}]: must lie between 0 and 1")

    @property
    def name(self) -> str:
        """``graddrop``, with the leak in brackets unless it is 0."""
        return name_with_options("graddrop", self)

    def draw(self, key: Key[Array, ""] | None, elements: int, dtype: DTypeLike) -> Float[Array, " n"]:
        """One uniform number for every element."""
        if key is None:
            raise ValueError("graddrop needs a key or its noise")
        return jax.random.uniform(key, (elements,), dtype)

    def direction(self, sums: Sums, noise: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """See `Elementwise.direction`."""
        total, size = sums(None)
        purity = 0.5 * (1 + total / jnp.where(size > 0, size, 1))
        leak = jnp.asarray(self.leak, total.dtype)
        held_total, held_size = sums(1 - leak) if leak.ndim else ((1 - leak) * total, (1 - leak) * size)
        positive, negative = 0.5 * (held_total + held_size), 0.5 * (held_total - held_size)
        chosen = jnp.where(purity > noise, positive, 0) + jnp.where(purity < noise, negative, 0)
        return total - held_total + chosen


def graddrop(leak: float | tuple[float, ...] = 0.0) -> Balancer:
    """GradDrop: noise around the plain sum that keeps equal signs together.

    Use it when:
        Many tasks disagree at random. It regularises more than it balances.

    Args:
        leak: share of every gradient that is always kept, in [0, 1]: one number, or one for each task.

    References:
        Z. Chen, J. Ngiam, Y. Huang, T. Luong, H. Kretzschmar, Y. Chai and D. Anguelov, "Just pick a sign: optimizing
        deep multitask models with gradient sign dropout", NeurIPS 2020, Algorithm 1.
    """
    return GradDrop(leak)
