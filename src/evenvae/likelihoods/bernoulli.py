"""Bernoulli likelihood, for columns of two levels and for binary pixels."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.likelihoods.base import Likelihood, Scale


@dataclasses.dataclass(frozen=True)
class Bernoulli(Likelihood):
    """Codes 0 and 1 with a logit head."""

    name: ClassVar[str] = "bernoulli"
    nominal: ClassVar[bool] = True

    @property
    def parameters(self) -> int:
        """The logit."""
        return 1

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """x r - softplus(r)."""
        logits = raw[..., 0]
        return self.sum_event(x * logits - jax.nn.softplus(logits))

    def probabilities(self, raw: Float[Array, "... 1"]) -> Float[Array, "... 2"]:
        """Probability of each code."""
        p = jax.nn.sigmoid(raw[..., 0])
        return jnp.stack([1 - p, p], axis=-1)

    def mode(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """1 where the logit is not negative."""
        del scale
        return (raw[..., 0] >= 0).astype(raw.dtype)

    def mean(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """Probability of code 1."""
        del scale
        return jax.nn.sigmoid(raw[..., 0])

    def sample(self, key: Key[Array, ""], raw: Float[Array, "..."], scale: Scale) -> Array:
        """A coin toss."""
        del scale
        return jax.random.bernoulli(key, jax.nn.sigmoid(raw[..., 0])).astype(raw.dtype)

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Log odds of the observed frequency, half a count added to each side."""
        flat = np.asarray(x, float).reshape(len(x), -1)
        ones = flat.sum(axis=0)
        return np.log(ones + 0.5) - np.log(len(flat) - ones + 0.5)

    def encoder_value(self, x: Array, scale: Scale) -> Array:
        """-1 or 1, so that 0 stands for missing."""
        del scale
        return 2 * x - 1
