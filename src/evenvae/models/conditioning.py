"""A model that is told each row's task (site, sensor, year): encoder and trunk see it, the likelihoods do not.

The task is part of the latent, so that whatever indexes or decodes latents need not know of it. Priors see z alone
(`ConditionalPosterior.latent_of`).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.likelihoods.base import Scale
from evenvae.models.batch import Batch
from evenvae.models.convolution import ConvolutionalInput
from evenvae.models.encoder import CellInput, Encoder
from evenvae.models.networks import Stack, Statistics, xavier_uniform
from evenvae.models.posterior import DiagonalNormal
from evenvae.threefry import AnyKey


class ConditionalLatent(NamedTuple):
    """z, and the condition under which it is decoded: a task as `condition_of` gives it, or what the decoder sees."""

    z: Float[Array, "... latent"]
    condition: Float[Array, "... size"]

    @classmethod
    def of(
        cls, z: Float[Array | np.ndarray, "... latent"], condition: Float[Array, "*#rows size"]
    ) -> "ConditionalLatent":
        """z with the condition of every row, or of all rows."""
        shape = (*z.shape[:-1], condition.shape[-1])
        return cls(jnp.asarray(z), jnp.broadcast_to(condition, shape).astype(z.dtype))


def condition_of(codes: Int[Array | np.ndarray, "*rows T"], levels: tuple[int, ...]) -> Float[Array, "*rows levels"]:
    """One-hot codes of every task column, side by side; ``levels`` holds the number of levels of each.

    A code of -1 (missing, or not seen in training) gives each level of its column an equal share, so that a linear
    layer on top uses the mean of the known tasks' embeddings.
    """
    parts = []
    for column, count in enumerate(levels):
        code = codes[..., column, None]
        parts.append(jnp.where(code < 0, 1 / count, (code == jnp.arange(count)).astype(jnp.float32)))
    return jnp.concatenate(parts, axis=-1)


class ConditionalPosterior(NamedTuple):
    """q(z|x, s), a `PosteriorProtocol` whose draws carry the condition of their row along."""

    own: DiagonalNormal
    condition: Float[Array, "rows size"]

    @property
    def mean(self) -> Float[Array, "rows latent"]:
        """Mean of z."""
        return self.own.mean

    @property
    def std(self) -> Float[Array, "rows latent"]:
        """Standard deviation of z."""
        return self.own.std

    @property
    def noise_size(self) -> int:
        """One number for each coordinate of z."""
        return self.own.noise_size

    @property
    def location(self) -> ConditionalLatent:
        """The mean of z, under the row's condition."""
        return ConditionalLatent(self.own.mean, self.condition)

    @property
    def representation(self) -> Float[Array, "rows latent"]:
        """The mean of z, without the condition."""
        return self.own.mean

    @property
    def normalisation(self) -> None:
        """None: the heads have nothing to undo."""
        return None

    def sample(self, key: Key[Array, ""], samples: int) -> ConditionalLatent:
        """Reparametrised draws of z, under the row's condition."""
        return ConditionalLatent.of(self.own.sample(key, samples), self.condition)

    def at(self, noise: Float[Array, "samples #rows latent"]) -> ConditionalLatent:
        """mean + std * noise, under the row's condition."""
        return ConditionalLatent.of(self.own.at(noise), self.condition)

    def log_prob(self, latent: ConditionalLatent) -> Float[Array, "*samples rows"]:
        """Log-density of z; the condition is given."""
        return self.own.log_prob(latent.z)

    def detached(self) -> "ConditionalPosterior":
        """The same distribution, whose parameters receive no gradient."""
        return ConditionalPosterior(self.own.detached(), self.condition)

    def latent_of(self, draw: ConditionalLatent) -> Float[Array, "... latent"]:
        """z: the prior is the same under all conditions."""
        return draw.z


class TaskInput(eqx.Module):
    """The encoder's first layer, with the task added to its pre-activations."""

    cells: CellInput | ConvolutionalInput
    kernel: Float[Array, "levels width"]
    levels: tuple[int, ...] = eqx.field(static=True)

    def init(self) -> Statistics | None:
        """State of the layer for the cells."""
        return self.cells.init()

    def __call__(
        self,
        batch: Batch,
        scales: tuple[Scale, ...],
        state: Statistics | None,
        key: Key[Array, ""] | None,
        inference: bool,
    ) -> tuple[Float[Array, "rows width"], Statistics | None]:
        """Pre-activations, and the state after this batch."""
        out, state = self.cells(batch, scales, state, key, inference)
        return out + condition_of(batch.tasks, self.levels).astype(out.dtype) @ self.kernel, state


class TaskEncoder(eqx.Module):
    """q(z|x, s): an encoder whose first layer is a `TaskInput`; an `EncoderProtocol`."""

    encoder: Encoder
    levels: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def of(cls, encoder: Encoder, levels: tuple[int, ...], key: AnyKey) -> "TaskEncoder":
        """The encoder, told the tasks; ``levels`` holds the number of levels of each task column."""
        width = encoder.output.kernel.shape[0]
        first = TaskInput(encoder.cell_input, jax.device_put(xavier_uniform(key, (sum(levels), width))), levels)
        return cls(eqx.tree_at(lambda e: e.cell_input, encoder, first), levels)

    def init(self) -> Statistics | None:
        """State at the start of training."""
        return self.encoder.init()

    def __call__(
        self,
        batch: Batch,
        scales: tuple[Scale, ...],
        state: Statistics | None,
        key: Key[Array, ""] | None = None,
        inference: bool = False,
    ) -> tuple[ConditionalPosterior, Statistics | None]:
        """The posterior of every row under its task, and the state after this batch."""
        posterior, state = self.encoder(batch, scales, state, key, inference)
        return ConditionalPosterior(posterior, condition_of(batch.tasks, self.levels)), state


class TaskTrunk(eqx.Module):
    """The trunk, which sees the task beside z."""

    stack: Stack
    levels: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, latent: ConditionalLatent) -> Float[Array, "... width"]:
        """The last shared feature."""
        return self.stack(jnp.concatenate(latent, axis=-1))

    def given(
        self, z: Float[Array | np.ndarray, "... latent"], tasks: Int[Array | np.ndarray, "... T"]
    ) -> ConditionalLatent:
        """z under tasks with these codes."""
        return ConditionalLatent.of(z, condition_of(tasks, self.levels))
