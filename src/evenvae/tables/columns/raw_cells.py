"""The cells of one column as the table holds them, before a codec is chosen."""

import dataclasses
import functools
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool

from evenvae.tables.columns.missing_cells import observed_cells


@dataclasses.dataclass(frozen=True, eq=False)
class RawCells:
    """One column and what several codecs ask about it, computed when it is first asked for.

    Attributes:
        name: the name of the column.
        cells: all cells.
        missing: texts that mean a missing cell in this column, beside `MISSING`.
    """

    name: str
    cells: pd.Series
    missing: tuple[Any, ...] = ()

    @functools.cached_property
    def seen(self) -> Bool[np.ndarray, " rows"]:
        """Which cells are observed."""
        return observed_cells(self.cells, self.missing)

    @functools.cached_property
    def observed(self) -> pd.Series:
        """The observed cells."""
        chosen: Any = self.cells[self.seen]
        return chosen

    @functools.cached_property
    def distinct(self) -> int:
        """How many distinct observed values there are."""
        return int(self.observed.nunique())

    @property
    def first(self) -> Any:
        """The first observed cell, or None where no cell is observed."""
        return self.observed.iloc[0] if len(self.observed) else None

    @property
    def is_category(self) -> bool:
        """Whether the table itself lists the levels (a pandas categorical)."""
        return isinstance(self.cells.dtype, pd.CategoricalDtype)
