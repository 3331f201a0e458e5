"""The distance between rows of numbers, levels and missing cells."""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

PAIRS = 2**22
"""Pairs of rows whose distances are held at once: 32 MB."""


class Nearest(NamedTuple):
    """The nearest of several rows to every query: its distance, and its number."""

    distance: Float[np.ndarray, " n"]
    row: Int[np.ndarray, " n"]


@dataclasses.dataclass(frozen=True, eq=False)
class MixedDistance:
    """The Euclidean distance in which every column has a say of its own.

    The square of the distance is a sum over columns. A number adds its squared difference in standard deviations of the
    reference rows; a level adds 1 where the two rows differ. A missing level is a level of its own. A missing number
    lies at the mean, and adds 1 beside a number that is present.

    Attributes:
        discrete: which columns hold levels.
        center: mean of the reference rows' numbers.
        scale: their standard deviation, 1 where they are all equal.
    """

    discrete: Bool[np.ndarray, " D"]
    center: Float[np.ndarray, " D"]
    scale: Float[np.ndarray, " D"]

    @classmethod
    def of(cls, reference: Float[np.ndarray, "N D"], discrete: Bool[np.ndarray, " D"]) -> "MixedDistance":
        """The distance with the scales of the reference rows; NaN is a missing cell."""
        observed = ~np.isnan(reference)
        count = np.maximum(observed.sum(axis=0), 1)
        center = np.where(observed, reference, 0).sum(axis=0) / count
        deviation = np.where(observed, reference - center, 0)
        scale = np.sqrt((deviation**2).sum(axis=0) / count)
        return cls(np.asarray(discrete, bool), center, np.where(scale > 0, scale, 1))

    def numbers(self, rows: Float[np.ndarray, "n D"]) -> Float[np.ndarray, "n D"]:
        """Numbers in standard deviations from the mean, 0 where they are missing; for columns of levels, 0."""
        return np.where(np.isnan(rows) | self.discrete, 0, (rows - self.center) / self.scale)

    def codes(self, rows: Float[np.ndarray, "n D"]) -> Float[np.ndarray, "n D"]:
        """Codes of levels, -1 where they are missing; for columns of numbers, whether they are missing."""
        missing = np.isnan(rows)
        return np.where(self.discrete, np.where(missing, -1, rows), missing)

    def squared(self, queries: Float[np.ndarray, "n D"], rows: Float[np.ndarray, "m D"]) -> Float[np.ndarray, "n m"]:
        """The squared distance of every query to every row."""
        from scipy.spatial.distance import cdist

        numbers, columns = np.flatnonzero(~self.discrete), len(self.discrete)
        # the share of columns that differ, as a whole number of them
        found = np.rint(columns * cdist(self.codes(queries), self.codes(rows), "hamming"))
        if len(numbers):
            near, far = self.numbers(queries)[:, numbers], self.numbers(rows)[:, numbers]
            found += cdist(near, far, "sqeuclidean")
        return found

    def of_column(
        self, queries: Float[np.ndarray, "n D"], rows: Float[np.ndarray, "m D"], column: int
    ) -> Float[np.ndarray, "n m"]:
        """What one column adds to the squared distances."""
        codes = self.codes(queries)[:, column, None] != self.codes(rows)[None, :, column]
        numbers = self.numbers(queries)[:, column, None] - self.numbers(rows)[None, :, column]
        return codes + numbers**2

    def blocks(self, queries: Float[np.ndarray, "n D"], rows: int) -> Iterator[slice]:
        """Parts of the queries whose distances to so many rows fit into `PAIRS`."""
        size = max(1, PAIRS // max(rows, 1))
        return (slice(start, start + size) for start in range(0, len(queries), size))

    def nearest(self, queries: Float[np.ndarray, "n D"], rows: Float[np.ndarray, "m D"]) -> Nearest:
        """The nearest row to every query; memory does not grow with the number of queries times that of rows."""
        distance, row = np.empty(len(queries)), np.empty(len(queries), np.int64)
        for part in self.blocks(queries, len(rows)):
            found = self.squared(queries[part], rows)
            row[part] = found.argmin(axis=1)
            distance[part] = np.sqrt(found.min(axis=1))
        return Nearest(distance, row)
