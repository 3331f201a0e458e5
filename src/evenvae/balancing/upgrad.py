"""UPGrad: the mean of the rows, each projected onto the cone of no conflict (Quinton and Rey, 2024)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, in_float64, prepared, ridge_of
from evenvae.balancing.solvers import complementary, positive_or_plain, regularised


@dataclasses.dataclass(frozen=True)
class UPGrad(Balancer):
    """w = sum_i v_i with v_i = argmin of v^T Q v over v >= e_i / D.

    G^T v_i is row i over D, projected onto {u : g_d . u >= 0 for all d}; the sum conflicts with no task, and
    grows in proportion when all rows do. D block-pivoting solves side by side, O(D^4) in all.
    """

    @property
    def name(self) -> str:
        """``upgrad``."""
        return "upgrad"

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, losses, noise
        return _weights(gram, ridge_of(gram)), state


@in_float64
def _weights(gram, ridge):
    correlation, norms, active = prepared(gram)
    matrix = regularised(correlation, ridge)
    none = jnp.zeros_like(active)
    # in units of the norms the problems are blind to scale: row i lacks what pushes it into the cone
    push = jax.vmap(lambda row: complementary(matrix, jnp.where(active, -row, 0), none, active)[0])(matrix)
    push = jnp.where(active[:, None], push, 0)
    count = jnp.maximum(active.sum(), 1)
    return positive_or_plain((active + (push * norms[:, None]).sum(0) / norms) / count, active)


def upgrad() -> Balancer:
    """As near to the mean as a direction can be without conflict with any task. The dearest for many tasks."""
    return UPGrad()
