"""What families share in which a function of a normal variable gives the numbers."""

from collections.abc import Callable
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from evenvae.likelihoods.base import FARTHEST, Likelihood, Scale
from evenvae.likelihoods.draws import normal_quantile
from evenvae.likelihoods.normal import log_density, marginal_parameters, moments

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
"""Of Gauss-Hermite quadrature for a standard normal variable; the weights add up to the root of 2 pi."""


class TransformedNormal(Likelihood):
    """A normal variable in model space, and a monotone function of it, `value`, that gives the numbers.

    A family says what the function is (`value`), and by what it changes densities (`log_jacobian`).
    """

    farthest: ClassVar[float] = FARTHEST

    @property
    def parameter_count(self) -> int:
        """Two natural parameters of the normal variable."""
        return 2

    def log_prob(self, parameters: Float[Array, "... 2"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """Log-density of the normal variable."""
        return log_density(parameters, x)

    def expected_cell(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The mean of the normal variable."""
        del scale
        return moments(parameters)[0]

    def median(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The number at the mean of the normal variable."""
        return jnp.asarray(self.value(moments(parameters)[0], scale))

    def mean(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The mean number, by Gauss-Hermite quadrature."""
        return gaussian_mean(lambda x: jnp.asarray(self.value(x, scale)), *moments(parameters))

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 2"], scale: Scale
    ) -> Float[Array, "..."]:
        """The number at a normal draw."""
        mean, variance = moments(parameters)
        return jnp.asarray(self.value(mean + jnp.sqrt(variance) * normal_quantile(uniform[0]), scale))

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Parameters of the mean and variance in model space."""
        return marginal_parameters(np.asarray(x, float))


def gaussian_mean(
    function: Callable[[Float[Array, "..."]], Float[Array, "..."]],
    mean: Float[Array, "..."],
    variance: Float[Array, "..."],
) -> Float[Array, "..."]:
    """The mean of a function of a normal variable, by Gauss-Hermite quadrature with 16 nodes."""
    std = jnp.sqrt(variance)
    terms = [
        np.float32(weight / np.sqrt(2 * np.pi)) * function(mean + np.float32(node) * std)
        for node, weight in zip(NODES, WEIGHTS, strict=True)
    ]
    return jnp.sum(jnp.stack(terms), axis=0)
