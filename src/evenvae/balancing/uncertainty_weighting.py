"""Uncertainty weighting: a learned variance for every task (Kendall, Gal and Cipolla, 2018)."""

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp
import optax  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Array, Float, Key, Shaped

from evenvae.balancing.algebra import active_rows
from evenvae.balancing.base import Balancer, State, name_with_options, required_losses


class UncertaintyState(NamedTuple):
    """State of `UncertaintyWeighting`: the logarithm of every task's variance, and the state of their optimiser."""

    log_variance: Float[Array, " D"]
    optimiser: Any


@dataclasses.dataclass(frozen=True)
class UncertaintyWeighting(Balancer):
    r"""A learned variance for every task.

    Formula:
        $$ w_d = \tfrac12 e^{-s_d}, \qquad s \leftarrow \text{Adam on } \sum_d \tfrac12 e^{-s_d} L_d + \tfrac12 s_d $$

    A negative loss would drive s_d to minus infinity, so that s is kept between -``limit`` and ``limit``.
    Log-likelihoods that have a variance of their own do not need the method. No gradient of one task is used.

    Cost:
        O(D), no Gramian; a state of D numbers and Adam's moments.
    """

    learning_rate: float = 1e-2
    limit: float = 5.0

    @property
    def name(self) -> str:
        """``uncertainty-weighting``, with the options that differ from their defaults in brackets."""
        return name_with_options("uncertainty-weighting", self)

    @property
    def _adam(self) -> optax.GradientTransformation:
        return optax.adam(self.learning_rate)

    def init(self, number_of_tasks: int) -> UncertaintyState:
        """Variances of 1."""
        log_variance = jnp.zeros(number_of_tasks)
        return UncertaintyState(log_variance, self._adam.init(log_variance))

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
        del key, noise
        losses = required_losses(self.name, losses).astype(state.log_variance.dtype)
        active = active_rows(gram) & jnp.isfinite(losses)
        precision = jnp.exp(-state.log_variance)
        gradient = jnp.where(active, 0.5 - 0.5 * precision * losses, 0)
        updates, optimiser = self._adam.update(gradient, state.optimiser)
        moved = jnp.clip(state.log_variance + updates, -self.limit, self.limit)
        return jnp.where(active, 0.5 * precision, 0).astype(gram.dtype), UncertaintyState(moved, optimiser)


def uncertainty_weighting(learning_rate: float = 1e-2, limit: float = 5.0) -> Balancer:
    """Uncertainty weighting: noisy tasks count less.

    Use it when:
        The losses are squared errors or cross-entropies without a variance of their own.

    Args:
        learning_rate: of Adam on the logarithms of the variances.
        limit: largest absolute value of these logarithms.

    References:
        A. Kendall, Y. Gal and R. Cipolla, "Multi-task learning using uncertainty to weigh losses for scene geometry and
        semantics", CVPR 2018, equation 7.
    """
    return UncertaintyWeighting(learning_rate, limit)
