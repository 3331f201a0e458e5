"""GradDrop: keep, element by element, the gradients of one sign (Chen et al., 2020)."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from evenvae.balancing.base import Balancer, Elementwise


@dataclasses.dataclass(frozen=True)
class GradDrop(Elementwise):
    """Purity P = (1 + sum_d g_d / sum_d |g_d|) / 2 per element; with u ~ U(0, 1), positive entries stay where
    P > u and negative ones where P < u.

    ``leak`` in [0, 1] is the share of every entry that stays regardless: one number, or one for each task.
    Without leak the expected direction is the plain sum, so elementwise GradDrop is the plain gradient plus
    noise that keeps signs together. ``noise`` (n,): the uniforms. O(D n), from sums over tasks alone: no copy of
    the rows is made, and `direction` works on any slice of the elements.
    """

    leak: float | tuple[float, ...] = 0.0

    def __post_init__(self):
        leaks = self.leak if isinstance(self.leak, tuple) else (self.leak,)
        if not all(0 <= leak <= 1 for leak in leaks):
            raise ValueError(f"graddrop[leak={self.leak}]: must lie between 0 and 1")

    @property
    def name(self) -> str:
        """``graddrop``, with the leak in brackets if there is one."""
        return self._name("graddrop")

    def draw(self, key, elements, dtype):
        """One uniform for every element."""
        if key is None:
            raise ValueError("graddrop needs a key or its noise")
        return jax.random.uniform(key, (elements,), dtype)

    def direction(self, rows: Float[Array, "D m"], noise: Float[Array, " m"]) -> Float[Array, " m"]:
        """See `Elementwise.direction`."""
        leak = jnp.asarray(self.leak, rows.dtype)
        leak = leak[:, None] if leak.ndim else leak
        total, size = rows.sum(0), jnp.abs(rows).sum(0)
        purity = 0.5 * (1 + total / jnp.where(size > 0, size, 1))
        stays = jnp.where(rows > 0, purity > noise, purity < noise)
        return (jnp.where(stays, 1.0, leak) * rows).sum(0)


def graddrop(leak: float | tuple[float, ...] = 0.0) -> Balancer:
    """Sign-coherent noise around the plain sum. A regulariser more than a balancer."""
    return GradDrop(leak)
