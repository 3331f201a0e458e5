"""Which columns share a likelihood, and where their parameters are among the outputs of the heads."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from evenvae.likelihoods.base import Likelihood

INDEX = np.int32
"""Type of all static indices: with int64, JAX confuses programs traced with float64 and without."""


@dataclasses.dataclass(frozen=True)
class Block:
    """Columns with equal likelihoods, which are evaluated as one array of shape ``(..., columns, *event)``."""

    likelihood: Likelihood
    columns: tuple[int, ...]

    @property
    def width(self) -> int:
        """Head outputs of all the block's columns."""
        return len(self.columns) * self.likelihood.width


@dataclasses.dataclass(frozen=True)
class Layout:
    """The table's columns, grouped into blocks; hashable, so that it can be part of a compiled program's key."""

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
    def discrete(self) -> Bool[np.ndarray, " D"]:
        """Whether each column holds levels."""
        return np.array([likelihood.discrete for likelihood in self.likelihoods])

    @functools.cached_property
    def steps(self) -> Int[np.ndarray, " D"]:
        """Number of levels of each column whose levels have an order, 0 for the others."""
        return np.array([v.level_count if v.values == "ordered levels" else 0 for v in self.likelihoods])

    @functools.cached_property
    def feature_of_output(self) -> Int[np.ndarray, " P"]:
        """The column that each output of the heads belongs to."""
        parts = [np.repeat(block.columns, block.likelihood.width) for block in self.blocks]
        return np.concatenate(parts).astype(INDEX)

    @functools.cached_property
    def reach(self) -> Float[np.ndarray, " P"] | None:
        """What share of each output's gradient reaches the trunk; None where all of it does."""
        parts = [np.tile(block.likelihood.reach, len(block.columns)) for block in self.blocks]
        together = np.concatenate(parts).astype(np.float32)
        return None if (together == 1).all() else together

    @functools.cached_property
    def sizes(self) -> Int[np.ndarray, " D"]:
        """How many numbers a cell of each column holds: 1, or the pixels of an image."""
        return np.array([math.prod(likelihood.event_shape) for likelihood in self.likelihoods], INDEX)

    @property
    def elements(self) -> int:
        """How many numbers E the cells of a row hold; D where no column has an event shape."""
        return int(self.sizes.sum())

    @property
    def tabular(self) -> bool:
        """Whether there are several columns, none of which holds images."""
        return self.features > 1 and self.elements == self.features

    @functools.cached_property
    def first(self) -> Int[np.ndarray, " D"]:
        """Where the numbers of each column begin among the E numbers of a row."""
        return (np.cumsum(self.sizes) - self.sizes).astype(INDEX)

    @functools.cached_property
    def first_packed(self) -> Int[np.ndarray, " D"]:
        """Where the numbers of each column begin when the blocks stand side by side."""
        begins = np.argsort(np.concatenate(self.elements_of_block))
        return begins[self.first].astype(INDEX)

    @functools.cached_property
    def feature_of_element(self) -> Int[np.ndarray, " E"]:
        """The column that each number of a row belongs to."""
        return np.repeat(np.arange(self.features), self.sizes).astype(INDEX)

    @functools.cached_property
    def elements_of_block(self) -> tuple[Int[np.ndarray, " elements"], ...]:
        """For every block, where the numbers of its cells are in a row: columns times event size of them."""
        of_column = np.split(np.arange(self.elements, dtype=INDEX), self.first[1:])
        return tuple(np.concatenate([of_column[d] for d in block.columns]) for block in self.blocks)

    def spread(self, by_column: Shaped[np.ndarray | Array, "... D"]) -> Shaped[Any, "... E"]:
        """Every number of a cell gets the value of its column."""
        return by_column if self.elements == self.features else by_column[..., self.feature_of_element]

    @functools.cached_property
    def position(self) -> Int[np.ndarray, " D"]:
        """Where each column is when the blocks stand side by side."""
        return np.argsort(np.concatenate([block.columns for block in self.blocks])).astype(INDEX)

    def split(self, parameters: Float[Array, "... P"]) -> list[Float[Array, "..."]]:
        """Parameters by block, each of shape ``(..., columns, *event, parameter_count)``."""
        parts = []
        # not slices: the gradient of split puts the parts side by side, where that of a slice is padded to full width
        pieces = jax.lax.split(parameters, [block.width for block in self.blocks], axis=parameters.ndim - 1)
        for block, part in zip(self.blocks, pieces, strict=True):
            shape = (len(block.columns), *block.likelihood.event_shape, block.likelihood.parameter_count)
            parts.append(part.reshape(*parameters.shape[:-1], *shape))
        return parts

    def join(self, parts: Sequence[Shaped[np.ndarray | Array, "... _"]]) -> Shaped[Any, "... D"]:
        """Arrays ``(..., columns)`` of the blocks to one array in the order of the table."""
        join = np.concatenate if isinstance(parts[0], np.ndarray) else jnp.concatenate
        together = parts[0] if len(parts) == 1 else join(parts, axis=-1)
        if np.array_equal(self.position, np.arange(self.features)):
            return together
        return together[..., self.position] if join is np.concatenate else permuted(together, self.position)

    def pool(self, by_element: Float[Array, " E"]) -> Float[Array, " D"]:
        """Sums over the numbers of each column."""
        if self.elements == self.features:
            return by_element
        return jnp.zeros(self.features, by_element.dtype).at[self.feature_of_element].add(by_element)

    def join_elements(self, parts: Sequence[Shaped[np.ndarray | Array, "..."]]) -> Shaped[Any, "... E"]:
        """Arrays ``(..., columns, *event)`` of the blocks to one array in the order of the table."""
        if self.elements == self.features:
            return self.join(parts)
        flat = []
        for block, part in zip(self.blocks, parts, strict=True):
            rows = part.shape[: part.ndim - 1 - len(block.likelihood.event_shape)]
            flat.append(part.reshape(*rows, -1))
        join = np.concatenate if isinstance(parts[0], np.ndarray) else jnp.concatenate
        order = np.argsort(np.concatenate(self.elements_of_block)).astype(INDEX)
        together = flat[0] if len(flat) == 1 else join(flat, axis=-1)
        return together if np.array_equal(order, np.arange(self.elements)) else together[..., order]

    def split_elements(self, values: Shaped[np.ndarray | Array, "... E"]) -> list[Shaped[Any, "..."]]:
        """An array in the order of the table to ``(..., columns, *event)`` for each block; undoes `join_elements`."""
        return [
            values[..., where].reshape(*values.shape[:-1], len(block.columns), *block.likelihood.event_shape)
            for block, where in zip(self.blocks, self.elements_of_block, strict=True)
        ]

    def part(self, mask: Shaped[np.ndarray | Array, "... D"], block: Block) -> Shaped[Any, "... _"]:
        """The columns of a block."""
        return mask[..., np.array(block.columns, INDEX)]

    def part_beside_cells(self, mask: Shaped[np.ndarray | Array, "... D"], block: Block) -> Shaped[Any, "..."]:
        """The columns of a block, with a dimension of size 1 for each that a value of it has (an image's pixels)."""
        part = self.part(mask, block)
        return part.reshape(*part.shape, *([1] * len(block.likelihood.event_shape)))


def permuted(x: Shaped[Array, "... D"], order: Int[np.ndarray, " D"]) -> Shaped[Array, "... D"]:
    """The last axis in another order; the gradient is the inverse order, where indexing would give a slow scatter."""

    @jax.custom_vjp
    def pick(x):
        return x[..., order]

    back = np.argsort(order).astype(INDEX)
    pick.defvjp(lambda x: (pick(x), None), lambda _, g: (g[..., back],))
    return pick(x)
