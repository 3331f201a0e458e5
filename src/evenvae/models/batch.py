"""A batch of rows as the networks see it."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped

Cells = tuple[Shaped[Array | np.ndarray, "rows ..."], ...]
"""One array for each block of the layout, in model space."""


class Batch(NamedTuple):
    """Rows of a table: a pytree, with arrays of JAX in compiled programs and of NumPy on the host.

    Attributes:
        cells: the columns' cells by block, in model space.
        mask: which cells are observed. The encoder sees these; the others hold a value inside the support.
        tasks: codes of the rows' tasks (site, sensor, year), one column for each task column, -1 where a task is
            missing or was not seen in training. A table without tasks has none of these columns: (rows, 0).
        shown: which cells the decoder of a model with sight sees, None for none of them; see `evenvae.models.sight`.
        expected: what the encoder sees in place of ``cells``, by block, None where it sees them; see
            `evenvae.likelihoods.Likelihood.expected_input`.
    """

    cells: Cells
    mask: Bool[Array | np.ndarray, "rows D"]
    tasks: Int[Array | np.ndarray, "rows T"]
    shown: Bool[Array | np.ndarray, "rows D"] | None = None
    expected: Cells | None = None

    def take(self, rows: Any) -> "Batch":
        """The batch of these rows; ``rows`` is anything that indexes an array."""
        return jax.tree.map(lambda array: array[rows], self)

    def hide(self, mask: Bool[Array | np.ndarray, "rows D"]) -> "Batch":
        """The same rows with only the cells in ``mask`` observed."""
        return self._replace(mask=mask)

    def show(self) -> "Batch":
        """The same rows, with all observed cells shown to the decoder."""
        return self._replace(shown=self.mask)


def no_tasks(rows: int) -> Int[np.ndarray, "rows 0"]:
    """Task codes of rows in a table without tasks."""
    return np.zeros((rows, 0), np.int32)
