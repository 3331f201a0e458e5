"""GradVac: move rows until their cosines meet a running target (Wang et al., 2021)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, prepared
from evenvae.balancing.pcgrad import visiting_order


@dataclasses.dataclass(frozen=True)
class GradVac(Balancer):
    """PCGrad with targets: where cos(g_i, g_j) < phi_ij, row i gets as much of g_j as brings the cosine to phi_ij.

    phi is the running mean of the cosines met, phi <- (1 - beta) phi + beta cos, from 0 (where it acts as
    PCGrad). ``epsilon`` is added to products of norms before dividing, which rows shorter than its root feel.
    ``noise``: orders as in `pcgrad`. D - 1 rounds, O(D^3).
    """

    beta: float = 0.5
    epsilon: float = 1e-8

    def __post_init__(self):
        if not 0 <= self.beta <= 1:
            raise ValueError(f"gradvac[beta={self.beta}]: beta must lie between 0 and 1")

    @property
    def name(self) -> str:
        """``gradvac``, with beta in brackets if it is not 0.5."""
        return self._name("gradvac")

    def init(self, number_of_tasks):
        """Target cosines of 0."""
        return jnp.zeros((number_of_tasks, number_of_tasks))

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del losses
        order = visiting_order(self.name, gram.shape[0], key, noise)
        weights, target = _weights(gram, state, order, self.beta, self.epsilon)
        return weights.astype(gram.dtype), target.astype(state.dtype)


def _weights(gram, target, order, beta, epsilon):
    with jax.enable_x64(True):
        correlation, norms, active = prepared(gram.astype(jnp.float64))
        target = target.astype(jnp.float64)
        size = gram.shape[0]
        itself = jnp.arange(size)

        # coefficients in units of the rows' directions: row i starts as n_i u_i
        def visit(carry, j):
            coefficients, length, target = carry
            inner = (coefficients * correlation[j]).sum(1)
            cosine = jnp.clip(inner * norms[j] / (length * norms[j] + epsilon), -1, 1)
            goal = target[itself, j]
            met = (j != itself) & active[j] & active
            sine, goal_sine = jnp.sqrt(1 - cosine**2), jnp.sqrt(jnp.maximum(1 - goal**2, 0))
            more = length * (goal * sine - cosine * goal_sine) * norms[j] / (norms[j] * goal_sine + epsilon)
            more = jnp.where(met & (cosine < goal), more, 0)
            length = jnp.sqrt(jnp.maximum(length**2 + 2 * more * inner + more**2, 0))
            coefficients = coefficients.at[itself, j].add(more)
            learned = jnp.where(met, (1 - beta) * goal + beta * cosine, goal)
            return (coefficients, length, target.at[itself, j].set(learned)), None

        length = jnp.where(active, norms, 0)
        (coefficients, _, target), _ = jax.lax.scan(visit, (jnp.diag(length), length, target), order.T)
        return jnp.where(active, coefficients.sum(0) / norms, 0), target


def gradvac(beta: float = 0.5, epsilon: float = 1e-8) -> Balancer:
    """PCGrad that also draws together rows that agree less than they used to."""
    return GradVac(beta, epsilon)
