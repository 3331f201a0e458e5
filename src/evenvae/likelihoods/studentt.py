"""Student's t likelihood, for real numbers with heavy tails."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped
from scipy import optimize, special

from evenvae.constants import LOG_2PI
from evenvae.likelihoods.base import HIVAETreatment, Scale
from evenvae.likelihoods.gamma import log_gamma
from evenvae.likelihoods.normal import MAX_STD, MIN_STD, Normal

LEAST_FREEDOM = 2.5
"""Fewest degrees of freedom: the variance is finite from 2 on."""
ROUNDS = 15
"""Reweightings by which location and scale of the marginal are found."""
MOST_FREEDOM = 1e3
"""Beyond it, the distribution is normal to float32."""


@dataclasses.dataclass(frozen=True)
class StudentT(Normal):
    r"""Standardised real numbers whose tails fall as a power: few values are far out, and they do not pull the mean.

    Formula:
        $$ \log p(x) = \log \frac{\Gamma(\frac{\nu + 1}2)}{\Gamma(\frac\nu2) \sqrt{\pi \nu}\; s}
        - \frac{\nu + 1}2 \log\Bigl(1 + \frac{(x - m)^2}{\nu s^2}\Bigr) $$

        The head gives the location m, $\log s$ and, through softplus, the degrees of freedom $\nu$ beyond
        `LEAST_FREEDOM`.

    Use it when:
        Most numbers are close together and some are far out: returns, errors of measurement.

    Cost:
        Three outputs of the heads a column, and two logarithms of the gamma function a cell.
    """

    name: ClassVar[str] = "student-t"
    hivae: ClassVar[HIVAETreatment | None] = None
    uniforms: ClassVar[int] = 2

    @property
    def parameter_count(self) -> int:
        """Location, scale and degrees of freedom."""
        return 3

    @staticmethod
    def split(
        parameters: Float[Array, "... 3"],
    ) -> tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]:
        """Location, scale, and degrees of freedom."""
        spread = jnp.exp(jnp.clip(parameters[..., 1], np.log(MIN_STD), np.log(MAX_STD)))
        freedom = LEAST_FREEDOM + jax.nn.softplus(jnp.minimum(parameters[..., 2], MOST_FREEDOM))
        return parameters[..., 0], spread, freedom

    def log_prob(self, parameters: Float[Array, "... 3"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """log Gamma(h + 1/2) - log Gamma(h) - log(2 pi h) / 2 - log s - (h + 1/2) log(1 + z^2 / v) with h = v / 2."""
        location, spread, freedom = self.split(parameters)
        half = 0.5 * freedom
        squared = ((x - location) / spread) ** 2
        constant = log_gamma(half + 0.5) - log_gamma(half) - 0.5 * (LOG_2PI + jnp.log(half))
        return constant - jnp.log(spread) - (half + 0.5) * jnp.log1p(squared / freedom)

    def mode(self, parameters: Float[Array, "... 3"], scale: Scale) -> Float[Array, "..."]:
        """The location."""
        return self.mean(parameters, scale)

    def mean(self, parameters: Float[Array, "... 3"], scale: Scale) -> Float[Array, "..."]:
        """The location, in standard deviations of the column from its mean."""
        del scale
        return parameters[..., 0]

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 3"], scale: Scale
    ) -> Float[Array, "..."]:
        """m + s sqrt(v (u^(-2 / v) - 1)) cos(2 pi w), which is exact (Bailey, 1994, eq. 2)."""
        del scale
        location, spread, freedom = self.split(parameters)
        radius = jnp.sqrt(freedom * jnp.expm1(-2 / freedom * jnp.log(uniform[0])))
        return location + spread * radius * jnp.cos(2 * np.float32(np.pi) * uniform[1])

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """The parameters of highest likelihood: location and scale by reweighting, for the best degrees of freedom."""
        flat = np.asarray(x, float)
        best: Any = optimize.minimize_scalar(
            lambda log_freedom: _fitted(flat, np.exp(log_freedom))[2],
            bounds=(np.log(LEAST_FREEDOM + 0.01), np.log(100)),
            method="bounded",
            options={"xatol": 0.05},
        )
        freedom = float(np.exp(best.x))
        location, spread, _ = _fitted(flat, freedom)
        beyond = freedom - LEAST_FREEDOM
        raw = beyond if beyond > 30 else np.log(np.expm1(beyond))
        return np.array([location, np.log(np.clip(spread, MIN_STD, MAX_STD)), raw])


def _fitted(x: Float[np.ndarray, " rows"], freedom: float) -> tuple[float, float, float]:
    """Location and scale of highest likelihood, and their loss in nats a value.

    They are found by weights (v + 1) / (v + z^2) (Lange, Little and Taylor, 1989).
    """
    location, spread = float(np.median(x)), max(float(x.std()), MIN_STD)
    for _ in range(ROUNDS):
        weight = (freedom + 1) / (freedom + ((x - location) / spread) ** 2)
        location = float(np.average(x, weights=weight))
        spread = max(float(np.sqrt((weight * (x - location) ** 2).mean())), MIN_STD)
    half, z = 0.5 * freedom, (x - location) / spread
    constant = special.gammaln(half + 0.5) - special.gammaln(half) - 0.5 * np.log(np.pi * freedom) - np.log(spread)
    return location, spread, float((half + 0.5) * np.log1p(z**2 / freedom).mean() - constant)
