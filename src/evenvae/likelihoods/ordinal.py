"""The ordinal likelihood, for levels with an order."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped
from scipy.special import logit

from evenvae.likelihoods.base import EncoderInput, HIVAETreatment, Scale, Values
from evenvae.likelihoods.categorical import Categorical

LEAST_STEP = 1e-6
"""Least distance between two neighbouring thresholds."""


def log_difference(high: Float[Array, "..."], low: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(sigma(high) - sigma(low)) for high > low; it stays finite far into the tails."""
    gap = jnp.minimum(low - high, -LEAST_STEP)
    return jax.nn.log_sigmoid(high) + jax.nn.log_sigmoid(-low) + jnp.log(-jnp.expm1(gap))


@dataclasses.dataclass(frozen=True)
class Ordinal(Categorical):
    r"""Levels with an order, by cumulative logits.

    Formula:
        $$ p(x \le j) = \sigma(\theta_j - u), \qquad \theta_j = \sum_{i \le j} \mathrm{softplus}(r_i) $$

        The head gives levels - 1 steps r and the location u (HI-VAE; Nazabal et al., 2020).

    Codes 0 .. levels - 1 follow the order of the levels in the schema. The family is not an exponential family.

    Use it when:
        Levels have an order: ratings, school years, grades. Errors are then distances.

    Cost:
        One output of the heads for every level.
    """

    levels: int = 2

    name: ClassVar[str] = "ordinal"
    values: ClassVar[Values] = "ordered levels"
    encoder_input: ClassVar[EncoderInput] = "ordered level"
    hivae: ClassVar[HIVAETreatment | None] = "ordered levels"

    @classmethod
    def of_column(cls, levels: int, shape: tuple[int, ...], steps: int = 0) -> "Ordinal":
        """With the column's number of levels, and at least two."""
        del shape, steps
        return cls(levels=max(levels, 2))

    @property
    def parameter_count(self) -> int:
        """One step for each threshold, and the location."""
        return self.levels

    def log_probabilities(self, parameters: Float[Array, "... levels"]) -> Float[Array, "... levels"]:
        """log p of every code."""
        steps = jnp.maximum(jax.nn.softplus(parameters[..., :-1]), LEAST_STEP)
        cumulative = jnp.cumsum(steps, axis=-1) - parameters[..., -1:]
        first = jax.nn.log_sigmoid(cumulative[..., :1])
        between = log_difference(cumulative[..., 1:], cumulative[..., :-1])
        last = jax.nn.log_sigmoid(-cumulative[..., -1:])
        return jnp.concatenate([first, between, last], axis=-1)

    def log_prob(
        self, parameters: Float[Array, "... levels"], x: Shaped[Array | np.ndarray, "..."]
    ) -> Float[Array, "..."]:
        """log p of code ``x``."""
        return super().log_prob(self.log_probabilities(parameters), x)

    def probabilities(self, parameters: Float[Array, "... levels"]) -> Float[Array, "... levels"]:
        """Differences of neighbouring cumulative probabilities."""
        return super().probabilities(self.log_probabilities(parameters))

    def mode(self, parameters: Float[Array, "... levels"], scale: Scale) -> Float[Array, "..."]:
        """The most probable code, the lowest of those that tie."""
        return super().mode(self.log_probabilities(parameters), scale)

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... levels"], scale: Scale
    ) -> Float[Array, "..."]:
        """A code."""
        return super().from_uniform(uniform, self.log_probabilities(parameters), scale)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Thresholds at the logits of the cumulative frequencies, with half a count added to each level."""
        cumulative = self._cumulative(x)
        logits = np.log(cumulative / (1 - cumulative))
        # the first step is positive, so the location takes what lies below it
        location = np.minimum(logits[:, :1] - 1, 0)
        steps = np.maximum(np.diff(np.concatenate([location, logits], axis=1), axis=1), LEAST_STEP)
        return np.concatenate([np.log(np.expm1(steps)), -location], axis=1).ravel()

    def _cumulative(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, "columns thresholds"]:
        """Frequencies of all levels up to each but the last, with half a count added to each level."""
        frequencies = np.exp(super().marginal(x)).reshape(-1, self.levels)
        return np.cumsum(frequencies, axis=1)[:, :-1]

    def marginal_shift(
        self, wanted: Shaped[np.ndarray, "rows columns"], drawn: Shaped[np.ndarray, "draws columns"]
    ) -> Float[np.ndarray, "columns levels"]:
        """Of the location alone: the mean difference of the thresholds' logits, which count by how they move levels."""
        among_wanted, among_drawn = self._cumulative(wanted), self._cumulative(drawn)
        shift = np.zeros((wanted.shape[1], self.width))
        shift[:, -1] = np.average(
            logit(among_drawn) - logit(among_wanted), axis=1, weights=among_wanted * (1 - among_wanted)
        )
        return shift
