"""Which rows a step sees. It depends on the run, the seed and the step alone, so that a resumed run sees the same."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from evenvae.training.sample_weight import systematic_counts


@runtime_checkable
class Batches(Protocol):
    """Where the rows of a run's steps come from."""

    def of_run(self, key: Any) -> "Batches":
        """The batches of the run with this key, as two words."""
        ...

    def steps(self, start: int, count: int) -> Int[np.ndarray, "count batch"]:
        """Rows of the steps ``start`` to ``start + count - 1``."""
        ...


class BatchStream:
    """An endless stream of shuffled epochs over ``rows``, cut into batches of one size.

    A batch may begin in one epoch and end in the next, so that every row is used equally often whatever the batch
    size. With ``weight``, one for every row, an epoch is as long, but a row appears in it as often as it weighs: its
    share of the epoch, rounded up or down at random, so that the mean over epochs is exact.
    """

    def __init__(
        self,
        rows: Int[np.ndarray, " rows"],
        batch_size: int,
        seed: tuple[int, ...],
        weight: Float[np.ndarray, " rows"] | None = None,
    ):
        self.rows = np.asarray(rows, np.int32)
        self.batch_size = batch_size
        self.seed = seed
        self.shares = None if weight is None else weight * (len(self.rows) / weight.sum())
        self._epochs: dict[int, np.ndarray] = {}

    def of_run(self, key: Any) -> "BatchStream":
        """The same whatever the run's key: the batches depend on the seed."""
        del key
        return self

    def _epoch(self, epoch: int) -> np.ndarray:
        if epoch not in self._epochs:
            for old in [e for e in self._epochs if e < epoch - 1]:
                del self._epochs[old]
            generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([*self.seed, epoch])))
            self._epochs[epoch] = generator.permutation(self._drawn(generator))
        return self._epochs[epoch]

    def _drawn(self, generator: np.random.Generator) -> Int[np.ndarray, " rows"]:
        if self.shares is None:
            return self.rows
        # in random order, so that which rows are rounded up together changes from epoch to epoch
        order = generator.permutation(len(self.rows))
        return np.repeat(self.rows[order], systematic_counts(self.shares[order], generator.random()))

    def steps(self, start: int, count: int) -> Int[np.ndarray, "count batch"]:
        """Rows of the steps ``start`` to ``start + count - 1``."""
        first, last = start * self.batch_size, (start + count) * self.batch_size
        size = len(self.rows)
        pieces = []
        for epoch in range(first // size, (last - 1) // size + 1):
            begin = epoch * size
            pieces.append(self._epoch(epoch)[max(first - begin, 0) : last - begin])
        return np.concatenate(pieces).reshape(count, self.batch_size)
