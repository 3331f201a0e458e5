"""Whole numbers: counts, amounts in whole units, numbers that name the rows."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.tables.columns import digit_times
from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.identifiers import MANY_ROWS, named_as_identifier
from evenvae.tables.columns.number import Number, zeros_note
from evenvae.tables.columns.raw_cells import FEW_VALUES, RawCells
from evenvae.tables.columns.whole_numbers import EXACT, LARGEST, exact_bounds, held


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
        values = self.numbers_to_learn(raw)
        low, high = float(values.min()), float(values.max())
        distinct, rows = raw.distinct, len(raw.observed)
        if distinct == rows and rows >= MANY_ROWS and (high - low + 1 == rows or named_as_identifier(raw.name)):
            return {"role": "identifier", "reason": "whole numbers, all distinct, that count or name the rows",
                    "rule": "identifier", "high": exact_bounds(raw, low, high)[1]}  # fmt: skip
        if distinct == 2:
            return {"likelihood": "bernoulli", "reason": "two distinct whole numbers", "rule": "3"}
        if distinct <= rules.int_cat_max:
            return {"likelihood": "categorical", "reason": f"{distinct} distinct whole numbers", "rule": "3"}
        note = _hint(values, raw)
        if low < 0:
            return {"likelihood": "normal", "reason": "whole numbers, some negative", "rule": "3", "note": note}
        if high <= rules.count_max:
            reason = f"whole numbers from 0 to at most {rules.count_max}"
            return {"likelihood": "poisson", "reason": reason, "rule": "3", "note": note}
        reason = f"whole numbers from 0 up, beyond {rules.count_max}"
        return {"likelihood": "lognormal", "reason": reason, "rule": "3", "note": note or zeros_note(values)}

    def on_grid(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Whole numbers; where all numbers of the column are dates or times, so are these."""
        if column.text_format in digit_times.FORMATS:
            return digit_times.snapped(values, column.text_format)
        return super().on_grid(values, column)

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Integers where no cell is missing and all fit into 64 bits, else floats.

        Texts or decimals where the column holds such.
        """
        restored = super().restore(values, missing, column)
        if restored.dtype == object or missing.any():
            return restored
        if np.abs(values).max(initial=0) < EXACT:
            return pd.Series(values.astype(np.int64))
        if np.abs(values).max() >= LARGEST:
            return restored
        return pd.Series([held(int(value), column.low, column.high) for value in values])


def _hint(values: Float[np.ndarray, " observed"], raw: RawCells) -> str:
    """What whole numbers may be instead of quantities, and how to say so."""
    text_format = None if raw.texts else digit_times.format_of(values)
    if text_format is not None:
        kind, words = digit_times.FORMATS[text_format]
        return f'all are {words}: to learn them as times, set kind = "{kind}" for this column in the schema'
    if raw.distinct > FEW_VALUES:
        return ""
    return (
        f"{raw.distinct} distinct whole numbers: if they are codes of levels, set "
        'likelihood = "categorical" for this column in the schema'
    )
