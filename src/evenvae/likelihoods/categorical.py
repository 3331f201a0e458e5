"""Categorical likelihood, for columns of several levels."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.likelihoods.base import Likelihood, Scale


@dataclasses.dataclass(frozen=True)
class Categorical(Likelihood):
    """Integer codes 0 .. levels-1; all logits free."""

    levels: int = 2

    name: ClassVar[str] = "categorical"
    nominal: ClassVar[bool] = True

    @property
    def parameters(self) -> int:
        """One logit a level."""
        return self.levels

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """r_x - logsumexp(r)."""
        # a comparison instead of a gather: its gradient is elementwise, where a gather's is a slow scatter
        onehot = x[..., None] == jnp.arange(self.levels, dtype=x.dtype)
        # shifted here: jax.nn.logsumexp also minds infinite logits, which no head gives, for up to twice the time
        shifted = raw - jax.lax.stop_gradient(raw.max(-1, keepdims=True))
        chosen = jnp.where(onehot, shifted, 0).sum(-1)
        return self.sum_event(chosen - jnp.log(jnp.exp(shifted).sum(-1)))

    def probabilities(self, raw: Float[Array, "... levels"]) -> Float[Array, "... levels"]:
        """softmax(r)."""
        return jax.nn.softmax(raw, axis=-1)

    def mode(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """Largest logit; ties go to the lowest code."""
        del scale
        return jnp.argmax(raw, axis=-1).astype(raw.dtype)

    def mean(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """Levels have no mean: the mode."""
        return self.mode(raw, scale)

    def sample(self, key: Key[Array, ""], raw: Float[Array, "..."], scale: Scale) -> Array:
        """A draw of the code."""
        del scale
        return jax.random.categorical(key, raw, axis=-1).astype(raw.dtype)

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Log frequencies, half a count added to each level."""
        flat = np.asarray(x).astype(np.int64).reshape(len(x), -1)
        counts = np.stack([np.bincount(column, minlength=self.levels) for column in flat.T]) + 0.5
        return np.log(counts / counts.sum(axis=1, keepdims=True)).ravel()
