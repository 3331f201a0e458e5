"""The categorical likelihood, for columns of several levels."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from evenvae.likelihoods.base import EncoderInput, HIVAETreatment, Likelihood, Scale, Values
from evenvae.likelihoods.draws import level
from evenvae.likelihoods.frequencies import level_counts, log_ratio


@dataclasses.dataclass(frozen=True)
class Categorical(Likelihood):
    r"""Levels with codes 0 .. levels - 1; the parameters are one free logit for each level.

    Formula:
        $$ \log p(x) = r_x - \log \sum_j e^{r_j} $$

    Use it when:
        Levels have no order: towns, occupations, codes.

    Cost:
        One output of the heads for every level. From thousands of levels on, heads and embeddings are most of the step.
    """

    levels: int = 2

    name: ClassVar[str] = "categorical"
    values: ClassVar[Values] = "levels"
    support_words: ClassVar[str] = "no codes of levels"
    encoder_input: ClassVar[EncoderInput] = "level"
    hivae: ClassVar[HIVAETreatment | None] = "levels"
    cell_dtype: ClassVar[type[np.generic]] = np.int32

    @classmethod
    def of_column(cls, levels: int, shape: tuple[int, ...], steps: int = 0) -> "Categorical":
        """With the column's number of levels, and at least one."""
        del shape, steps
        return cls(levels=max(levels, 1))

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """Whole numbers from 0; their largest is the column's, not the family's."""
        return (values >= 0) & (values == np.round(values))

    @property
    def parameter_count(self) -> int:
        """One logit for each level."""
        return self.levels

    @property
    def level_count(self) -> int:
        """Number of levels."""
        return self.levels

    def log_prob(
        self, parameters: Float[Array, "... levels"], x: Shaped[Array | np.ndarray, "..."]
    ) -> Float[Array, "..."]:
        """r_x - logsumexp(r), with the logits r."""
        # a comparison instead of a gather: its gradient is elementwise, where that of a gather is a slow scatter
        onehot = x[..., None] == jnp.arange(self.levels, dtype=x.dtype)
        # written out: jax.nn.logsumexp also handles infinite logits, which no head gives, and takes up to twice as long
        shifted = parameters - jax.lax.stop_gradient(parameters.max(-1, keepdims=True))
        chosen = jnp.where(onehot, shifted, 0).sum(-1)
        return self.sum_event(chosen - jnp.log(jnp.exp(shifted).sum(-1)))

    def probabilities(self, parameters: Float[Array, "... levels"]) -> Float[Array, "... levels"]:
        """softmax(r)."""
        return jax.nn.softmax(parameters, axis=-1)

    def mode(self, parameters: Float[Array, "... levels"], scale: Scale) -> Float[Array, "..."]:
        """Code of the largest logit, the lowest code of those that tie."""
        del scale
        return jnp.argmax(parameters, axis=-1).astype(parameters.dtype)

    def mean(self, parameters: Float[Array, "... levels"], scale: Scale) -> Float[Array, "..."]:
        """The mode, as levels have no mean."""
        return self.mode(parameters, scale)

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... levels"], scale: Scale
    ) -> Float[Array, "..."]:
        """A code."""
        del scale
        return level(uniform[0], parameters).astype(parameters.dtype)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Logarithms of the frequencies, with half a count added to each level."""
        counts = level_counts(x, self.levels) + 0.5
        return np.log(counts / counts.sum(axis=1, keepdims=True)).ravel()

    def marginal_shift(
        self, wanted: Shaped[np.ndarray, "rows columns"], drawn: Shaped[np.ndarray, "draws columns"]
    ) -> Float[np.ndarray, "columns levels"]:
        """The logarithms of the ratios of the levels' frequencies."""
        return log_ratio(wanted, drawn, self.levels)
