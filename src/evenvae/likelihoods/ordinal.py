"""Ordinal likelihood, for levels with an order."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.likelihoods.categorical import Categorical

LEAST_STEP = 1e-6


def log_difference(high: Float[Array, "..."], low: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(sigma(high) - sigma(low)) for high > low, finite far into the tails."""
    gap = jnp.minimum(low - high, -LEAST_STEP)
    return jax.nn.log_sigmoid(high) + jax.nn.log_sigmoid(-low) + jnp.log(-jnp.expm1(gap))


@dataclasses.dataclass(frozen=True)
class Ordinal(Categorical):
    """Cumulative logits: p(x <= j) = sigma(theta_j - u), theta_j the cumulative sum of positive steps.

    Raw outputs are levels - 1 steps (through softplus) and the location u (HI-VAE; Nazabal et al., 2020). Codes
    0 .. levels-1 follow the levels' order in the schema. Not an exponential family.
    """

    levels: int = 2

    name: ClassVar[str] = "ordinal"

    @property
    def parameters(self) -> int:
        """One step a threshold, and the location."""
        return self.levels

    def log_probabilities(self, raw: Float[Array, "... levels"]) -> Float[Array, "... levels"]:
        """log p of every code."""
        steps = jnp.maximum(jax.nn.softplus(raw[..., :-1]), LEAST_STEP)
        cumulative = jnp.cumsum(steps, axis=-1) - raw[..., -1:]
        first = jax.nn.log_sigmoid(cumulative[..., :1])
        between = log_difference(cumulative[..., 1:], cumulative[..., :-1])
        last = jax.nn.log_sigmoid(-cumulative[..., -1:])
        return jnp.concatenate([first, between, last], axis=-1)

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """log p of code ``x``."""
        return super().log_prob(self.log_probabilities(raw), x)

    def probabilities(self, raw: Float[Array, "... levels"]) -> Float[Array, "... levels"]:
        """Differences of neighbouring cumulative probabilities."""
        return super().probabilities(self.log_probabilities(raw))

    def mode(self, raw, scale):
        """Most probable code; ties go to the lowest."""
        return super().mode(self.log_probabilities(raw), scale)

    def sample(self, key, raw, scale):
        """A draw of the code."""
        return super().sample(key, self.log_probabilities(raw), scale)

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Thresholds at the logits of the cumulative frequencies, half a count added to each level."""
        frequencies = np.exp(super().marginal(x)).reshape(-1, self.levels)
        cumulative = np.cumsum(frequencies, axis=1)[:, :-1]
        logits = np.log(cumulative / (1 - cumulative))
        # the first step is positive, so the location takes what lies below it
        location = np.minimum(logits[:, :1] - 1, 0)
        steps = np.maximum(np.diff(np.concatenate([location, logits], axis=1), axis=1), LEAST_STEP)
        return np.concatenate([np.log(np.expm1(steps)), -location], axis=1).ravel()
