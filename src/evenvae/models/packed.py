"""A table as one array on the device, so that a batch of rows is one gather, whatever the number of blocks."""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.models.batch import Batch
from evenvae.models.layout import Block, Layout
from evenvae.models.merging import merged


class PackedTable(NamedTuple):
    """Rows of a table with their cells in model space, block beside block, and then the codes of their tasks.

    The blocks are in the order in which they are merged, so that what is evaluated together lies side by side. A
    missing cell is NaN; codes are whole numbers far below 2^24, which float32 holds exactly.
    """

    rows: Float[Array | np.ndarray, "*runs N width"]

    @classmethod
    def of(cls, layout: Layout, table: Batch) -> "PackedTable":
        """The rows of a table on the host.

        Empty rows are added up to a round number, so that tables of nearly equal length, such as the folds of a
        cross-validation, are trained by one program.
        """
        rows = packed_rows(layout, table)
        return cls(np.pad(rows, ((0, -len(rows) % round_number(len(rows))), (0, 0)), constant_values=np.nan))

    def take(self, rows: Any, layout: Layout) -> Batch:
        """The batch of these rows, with all cells as float32; ``rows`` is anything that indexes an array."""
        taken = self.rows[rows]
        blocks = [layout.blocks[number] for number in _order(layout)]
        fillers = np.repeat([block.likelihood.filler for block in blocks], [_size(block) for block in blocks])
        missing = jnp.isnan(taken[..., : layout.elements])
        filled = jnp.where(missing, fillers.astype(np.float32), taken[..., : layout.elements])
        mask = ~missing[..., merged(layout).layout.first_packed]
        cells, begin = {}, 0
        for number, block in zip(_order(layout), blocks, strict=True):
            end = begin + _size(block)
            shape = (*taken.shape[:-1], len(block.columns), *block.likelihood.event_shape)
            cells[number] = filled[..., begin:end].reshape(shape)
            begin = end
        in_order = tuple(cells[number] for number in range(len(cells)))
        return Batch(in_order, mask, taken[..., layout.elements :].astype(jnp.int32))


def packed_rows(layout: Layout, table: Batch) -> Float[np.ndarray, "N width"]:
    """Rows of a table on the host as a `PackedTable` holds them."""
    parts = []
    for number in _order(layout):
        block, cells = layout.blocks[number], np.asarray(table.cells[number])
        observed = layout.part_beside_cells(np.asarray(table.mask), block)
        parts.append(np.where(observed, cells, np.nan).astype(np.float32).reshape(len(cells), -1))
    return np.concatenate([*parts, np.asarray(table.tasks, np.float32)], axis=1)


def round_number(rows: int) -> int:
    """The power of two to whose multiples tables of about so many rows are filled up: at most a sixteenth of them."""
    return 1 << max(0, rows.bit_length() - 5)


def _order(layout: Layout) -> list[int]:
    return [number for group in merged(layout).blocks for number in group]


def _size(block: Block) -> int:
    return len(block.columns) * math.prod(block.likelihood.event_shape)
