"""A model that is told each row's task (site, sensor, year): encoder and trunk see it, the likelihood never does.

The codes ride behind the cells, one more array of a batch, and come out of the encoder as part of the latent, so
that whatever indexes, slices or decodes a batch needs to know nothing of them.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae.likelihoods import Scale
from evenvae.models.encoder import CellInput, Cells, Encoder
from evenvae.models.networks import Stack, Statistics, xavier_uniform
from evenvae.models.posterior import DiagonalNormal


class TaskLatent(NamedTuple):
    """z, and the task under which it is decoded."""

    z: Float[Array, "... latent"]
    condition: Float[Array, "... levels"]


def place(latent: Any) -> Float[Array, "... latent"]:
    """z of a latent that may carry its row's task; what a prior sees."""
    return latent.z if isinstance(latent, TaskLatent) else latent


def condition_of(codes: Int[Array, "... T"], levels: tuple[int, ...]) -> Float[Array, "... levels"]:
    """One-hot codes of every task column, side by side.

    A code of -1 (missing, or not seen in training) gives each of the column's levels an equal share, so that a
    layer on top uses the mean of the known tasks' embeddings.
    """
    parts = []
    for place_, count in enumerate(levels):
        code = codes[..., place_, None]
        parts.append(jnp.where(code < 0, 1 / count, (code == jnp.arange(count)).astype(jnp.float32)))
    return jnp.concatenate(parts, axis=-1)


class TaskPosterior(NamedTuple):
    """q(z|x, s), and the condition that its draws carry along."""

    own: DiagonalNormal
    condition: Float[Array, "rows levels"]

    @property
    def normalisation(self) -> None:
        """Constants of the batch that the heads must undo: none."""
        return None

    @property
    def mean(self) -> Float[Array, "rows latent"]:
        """Mean of z."""
        return self.own.mean

    @property
    def std(self) -> Float[Array, "rows latent"]:
        """Standard deviation of z."""
        return self.own.std

    @property
    def center(self) -> TaskLatent:
        """The mean, under the row's task."""
        return TaskLatent(self.own.mean, self.condition)

    @property
    def coordinates(self) -> Float[Array, "rows latent"]:
        """The row's place in latent space."""
        return self.own.mean

    @property
    def points(self) -> int:
        """Standard-normal numbers that make one draw."""
        return self.own.points

    def _carried(self, z: Float[Array, "samples rows latent"]) -> TaskLatent:
        shape = (*z.shape[:-1], self.condition.shape[-1])
        return TaskLatent(z, jnp.broadcast_to(self.condition, shape).astype(z.dtype))

    def sample(self, key: Key[Array, ""], samples: int) -> TaskLatent:
        """Reparametrised draws of z under the row's task."""
        return self._carried(self.own.sample(key, samples))

    def at(self, points: Float[Array, "samples #rows latent"]) -> TaskLatent:
        """The draws that standard-normal ``points`` stand for."""
        return self._carried(self.own.at(points))

    def log_prob(self, latent: TaskLatent) -> Float[Array, "*samples rows"]:
        """Log-density of z; the task is given."""
        return self.own.log_prob(latent.z)

    def detached(self) -> "TaskPosterior":
        """The same distribution, whose parameters receive no gradient."""
        return TaskPosterior(self.own.detached(), self.condition)


class TaskInput(eqx.Module):
    """The first layer, with the task added to its pre-activations."""

    cells: CellInput
    kernel: Float[Array, "levels width"]
    levels: tuple[int, ...] = eqx.field(static=True)

    def init(self) -> Statistics | None:
        """State of the layer below."""
        return self.cells.init()

    def __call__(
        self,
        cells: Cells,
        mask: Bool[Array, "rows D"],
        scales: tuple[Scale, ...],
        state: Statistics | None,
        key: Key[Array, ""] | None,
        inference: bool,
    ) -> tuple[Float[Array, "rows width"], Statistics | None]:
        """Pre-activations; the last of ``cells`` holds the codes, (rows, T)."""
        out, state = self.cells(cells[:-1], mask, scales, state, key, inference)
        return out + condition_of(cells[-1], self.levels).astype(out.dtype) @ self.kernel, state


class TaskEncoder(eqx.Module):
    """q(z|x, s): an encoder whose first layer is a `TaskInput`."""

    encoder: Encoder
    levels: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def of(cls, encoder: Encoder, levels: tuple[int, ...], key: Key[Array, ""]) -> "TaskEncoder":
        """The encoder, told of task columns with so many ``levels``."""
        width = encoder.cell_input.kernel.shape[-1]
        first = TaskInput(encoder.cell_input, xavier_uniform(key, (sum(levels), width)), levels)
        return cls(eqx.tree_at(lambda e: e.cell_input, encoder, first), levels)

    def init(self) -> Statistics | None:
        """State at the start of training."""
        return self.encoder.init()

    def __call__(
        self,
        cells: Cells,
        mask: Bool[Array, "rows D"],
        scales: tuple[Scale, ...],
        state: Statistics | None,
        key: Key[Array, ""] | None = None,
        inference: bool = False,
    ) -> tuple[TaskPosterior, Statistics | None]:
        """The posterior of every row under its task, and the state after this batch."""
        posterior, state = self.encoder(cells, mask, scales, state, key, inference)
        return TaskPosterior(posterior, condition_of(cells[-1], self.levels)), state


class TaskTrunk(eqx.Module):
    """The trunk, with the task beside z."""

    stack: Stack
    levels: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, latent: TaskLatent) -> Float[Array, "... width"]:
        """Run the layers."""
        return self.stack(jnp.concatenate(latent, axis=-1))

    def given(self, z: Float[Array, "... latent"], codes: Int[Array, "... T"]) -> TaskLatent:
        """z under other tasks."""
        condition = condition_of(codes, self.levels).astype(z.dtype)
        return TaskLatent(z, jnp.broadcast_to(condition, (*z.shape[:-1], condition.shape[-1])))


def under(network: Any, z: Float[Array, "rows latent"], codes: Int[Array, "rows T"] | None) -> Any:
    """The latent that ``network`` decodes: z, with its task where the model knows tasks."""
    return z if codes is None else network.model.trunk.given(z, jax.numpy.asarray(codes))
