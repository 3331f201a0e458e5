"""The negative binomial likelihood, for counts that spread more than a Poisson distribution lets them."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped
from scipy import optimize, special

from evenvae.likelihoods.base import HIVAETreatment, Scale
from evenvae.likelihoods.draws import GAMMA_UNIFORMS, gamma_draw, normal_quantile, poisson_quantile
from evenvae.likelihoods.gamma import log_factorial, log_gamma
from evenvae.likelihoods.poisson import Poisson, log_rate, rate

LEAST_SIZE, MOST_SIZE = 1e-3, 1e3
"""Bounds of the size: with the largest one, float32 does not tell the distribution from that of Poisson."""

LARGEST = 1e4
"""Largest count to try the family for: beyond it, its terms cancel to too few digits of float32."""


@dataclasses.dataclass(frozen=True)
class NegativeBinomial(Poisson):
    r"""Counts that spread more than a Poisson distribution lets them, above the same offset as `Poisson` has.

    Formula:
        $$ \log p(x) = \log \frac{\Gamma(x + r)}{\Gamma(r)\, x!} + r \log \frac{r}{r + m} + x \log \frac{m}{r + m} $$

        with mean m and variance $m + m^2 / r$. The head gives $\log m$ and, through softplus, the size r.

    Use it when:
        Counts vary from row to row more than their mean explains, as visits, claims and orders do.

    Cost:
        Two outputs of the heads a column; a draw takes eight uniform numbers.
    """

    name: ClassVar[str] = "negative-binomial"
    hivae: ClassVar[HIVAETreatment | None] = None
    uniforms: ClassVar[int] = GAMMA_UNIFORMS + 1

    @classmethod
    def applies(cls, values: Float[np.ndarray, " rows"]) -> bool:
        """Counts up to `LARGEST`."""
        return super().applies(values) and float(values.max(initial=0)) <= LARGEST

    @property
    def parameter_count(self) -> int:
        """The log mean and the size."""
        return 2

    @staticmethod
    def split(parameters: Float[Array, "... 2"]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Mean and size."""
        size = LEAST_SIZE + jax.nn.softplus(jnp.minimum(parameters[..., 1], MOST_SIZE))
        return rate(parameters[..., 0]), size

    def log_prob(self, parameters: Float[Array, "... 2"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """log Gamma(x + r) - log Gamma(r) - log x! + r log(r / (r + m)) + x log(m / (r + m))."""
        _, size = self.split(parameters)
        ways = log_gamma(x + size) - log_gamma(size) - log_factorial(x)
        # in logarithms, because a mean far below 1 has no square in float32
        apart = log_rate(parameters[..., 0]) - jnp.log(size)
        return ways - size * jax.nn.softplus(apart) - x * jax.nn.softplus(-apart)

    def mode(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """floor(m (r - 1) / r), and 0 for r of at most 1."""
        del scale
        mean, size = self.split(parameters)
        return jnp.floor(mean * jnp.maximum(size - 1, 0) / size)

    def mean(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """m."""
        del scale
        return self.split(parameters)[0]

    def median(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """See `quantile`."""
        del scale
        return self.quantile(jnp.full(parameters.shape[:-1], 0.5, parameters.dtype), parameters)

    def quantile(self, share: Float[Array, "..."], parameters: Float[Array, "... count"]) -> Float[Array, "..."]:
        """That of the gamma distribution of the rate, by Wilson and Hilferty (1931), to the nearest count.

        It is near where the mean is large, and within a few counts where it is small and the size is below 1.
        """
        mean, size = self.split(parameters)
        root = 1 - 1 / (9 * size) + normal_quantile(share) / (3 * jnp.sqrt(size))
        return jnp.round(mean * jnp.maximum(root, 0) ** 3)

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... 2"], scale: Scale
    ) -> Float[Array, "..."]:
        """A Poisson count whose rate is a gamma draw."""
        del scale
        mean, size = self.split(parameters)
        drawn = gamma_draw(uniform[:-1], size) * mean / size
        return poisson_quantile(uniform[-1], jnp.clip(drawn, 1e-20, 1e8))

    def probability_of_zero(self, parameters: Float[np.ndarray, " count"]) -> float:
        """(1 + m / r)^-r."""
        mean, size = np.exp(parameters[0]), LEAST_SIZE + np.logaddexp(0, parameters[1])
        return float((1 + mean / size) ** -size)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """The log mean, and the size of highest likelihood."""
        counts, rows = np.unique(np.asarray(x, float), return_counts=True)
        mean = max(float(np.average(counts, weights=rows)), 1e-6)

        def loss(log_size: float) -> float:
            size = np.exp(log_size)
            ways = special.gammaln(counts + size) - special.gammaln(size) - counts * np.log1p(size / mean)
            return -float(rows @ ways) + rows.sum() * size * float(np.log1p(mean / size))

        best: Any = optimize.minimize_scalar(loss, bounds=(np.log(2 * LEAST_SIZE), np.log(MOST_SIZE)), method="bounded")
        size = float(np.exp(best.x)) - LEAST_SIZE
        return np.array([np.log(mean), size if size > 30 else np.log(np.expm1(size))])
