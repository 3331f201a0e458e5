"""A table as one array on the device, so that a batch of rows is one gather, whatever the number of blocks."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.models.batch import Batch
from evenvae.models.layout import Layout


class PackedTable(NamedTuple):
    """Rows of a table with their cells in model space, block beside block, and then the codes of their tasks.

    A missing cell is NaN; codes are whole numbers far below 2^24, which float32 holds exactly.
    """

    rows: Float[Array | np.ndarray, "*runs N width"]

    @classmethod
    def of(cls, layout: Layout, table: Batch) -> "PackedTable":
        """The rows of a table on the host."""
        parts = []
        for block, cells in zip(layout.blocks, table.cells, strict=True):
            observed = layout.part(np.asarray(table.mask), block)
            observed = observed.reshape(*observed.shape, *([1] * (cells.ndim - 2)))
            parts.append(np.where(observed, cells, np.nan).astype(np.float32).reshape(len(cells), -1))
        return cls(np.concatenate([*parts, np.asarray(table.tasks, np.float32)], axis=1))

    def take(self, rows: Any, layout: Layout) -> Batch:
        """The batch of these rows; ``rows`` is anything that indexes an array."""
        taken = self.rows[rows]
        mask = ~jnp.isnan(taken[..., layout.first_packed])
        cells, begin = [], 0
        for block in layout.blocks:
            likelihood = block.likelihood
            shape = (len(block.columns), *likelihood.event_shape)
            end = begin + int(np.prod(shape))
            own = taken[..., begin:end].reshape(*taken.shape[:-1], *shape)
            cells.append(jnp.where(jnp.isnan(own), likelihood.filler, own).astype(likelihood.cell_dtype))
            begin = end
        return Batch(tuple(cells), mask, taken[..., begin:].astype(jnp.int32))
