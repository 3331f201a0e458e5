"""The log-normal likelihood, for positive numbers."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from evenvae.likelihoods.base import FARTHEST, HIVAETreatment, Likelihood, Scale
from evenvae.likelihoods.draws import normal_quantile
from evenvae.likelihoods.normal import log_density, marginal_parameters, moments, standard

MAX_EXPONENT = 46.0  # exp(46) is about 1e20, and its square still fits in float32, which ends at 3e38


def _exp(exponent: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.exp(jnp.clip(exponent, -MAX_EXPONENT, MAX_EXPONENT))


@dataclasses.dataclass(frozen=True)
class LogNormal(Likelihood):
    r"""Positive numbers whose logarithm is normal.

    Formula:
        $$ t = \frac{\log(\mathrm{raw} + \mathrm{offset}) - \mathrm{center}}{\mathrm{scale}} \sim N(\mu, \sigma^2) $$

        with the parameters of `Normal`; the log-density of the raw value is $\log N(t; \mu, \sigma^2) - \log
        \mathrm{scale} - \log(\mathrm{raw} + \mathrm{offset})$.

    Zeros need an offset. By default it is half the smallest positive training value.

    Use it when:
        Numbers are positive and some are many times larger than others: prices, incomes, durations. With many zeros,
        `SpikedLogNormal`.

    Cost:
        Two outputs of the heads a column.

    Attributes:
        zero_offset: another offset for columns with zeros. The paper adds 1e-20, which moves zeros far out, to
            log(1e-20) = -46.
        offset: offset of every column, with zeros or without; 1 gives the log(1 + x) of HI-VAE.
    """

    zero_offset: float | None = None
    offset: float | None = None

    name: ClassVar[str] = "lognormal"
    farthest: ClassVar[float] = FARTHEST
    support_words: ClassVar[str] = "negative"
    hivae: ClassVar[HIVAETreatment | None] = "positive numbers"

    def for_hivae(self) -> "LogNormal":
        """With log(1 + x), as the authors of HI-VAE do."""
        return dataclasses.replace(self, offset=1.0)

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """Numbers from 0."""
        return values >= 0

    @property
    def parameter_count(self) -> int:
        """Two natural parameters of the normal distribution of the logarithm."""
        return 2

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """Mean and standard deviation of the logarithms, and the offset that admits zeros."""
        positive = values[values > 0]
        offset = 0.0
        if positive.size < values.size:
            smallest = float(positive.min()) if positive.size else 1.0
            # half of the smallest float is 0, whose logarithm is not finite
            offset = (0.5 * smallest or smallest) if self.zero_offset is None else self.zero_offset
        offset = offset if self.offset is None else self.offset
        center, scale = standard(np.log(values + offset)) if values.size else (0.0, 1.0)
        return Scale(center, scale, offset)

    def to_model(self, values: Float[np.ndarray, "..."], scale: Scale) -> Float[np.ndarray, "..."]:
        """Standardised logarithms; a zero is infinitely far where no training value was 0."""
        with np.errstate(divide="ignore"):
            return (np.log(values + scale.offset) - scale.center) / scale.scale

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """The logarithms."""
        return self.to_model(values, scale)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Value space has the geometric mean as its unit."""
        exp = jnp.exp if isinstance(scale.center, jax.Array) else np.exp
        return -scale.offset, exp(scale.center)

    def log_prob(self, parameters: Float[Array, "... 2"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """Log-density of the standardised logarithm."""
        return self.sum_event(log_density(parameters, x))

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """-log(scale) - log(raw + offset)."""
        log_raw = scale.center + scale.scale * x
        return self.sum_event(-jnp.log(jnp.asarray(scale.scale)) - log_raw)

    def value(self, x: Shaped[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "..."]:
        """exp(scale * t)."""
        return _exp(scale.scale * x)

    def expected_cell(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The mean of the standardised logarithm."""
        del scale
        return moments(parameters)[0]

    def mode(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """exp(mu - var), with the moments of the logarithm before it was standardised."""
        mean, variance = moments(parameters)
        return _exp(scale.scale * mean - scale.scale**2 * variance)

    def median(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """exp(mu)."""
        return _exp(scale.scale * moments(parameters)[0])

    def mean(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """exp(mu + var / 2)."""
        mean, variance = moments(parameters)
        return _exp(scale.scale * mean + 0.5 * scale.scale**2 * variance)

    def point_estimate(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The median: var / 2 inflates the mean where a column does not follow the family, as with many zeros."""
        return self.median(parameters, scale)

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 2"], scale: Scale
    ) -> Float[Array, "..."]:
        """exp of a normal draw."""
        mean, variance = moments(parameters)
        return _exp(scale.scale * (mean + jnp.sqrt(variance) * normal_quantile(uniform[0])))

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Parameters of the mean and variance of the standardised logarithms."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        return np.concatenate([marginal_parameters(column) for column in flat.T])
