"""Blocks of levels evaluated together, whatever their numbers of levels: fewer kernels to compile and to start.

Columns with equally many levels share a block of the layout, by which parameters are stored. A table with thirty
different numbers of levels would have thirty blocks, and every one of them kernels of its own. Here blocks whose
numbers of levels lie between the same powers of two become one block of the largest number, and the logits that a
column lacks are so low that they have no probability and no gradient.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from evenvae.likelihoods.base import Scale
from evenvae.likelihoods.categorical import Categorical
from evenvae.models.layout import INDEX, Block, Layout

ABSENT = -1e9
"""Logit of a level that a column does not have."""


class Merged(NamedTuple):
    """How the blocks of a layout are evaluated.

    Attributes:
        layout: of the merged blocks, over the same columns.
        blocks: for every merged block, the numbers of the blocks that it is made of.
        source: for every output of the merged blocks, its place among the outputs of the heads; 0 where there is none.
        present: which outputs of the merged blocks there are.
    """

    layout: Layout
    blocks: tuple[tuple[int, ...], ...]
    source: Int[np.ndarray, " padded"]
    present: Bool[np.ndarray, " padded"]

    def split(self, parameters: Float[Array, "... P"]) -> list[Float[Array, "..."]]:
        """Parameters by merged block; see `Layout.split`."""
        return self.layout.split(parameters if self.present.all() else padded(parameters, self.source, self.present))

    def cells(self, cells: Sequence[Any]) -> list[Any]:
        """Arrays ``(rows, columns, ...)`` of the blocks, by merged block."""
        return [_joined([cells[number] for number in group], axis=1) for group in self.blocks]

    def scales(self, scales: tuple[Scale, ...]) -> list[Scale]:
        """Constants of the blocks, by merged block."""
        by_group = [[scales[number] for number in group] for group in self.blocks]
        return [Scale(*(_joined(part, axis=0) for part in zip(*group, strict=True))) for group in by_group]


@functools.lru_cache(maxsize=64)
def merged(layout: Layout) -> Merged:
    """The blocks of a layout as they are evaluated; as they are, where none can be merged."""
    groups: dict[Any, list[int]] = {}
    for number, block in enumerate(layout.blocks):
        groups.setdefault(_class_of(block, number), []).append(number)
    ends = np.cumsum([block.width for block in layout.blocks])
    blocks, source = [], []
    for group in groups.values():
        members = [layout.blocks[number] for number in group]
        likelihood = members[0].likelihood
        if len(group) > 1:
            likelihood = Categorical(levels=max(member.likelihood.level_count for member in members))
        for number, member in zip(group, members, strict=True):
            places = np.arange(ends[number] - member.width, ends[number]).reshape(len(member.columns), -1)
            lacking = likelihood.width - places.shape[1]
            source.append(np.pad(places, ((0, 0), (0, lacking)), constant_values=-1).ravel())
        blocks.append(Block(likelihood, tuple(column for member in members for column in member.columns)))
    together = np.concatenate(source)
    present = together >= 0
    return Merged(
        Layout(tuple(blocks)), tuple(map(tuple, groups.values())), np.where(present, together, 0).astype(INDEX), present
    )


def _class_of(block: Block, number: int) -> Any:
    likelihood = block.likelihood
    if type(likelihood) is Categorical and not likelihood.event_shape:
        return (likelihood.levels - 1).bit_length()
    return (number,)


def _joined(parts: Sequence[Any], axis: int) -> Any:
    if len(parts) == 1:
        return parts[0]
    join = np if all(isinstance(part, np.ndarray) for part in parts) else jnp
    return join.concatenate(parts, axis=axis)


def padded(
    parameters: Float[Array, "... P"], source: Int[np.ndarray, " padded"], present: Bool[np.ndarray, " padded"]
) -> Float[Array, "... padded"]:
    """Outputs of the heads in the places of merged blocks; the gradient goes back by the inverse places, not a scatter.

    The heads' outputs all have a place.
    """
    back = np.empty(parameters.shape[-1], INDEX)
    back[source[present]] = np.flatnonzero(present)

    @jax.custom_vjp
    def place(x: Array) -> Array:
        return jnp.where(present, x[..., source], ABSENT)

    place.defvjp(lambda x: (place(x), None), lambda _, g: (g[..., back],))
    return place(parameters)
