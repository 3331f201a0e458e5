"""Batches for private training: every row is in a batch by a chance of its own.

The guarantee counts on it (`PoissonSampledDpEvent` of dp-accounting): a shuffled table cut into batches of one size is
another mechanism, with a weaker guarantee.
"""

from typing import Any

import numpy as np
from jaxtyping import Int

from evenvae.training.private_step import PIECE

ROOM = 8.0
"""Standard deviations above the mean that batches have places for. Hardly ever one is larger, and then it gets more."""


class PoissonStream:
    """Batches of rows that are drawn independently, each with probability ``rate``, in places that are -1 where empty.

    Which rows a step draws depends on the run's key and the step alone, so that a resumed run draws the same. No row
    that is drawn is left out.
    """

    def __init__(self, rows: Int[np.ndarray, " rows"], rate: float, key: Any = (0, 0)):
        self.rows = np.asarray(rows, np.int32)
        self.rate = rate
        self.key = tuple(int(word) for word in key)

    def of_run(self, key: Any) -> "PoissonStream":
        """The stream of the run with this key, as two words."""
        return PoissonStream(self.rows, self.rate, key)

    @property
    def places(self) -> int:
        """Places of a batch, unless more rows are drawn."""
        mean = self.rate * len(self.rows)
        return whole_pieces(min(int(np.ceil(mean + ROOM * np.sqrt(mean))), len(self.rows)))

    def drawn(self, step: int) -> Int[np.ndarray, " drawn"]:
        """The rows of a step."""
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([*self.key, step])))
        return self.rows[generator.random(len(self.rows)) < self.rate]

    def steps(self, start: int, count: int) -> Int[np.ndarray, "count places"]:
        """Rows of the steps ``start`` to ``start + count - 1``, and -1 in empty places."""
        drawn = [self.drawn(step) for step in range(start, start + count)]
        places = max(self.places, whole_pieces(max(map(len, drawn))))
        filled = np.full((count, places), -1, np.int32)
        for step, rows in enumerate(drawn):
            filled[step, : len(rows)] = rows
        return filled


def whole_pieces(rows: int) -> int:
    """The least multiple of `PIECE`, at least one, that has room for so many rows."""
    return PIECE * max(1, -(-rows // PIECE))
