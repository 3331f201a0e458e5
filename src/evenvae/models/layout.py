"""Which columns share a likelihood, and where their parameters lie among the head's outputs."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
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
    def sizes(self) -> np.ndarray:
        """(D,) numbers that each column's cell holds: 1, or an image's pixels."""
        return np.array([math.prod(likelihood.event_shape) for likelihood in self.likelihoods], INDEX)

    @property
    def elements(self) -> int:
        """Numbers E that a row's cells hold; D where no column has an event shape."""
        return int(self.sizes.sum())

    @functools.cached_property
    def first(self) -> np.ndarray:
        """(D,) where each column's numbers begin among a row's E."""
        return (np.cumsum(self.sizes) - self.sizes).astype(INDEX)

    @functools.cached_property
    def feature_of_element(self) -> np.ndarray:
        """(E,) the column each number belongs to."""
        return np.repeat(np.arange(self.features), self.sizes).astype(INDEX)

    @functools.cached_property
    def elements_of_block(self) -> tuple[np.ndarray, ...]:
        """For every block, where its cells' numbers stand in a row, ``(columns * event,)``."""
        places = np.split(np.arange(self.elements, dtype=INDEX), self.first[1:])
        return tuple(np.concatenate([places[d] for d in block.columns]) for block in self.blocks)

    def spread(self, by_column: Any) -> Any:
        """``(..., D)`` to ``(..., E)``: every number of a cell gets its column's value."""
        return by_column if self.elements == self.features else by_column[..., self.feature_of_element]

    @functools.cached_property
    def position(self) -> np.ndarray:
        """(D,) where each column stands when the blocks are laid side by side."""
        return np.argsort(np.concatenate([block.columns for block in self.blocks])).astype(INDEX)

    def split(self, raw: Float[Array, "... P"]) -> list[Float[Array, "..."]]:
        """Head outputs by block, each of shape ``(..., columns, *event, parameters)``."""
        parts = []
        # split, not slices: its gradient lays the parts side by side, where each slice's is padded to full width
        pieces = jax.lax.split(raw, [block.width for block in self.blocks], axis=raw.ndim - 1)
        for block, part in zip(self.blocks, pieces, strict=True):
            shape = (len(block.columns), *block.likelihood.event_shape, block.likelihood.parameters)
            parts.append(part.reshape(*raw.shape[:-1], *shape))
        return parts

    def join(self, parts: Sequence[Any]) -> Any:
        """Per-block ``(..., columns)`` arrays to ``(..., D)`` in table order."""
        join = np.concatenate if isinstance(parts[0], np.ndarray) else jnp.concatenate
        together = parts[0] if len(parts) == 1 else join(parts, axis=-1)
        if np.array_equal(self.position, np.arange(self.features)):
            return together
        return together[..., self.position] if join is np.concatenate else permuted(together, self.position)

    def pool(self, by_element: Float[Array, " E"]) -> Float[Array, " D"]:
        """Sums over the numbers of each column's cell."""
        if self.elements == self.features:
            return by_element
        return jnp.zeros(self.features, by_element.dtype).at[self.feature_of_element].add(by_element)

    def join_elements(self, parts: Sequence[Any]) -> Any:
        """Per-block ``(..., columns, *event)`` arrays to ``(..., E)`` in table order."""
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

    def split_elements(self, values: Any) -> list[Any]:
        """``(..., E)`` to per-block ``(..., columns, *event)``, the way back from `join_elements`."""
        return [
            values[..., where].reshape(*values.shape[:-1], len(block.columns), *block.likelihood.event_shape)
            for block, where in zip(self.blocks, self.elements_of_block, strict=True)
        ]

    def part(self, mask: Array, block: Block) -> Array:
        """A block's columns of a ``(..., D)`` array."""
        return mask[..., np.array(block.columns, INDEX)]


def permuted(x: Float[Array, "... D"], order: np.ndarray) -> Float[Array, "... D"]:
    """The last axis in another order. The gradient is its inverse, where that of indexing would be a slow scatter."""

    @jax.custom_vjp
    def pick(x):
        return x[..., order]

    back = np.argsort(order).astype(INDEX)
    pick.defvjp(lambda x: (pick(x), None), lambda _, g: (g[..., back],))
    return pick(x)
