"""The normal likelihood in natural parameters, for real numbers."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from evenvae.constants import LOG_2PI
from evenvae.likelihoods.base import FARTHEST, HIVAETreatment, Likelihood, Scale
from evenvae.likelihoods.draws import normal_quantile
from evenvae.likelihoods.grids import MIN_STD

MAX_STD = 1e3
_LOWEST, _HIGHEST = 1 / (2 * MAX_STD**2), 1 / (2 * MIN_STD**2)


def natural_parameters(parameters: Float[Array, "... 2"]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """``(eta1, eta2)`` from the head's outputs r: eta1 = r1, eta2 = -softplus(r2).

    The standard deviation is held in [1e-3, 1e3] of model space after the softplus, with a straight-through
    gradient. Without bounds, the density of a column that repeats its values would grow without end and dominate
    the training.
    """
    precision = jax.nn.softplus(parameters[..., 1])
    bounded = jnp.clip(precision, _LOWEST, _HIGHEST)
    return parameters[..., 0], -(precision + jax.lax.stop_gradient(bounded - precision))


def moments(parameters: Float[Array, "... 2"]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Mean and variance: mu = -eta1 / (2 eta2), var = -1 / (2 eta2)."""
    eta1, eta2 = natural_parameters(parameters)
    variance = -0.5 / eta2
    return eta1 * variance, variance


def log_density(parameters: Float[Array, "... 2"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
    """log N(x; mu, var) = eta2 (x - mu)^2 + log(-2 eta2) / 2 - log(2 pi) / 2, the form that does not cancel."""
    eta1, eta2 = natural_parameters(parameters)
    residual = x + 0.5 * eta1 / eta2
    return eta2 * residual**2 + 0.5 * jnp.log(-2 * eta2) - 0.5 * LOG_2PI


def standard(values: Float[np.ndarray, " rows"]) -> tuple[float, float]:
    """Mean and standard deviation (ddof 1); a spread that rounding errors alone can make counts as 1."""
    center = float(values.mean()) if values.size else 0.0
    spread = float(values.std(ddof=1)) if values.size > 1 else 1.0
    return center, spread if spread > 1e-12 * abs(center) and spread > 0 else 1.0


def marginal_parameters(x: Float[np.ndarray, " rows"]) -> Float[np.ndarray, "2"]:
    """Head outputs whose normal has the mean and variance of ``x``."""
    mean, variance = float(np.mean(x)), max(float(np.var(x)), MIN_STD**2)
    precision = 0.5 / variance
    return np.array([mean / variance, np.log(np.expm1(precision)) if precision < 30 else precision])


@dataclasses.dataclass(frozen=True)
class Normal(Likelihood):
    r"""Real numbers, standardised: x = (raw - center) / scale.

    Formula:
        $$ \log p(x) = \eta_2 (x - \mu)^2 + \tfrac12 \log(-2 \eta_2) - \tfrac12 \log 2\pi, \qquad
        \mu = \frac{-\eta_1}{2 \eta_2} $$

        with the natural parameters $\eta_1 = r_1$ and $\eta_2 = -\mathrm{softplus}(r_2)$ of the head's outputs r. The
        standard deviation $(-2 \eta_2)^{-1/2}$ is held in [0.001, 1000].

    Use it when:
        Numbers may be negative, and no value is shared by many rows.

    Cost:
        Two outputs of the heads a column.
    """

    name: ClassVar[str] = "normal"
    farthest: ClassVar[float] = FARTHEST
    hivae: ClassVar[HIVAETreatment | None] = "numbers"

    @property
    def parameter_count(self) -> int:
        """Two natural parameters."""
        return 2

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """Mean and standard deviation of the observed values."""
        center, scale = standard(values)
        return Scale(center, scale, 0.0)

    def to_model(self, values: Float[np.ndarray, "..."], scale: Scale) -> Float[np.ndarray, "..."]:
        """Standardised values."""
        return (values - scale.center) / scale.scale

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """The values."""
        return self.to_model(values, scale)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Undo the standardisation."""
        return scale.center, scale.scale

    def log_prob(self, parameters: Float[Array, "... 2"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """Log-density in model space."""
        return self.sum_event(log_density(parameters, x))

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """-log(scale): the density on the raw scale is smaller by this factor."""
        return self.sum_event(jnp.broadcast_to(-jnp.log(jnp.asarray(scale.scale)), x.shape))

    def mode(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The mean."""
        return self.mean(parameters, scale)

    def mean(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """mu, in standard deviations of the column from its mean."""
        del scale
        return moments(parameters)[0]

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 2"], scale: Scale
    ) -> Float[Array, "..."]:
        """mu plus scaled noise."""
        del scale
        mean, variance = moments(parameters)
        return mean + jnp.sqrt(variance) * normal_quantile(uniform[0])

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Parameters of the column's mean and variance, for each element of the event."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        return np.concatenate([marginal_parameters(column) for column in flat.T])
