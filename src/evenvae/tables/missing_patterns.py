"""Which columns are missing together, counted while the rows of a table are read."""

import numpy as np
from jaxtyping import Bool, Int


class MissingPatterns:
    """Which columns lack cells together, counted over rows that are seen some at a time.

    Attributes:
        rows: how many were seen.
        together: in how many of them each pair of D columns is missing.
    """

    def __init__(self, features: int):
        self.rows = 0
        self.together = np.zeros((features, features), np.int64)

    def add(self, observed: Bool[np.ndarray, "n D"]) -> None:
        """See more rows."""
        self.rows += len(observed)
        # whole numbers below 2^24, which float32 holds exactly
        for start in range(0, len(observed), 2**23):
            missing = (~observed[start : start + 2**23]).astype(np.float32)
            self.together += (missing.T @ missing).astype(np.int64)

    @property
    def counts(self) -> Int[np.ndarray, " D"]:
        """In how many rows each column is missing."""
        return np.diagonal(self.together)

    def groups(self) -> tuple[Int[np.ndarray, " D"], Int[np.ndarray, " G"]]:
        """The group of each column, as `MissingnessModel` has them, and a column of each group.

        Two columns are missing in the same rows where each is missing as often as both together.
        """
        counts = self.counts
        same = (self.together == counts) & (self.together == counts[:, None]) & (counts > 0)
        leader = np.where(counts > 0, same.argmax(axis=1), -1)
        first = np.unique(leader[leader >= 0])
        first = first[np.argsort(counts[first], kind="stable")]
        place = np.full(len(counts), -1)
        place[first] = np.arange(len(first))
        return np.where(leader >= 0, place[leader], -1), first
