"""Training data on disk: what a chunk of steps needs is gathered before it."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from evenvae.io.row_file import RowFile
from evenvae.likelihoods import Scale
from evenvae.models.packed import PackedTable
from evenvae.training.runs import Data
from evenvae.training.validation import Validation


@dataclasses.dataclass(frozen=True, eq=False)
class DataOnDisk:
    """As `Data`, with the rows of the table in a file.

    Every step sees the very rows that it would see of a table in memory: batches are drawn by number from all rows.

    Attributes:
        file: the rows as `PackedTable` holds them.
        scales: the constants of the columns.
        bounds: their lowest and highest values in value space.
    """

    file: RowFile
    scales: tuple[Scale, ...]
    bounds: Float[np.ndarray, "2 E"]

    def part(
        self, batches: Int[np.ndarray, "runs steps batch"], validation: Validation
    ) -> tuple[Data, Int[np.ndarray, "runs steps batch"], Validation]:
        """The data of a chunk of steps, with batches and validation rows as numbers in them.

        The validation rows come first. There is room for as many rows as the chunk may have, so that all chunks are
        trained by one program.
        """
        held, held_places = np.unique(np.asarray(validation.rows), return_inverse=True)
        drawn, places = np.unique(batches, return_inverse=True)
        table = np.full((len(held) + batches.size, self.file.shape[1]), np.nan, np.float32)
        table[: len(held)] = self.file.take(held)
        table[len(held) : len(held) + len(drawn)] = self.file.take(drawn)
        local = lambda found, shape: found.reshape(shape).astype(np.int32)
        return (
            Data(PackedTable(table), self.scales, self.bounds),
            local(places + len(held), batches.shape),
            validation._replace(rows=local(held_places, np.shape(validation.rows))),
        )
