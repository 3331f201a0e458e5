"""More zeros than a family of counts expects."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from evenvae.likelihoods.base import Likelihood, Scale
from evenvae.likelihoods.negativebinomial import NegativeBinomial
from evenvae.likelihoods.poisson import Poisson

ROUNDS = 30
"""Steps of expectation and maximisation by which the marginal is found."""


@dataclasses.dataclass(frozen=True)
class ZeroInflated(Likelihood):
    r"""0 with a probability, else a count of the family, which may be 0 as well (Lambert, 1992).

    Formula:
        $$ p(0) = \pi + (1 - \pi)\, f(0), \qquad p(x) = (1 - \pi)\, f(x) \;\text{ for } x > 0 $$

        where f is the family. The head gives the logit of $\pi$, then the parameters of f.

    Counts stand above the family's offset, so "zero" is the offset of a column that begins at 1 or later.

    Cost:
        One output more than the family has.
    """

    base: ClassVar[Poisson]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.name = f"zero-inflated-{cls.base.name}"
        cls.support_words = cls.base.support_words
        cls.uniforms = cls.base.uniforms + 1
        cls.vague = cls.base.vague
        cls.constants = cls.base.constants

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """As for the family."""
        return cls.base.in_support(values)

    @classmethod
    def applies(cls, values: Float[np.ndarray, " rows"]) -> bool:
        """Small counts, the least of which is the most frequent one."""
        rows = np.unique(values, return_counts=True)[1]
        return NegativeBinomial.applies(values) and bool(rows[0] == rows.max())

    @property
    def parameter_count(self) -> int:
        """The logit, and the parameters of the family."""
        return 1 + self.base.parameter_count

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """As for the family."""
        return self.base.fit(values)

    def to_model(self, values: Float[np.ndarray, "..."], scale: Scale) -> Float[np.ndarray, "..."]:
        """As for the family."""
        return self.base.to_model(values, scale)

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """As for the family."""
        return self.base.standardised(values, scale)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """As for the family."""
        return self.base.affine(scale)

    def log_prob(
        self, parameters: Float[Array, "... count"], x: Shaped[Array | np.ndarray, "..."]
    ) -> Float[Array, "..."]:
        """log((1 - pi) f(x)), and log(pi + (1 - pi) f(0)) at 0."""
        extra, own = parameters[..., 0], parameters[..., 1:]
        counted = jax.nn.log_sigmoid(-extra) + self.base.log_prob(own, x)
        return jnp.where(x == 0, jnp.logaddexp(jax.nn.log_sigmoid(extra), counted), counted)

    def mean(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """(1 - pi) times the family's mean."""
        return jax.nn.sigmoid(-parameters[..., 0]) * self.base.mean(parameters[..., 1:], scale)

    def mode(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """0, or the family's mode where that is likelier."""
        mode = self.base.mode(parameters[..., 1:], scale)
        nothing = jnp.zeros_like(mode)
        return jnp.where(self.log_prob(parameters, mode) > self.log_prob(parameters, nothing), mode, nothing)

    def median(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """0 where half of the probability lies there, else the family's quantile at (1/2 - pi) / (1 - pi)."""
        del scale
        extra, own = jax.nn.sigmoid(parameters[..., 0]), parameters[..., 1:]
        half = self.log_prob(parameters, jnp.zeros_like(extra)) >= np.log(0.5)
        share = jnp.clip((0.5 - extra) / jnp.maximum(1 - extra, 1e-6), 1e-6, 1 - 1e-6)
        return jnp.where(half, 0, self.base.quantile(share, own))

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... count"], scale: Scale
    ) -> Float[Array, "..."]:
        """0, or a count of the family."""
        counted = self.base.from_uniform(uniform[1:], parameters[..., 1:], scale)
        return jnp.where(uniform[0] < jax.nn.sigmoid(parameters[..., 0]), jnp.zeros_like(counted), counted)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """The parameters of highest likelihood, by expectation and maximisation over which zeros are extra ones."""
        counts = np.asarray(x, float)
        zeros, positive = float((counts == 0).sum()), counts[counts != 0]
        extra, own = 0.5 * zeros, self.base.marginal(counts)
        for _ in range(ROUNDS if zeros else 0):
            own = self.base.marginal(np.concatenate([positive, np.zeros(round(zeros - extra))]))
            share = extra / len(counts)
            extra = zeros * share / max(share + (1 - share) * self.base.probability_of_zero(own), 1e-12)
        share = np.clip(extra / max(len(counts), 1), 0.5 / (len(counts) + 1), 1 - 0.5 / (len(counts) + 1))
        return np.append(np.log(share) - np.log1p(-share), own)

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """0 for a zero, which can be certain; else that of the family."""
        return np.where(np.asarray(x) == 0, 0.0, self.base.least_nats(x))

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array | np.ndarray, "..."]:
        """As for the family."""
        return self.base.encoder_value(x, scale)


@dataclasses.dataclass(frozen=True)
class ZeroInflatedPoisson(ZeroInflated):
    """Extra zeros, else a Poisson count.

    Use it when:
        Small counts, most of which are 0 for a reason of their own.
    """

    base: ClassVar[Poisson] = Poisson()


@dataclasses.dataclass(frozen=True)
class ZeroInflatedNegativeBinomial(ZeroInflated):
    """Extra zeros, else a negative binomial count.

    Use it when:
        Counts that spread widely, and that are 0 more often than that explains.
    """

    base: ClassVar[Poisson] = NegativeBinomial()
