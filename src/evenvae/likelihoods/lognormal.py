"""Log-normal likelihood, for positive columns."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.likelihoods.base import Likelihood, Scale
from evenvae.likelihoods.normal import log_density, marginal_raw, moments, standard

MAX_EXPONENT = 46.0  # exp(46) is about 1e20, and squares of it still fit in float32's range of 3e38


def _exp(exponent: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.exp(jnp.clip(exponent, -MAX_EXPONENT, MAX_EXPONENT))


@dataclasses.dataclass(frozen=True)
class LogNormal(Likelihood):
    """Positive values, standardised in log-space: t = (log(raw + offset) - center) / scale, t normal.

    Zeros need an offset: by default half the smallest positive training value. The paper adds 1e-20, which
    turns zeros into an extreme atom at log(1e-20) = -46 (``zero_offset`` reproduces it). ``offset`` fixes it for
    every column: 1 for the log(1 + x) of HI-VAE.
    """

    zero_offset: float | None = None
    offset: float | None = None

    name: ClassVar[str] = "lognormal"

    @property
    def parameters(self) -> int:
        """Two natural parameters of the normal in log-space."""
        return 2

    def fit(self, values: Float[np.ndarray, " rows"]) -> Scale:
        """Mean and standard deviation of the logarithms, and the offset that admits zeros."""
        positive = values[values > 0]
        offset = 0.0
        if positive.size < values.size:
            smallest = float(positive.min()) if positive.size else 1.0
            offset = 0.5 * smallest if self.zero_offset is None else self.zero_offset
        offset = offset if self.offset is None else self.offset
        center, scale = standard(np.log(values + offset)) if values.size else (0.0, 1.0)
        return Scale(center, scale, offset)

    def to_model(self, values: np.ndarray, scale: Scale) -> np.ndarray:
        """Standardised logarithm."""
        return (np.log(values + scale.offset) - scale.center) / scale.scale

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Values are in units of the geometric mean."""
        exp = jnp.exp if isinstance(scale.center, jax.Array) else np.exp
        return -scale.offset, exp(scale.center)

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """Log-density of the standardised logarithm."""
        return self.sum_event(log_density(raw, x))

    def log_jacobian(self, x: Array, scale: Scale) -> Array:
        """-log(scale) - log(raw + offset)."""
        log_raw = scale.center + scale.scale * x
        return self.sum_event(-jnp.log(jnp.asarray(scale.scale)) - log_raw)

    def value(self, x: Array, scale: Scale) -> Array:
        """exp(scale * t)."""
        return _exp(scale.scale * x)

    def mode(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """exp(mu - var) of the unstandardised logarithm."""
        mean, variance = moments(raw)
        return _exp(scale.scale * mean - scale.scale**2 * variance)

    def median(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """exp(mu)."""
        return _exp(scale.scale * moments(raw)[0])

    def mean(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """exp(mu + var / 2)."""
        mean, variance = moments(raw)
        return _exp(scale.scale * mean + 0.5 * scale.scale**2 * variance)

    def typical(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """The median: where a column does not follow the family (spikes, zeros) the mean runs off with var / 2."""
        return self.median(raw, scale)

    def sample(self, key: Key[Array, ""], raw: Float[Array, "..."], scale: Scale) -> Array:
        """exp of a normal draw."""
        mean, variance = moments(raw)
        return _exp(scale.scale * (mean + jnp.sqrt(variance) * jax.random.normal(key, mean.shape, mean.dtype)))

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Mean and variance of the standardised logarithms."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        return np.concatenate([marginal_raw(column) for column in flat.T])
