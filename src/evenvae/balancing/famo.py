"""FAMO: weights learned from how fast the losses fall (Liu et al., 2023)."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Array, Float, Key, Shaped

from evenvae.balancing.algebra import active_rows
from evenvae.balancing.base import Balancer, State, name_with_options, required_losses

EPSILON = 1e-8


class FAMOState(NamedTuple):
    """State of `FAMO`.

    ``logits`` of the weights, the state of their ``optimiser``, the lower ``bound`` b of every loss, and log(L - b)
    ``before`` the step, 0 for tasks that took no part.
    """

    logits: Float[Array, " D"]
    optimiser: Any
    bound: Float[Array, " D"]
    before: Float[Array, " D"]


@dataclasses.dataclass(frozen=True)
class FAMO(Balancer):
    r"""Weights learned from how fast the losses fall, without the gradients of the tasks.

    Formula:
        $$ w_d = c\, \frac{z_d}{L_d - b_d}, \qquad z = \mathrm{softmax}(u), \qquad
        c = \Bigl(\sum_d \frac{z_d}{L_d - b_d}\Bigr)^{-1} $$

        The direction is the gradient of $c \sum_d z_d \log(L_d - b_d)$, which measures relative improvements.

    After the step, `update_after_step` is given the losses of the same batch, and Adam moves u towards the tasks whose
    losses fell slowly. Losses must stay above their lower bound b. Log-likelihoods have none, so that by default b_d is
    the smallest value so far of L_d - ``margin`` max(|L_d|, 1).

    Cost:
        O(D), no Gramian; but a second forward pass for the losses after the step.
    """

    learning_rate: float = 0.025
    weight_decay: float = 1e-3
    lower_bound: float | None = None
    margin: float = 1.0

    @property
    def name(self) -> str:
        """``famo``, with the options that differ from their defaults in brackets."""
        return name_with_options("famo", self)

    @property
    def needs_losses_after_step(self) -> bool:
        """True: the weights are learned from the change of the losses."""
        return True

    @property
    def _adam(self) -> optax.GradientTransformation:
        return optax.chain(optax.add_decayed_weights(self.weight_decay), optax.adam(self.learning_rate))

    def init(self, number_of_tasks: int) -> FAMOState:
        """Equal logits, and the lower bounds."""
        logits = jnp.zeros(number_of_tasks)
        bound = jnp.full(number_of_tasks, jnp.inf if self.lower_bound is None else self.lower_bound)
        return FAMOState(logits, self._adam.init(logits), bound, jnp.zeros(number_of_tasks))

    def _log_above(self, losses: Float[Array, " D"], bound: Float[Array, " D"]) -> Float[Array, " D"]:
        return jnp.log(jnp.maximum(losses - bound, 0) + EPSILON)

    @property
    def blind_to_scale(self) -> bool:
        """True: only the relative change of the losses counts."""
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
        """See `Balancer.weights`."""
        del key, noise
        losses = required_losses(self.name, losses).astype(state.logits.dtype)
        active = active_rows(gram) & jnp.isfinite(losses)
        bound = state.bound
        if self.lower_bound is None:
            lowest = losses - self.margin * jnp.maximum(jnp.abs(losses), 1)
            bound = jnp.where(active, jnp.minimum(bound, lowest), bound)
        before = jnp.where(active, self._log_above(losses, bound), 0)
        share = jnp.where(active, jax.nn.softmax(state.logits) / jnp.exp(before), 0)
        total = share.sum()
        weights = share / jnp.where(total > 0, total, 1)
        return weights.astype(gram.dtype), state._replace(bound=bound, before=before)

    def update_after_step(self, state: FAMOState, losses: Float[Array, " D"]) -> FAMOState:
        """Move the logits by the decrease of log(L - b)."""
        losses = losses.astype(state.logits.dtype)
        # tasks that took no part in the step have 0 there
        fell = jnp.where(
            (state.before != 0) & jnp.isfinite(losses), state.before - self._log_above(losses, state.bound), 0
        )
        share = jax.nn.softmax(state.logits)
        gradient = share * (fell - (share * fell).sum())
        updates, optimiser = self._adam.update(gradient, state.optimiser, state.logits)
        return state._replace(logits=optax.apply_updates(state.logits, updates), optimiser=optimiser)


def famo(
    learning_rate: float = 0.025, weight_decay: float = 1e-3, lower_bound: float | None = None, margin: float = 1.0
) -> Balancer:
    """FAMO: let every loss fall at the same relative speed, without the gradients of the tasks.

    Use it when:
        There are very many tasks, and their losses have a known lower bound. Call ``update_after_step`` after every
        step.

    Args:
        learning_rate: of Adam on the logits of the weights.
        weight_decay: of the logits.
        lower_bound: a number below every loss. Default: estimated from the losses so far.
        margin: distance of the estimated lower bound below a loss, relative to max(|loss|, 1).

    References:
        B. Liu, Y. Feng, P. Stone and Q. Liu, "FAMO: fast adaptive multitask optimization", NeurIPS 2023, Algorithm 1.
    """
    return FAMO(learning_rate, weight_decay, lower_bound, margin)
