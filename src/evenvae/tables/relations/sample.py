"""A few rows of all columns, on which most pairs of columns are ruled out at once."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from evenvae.tables.relations.seen import Seen, spread

ROWS = 128


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """Some rows of D columns; NaN where a cell is missing, which contradicts nothing.

    Attributes:
        cells: numbers, seconds, or places among the texts of the column.
        common: the same, with one number for a text in all columns.
        kinds: the kind of each column's cells, "number" also for truth values.
        flags: which columns hold truth values.
        discrete: which columns hold levels.
        order: the rows in the order of each column's cells.
        again: where in this order the cell is that of the row before.
    """

    cells: Float[np.ndarray, "D R"]
    common: Float[np.ndarray, "D R"]
    kinds: Sequence[str]
    flags: Bool[np.ndarray, " D"]
    discrete: Bool[np.ndarray, " D"]
    order: Int[np.ndarray, "D R"]
    again: Bool[np.ndarray, "D pairs"]

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> "Sample":
        """Rows spread over the table of these columns."""
        rows = spread(np.arange(len(seen[0].values)), ROWS)
        cells = np.array([one.values[rows] for one in seen])
        common = cells.copy()
        texts: dict[str, float] = {}
        for place, one in enumerate(seen):
            if one.cells.kind == "text":
                codes, unique = pd.factorize(cells[place])
                numbers = [texts.setdefault(one.cells.texts[int(code)], float(len(texts))) for code in unique]
                common[place] = np.array([*numbers, np.nan])[codes]
        flags = np.array([one.cells.kind == "flag" for one in seen])
        discrete = np.array([one.column.discrete for one in seen])
        kinds = ["number" if one.cells.kind == "flag" else one.cells.kind for one in seen]
        order = np.argsort(cells, axis=1, kind="stable")
        ordered = np.take_along_axis(cells, order, axis=1)
        return cls(cells, common, kinds, flags, discrete, order, ordered[:, 1:] == ordered[:, :-1])

    def of_kind(self, *kinds: str) -> Bool[np.ndarray, " D"]:
        """Which columns hold cells of one of these kinds."""
        return np.array([kind in kinds for kind in self.kinds])

    def changes(self, target: int) -> Bool[np.ndarray, "D pairs"]:
        """Where a column changes from one row to the next, in the order of every column."""
        own = self.cells[target][self.order]
        return (own[:, 1:] != own[:, :-1]) & ~np.isnan(own[:, 1:]) & ~np.isnan(own[:, :-1])
