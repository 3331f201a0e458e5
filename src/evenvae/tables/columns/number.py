"""Real numbers."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from pandas.api import types

from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.quantity import Quantity
from evenvae.tables.columns.raw_cells import RawCells

MANY_ZEROS = 0.3
"""A larger share of zeros gets a note."""


class Number(Quantity):
    """Numbers of any size. Texts that spell numbers are read as numbers if the schema gives a numeric likelihood."""

    kinds = ("number",)
    is_number = True

    def kind_of(self, raw: RawCells) -> str | None:
        """Every numeric type."""
        return "number" if types.is_numeric_dtype(raw.cells.dtype) else None

    def handles(self, column: ColumnFields) -> bool:
        """Every column with a numeric likelihood that no other codec handles, such as text that spells numbers."""
        return not column.discrete and (column.kind in self.kinds or column.likelihood is not None)

    def kind_with(self, kind: str, discrete: bool) -> str:
        """Numbers with a discrete likelihood are levels."""
        return "level" if discrete else kind

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Lognormal from 0 up, else normal."""
        del rules
        values = self.observed_numbers(raw)
        if values.min() >= 0:
            return {"likelihood": "lognormal", "reason": "numbers from 0 up", "rule": "4", "note": zeros_note(values)}
        return {"likelihood": "normal", "reason": "real numbers", "rule": "4"}

    def observed_numbers(self, raw: RawCells) -> Float[np.ndarray, " observed"]:
        """The observed finite numbers."""
        values = self.numbers(raw.cells, raw.seen)
        return values[~np.isnan(values)]

    def parse(self, observed: pd.Series) -> Float[np.ndarray, " rows"]:
        """Numbers, or texts that spell them."""
        if types.is_numeric_dtype(observed.dtype):
            return observed.to_numpy(dtype=float, na_value=np.nan)
        parsed: Any = pd.to_numeric(observed.astype(str).str.strip(), errors="coerce")
        return parsed.to_numpy(float)

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """The numbers themselves."""
        del missing, column
        return pd.Series(values)


def zeros_note(values: Float[np.ndarray, " observed"]) -> str:
    """A note for a continuous column with many zeros."""
    zeros = float((values == 0).mean())
    return f"{zeros:.0%} of the cells are 0, which no continuous likelihood fits well" if zeros >= MANY_ZEROS else ""
