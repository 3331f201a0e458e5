"""Which columns share a likelihood, and where their parameters lie among the head's outputs."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.likelihoods import Likelihood

INDEX = np.int32
"""Type of all static indices: with int64 ones JAX mixes up programs traced with and without float64."""


@dataclasses.dataclass(frozen=True)
class Block:
    """Columns with equal likelihoods, evaluated as one array of shape ``(..., columns, *event)``."""

    likelihood: Likelihood
    columns: tuple[int, ...]

    @property
    def width(self) -> int:
        """Head outputs of all the block's columns."""
        return len(self.columns) * self.likelihood.width


@dataclasses.dataclass(frozen=True)
class Layout:
    """The table's columns grouped into blocks; hashable, so that it is part of a compiled program's key."""

    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, likelihoods: Sequence[Likelihood]) -> "Layout":
        """Group columns by equal likelihoods, in order of first appearance."""
        groups: dict[Likelihood, list[int]] = {}
        for column, likelihood in enumerate(likelihoods):
            groups.setdefault(likelihood, []).append(column)
        return cls(tuple(Block(likelihood, tuple(columns)) for likelihood, columns in groups.items()))

    @property
    def features(self) -> int:
        """Number of columns D."""
        return sum(len(block.columns) for block in self.blocks)

    @property
    def width(self) -> int:
        """Number of head outputs P."""
        return sum(block.width for block in self.blocks)

    @functools.cached_property
    def likelihoods(self) -> tuple[Likelihood, ...]:
        """Likelihood of each column, in table order."""
        found: dict[int, Likelihood] = {}
        for block in self.blocks:
            found.update(dict.fromkeys(block.columns, block.likelihood))
        return tuple(found[column] for column in range(self.features))

    @functools.cached_property
    def nominal(self) -> np.ndarray:
        """(D,) whether a column holds levels."""
        return np.array([likelihood.nominal for likelihood in self.likelihoods])

    @functools.cached_property
    def steps(self) -> np.ndarray:
        """(D,) number of levels of columns whose levels have an order, 0 for the others."""
        return np.array([getattr(v, "levels", 0) if v.name == "ordinal" else 0 for v in self.likelihoods])

    @functools.cached_property
    def feature_of_output(self) -> np.ndarray:
        """(P,) the column each head output belongs to."""
        parts = [np.repeat(block.columns, block.likelihood.width) for block in self.blocks]
        return np.concatenate(parts).astype(INDEX)

    @functools.cached_property
    def position(self) -> np.ndarray:
        """(D,) where each column stands when the blocks are laid side by side."""
        return np.argsort(np.concatenate([block.columns for block in self.blocks])).astype(INDEX)

    def split(self, raw: Float[Array, "... P"]) -> list[Float[Array, "..."]]:
        """Head outputs by block, each of shape ``(..., columns, *event, parameters)``."""
        parts, start = [], 0
        for block in self.blocks:
            part = raw[..., start : start + block.width]
            shape = (len(block.columns), *block.likelihood.event_shape, block.likelihood.parameters)
            parts.append(part.reshape(*raw.shape[:-1], *shape))
            start += block.width
        return parts

    def join(self, parts: Sequence[Any]) -> Any:
        """Per-block ``(..., columns)`` arrays to ``(..., D)`` in table order."""
        join = np.concatenate if isinstance(parts[0], np.ndarray) else jnp.concatenate
        together = parts[0] if len(parts) == 1 else join(parts, axis=-1)
        if np.array_equal(self.position, np.arange(self.features)):
            return together
        return together[..., self.position]

    def part(self, mask: Array, block: Block) -> Array:
        """A block's columns of a ``(..., D)`` array."""
        return mask[..., np.array(block.columns, INDEX)]
