"""Poisson likelihood with a log-rate head, for counts."""

import dataclasses
import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key
from scipy import special

from evenvae.likelihoods.base import Likelihood, Scale
from evenvae.likelihoods.normal import standard

CAP = 15.0
SMALL = 15


def rate(raw: Float[Array, "..."]) -> Float[Array, "..."]:
    """exp(eta) up to eta = 15, then its tangent: no overflow, and a gradient that never dies."""
    return jnp.exp(jnp.minimum(raw, CAP)) * (1 + jnp.maximum(raw - CAP, 0))


def log_factorial(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """log x! for x at least 0, by Stirling's series at x + 16 or, from x = 15 on, at x + 1.

    ``lax.lgamma`` would take nine times as long on a CPU, where it is not vectorised.
    """
    small = x < SMALL
    lifted = jnp.minimum(x, SMALL) + jnp.arange(1.0, SMALL + 1, dtype=x.dtype).reshape(-1, *[1] * x.ndim)
    z = jnp.where(small, x + SMALL, x) + 1
    w = 1 / z**2
    series = (z - 0.5) * jnp.log(z) - z + 0.5 * math.log(2 * math.pi)
    series += (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w / 1680))) / z
    return series - jnp.where(small, jnp.log(jnp.prod(lifted, axis=0)), 0)


@dataclasses.dataclass(frozen=True)
class Poisson(Likelihood):
    """Counts from 0 after subtracting ``offset``: the training minimum where that is at least 1, else 0."""

    name: ClassVar[str] = "poisson"

    @property
    def parameters(self) -> int:
        """The log rate."""
        return 1

    def fit(self, values: Float[np.ndarray, " rows"]) -> Scale:
        """The offset; centre and scale are those of log1p, for the encoder alone."""
        offset = float(values.min()) if values.size and values.min() >= 1 else 0.0
        center, scale = standard(np.log1p(np.maximum(values - offset, 0)))
        return Scale(center, scale, offset)

    def to_model(self, values: np.ndarray, scale: Scale) -> np.ndarray:
        """Count above the offset; a value below the training minimum counts as the minimum."""
        return np.maximum(values - scale.offset, 0)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Add the offset back."""
        return scale.offset, 1.0

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """x eta - exp(eta) - log x!."""
        eta = raw[..., 0]
        return self.sum_event(x * eta - rate(eta) - log_factorial(x))

    def mode(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """floor(rate)."""
        del scale
        return jnp.floor(rate(raw[..., 0]))

    def mean(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """The rate."""
        del scale
        return rate(raw[..., 0])

    def median(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """floor(rate + 1/3 - 0.02 / rate), within one of the exact median (Choi, 1994)."""
        del scale
        mean = rate(raw[..., 0])
        return jnp.maximum(jnp.floor(mean + 1 / 3 - 0.02 / jnp.maximum(mean, 1e-3)), 0)

    def sample(self, key: Key[Array, ""], raw: Float[Array, "..."], scale: Scale) -> Array:
        """A Poisson draw."""
        del scale
        mean = rate(raw[..., 0])
        return jax.random.poisson(key, jnp.minimum(mean, 1e8), dtype=jnp.int32).astype(mean.dtype)

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Log of the mean count."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        return np.log(np.maximum(flat.mean(axis=0), 1e-6))

    def encoder_value(self, x: Array, scale: Scale) -> Array:
        """Standardised log1p."""
        return (jnp.log1p(x) - scale.center) / scale.scale

    def least_nats(self, x: np.ndarray) -> Float[np.ndarray, " rows"]:
        """At the rate that is the count itself."""
        return x + special.gammaln(x + 1) - special.xlogy(x, x)
