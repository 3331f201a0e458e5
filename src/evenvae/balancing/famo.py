"""FAMO: weights from how fast the losses fall (Liu et al., 2023)."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from evenvae.balancing.base import Balancer, active_rows, from_losses

EPSILON = 1e-8


class FAMOState(NamedTuple):
    """Logits, their optimiser's state, lower bounds of the losses, and log(L - b) before the step."""

    logits: Float[Array, " D"]
    optimiser: Any
    bound: Float[Array, " D"]
    before: Float[Array, " D"]


@dataclasses.dataclass(frozen=True)
class FAMO(Balancer):
    """w_d = c z_d / (L_d - b_d), z = softmax(u), c = 1 / sum_d z_d / (L_d - b_d).

    This is the gradient of c sum_d z_d log(L_d - b_d): relative improvements, not absolute ones. After the step
    `observe` is told the losses of the same batch, and u moves by Adam against what fell fast. No gradient of
    any task is looked at: O(D).

    Losses must stay above ``lower_bound``. Log-likelihoods have no bound, so by default it is the lowest loss
    met so far less ``margin`` times the range met so far (at least ``margin``).
    """

    learning_rate: float = 0.025
    weight_decay: float = 1e-3
    lower_bound: float | None = None
    margin: float = 1.0

    @property
    def name(self) -> str:
        """``famo`` with what differs from the defaults in brackets."""
        return self._name("famo")

    @property
    def looks_back(self):
        """FAMO learns from what the step did."""
        return True

    @property
    def _adam(self):
        return optax.chain(optax.add_decayed_weights(self.weight_decay), optax.adam(self.learning_rate))

    def init(self, number_of_tasks):
        """Equal weights."""
        logits = jnp.zeros(number_of_tasks)
        bound = jnp.full(number_of_tasks, jnp.inf if self.lower_bound is None else self.lower_bound)
        return FAMOState(logits, self._adam.init(logits), bound, jnp.zeros(number_of_tasks))

    def _above(self, losses, bound):
        return jnp.log(jnp.maximum(losses - bound, 0) + EPSILON)

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, noise
        losses = from_losses(self.name, losses).astype(state.logits.dtype)
        active = active_rows(gram) & jnp.isfinite(losses)
        bound = state.bound
        if self.lower_bound is None:
            lowest = losses - self.margin * jnp.maximum(jnp.abs(losses), 1)
            bound = jnp.where(active, jnp.minimum(bound, lowest), bound)
        before = jnp.where(active, self._above(losses, bound), 0)
        share = jnp.where(active, jax.nn.softmax(state.logits) / jnp.exp(before), 0)
        total = share.sum()
        weights = share / jnp.where(total > 0, total, 1)
        return weights.astype(gram.dtype), state._replace(bound=bound, before=before)

    def observe(self, state, losses):
        """Move the logits by how much log(L - b) fell."""
        losses = losses.astype(state.logits.dtype)
        # 0 marks a task that took no part
        fell = jnp.where((state.before != 0) & jnp.isfinite(losses), state.before - self._above(losses, state.bound), 0)
        share = jax.nn.softmax(state.logits)
        gradient = share * (fell - (share * fell).sum())
        updates, optimiser = self._adam.update(gradient, state.optimiser, state.logits)
        return state._replace(logits=optax.apply_updates(state.logits, updates), optimiser=optimiser)


def famo(
    learning_rate: float = 0.025, weight_decay: float = 1e-3, lower_bound: float | None = None, margin: float = 1.0
) -> Balancer:
    """Every loss to fall at the same relative speed, without looking at gradients. For losses with a floor."""
    return FAMO(learning_rate, weight_decay, lower_bound, margin)
