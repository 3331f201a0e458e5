"""Whole numbers: counts, amounts in whole units, numbers that name the rows."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.identifiers import MANY_ROWS, named_as_identifier
from evenvae.tables.columns.number import Number, zeros_note
from evenvae.tables.columns.raw_cells import RawCells

FEW_VALUES = 20
"""Whole numbers with at most this many distinct values may be codes of levels, and get a note."""


class Count(Number):
    """Numbers without decimals. They are decoded as integers where no cell is missing."""

    def fits(self, raw: RawCells) -> bool:
        """Every observed number is whole."""
        values = self.observed_numbers(raw)
        return bool((values == np.round(values)).all())

    def handles(self, column: ColumnFields) -> bool:
        """Numeric columns without decimals."""
        return column.decimals == 0 and super().handles(column)

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Identifier, levels, Poisson for counts, lognormal for large numbers, normal where some are negative."""
        values = self.observed_numbers(raw)
        low, high = float(values.min()), float(values.max())
        distinct, rows = raw.distinct, len(raw.observed)
        if distinct == rows and rows >= MANY_ROWS and (high - low + 1 == rows or named_as_identifier(raw.name)):
            return {"role": "identifier", "reason": "whole numbers, all distinct, that count or name the rows",
                    "rule": "identifier"}  # fmt: skip
        if distinct == 2:
            return {"likelihood": "bernoulli", "reason": "two distinct whole numbers", "rule": "3"}
        if distinct <= rules.int_cat_max:
            return {"likelihood": "categorical", "reason": f"{distinct} distinct whole numbers", "rule": "3"}
        note = ""
        if distinct <= FEW_VALUES:
            note = (
                f"{distinct} distinct whole numbers: if they are codes of levels, set "
                'likelihood = "categorical" for this column in the schema'
            )
        if low < 0:
            return {"likelihood": "normal", "reason": "whole numbers, some negative", "rule": "3", "note": note}
        if high <= rules.count_max:
            reason = f"whole numbers from 0 to at most {rules.count_max}"
            return {"likelihood": "poisson", "reason": reason, "rule": "3", "note": note}
        reason = f"whole numbers from 0 up, beyond {rules.count_max}"
        return {"likelihood": "lognormal", "reason": reason, "rule": "3", "note": note or zeros_note(values)}

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Integers where no cell is missing and all fit into 64 bits, else floats."""
        del column
        if not missing.any() and (not values.size or np.abs(values).max() < 2**62):
            return pd.Series(values.astype(np.int64))
        return pd.Series(values)
