"""Uncertainty weighting: a learned variance for every task (Kendall, Gal and Cipolla, 2018)."""

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from evenvae.balancing.base import Balancer, active_rows, from_losses


class UncertaintyState(NamedTuple):
    """Log-variances and their optimiser's state."""

    log_variance: Float[Array, " D"]
    optimiser: Any


@dataclasses.dataclass(frozen=True)
class UncertaintyWeighting(Balancer):
    """w_d = exp(-s_d) / 2, with s moved by Adam down the gradient of sum_d exp(-s_d) L_d / 2 + s_d / 2.

    A negative loss would drive s_d to minus infinity, so s stays within +-``limit``. Log-likelihoods with a
    variance of their own have no need of it. O(D), no gradients looked at.
    """

    learning_rate: float = 1e-2
    limit: float = 5.0

    @property
    def name(self) -> str:
        """``uncertainty-weighting`` with what differs from the defaults in brackets."""
        return self._name("uncertainty-weighting")

    @property
    def _adam(self):
        return optax.adam(self.learning_rate)

    def init(self, number_of_tasks):
        """Variances of 1."""
        log_variance = jnp.zeros(number_of_tasks)
        return UncertaintyState(log_variance, self._adam.init(log_variance))

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, noise
        losses = from_losses(self.name, losses).astype(state.log_variance.dtype)
        active = active_rows(gram) & jnp.isfinite(losses)
        precision = jnp.exp(-state.log_variance)
        gradient = jnp.where(active, 0.5 - 0.5 * precision * losses, 0)
        updates, optimiser = self._adam.update(gradient, state.optimiser)
        moved = jnp.clip(state.log_variance + updates, -self.limit, self.limit)
        return jnp.where(active, 0.5 * precision, 0).astype(gram.dtype), UncertaintyState(moved, optimiser)


def uncertainty_weighting(learning_rate: float = 1e-2, limit: float = 5.0) -> Balancer:
    """Noisy tasks count less. For regression losses without a variance of their own."""
    return UncertaintyWeighting(learning_rate, limit)
