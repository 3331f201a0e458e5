"""GradDrop: keep, element by element, the gradients of one sign (Chen et al., 2020)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, Elementwise


@dataclasses.dataclass(frozen=True)
class GradDrop(Elementwise):
    """Purity P = (1 + sum_d g_d / sum_d |g_d|) / 2 per element; with u ~ U(0, 1), positive entries stay where
    P > u and negative ones where P < u.

    ``leak`` in [0, 1] is the share of every entry that stays regardless: one number, or one for each task.
    Without leak the expected direction is the plain sum, so elementwise GradDrop is the plain gradient plus
    noise that keeps signs together. ``noise`` (n,): the uniforms. O(D n).

    What stays is made from two sums over tasks: the positive entries add up to (sum |g_d| + sum g_d) / 2, the
    negative ones to (sum g_d - sum |g_d|) / 2.
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

    def direction(self, sums, noise):
        """See `Elementwise.direction`."""
        total, size = sums(None)
        purity = 0.5 * (1 + total / jnp.where(size > 0, size, 1))
        leak = jnp.asarray(self.leak, total.dtype)
        held_total, held_size = sums(1 - leak) if leak.ndim else ((1 - leak) * total, (1 - leak) * size)
        positive, negative = 0.5 * (held_total + held_size), 0.5 * (held_total - held_size)
        chosen = jnp.where(purity > noise, positive, 0) + jnp.where(purity < noise, negative, 0)
        return total - held_total + chosen


def graddrop(leak: float | tuple[float, ...] = 0.0) -> Balancer:
    """Sign-coherent noise around the plain sum. A regulariser more than a balancer."""
    return GradDrop(leak)
