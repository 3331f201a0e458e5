"""The Poisson likelihood, for counts."""

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped
from scipy import special

from evenvae.likelihoods.base import HIVAETreatment, Likelihood, Scale
from evenvae.likelihoods.draws import poisson_quantile
from evenvae.likelihoods.gamma import log_factorial
from evenvae.likelihoods.normal import standard

CAP = 15.0
"""Log rate from which the rate grows linearly."""


def rate(log_rate: Float[Array, "..."]) -> Float[Array, "..."]:
    """exp(eta) up to eta = 15, and its tangent beyond: it does not overflow, and its gradient never vanishes."""
    return jnp.exp(jnp.minimum(log_rate, CAP)) * (1 + jnp.maximum(log_rate - CAP, 0))


def log_rate(eta: Float[Array, "..."]) -> Float[Array, "..."]:
    """The logarithm of `rate`."""
    return jnp.minimum(eta, CAP) + jnp.log1p(jnp.maximum(eta - CAP, 0))


@dataclasses.dataclass(frozen=True)
class Poisson(Likelihood):
    r"""Counts from 0, after ``offset`` is subtracted: the training minimum where that is at least 1, else 0.

    Formula:
        $$ \log p(x) = x \log \lambda - \lambda - \log x!, \qquad \lambda = e^{r} $$

        with the head's output r; beyond r = 15 the exponential goes on as its tangent, so that it does not overflow and
        its gradient never vanishes.

    Use it when:
        Counts are small and spread no more than their mean. A Poisson distribution cannot be certain of a large count:
        compare `NegativeBinomial`, `DiscretisedLogistic`.

    Cost:
        One output of the heads a column.
    """

    name: ClassVar[str] = "poisson"
    support_words: ClassVar[str] = "negative or not whole"
    hivae: ClassVar[HIVAETreatment | None] = "counts"
    vague: ClassVar[bool] = True

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """Whole numbers from 0."""
        return (values >= 0) & (values == np.round(values))

    @property
    def parameter_count(self) -> int:
        """The log rate."""
        return 1

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """The offset; ``center`` and ``scale`` are those of log(1 + count), for the encoder alone."""
        offset = float(values.min()) if values.size and values.min() >= 1 else 0.0
        center, scale = standard(np.log1p(np.maximum(values - offset, 0)))
        return Scale(center, scale, offset)

    def to_model(self, values: Float[np.ndarray, "..."], scale: Scale) -> Float[np.ndarray, "..."]:
        """Counts above the offset; a value below the training minimum counts as the minimum."""
        return np.maximum(values - scale.offset, 0)

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """log(1 + count), where counts begin at the offset."""
        return (np.log1p(self.to_model(values, scale)) - scale.center) / scale.scale

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Add the offset again."""
        return scale.offset, 1.0

    def log_prob(self, parameters: Float[Array, "... 1"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """x eta - exp(eta) - log x!, with the log rate eta."""
        eta = parameters[..., 0]
        return self.sum_event(x * eta - rate(eta) - log_factorial(x))

    def mode(self, parameters: Float[Array, "... 1"], scale: Scale) -> Float[Array, "..."]:
        """floor(rate)."""
        del scale
        return jnp.floor(rate(parameters[..., 0]))

    def mean(self, parameters: Float[Array, "... 1"], scale: Scale) -> Float[Array, "..."]:
        """The rate."""
        del scale
        return rate(parameters[..., 0])

    def median(self, parameters: Float[Array, "... 1"], scale: Scale) -> Float[Array, "..."]:
        """floor(rate + 1/3 - 0.02 / rate), within one of the exact median (Choi, 1994)."""
        del scale
        mean = rate(parameters[..., 0])
        return jnp.maximum(jnp.floor(mean + 1 / 3 - 0.02 / jnp.maximum(mean, 1e-3)), 0)

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 1"], scale: Scale
    ) -> Float[Array, "..."]:
        """A count."""
        del scale
        return self.quantile(uniform[0], parameters)

    def quantile(self, share: Float[Array, "..."], parameters: Float[Array, "... count"]) -> Float[Array, "..."]:
        """The count up to which this share of the distribution lies."""
        return poisson_quantile(share, jnp.minimum(rate(parameters[..., 0]), 1e8))

    def probability_of_zero(self, parameters: Float[np.ndarray, " count"]) -> float:
        """exp(-rate)."""
        return float(np.exp(-np.exp(parameters[0])))

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Logarithm of the mean count."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        return np.log(np.maximum(flat.mean(axis=0), 1e-6))

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array | np.ndarray, "..."]:
        """Standardised log(1 + count)."""
        return (jnp.log1p(x) - scale.center) / scale.scale

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """-log p at the rate that equals the count."""
        return x + special.gammaln(x + 1) - special.xlogy(x, x)
