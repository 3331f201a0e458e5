"""The Bernoulli likelihood, for columns of two levels."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from evenvae.likelihoods.base import HIVAETreatment, Likelihood, Scale, Values
from evenvae.likelihoods.frequencies import log_ratio


@dataclasses.dataclass(frozen=True)
class Bernoulli(Likelihood):
    r"""Levels with codes 0 and 1; the parameter is the logit of code 1.

    Formula:
        $$ \log p(x) = x\, r - \log(1 + e^{r}) $$

    Use it when:
        A column has two levels: flags, yes and no.

    Cost:
        One output of the heads a column.
    """

    name: ClassVar[str] = "bernoulli"
    values: ClassVar[Values] = "levels"
    support_words: ClassVar[str] = "neither 0 nor 1"
    hivae: ClassVar[HIVAETreatment | None] = "logit"

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """0 and 1."""
        return (values == 0) | (values == 1)

    @property
    def parameter_count(self) -> int:
        """The logit."""
        return 1

    @property
    def level_count(self) -> int:
        """Two."""
        return 2

    def log_prob(self, parameters: Float[Array, "... 1"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """x r - softplus(r), with the logit r."""
        logits = parameters[..., 0]
        return self.sum_event(x * logits - jax.nn.softplus(logits))

    def probabilities(self, parameters: Float[Array, "... 1"]) -> Float[Array, "... 2"]:
        """Probability of each code."""
        p = jax.nn.sigmoid(parameters[..., 0])
        return jnp.stack([1 - p, p], axis=-1)

    def mode(self, parameters: Float[Array, "... 1"], scale: Scale) -> Float[Array, "..."]:
        """1 where the logit is not negative, else 0."""
        del scale
        return (parameters[..., 0] >= 0).astype(parameters.dtype)

    def mean(self, parameters: Float[Array, "... 1"], scale: Scale) -> Float[Array, "..."]:
        """Probability of code 1."""
        del scale
        return jax.nn.sigmoid(parameters[..., 0])

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 1"], scale: Scale
    ) -> Float[Array, "..."]:
        """Code 1 where the number is below its probability."""
        del scale
        return (uniform[0] < jax.nn.sigmoid(parameters[..., 0])).astype(parameters.dtype)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Logit of the observed frequency, with half a count added to each code."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        ones = flat.sum(axis=0)
        return np.log(ones + 0.5) - np.log(len(flat) - ones + 0.5)

    def marginal_shift(
        self, wanted: Shaped[np.ndarray, "rows columns"], drawn: Shaped[np.ndarray, "draws columns"]
    ) -> Float[np.ndarray, "columns 1"]:
        """The difference of the logits of code 1."""
        ratio = log_ratio(wanted, drawn, self.level_count)
        return ratio[:, 1:] - ratio[:, :1]

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array | np.ndarray, "..."]:
        """-1 or 1, so that 0 is left for a missing cell."""
        del scale
        return 2 * x - 1
