"""PCGrad: project conflicting gradients off each other (Yu et al., 2020)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, prepared


@dataclasses.dataclass(frozen=True)
class PCGrad(Balancer):
    """Each row, in its own random order, is projected off every original row it conflicts with; then the sum.

    D - 1 rounds, all rows at once: O(D^3) after the Gramian. ``noise`` (D, D) int: row i is the order in which
    task i visits the tasks (its own entry is skipped).
    """

    @property
    def name(self) -> str:
        """``pcgrad``."""
        return "pcgrad"

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del losses
        return _weights(gram, visiting_order(self.name, gram.shape[0], key, noise)), state


def visiting_order(name, tasks, key, noise):
    """(D, D): row i is the order in which task i visits the tasks; ``noise`` if given, else drawn.

    All tasks stand in one random circle and each goes round it from where it stands: every task's order of the
    others is uniform, as the paper asks, and one permutation is drawn where D cost more than all projections.
    """
    if noise is not None:
        return jnp.asarray(noise)
    if key is None:
        raise ValueError(f"{name} needs a key or its noise")
    circle = jax.random.permutation(key, tasks)
    place = jnp.zeros(tasks, int).at[circle].set(jnp.arange(tasks))
    return circle[(place[:, None] + jnp.arange(tasks)) % tasks]


def _weights(gram, order):
    with jax.enable_x64(True):
        correlation, norms, active = prepared(gram.astype(jnp.float64))
        size = gram.shape[0]
        itself = jnp.arange(size)

        # coefficients in units of the rows' directions: row i starts as n_i u_i
        def visit(coefficients, j):
            inner = (coefficients * correlation[j]).sum(1)
            conflict = (inner < 0) & (j != itself) & active[j]
            return coefficients.at[itself, j].add(jnp.where(conflict, -inner, 0)), None

        start = jnp.diag(jnp.where(active, norms, 0))
        coefficients, _ = jax.lax.scan(visit, start, order.T)
        weights = jnp.where(active, coefficients.sum(0) / norms, 0)
        return weights.astype(gram.dtype)


def pcgrad() -> Balancer:
    """Removes from every task's gradient what works against another. Leaves magnitudes alone."""
    return PCGrad()
