"""The discretised logistic likelihood, for whole numbers and for numbers that are rounded."""

import dataclasses
import math
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from evenvae.likelihoods.base import FARTHEST, Likelihood, Scale
from evenvae.likelihoods.grids import grid_of
from evenvae.likelihoods.normal import MAX_STD, MIN_STD
from evenvae.likelihoods.ordinal import log_difference

SPREADS = 8
"""The range of a column is about so many units wide."""
FINEST = 10
"""Most halvings of the unit: on a finer grid, the family is that of the logistic density."""


@dataclasses.dataclass(frozen=True)
class DiscretisedLogistic(Likelihood):
    r"""A logistic variable that is rounded to the column's grid (Salimans et al., 2017, eq. 2, without their bounds).

    Formula:
        $$ \log p(x) = \log\Bigl[\sigma\Bigl(\frac{x + h - m}s\Bigr) - \sigma\Bigl(\frac{x - h - m}s\Bigr)\Bigr]
        - \log \mathrm{step} $$

        where h is half a step of the grid in model space. The head gives the location m and $\log s$.

    The probability of x is that of the interval of one step around it: it cannot grow beyond 1, as a density can. As
    for other families, the log-probability is reported as a density: the probability divided by the step. The unit of
    model space is 2^fineness steps, so that columns of like resolution share a block and the steps need no constant of
    each column.

    Use it when:
        Numbers are whole or rounded, and a density would become certain of single values.

    Cost:
        Two outputs of the heads a column.

    Attributes:
        fineness: how often the unit is halved to give a step.
    """

    fineness: int = 3

    name: ClassVar[str] = "discretised-logistic"
    farthest: ClassVar[float] = FARTHEST

    @classmethod
    def of_column(cls, levels: int, shape: tuple[int, ...], steps: int = 0) -> "DiscretisedLogistic":
        """With a unit that is about an eighth of the column's range."""
        del levels, shape
        return cls(fineness=min(max(round(math.log2(max(steps, 1) / SPREADS)), 0), FINEST))

    @property
    def parameter_count(self) -> int:
        """Location and log scale."""
        return 2

    @property
    def _step(self) -> float:
        return 2.0**-self.fineness

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """A middle on the grid, the unit, and the step as the offset."""
        step = grid_of(values)
        center = float(np.round(values.mean() / step) * step) if values.size else 0.0
        return Scale(center, step / self._step, step)

    def to_model(self, values: Float[np.ndarray, "..."], scale: Scale) -> Float[np.ndarray, "..."]:
        """Units from the middle, on the grid."""
        return np.round((values - scale.center) / scale.offset) * self._step

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """From the middle, in units."""
        return scale.center, scale.scale

    @staticmethod
    def split(parameters: Float[Array, "... 2"]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Location and scale."""
        return parameters[..., 0], jnp.exp(jnp.clip(parameters[..., 1], np.log(MIN_STD), np.log(MAX_STD)))

    def log_prob(self, parameters: Float[Array, "... 2"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """log(sigma((x + h - m) / s) - sigma((x - h - m) / s)), where h is half a step."""
        location, spread = self.split(parameters)
        half = 0.5 * self._step
        return log_difference((x + half - location) / spread, (x - half - location) / spread)

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """-log of the step."""
        return jnp.broadcast_to(-jnp.log(jnp.asarray(scale.offset)), x.shape)

    def mode(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The point of the grid that is nearest to the location."""
        del scale
        return self._rounded(parameters[..., 0])

    def median(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The mode: the distribution is symmetric."""
        return self.mode(parameters, scale)

    def mean(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The location, from which the mean is less than half a step away."""
        del scale
        return parameters[..., 0]

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 2"], scale: Scale
    ) -> Float[Array, "..."]:
        """A logistic draw, rounded."""
        del scale
        location, spread = self.split(parameters)
        return self._rounded(location + spread * (jnp.log(uniform[0]) - jnp.log1p(-uniform[0])))

    def _rounded(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.round(x / self._step) * self._step

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Location and scale of the mean and variance."""
        flat = np.asarray(x, float)
        spread = float(flat.std()) * math.sqrt(3) / math.pi
        return np.array([flat.mean(), np.log(np.clip(max(spread, 0.1 * self._step), MIN_STD, MAX_STD))])

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """0: a value can be certain."""
        return np.zeros(len(x))
