"""Normal likelihood in natural parameters, for real columns."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.likelihoods.base import Likelihood, Scale

LOG_2PI = float(np.log(2 * np.pi))
MIN_STD, MAX_STD = 1e-3, 1e3
_LOWEST, _HIGHEST = 1 / (2 * MAX_STD**2), 1 / (2 * MIN_STD**2)


def natural(raw: Float[Array, "... 2"]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """``(eta1, eta2)`` from raw head outputs: eta1 = r1, eta2 = -softplus(r2).

    The standard deviation is held in [1e-3, 1e3] of model space after the softplus, with a straight-through
    gradient: unbounded densities on columns that repeat their values would otherwise swallow training.
    """
    precision = jax.nn.softplus(raw[..., 1])
    bounded = jnp.clip(precision, _LOWEST, _HIGHEST)
    return raw[..., 0], -(precision + jax.lax.stop_gradient(bounded - precision))


def moments(raw: Float[Array, "... 2"]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Mean and variance: mu = -eta1 / (2 eta2), var = -1 / (2 eta2)."""
    eta1, eta2 = natural(raw)
    variance = -0.5 / eta2
    return eta1 * variance, variance


def log_density(raw: Float[Array, "... 2"], x: Float[Array, "..."]) -> Float[Array, "..."]:
    """log N(x; mu, var) = eta2 (x - mu)^2 + log(-2 eta2) / 2 - log(2 pi) / 2, the form that does not cancel."""
    eta1, eta2 = natural(raw)
    residual = x + 0.5 * eta1 / eta2
    return eta2 * residual**2 + 0.5 * jnp.log(-2 * eta2) - 0.5 * LOG_2PI


def standard(values: Float[np.ndarray, " rows"]) -> tuple[float, float]:
    """Mean and standard deviation (ddof 1); a spread lost in rounding counts as 1."""
    center = float(values.mean()) if values.size else 0.0
    spread = float(values.std(ddof=1)) if values.size > 1 else 1.0
    return center, spread if spread > 1e-12 * abs(center) and spread > 0 else 1.0


def marginal_raw(x: np.ndarray) -> Float[np.ndarray, "2"]:
    """Raw head outputs whose normal has the mean and variance of ``x``."""
    mean, variance = float(np.mean(x)), max(float(np.var(x)), MIN_STD**2)
    precision = 0.5 / variance
    return np.array([mean / variance, np.log(np.expm1(precision)) if precision < 30 else precision])


@dataclasses.dataclass(frozen=True)
class Normal(Likelihood):
    """Real values, standardised: x = (raw - center) / scale."""

    name: ClassVar[str] = "normal"

    @property
    def parameters(self) -> int:
        """Two natural parameters."""
        return 2

    def fit(self, values: Float[np.ndarray, " rows"]) -> Scale:
        """Mean and standard deviation of the observed values."""
        center, scale = standard(values)
        return Scale(center, scale, 0.0)

    def to_model(self, values: np.ndarray, scale: Scale) -> np.ndarray:
        """Standardise."""
        return (values - scale.center) / scale.scale

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Undo the standardisation."""
        return scale.center, scale.scale

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """Log-density in model space."""
        return self.sum_event(log_density(raw, x))

    def log_jacobian(self, x: Array, scale: Scale) -> Array:
        """Log-density on the raw scale is smaller by log(scale)."""
        return self.sum_event(jnp.broadcast_to(-jnp.log(jnp.asarray(scale.scale)), x.shape))

    def mode(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """The mean."""
        return self.mean(raw, scale)

    def mean(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """mu, in standard deviations from the centre."""
        del scale
        return moments(raw)[0]

    def sample(self, key: Key[Array, ""], raw: Float[Array, "..."], scale: Scale) -> Array:
        """mu plus scaled noise."""
        del scale
        mean, variance = moments(raw)
        return mean + jnp.sqrt(variance) * jax.random.normal(key, mean.shape, mean.dtype)

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Mean and variance of the column, element by element of the event."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        return np.concatenate([marginal_raw(column) for column in flat.T])
